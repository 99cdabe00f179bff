import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { SlidersHorizontal, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { tasksText } from '#text/tasks.ts';
import { text } from '#text/work.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { control } from '../../ui/field.tsx';
import { conditionsOf, readTaskSearch, risks, type TaskSearch, waitReasons } from './filters.ts';
import { taskNamesQuery } from './queries.ts';

const words = tasksText.filter;
/** How long somebody types before it is looked for. */
const pauseMs = 250;

/** What the list of tasks is narrowed to besides its state; the address says it too. */
export function FilterBar({ search, side }: { search: TaskSearch; side: ReactNode }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState(search.q ?? '');
  const count = conditionsOf(search);
  const [isOpen, setOpen] = useState(count > (search.q ? 1 : 0));
  const go = (change: Partial<Record<keyof TaskSearch, string>>) =>
    void navigate({ to: '/tasks', search: readTaskSearch({ ...search, ...change }), replace: true, resetScroll: false });
  const latest = useRef(go);
  useEffect(() => {
    latest.current = go;
  });
  // A saved view, or the way back, brings other words.
  const [shown, setShown] = useState(search.q);
  if (shown !== search.q) {
    setShown(search.q);
    if ((search.q ?? '') !== typed.trim()) setTyped(search.q ?? '');
  }
  useEffect(() => {
    if (typed.trim() === (search.q ?? '')) return;
    const timer = setTimeout(() => latest.current({ q: typed.trim() }), pauseMs);
    return () => clearTimeout(timer);
  }, [typed, search.q]);
  return (
    <search aria-label={words.label} className="mb-4 block">
      <div className="flex flex-wrap gap-2">
        <input
          type="search"
          data-filter
          aria-label={words.words}
          placeholder={words.placeholder}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          className={cx(control, 'h-8 w-auto min-w-48 flex-1 touch:h-11')}
        />
        <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <SlidersHorizontal size={14} aria-hidden="true" />
          {count > 0 ? words.opened(count) : words.open}
        </Button>
        {count > 0 && (
          <Button
            look="quiet"
            onClick={() => {
              setTyped('');
              void navigate({ to: '/tasks', search: search.state ? { state: search.state } : {}, replace: true, resetScroll: false });
            }}
          >
            <X size={14} aria-hidden="true" />
            {words.clear}
          </Button>
        )}
        {side}
      </div>
      {isOpen && <Conditions search={search} onChange={go} />}
    </search>
  );
}

interface ConditionsProps {
  search: TaskSearch;
  onChange: (change: Partial<Record<keyof TaskSearch, string>>) => void;
}

function Conditions({ search, onChange }: ConditionsProps) {
  const names = useQuery(taskNamesQuery);
  return (
    <div className="mt-2 grid grid-cols-2 gap-2 rounded-card border border-line bg-panel p-3 sm:grid-cols-3">
      <Choice
        label={words.source}
        any={words.anySource}
        value={search.source}
        choices={withOwn(names.data?.sources, search.source)}
        onChange={(source) => onChange({ source })}
      />
      <Choice
        label={words.playbook}
        any={words.anyPlaybook}
        value={search.playbook}
        choices={withOwn(names.data?.playbooks, search.playbook)}
        onChange={(playbook) => onChange({ playbook })}
      />
      <Choice
        label={words.risk}
        any={words.anyRisk}
        value={search.risk}
        choices={risks.map((value) => ({ value, label: text.risk[value] }))}
        onChange={(risk) => onChange({ risk })}
      />
      <Choice
        label={words.wait}
        any={words.anyWait}
        value={search.wait}
        choices={waitReasons.map((value) => ({ value, label: text.waitReason[value] }))}
        onChange={(wait) => onChange({ wait })}
      />
      <Day label={words.from} value={search.from} onChange={(from) => onChange({ from })} />
      <Day label={words.until} value={search.until} onChange={(until) => onChange({ until })} />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  value: string | undefined;
  choices: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

function Choice({ label, any, value = '', choices, onChange }: ChoiceProps) {
  return (
    <label className="min-w-0 text-muted text-note">
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)} className={cx(control, 'mt-0.5 h-8 touch:h-11')}>
        <option value="">{any}</option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({ label, value = '', onChange }: { label: string; value: string | undefined; onChange: (value: string) => void }) {
  return (
    <label className="min-w-0 text-muted text-note">
      {label}
      <input
        type="date"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={cx(control, 'mt-0.5 h-8 touch:h-11')}
      />
    </label>
  );
}

/** The names to choose from, with the one that is chosen even where the list does not have it. A playbook is called by its note. */
function withOwn(names: readonly string[] = [], own: string | undefined): { value: string; label: string }[] {
  const all = own === undefined || names.includes(own) ? names : [...names, own];
  return all.map((value) => ({ value, label: value.replace(/^Playbooks\//, '').replace(/\.md$/, '') }));
}
