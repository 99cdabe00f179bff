import { Link } from '@tanstack/react-router';
import { CircleHelp } from 'lucide-react';
import { useState } from 'react';
import { text } from '#text/work.ts';
import type { Settlement, Step, Task } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { describeError, Notice } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { linkClass } from '../../ui/link.ts';
import { toast } from '../../ui/toast.tsx';
import { useResumeTask } from './queries.ts';

const outcome = {
  onSuccess: () => toast(text.task.resumed),
  onError: (error: unknown) => toast(describeError(error), { tone: 'bad' }),
};

/** What the task waits for, where it can be given at once. */
export function NeedsAnswer({ task }: { task: Task }) {
  if (task.state !== 'waiting') return null;
  if (task.waitReason === 'question' && task.question) return <Question task={task} question={task.question} />;
  const waiting = task.approvals.filter((approval) => approval.state === 'waiting');
  return (
    <>
      {task.steps
        .filter((step) => step.state === 'unknown')
        .map((step) => (
          <Settle key={step.id} task={task} step={step} />
        ))}
      {waiting.map((approval) => (
        <Notice key={approval.id} tone="warn">
          <p className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
            <span className="font-medium">
              <ForeignText value={approval.headline} cutAt={200} />
            </span>
            <Link to="/approvals/$approvalId" params={{ approvalId: approval.id }} className={linkClass}>
              {text.task.approval}
            </Link>
          </p>
        </Notice>
      ))}
    </>
  );
}

function Question({ task, question }: { task: Task; question: string }) {
  const [answer, setAnswer] = useState('');
  const [isMissing, setMissing] = useState(false);
  const resume = useResumeTask(task.id);
  return (
    <Notice tone="warn">
      <h2 className="flex items-center gap-1.5 font-semibold">
        <CircleHelp size={15} aria-hidden="true" className="text-warn" />
        {text.task.question}
      </h2>
      <p className="mt-1 mb-3">
        <ForeignText value={question} block />
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (answer.trim() === '') setMissing(true);
          else resume.mutate({ comment: answer.trim() }, outcome);
        }}
      >
        <TextArea
          label={text.task.answer}
          value={answer}
          error={isMissing && answer.trim() === '' ? text.approval.required : null}
          onChange={(event) => setAnswer(event.target.value)}
        />
        <div className="mt-2 flex justify-end">
          <Button type="submit" look="primary" disabled={resume.isPending}>
            {text.task.answerNow}
          </Button>
        </div>
      </form>
    </Notice>
  );
}

function Settle({ task, step }: { task: Task; step: Step }) {
  const [comment, setComment] = useState('');
  const resume = useResumeTask(task.id);
  const settle = (settlement: Settlement) =>
    resume.mutate({ settle: { [step.id]: settlement }, ...(comment.trim() && { comment: comment.trim() }) }, outcome);
  return (
    <Notice tone="warn">
      <h2 className="font-semibold">{text.task.settleTitle}</h2>
      <p className="mt-1 font-medium">
        <ForeignText value={step.headline || step.title} cutAt={300} />
      </p>
      <p className="mt-1 mb-3 text-muted">{text.task.settleText}</p>
      <TextArea label={text.task.settleNote} rows={2} value={comment} onChange={(event) => setComment(event.target.value)} />
      <div className="mt-2 flex flex-wrap gap-2">
        {(['done', 'failed', 'again'] satisfies Settlement[]).map((settlement) => (
          <Button key={settlement} disabled={resume.isPending} onClick={() => settle(settlement)}>
            {text.task.settle[settlement]}
          </Button>
        ))}
      </div>
    </Notice>
  );
}
