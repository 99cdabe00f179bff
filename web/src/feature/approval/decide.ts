import { useMutation, useQueryClient } from '@tanstack/react-query';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import { isApiError, post } from '../../api/client.ts';
import type { Approval, Decision } from '../../api/types.ts';
import { describeError } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { useSignedIn } from '../session/session.ts';
import { approvalPath, approvalQuery, needsConfirmation, putApproval } from './queries.ts';
import { useUndoDecisions } from './undo.ts';

/** How long nothing comes of a no, and of a yes to what can be undone, so that it can be taken back. */
export const graceSeconds = 10;

/** What became of a decision that was not taken. */
export type DecisionConflict = { kind: 'decided'; by: string | null; at: string | null } | { kind: 'changed'; before: Approval };

/** A yes to exactly what was shown; what can be undone begins only after the time to take it back. */
export const accept = ({ payloadHash, reversible }: Approval): Decision => ({
  decision: 'accept',
  payloadHash,
  ...(reversible && { graceSeconds }),
});

/**
 * Sends a decision. Harmless ones show at once and are taken back if the server refuses; the others wait. When the server says that
 * somebody else decided, or that the action is no longer what was shown, `onConflict` hears it after the approval has been fetched again.
 */
export function useDecide(approval: Approval, onConflict?: (conflict: DecisionConflict) => void) {
  const client = useQueryClient();
  const undoDecisions = useUndoDecisions();
  const me = useSignedIn();
  return useMutation({
    mutationFn: (decision: Decision) => post<Approval>(`${approvalPath(approval.id)}/decision`, decision),
    onMutate: async (decision) => {
      if (needsConfirmation(approval) || (decision.decision !== 'accept' && decision.decision !== 'reject')) return;
      await client.cancelQueries({ queryKey: ['approval', approval.id] });
      const state = decision.decision === 'accept' ? 'approved' : 'rejected';
      putApproval(client, { ...approval, state, decidedBy: me.principal.actor, decidedAt: new Date().toISOString() });
    },
    onSuccess: (decided, { decision }) => {
      putApproval(client, decided);
      saySo(decided, decision, () => void undoDecisions([decided]));
    },
    onError: async (error) => {
      putApproval(client, approval);
      // Without a connection there is nothing fresher, and asking for it would wait for one.
      if (!isApiError(error) || error.status !== 0) {
        const fresh = await client.fetchQuery({ ...approvalQuery(approval.id), staleTime: 0 }).catch(() => approval);
        putApproval(client, fresh);
      }
      if (isApiError(error, 'approval.already_decided')) {
        const told = (name: string) => (typeof error.details[name] === 'string' ? error.details[name] : null);
        onConflict?.({ kind: 'decided', by: told('decidedBy'), at: told('decidedAt') });
      } else if (isApiError(error, 'approval.changed')) {
        onConflict?.({ kind: 'changed', before: approval });
        toast(text.approval.toast.changed, { description: approval.headline, tone: 'bad' });
        return;
      }
      toast(text.approval.toast.failed, { description: describeError(error), tone: 'bad' });
    },
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: ['task', approval.taskId] }), client.invalidateQueries({ queryKey: ['tasks'] })]),
  });
}

function saySo(decided: Approval, decision: Decision['decision'], onPress: () => void): void {
  const { headline, quorum, reversible, state } = decided;
  if (decision === 'accept' && state === 'waiting') {
    toast(inboxText.counted(quorum.given.length, quorum.needed), { description: headline });
  } else if (decision === 'reject' || (decision === 'accept' && reversible)) {
    const title = decision === 'reject' ? text.approval.toast.rejected : text.approval.toast.approved;
    toast(title, { description: headline, action: { label: inboxText.undo, shortcut: 'u', onPress } });
  } else {
    const titles = { accept: text.approval.toast.approved, respond: text.approval.toast.respond, edit: text.approval.toast.edit };
    toast(titles[decision], { description: headline });
  }
}
