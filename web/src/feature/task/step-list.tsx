import { Link } from '@tanstack/react-router';
import { tasksText } from '#text/tasks.ts';
import { text } from '#text/work.ts';
import type { Attempt, Json, Step, Task } from '../../api/types.ts';
import { formatDuration } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { linkClass } from '../../ui/link.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { FieldList, OriginChip } from '../approval/field-list.tsx';
import { formatMoney } from '../money/amount.ts';
import { StepIcon, ToolIcon, toneOfStep } from './state.tsx';

const words = tasksText.step;

/** The steps in the order of the plan: the graph in words, and what each did. */
export function StepList({ task }: { task: Task }) {
  const titles = new Map(task.steps.map((step) => [step.id, step.title]));
  const after = new Map(task.plan?.steps.map((step) => [step.id, step.after]));
  return (
    <Section title={text.task.steps}>
      <ol className="divide-y divide-line">
        {task.steps.map((step) => (
          <StepItem key={step.id} step={step} after={(after.get(step.id) ?? []).map((id) => titles.get(id) ?? id)} />
        ))}
      </ol>
    </Section>
  );
}

function StepItem({ step, after }: { step: Step; after: string[] }) {
  const tookMs = step.startedAt && step.finishedAt ? Date.parse(step.finishedAt) - Date.parse(step.startedAt) : null;
  return (
    <li className="px-4 py-3">
      <div className="flex items-start gap-3">
        <span className="mt-0.5">
          <StepIcon state={step.state} />
        </span>
        <div className="min-w-0 flex-1">
          <h3 className="font-medium">
            <ForeignText value={step.headline || step.title} cutAt={300} />
          </h3>
          <p className="mt-0.5 flex flex-wrap items-center gap-x-2 text-muted text-note">
            <span className="flex items-center gap-1">
              <ToolIcon tool={step.tool} size={12} />
              <span className="font-mono">{step.tool}</span>
            </span>
            <span>{text.effect[step.effect]}</span>
            {after.length > 0 && <span>{text.task.after(after.join(', '))}</span>}
            {tookMs !== null && <span>{formatDuration(tookMs)}</span>}
          </p>
          {step.error && (
            <p className="mt-1.5 text-bad">
              <ForeignText value={step.error.message} /> <code className="font-mono text-note">{step.error.code}</code>
            </p>
          )}
          {step.state === 'refused' && <Reasons step={step} />}
          {step.result !== null && <Result step={step} />}
          {step.approvalId && (
            <p className="mt-1.5">
              <Link to="/approvals/$approvalId" params={{ approvalId: step.approvalId }} className={linkClass}>
                {text.task.approval}
              </Link>
            </p>
          )}
        </div>
        <Badge tone={toneOfStep[step.state]}>{text.stepState[step.state]}</Badge>
      </div>
      {step.attempts.length > 1 && (
        <div className="pl-7">
          <Disclosure summary={words.attempts(step.attempts.length)}>
            <Attempts attempts={step.attempts} />
          </Disclosure>
        </div>
      )}
      {step.fields.length > 0 && (
        <div className="pl-7">
          <Disclosure summary={text.task.fields}>
            <div className="overflow-hidden rounded-popup border border-line">
              <FieldList fields={step.fields} />
            </div>
          </Disclosure>
        </div>
      )}
    </li>
  );
}

/** Why the gate refused, beyond what the error says already. */
function Reasons({ step }: { step: Step }) {
  const reasons = step.reasons.filter((reason) => reason.text !== step.error?.message);
  return (
    <ul className="mt-1.5 list-disc space-y-1 pl-4 marker:text-field">
      {reasons.map((reason) => (
        <li key={reason.rule}>
          <ForeignText value={reason.text} />
        </li>
      ))}
    </ul>
  );
}

/** Each try with what came of it. */
function Attempts({ attempts }: { attempts: readonly Attempt[] }) {
  return (
    <ol className="space-y-1 text-note">
      {attempts.map(({ direction, number, outcome, startedAt }) => (
        <li key={`${direction} ${number}`} className="flex flex-wrap gap-x-2">
          <span className="font-medium">{words.directions[direction]}</span>
          <span>{words.outcomes[outcome ?? 'open']}</span>
          <span className="text-muted">
            <Time at={startedAt} />
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Whose results have names of ours; what other people's tools answer is called as they call it. */
const ownTools = /^(?:bank|briefing|calendar|mail|text|vault)\./;

/** The result's members that a person can read, and where they come from; a path leads into the vault. */
function Result({ step: { tool, result, resultFrom: from } }: { step: Step }) {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return null;
  const entries = Object.entries(result).filter(([, value]) => value !== null && typeof value !== 'object');
  if (entries.length === 0) return null;
  return (
    <>
      <dl className="mt-1.5 grid grid-cols-[minmax(3rem,max-content)_minmax(0,1fr)] items-baseline gap-x-3 gap-y-0.5 text-note">
        {entries.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="max-w-40 text-muted">{nameOf(tool, name)}</dt>
            <dd className="min-w-0 truncate">
              {name === 'path' && typeof value === 'string' ? (
                <Link to="/vault/note" search={{ path: value }} className={linkClass}>
                  <ForeignLine value={value} />
                </Link>
              ) : (
                <ForeignLine value={shownAs(name, value, result)} />
              )}
            </dd>
          </div>
        ))}
      </dl>
      {from && from.origins.length > 0 && (
        <p className="mt-1.5 flex flex-wrap items-center gap-1.5 text-muted text-note">
          {words.resultFrom}
          {from.integrity === 'untrusted' && <Badge tone="warn">{text.approval.untrusted}</Badge>}
          {from.origins.map((origin) => (
            <OriginChip key={`${origin.kind} ${origin.text}`} kind={origin.kind} words={origin.text} />
          ))}
        </p>
      )}
    </>
  );
}

/** What a member of a result is called: in our words, or in code as a stranger's tool has it. */
function nameOf(tool: string, name: string) {
  const own = ownTools.test(tool) ? words.results[name] : undefined;
  return own ?? <code className="wrap-anywhere font-mono">{name}</code>;
}

/** A value as people read it. */
function shownAs(name: string, value: Json, { currency }: { [name: string]: Json }): string {
  if (typeof value === 'boolean') return value ? text.common.yes : text.common.no;
  if (name === 'amountMinor' && typeof value === 'number' && typeof currency === 'string') return formatMoney(value, currency);
  return String(value);
}
