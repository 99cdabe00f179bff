import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { playbooksText } from '#text/playbooks.ts';
import type { LineFault } from '../../api/playbooks.ts';
import type { JsonObject } from '../../api/types.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { ErrorBox } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { LeaveGuard } from '../../ui/leave-guard.tsx';
import { toast } from '../../ui/toast.tsx';
import { useSettled } from '../../ui/use-settled.ts';
import { useSignedIn } from '../session/session.ts';
import { Conflict } from '../vault/conflict.tsx';
import { saveOver, type Version } from '../vault/save-over.ts';
import { Form } from './form.tsx';
import { Preview } from './preview.tsx';
import { checkQuery, playbookKeys, type Written } from './queries.ts';

const words = playbooksText.edit;
const views = ['form', 'text'] as const;

interface EditorProps {
  path: string;
  /** What is edited; etag null: it is new. */
  start: Version;
}

/**
 * A playbook as a form and as text: the text is what is saved, and what the form changes is written into it. Who saves over somebody else's
 * version is shown both.
 */
export function Editor({ path, start }: EditorProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const area = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<(typeof views)[number]>('form');
  // What the text was made from: the version that it is saved over, whatever is saved meanwhile.
  const [base, setBase] = useState(start);
  const [text, setText] = useState(start.text);
  // What the form has changed since, not yet in the text.
  const [fields, setFields] = useState<JsonObject | null>(null);
  const [conflict, setConflict] = useState<{ mine: string; theirs: Version } | null>(null);
  const [isLeaving, setLeaving] = useState(false);
  const written = useMemo<Written>(() => ({ path, text, ...(fields && { fields }) }), [path, text, fields]);
  const settled = useSettled(written);
  const check = useQuery({ ...checkQuery(settled), placeholderData: keepPreviousData });
  const isChanged = text !== base.text || fields !== null;
  const mayWrite = useSignedIn().permissions.includes('vault:write');
  const textNow = async (): Promise<string> => (await client.fetchQuery(checkQuery(written))).text;

  const save = useAct(
    async () => {
      const mine = await textNow();
      const theirs = await saveOver(client, path, mine, base.etag);
      setConflict(theirs && { mine, theirs });
      if (theirs === null) setLeaving(true);
      return theirs === null;
    },
    {
      onDone: async (isSaved) => {
        if (!isSaved) return;
        await Promise.all(playbookKeys.map((key) => client.invalidateQueries({ queryKey: [key] })));
        toast(words.saved);
        await navigate({ to: '/playbooks', ignoreBlocker: true });
      },
    },
  );
  /** Goes on with a text over what the other has saved. As text: two changes of one line stand in it between marks, which no form knows. */
  const goOn = (whole: string) => {
    if (conflict !== null) setBase(conflict.theirs);
    setText(whole);
    setFields(null);
    setView('text');
    setConflict(null);
  };
  const show = async (to: (typeof views)[number]) => {
    if (to === 'text' && fields !== null) {
      setText(await textNow());
      setFields(null);
    }
    setView(to);
  };
  const goTo = async (line: number) => {
    await show('text');
    requestAnimationFrame(() => selectLine(area.current?.querySelector('textarea') ?? null, line));
  };
  const shown = fields ?? check.data?.fields ?? null;

  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div>
        <div className="mb-4 flex flex-wrap items-center justify-between gap-2">
          <fieldset aria-label={words.views} className="flex gap-1">
            {views.map((one) => (
              <Button key={one} look={one === view ? 'plain' : 'quiet'} aria-pressed={one === view} onClick={() => void show(one)}>
                {words[one]}
              </Button>
            ))}
          </fieldset>
          <div className="flex flex-wrap items-center gap-2">
            {isChanged && <span className="text-muted text-note">{words.notYet}</span>}
            {base.etag !== null && (
              <Link to="/vault/note" search={{ path }} className={buttonClass('quiet', 'normal')}>
                {words.open}
              </Link>
            )}
            {mayWrite && (
              <Button
                look="primary"
                disabled={save.isPending || conflict !== null || (base.etag !== null && !isChanged)}
                onClick={() => save.mutate()}
              >
                {words.save}
              </Button>
            )}
          </div>
        </div>
        <FormError error={save.error} />
        {conflict !== null && <Conflict base={base.text} mine={conflict.mine} theirs={conflict.theirs} onGoOn={goOn} />}
        <Faults faults={check.data?.faults ?? null} isStale={check.isFetching || settled !== written} onLine={(line) => void goTo(line)} />
        {check.error && <ErrorBox error={check.error} onRetry={check.refetch} />}
        <div ref={area}>
          {view === 'text' && (
            <TextArea
              label={words.textLabel}
              rows={28}
              spellCheck={false}
              readOnly={!mayWrite}
              className="overflow-x-auto whitespace-pre font-mono text-note! leading-5"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
          {view === 'form' && shown !== null && <Form fields={shown} isReadOnly={!mayWrite} onChange={setFields} />}
          {view === 'form' && shown === null && check.data && <p className="text-muted">{words.unreadable}</p>}
        </div>
      </div>
      <div className="lg:sticky lg:top-6 lg:max-h-[calc(100dvh-3rem)] lg:overflow-y-auto">
        <Preview path={path} textOf={textNow} />
      </div>
      <LeaveGuard isOn={isChanged && !isLeaving} title={words.leave} action={words.leaveAction}>
        {words.leaveText}
      </LeaveGuard>
    </div>
  );
}

interface FaultsProps {
  /** null while nothing has been checked. */
  faults: LineFault[] | null;
  isStale: boolean;
  onLine: (line: number) => void;
}

function Faults({ faults, isStale, onLine }: FaultsProps) {
  return (
    <div role="status" className="mb-4 rounded-card border border-line bg-panel px-4 py-2.5">
      {faults === null || (isStale && faults.length === 0) ? (
        <p className="text-muted">{words.checking}</p>
      ) : faults.length === 0 ? (
        <p className="text-good">{words.good}</p>
      ) : (
        <>
          <p className="font-medium text-bad">{words.faultsTitle}</p>
          <ul className="mt-1 space-y-1">
            {faults.map(({ text, line }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: faults are found anew for each text
              <li key={at} className="flex flex-wrap items-baseline gap-x-2">
                {line !== null && (
                  <button type="button" onClick={() => onLine(line)} className="min-h-6 font-medium text-accent hover:underline">
                    {words.line(line)}
                  </button>
                )}
                <span className="wrap-anywhere min-w-0">
                  <ForeignText value={text} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** Puts the cursor over a line, and the line into view. */
function selectLine(area: HTMLTextAreaElement | null, line: number): void {
  if (area === null) return;
  const lines = area.value.split('\n');
  const start = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = ((line - 4) / lines.length) * area.scrollHeight;
}
