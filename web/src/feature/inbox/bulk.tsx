import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { text } from '#text/common.ts';
import { post } from '../../api/client.ts';
import type { Approval } from '../../api/types.ts';
import { shortId } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { toast } from '../../ui/toast.tsx';
import { needsConfirmation, putApproval, waitingKey } from '../approval/queries.ts';
import { ToolIcon } from '../task/state.tsx';

/** Only one tool, only one risk, only what can be undone: never money. */
const mayBulk = ([first, ...rest]: readonly Approval[]): boolean =>
  first !== undefined &&
  !needsConfirmation(first) &&
  rest.every((other) => other.tool === first.tool && other.risk === first.risk && !needsConfirmation(other));

/** What can be done with the selected rows. */
export function BulkBar({ approvals, onClear }: { approvals: readonly Approval[]; onClear: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const waiting = approvals.filter((approval) => approval.state === 'waiting');
  const approveAll = useMutation({
    mutationFn: async () => {
      // One after the other: each is a decision of its own, and the first failure stops the rest.
      for (const { id, payloadHash } of waiting) {
        putApproval(client, await post<Approval>(`/approvals/${encodeURIComponent(id)}/decision`, { decision: 'accept', payloadHash }));
      }
    },
    onError: (error) => toast(text.approval.toast.failed, { description: describeError(error), tone: 'bad' }),
    onSettled: () => {
      setAsking(false);
      onClear();
      void client.invalidateQueries({ queryKey: waitingKey });
      void client.invalidateQueries({ queryKey: ['tasks'] });
    },
  });
  if (waiting.length === 0) return null;
  return (
    <div className="bottom-bar sticky z-20 mb-7 sm:bottom-4">
      <div className="mx-auto flex w-fit max-w-full flex-wrap items-center justify-center gap-2 rounded-card bg-panel px-3 py-2 shadow-float">
        <span className="px-1 font-medium">{text.inbox.selected(waiting.length)}</span>
        {mayBulk(waiting) ? (
          <Button look="primary" size="small" onClick={() => setAsking(true)}>
            {text.inbox.bulk(waiting.length)}
          </Button>
        ) : (
          <span className="text-muted text-note">{text.inbox.bulkNot}</span>
        )}
        <Button look="quiet" size="small" onClick={onClear}>
          {text.inbox.clear}
        </Button>
      </div>
      <Dialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={text.inbox.bulkTitle(waiting.length)}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{text.common.cancel}</Button>
            <Button look="primary" disabled={approveAll.isPending} onClick={() => approveAll.mutate()}>
              {text.inbox.bulk(waiting.length)}
            </Button>
          </>
        }
      >
        <DialogBody>
          <p className="mb-3 text-muted">{text.inbox.bulkText}</p>
          <ul className="divide-y divide-line rounded-popup border border-line">
            {waiting.map((approval) => (
              <li key={approval.id} className="flex items-start gap-2.5 px-3 py-2">
                <span className="mt-0.5 text-muted">
                  <ToolIcon tool={approval.tool} />
                </span>
                <span className="min-w-0 flex-1">
                  <ForeignText value={approval.headline} cutAt={200} />
                  <span className="block font-mono text-muted text-note" title={approval.payloadHash}>
                    {shortId(approval.id)} · {approval.payloadHash.slice(0, 16)}…
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </DialogBody>
      </Dialog>
    </div>
  );
}
