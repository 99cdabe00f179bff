import { Link } from '@tanstack/react-router';
import { Bot } from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { formatExact, formatRelative } from '../../format.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { Id } from '../../ui/id.tsx';
import { linkClass } from '../../ui/link.ts';
import { Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { FieldList } from './field-list.tsx';
import { SourceSection } from './source.tsx';

/** What exactly, why asked, what follows, and, folded and marked, what the planner says about it. */
export function EffectSections({ approval }: { approval: Approval }) {
  const isWaiting = approval.state === 'waiting';
  return (
    <>
      <Section
        title={isWaiting ? text.approval.what : text.approval.whatDecided}
        side={
          <span className="truncate text-muted text-note">
            {approval.toolTitle} · <span className="font-mono">{approval.tool}</span>
          </span>
        }
      >
        <FieldList fields={approval.fields} />
      </Section>
      <SourceSection approval={approval} />
      <Why approval={approval} />
      {isWaiting && <Then approval={approval} />}
      <Section title={text.approval.task} card={false}>
        <p className="flex flex-wrap items-center gap-x-2">
          <Link to="/tasks/$taskId" params={{ taskId: approval.taskId }} className={linkClass}>
            <ForeignLine value={approval.task.title} />
          </Link>
          {approval.task.from && (
            <span className="text-muted">
              <ForeignLine value={text.inbox.from(approval.task.from)} />
            </span>
          )}
        </p>
        <p className="mt-2 flex flex-wrap items-center gap-x-2 text-muted text-note">
          {text.approval.binding}: <Id value={approval.payloadHash} shown={`${approval.payloadHash.slice(0, 24)}…`} />
        </p>
      </Section>
    </>
  );
}

function Why({ approval }: { approval: Approval }) {
  const reasons = approval.reasons.length > 0 ? approval.reasons.map((reason) => reason.text) : [approval.reason];
  return (
    <Section title={text.approval.why}>
      <div className="px-4 py-3">
        <ul className="list-disc space-y-1 pl-4 marker:text-field">
          {reasons.map((reason) => (
            <li key={reason}>
              <ForeignText value={reason} />
            </li>
          ))}
        </ul>
        {approval.policies.length > 0 && (
          <p className="mt-2 flex flex-wrap items-center gap-1.5 text-muted text-note">
            {text.approval.policies}
            {approval.policies.map((policy) => (
              <span key={policy.id} title={policy.id} className="rounded bg-hover px-1.5 py-0.5 font-medium text-ink">
                {policy.title}
              </span>
            ))}
          </p>
        )}
      </div>
      <div className="border-line border-t bg-bg px-4">
        <Disclosure
          summary={
            <span className="flex items-center gap-1.5">
              <Bot size={14} aria-hidden="true" />
              {text.approval.planner}
            </span>
          }
        >
          <p className="mb-2 text-muted text-note">{text.approval.plannerNote}</p>
          <blockquote className="mb-2 border-line border-l-2 pl-3">
            <ForeignText value={approval.plannerText} block />
          </blockquote>
        </Disclosure>
      </div>
    </Section>
  );
}

function Then({ approval }: { approval: Approval }) {
  const now = useNow(30_000);
  return (
    <Section title={text.approval.effect}>
      <dl className="divide-y divide-line">
        <Line title={text.approval.onYes}>
          <ForeignText value={approval.consequence} />
        </Line>
        <Line title={text.approval.onNo}>{text.approval.noText}</Line>
        <Line title={text.approval.onSilence}>
          <span title={formatExact(approval.expiresAt)}>{text.approval.silenceText(formatRelative(approval.expiresAt, now))}</span>
        </Line>
        <Line title={text.approval.undo}>{approval.reversible ? text.approval.reversible : text.approval.irreversible}</Line>
      </dl>
    </Section>
  );
}

function Line({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 px-4 py-2.5 sm:grid-cols-[8.5rem_minmax(0,1fr)]">
      <dt className="text-muted">{title}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
