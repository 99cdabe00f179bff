import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleAlert, CircleCheck } from 'lucide-react';
import { useId, useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import type { BulkAnswer } from '../../api/approvals.ts';
import { ApiError, post } from '../../api/client.ts';
import type { Approval } from '../../api/types.ts';
import { shortId } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { describeError, Notice } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { toast } from '../../ui/toast.tsx';
import { graceSeconds } from '../approval/decide.ts';
import { putApproval, refreshLists } from '../approval/queries.ts';
import { useUndoDecisions } from '../approval/undo.ts';
import { ToolIcon } from '../task/state.tsx';

const words = approvalsText.bulk;

interface BulkDialogProps {
  decision: 'accept' | 'reject';
  approvals: readonly Approval[];
  onCancel: () => void;
  onDone: () => void;
}

/** Lists what is decided together, sends it, and says what became of each where not all went well. */
export function BulkDialog({ decision, approvals, onCancel, onDone }: BulkDialogProps) {
  // What was asked about: the list behind changes while the answer comes in.
  const [asked] = useState(approvals);
  const client = useQueryClient();
  const undoDecisions = useUndoDecisions();
  const formId = useId();
  const [comment, setComment] = useState('');
  const [isMissing, setMissing] = useState(false);
  const isReject = decision === 'reject';
  const send = useMutation({
    mutationFn: () => {
      const decisions = asked.map(({ id, payloadHash }) => ({
        id,
        payloadHash,
        decision,
        ...(isReject && { comment: comment.trim() }),
      }));
      return post<{ items: BulkAnswer[] }>('/approvals/decisions', { decisions, graceSeconds });
    },
    onSuccess: ({ items }) => {
      const decided = items.flatMap((item) => (item.approval ? [item.approval] : []));
      for (const approval of decided) putApproval(client, approval);
      const onPress = () => void undoDecisions(decided);
      const say = isReject ? words.rejected : words.approved;
      if (decided.length > 0) {
        toast(say(decided.length), { action: { label: inboxText.undo, shortcut: 'u', onPress } });
      }
      if (decided.length === asked.length) onDone();
    },
    onSettled: () => refreshLists(client),
  });
  const answers = new Map(send.data?.items.map((item) => [item.id, item]));
  const isOver = answers.size > 0;
  const decidedCount = [...answers.values()].filter(({ approval }) => approval).length;
  const title = isReject ? words.rejectTitle(asked.length) : words.approveTitle(asked.length);
  const action = isReject ? words.reject(asked.length) : words.approve(asked.length);
  return (
    <Dialog
      isOpen
      onClose={isOver ? onDone : onCancel}
      title={isOver ? words.partly(decidedCount, asked.length) : title}
      footer={
        isOver ? (
          <Button look="primary" onClick={onDone}>
            {text.common.close}
          </Button>
        ) : (
          <>
            <Button onClick={onCancel}>{text.common.cancel}</Button>
            <Button look="primary" type="submit" form={formId} disabled={send.isPending}>
              {action}
            </Button>
          </>
        )
      }
    >
      <DialogBody>
        {send.error && (
          <Notice tone="bad" role="alert">
            {describeError(send.error)}
          </Notice>
        )}
        <p className="mb-3 text-muted" role={isOver ? 'alert' : undefined}>
          {isOver ? words.partlyText : words.text}
        </p>
        <ul className="mb-4 divide-y divide-line rounded-popup border border-line last:mb-0">
          {asked.map((approval) => (
            <Item key={approval.id} approval={approval} answer={answers.get(approval.id)} />
          ))}
        </ul>
        <form
          id={formId}
          onSubmit={(event) => {
            event.preventDefault();
            const isEmpty = isReject && comment.trim() === '';
            setMissing(isEmpty);
            if (!isEmpty) send.mutate();
          }}
        >
          {isReject && !isOver && (
            <TextArea
              label={text.approval.rejectReason}
              help={text.approval.rejectHelp}
              error={isMissing && comment.trim() === '' ? text.approval.required : null}
              required
              rows={2}
              value={comment}
              onChange={(event) => setComment(event.target.value)}
            />
          )}
        </form>
      </DialogBody>
    </Dialog>
  );
}

function Item({ approval, answer }: { approval: Approval; answer: BulkAnswer | undefined }) {
  return (
    <li className="flex items-start gap-2.5 px-3 py-2">
      <span className="mt-0.5 shrink-0 text-muted">
        <ItemIcon approval={approval} answer={answer} />
      </span>
      <span className="min-w-0 flex-1">
        <ForeignText value={approval.headline} cutAt={200} />
        {answer?.error ? (
          <span className="block font-medium text-bad text-note">
            {describeError(new ApiError({ ...answer.error, status: 409, message: answer.error.detail }))}
          </span>
        ) : (
          <span className="block font-mono text-muted text-note" title={approval.payloadHash}>
            {shortId(approval.id)} · {approval.payloadHash.slice(0, 16)}…
          </span>
        )}
      </span>
    </li>
  );
}

function ItemIcon({ approval, answer }: { approval: Approval; answer: BulkAnswer | undefined }) {
  if (answer?.error) return <CircleAlert size={15} aria-hidden="true" className="text-bad" />;
  if (answer) return <CircleCheck size={15} aria-label={words.ok} className="text-good" />;
  return <ToolIcon tool={approval.tool} />;
}
