import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight, CircleCheck, CircleSlash, CircleX, Undo2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { formatExact, formatRelative } from '../../format.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { ErrorBox } from '../../ui/feedback.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { Id } from '../../ui/id.tsx';
import { useNow } from '../../ui/use-now.ts';
import { DecisionProof } from '../audit/decision-proof.tsx';
import { useSignedIn } from '../session/session.ts';
import { taskQuery } from '../task/queries.ts';
import { StepIcon } from '../task/state.tsx';
import { useNames } from './people.ts';
import { allOf, waitingQuery } from './queries.ts';
import { useUndoDecisions } from './undo.ts';

/** The floor under the live feed while steps are running. */
const pollMs = 5_000;

/** What was decided, by whom, how the work goes on, and the proof. */
export function Receipt({ approval }: { approval: Approval }) {
  const nameOf = useNames();
  const now = useNow(10_000);
  const tone = approval.state === 'approved' ? 'border-good/30' : approval.state === 'rejected' ? 'border-bad/30' : 'border-line';
  return (
    <section aria-label={text.approval.received} className={`mb-7 overflow-hidden rounded-card border bg-panel ${tone}`}>
      <div className="flex items-start gap-2.5 px-4 py-3">
        <ReceiptIcon state={approval.state} />
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold">
            {text.approval.receipt[approval.state]}
            {approval.decidedBy && approval.decidedAt && (
              <span className="font-normal text-muted" title={formatExact(approval.decidedAt)}>
                {' '}
                {text.approval.by(nameOf(approval.decidedBy), formatRelative(approval.decidedAt, now))}
              </span>
            )}
          </h2>
          {approval.comment && (
            <p className="mt-1">
              <span className="text-muted">{text.approval.reasonGiven}: </span>
              <ForeignText value={approval.comment} />
            </p>
          )}
        </div>
      </div>
      <Progress approval={approval} />
      <Row title={text.approval.proof}>
        <DecisionProof approval={approval} />
      </Row>
      <Row title={text.common.reference}>
        <Id value={approval.id} />
      </Row>
      <Next approval={approval} />
    </section>
  );
}

function ReceiptIcon({ state }: { state: Approval['state'] }) {
  if (state === 'approved') return <CircleCheck size={18} aria-hidden="true" className="mt-px shrink-0 text-good" />;
  if (state === 'rejected') return <CircleX size={18} aria-hidden="true" className="mt-px shrink-0 text-bad" />;
  return <CircleSlash size={18} aria-hidden="true" className="mt-px shrink-0 text-muted" />;
}

function Progress({ approval }: { approval: Approval }) {
  const task = useQuery({
    ...taskQuery(approval.taskId),
    refetchInterval: ({ state }) => (state.data && ['running', 'planning', 'received'].includes(state.data.state) ? pollMs : false),
  });
  const { state, note, steps = [] } = task.data ?? {};
  // Often the note repeats what the last step says of itself.
  const result = state === 'done' && !steps.some((step) => step.headline === note) ? note : null;
  if (task.error && !task.data) return <ErrorBox error={task.error} onRetry={task.refetch} />;
  return (
    <Row title={text.approval.progress}>
      <ol className="space-y-1" aria-live="polite">
        {steps.map((step) => (
          <li key={step.id} className="flex items-start gap-2">
            <span className="mt-0.5">
              <StepIcon state={step.state} size={15} />
            </span>
            <span className={step.id === approval.stepId ? 'font-medium' : ''}>
              <ForeignLine value={step.headline || step.title} />
              <span className="font-normal text-muted"> · {text.stepState[step.state]}</span>
            </span>
          </li>
        ))}
      </ol>
      {result && (
        <p className="mt-2">
          <ForeignText value={result} />
        </p>
      )}
    </Row>
  );
}

function Next({ approval }: { approval: Approval }) {
  const others = allOf(useInfiniteQuery(waitingQuery).data).filter((item) => item.id !== approval.id && item.state === 'waiting');
  const newer = others.find((item) => item.taskId === approval.taskId && item.stepId === approval.stepId);
  const next = newer ?? others[0];
  const nextLabel = newer ? approvalsText.newer : text.approval.next;
  return (
    <div className="flex flex-wrap gap-2 border-line border-t bg-bg px-4 py-3">
      <Link to="/tasks/$taskId" params={{ taskId: approval.taskId }} className={buttonClass('plain')}>
        {text.approval.toTask}
      </Link>
      <Link to={next ? '/approvals/$approvalId' : '/'} params={{ approvalId: next?.id ?? '' }} className={buttonClass('quiet')}>
        {next ? nextLabel : text.common.toInbox}
        <ArrowRight size={14} aria-hidden="true" />
      </Link>
      <TakeBack approval={approval} />
    </div>
  );
}

/** Takes a decision back as long as nothing has come of it. What was done is taken back on the page of its task. */
function TakeBack({ approval }: { approval: Approval }) {
  const undoDecisions = useUndoDecisions();
  const now = useNow(1_000);
  const [isBusy, setBusy] = useState(false);
  const { permissions, principal } = useSignedIn();
  // A yes is taken back by anybody who may decide, a no by whoever said it.
  const mayTakeBack = permissions.includes('approval:decide') && (approval.state === 'approved' || approval.decidedBy === principal.actor);
  const step = useQuery(taskQuery(approval.taskId)).data?.steps.find(({ id }) => id === approval.stepId);
  const isHeld = approval.heldUntil !== null && Date.parse(approval.heldUntil) > now;
  const isUnbegun = approval.state === 'approved' && (step?.state === 'waiting' || step?.state === 'pending');
  const isDecided = approval.state === 'approved' || approval.state === 'rejected';
  if (!mayTakeBack || !isDecided || !(isHeld || isUnbegun)) return null;
  const takeBack = async () => {
    setBusy(true);
    await undoDecisions([approval]);
    setBusy(false);
  };
  return (
    <Button look="quiet" shortcut="u" showShortcut disabled={isBusy} className="max-sm:-ml-4 sm:ml-auto" onClick={() => void takeBack()}>
      <Undo2 size={14} aria-hidden="true" />
      {approvalsText.undo.button}
    </Button>
  );
}

function Row({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 gap-y-1 border-line border-t px-4 py-2.5 sm:grid-cols-[8.5rem_minmax(0,1fr)]">
      <h3 className="text-muted">{title}</h3>
      <div className="min-w-0">{children}</div>
    </div>
  );
}
