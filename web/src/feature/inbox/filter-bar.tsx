import { useNavigate } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { text } from '#text/work.ts';
import type { Risk } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { control } from '../../ui/field.tsx';
import { conditionsOf, type InboxSearch, readInboxSearch } from './views.ts';

const words = approvalsText.filter;
/** How long somebody types before it is looked for. */
const pauseMs = 250;
const risks: readonly Risk[] = ['high', 'medium', 'low'];

interface FilterBarProps {
  search: InboxSearch;
  /** The tools that the rows on the screen are about. */
  tools: readonly { tool: string; title: string }[];
  onClose: () => void;
}

/** What the inbox is narrowed down to; the address says it too. */
export default function FilterBar({ search, tools, onClose }: FilterBarProps) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState(search.q ?? '');
  const go = (change: Partial<Record<'risk' | 'tool' | 'q', string>>) =>
    void navigate({ to: '/', search: readInboxSearch({ ...search, ...change }), replace: true, resetScroll: false });
  const latest = useRef(go);
  useEffect(() => {
    latest.current = go;
  });
  useEffect(() => {
    if (typed.trim() === (search.q ?? '')) return;
    const timer = setTimeout(() => latest.current({ q: typed.trim() }), pauseMs);
    return () => clearTimeout(timer);
  }, [typed, search.q]);
  const clear = () => {
    setTyped('');
    void navigate({ to: '/', search: search.view ? { view: search.view } : {}, replace: true, resetScroll: false });
    onClose();
  };
  const known =
    search.tool && !tools.some(({ tool }) => tool === search.tool) ? [...tools, { tool: search.tool, title: search.tool }] : tools;
  return (
    <search aria-label={words.label} className="mb-4 grid grid-cols-2 gap-2 sm:grid-cols-[minmax(0,1fr)_9rem_11rem_auto]">
      <input
        type="search"
        data-filter
        // biome-ignore lint/a11y/noAutofocus: opened to type into it
        autoFocus={conditionsOf(search) === 0}
        aria-label={words.words}
        placeholder={words.placeholder}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && typed === '' && conditionsOf(search) === 0) onClose();
        }}
        className={cx(control, 'h-8 max-sm:col-span-2 touch:h-11')}
      />
      <select
        aria-label={words.risk}
        value={search.risk ?? ''}
        onChange={(event) => go({ risk: event.target.value })}
        className={cx(control, 'h-8 touch:h-11')}
      >
        <option value="">{words.anyRisk}</option>
        {risks.map((risk) => (
          <option key={risk} value={risk}>
            {text.risk[risk]}
          </option>
        ))}
      </select>
      <select
        aria-label={words.tool}
        value={search.tool ?? ''}
        onChange={(event) => go({ tool: event.target.value })}
        className={cx(control, 'h-8 touch:h-11')}
      >
        <option value="">{words.anyTool}</option>
        {known.map(({ tool, title }) => (
          <option key={tool} value={tool}>
            {title}
          </option>
        ))}
      </select>
      <Button look="quiet" className="max-sm:col-span-2" onClick={clear}>
        <X size={14} aria-hidden="true" />
        {words.clear}
      </Button>
    </search>
  );
}
