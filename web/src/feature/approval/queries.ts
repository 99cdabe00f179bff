import { type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { text } from '#text/common.ts';
import { get, isApiError, post } from '../../api/client.ts';
import type { Approval, Decision, Page } from '../../api/types.ts';
import { describeError } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { useSignedIn } from '../session/session.ts';

/** More waiting approvals than this are not for one screen; the list is keyset-paged by the server. */
const waitingLimit = 200;

export const waitingKey = ['approvals', 'waiting'];

/** Approvals that wait for a person. */
export const waitingQuery = queryOptions({
  queryKey: waitingKey,
  queryFn: ({ signal }) => get<Page<Approval>>('/approvals', { query: { state: 'waiting', limit: waitingLimit }, signal }),
});

export const approvalQuery = (id: string) =>
  queryOptions({ queryKey: ['approval', id], queryFn: ({ signal }) => get<Approval>(`/approvals/${encodeURIComponent(id)}`, { signal }) });

/** Whether approving needs the confirm dialog, and the screen waits for the server's word: high risk, or nothing takes it back. */
export const needsConfirmation = (approval: Approval): boolean => approval.risk === 'high' || !approval.reversible;

/** What became of a decision that was not taken. */
export type DecisionConflict = { kind: 'decided'; by: string | null; at: string | null } | { kind: 'changed'; before: Approval };

/**
 * Sends a decision. Harmless ones show at once and are taken back if the server refuses; the others wait. When the server says that
 * somebody else decided, or that the action is no longer what was shown, `onConflict` hears it after the approval has been fetched again.
 */
export function useDecide(approval: Approval, onConflict?: (conflict: DecisionConflict) => void) {
  const client = useQueryClient();
  const me = useSignedIn();
  return useMutation({
    mutationFn: (decision: Decision) => post<Approval>(`/approvals/${encodeURIComponent(approval.id)}/decision`, decision),
    onMutate: async (decision) => {
      if (needsConfirmation(approval) || (decision.decision !== 'accept' && decision.decision !== 'reject')) return;
      await client.cancelQueries({ queryKey: ['approval', approval.id] });
      const state = decision.decision === 'accept' ? 'approved' : 'rejected';
      putApproval(client, { ...approval, state, decidedBy: me.principal.actor, decidedAt: new Date().toISOString() });
    },
    onSuccess: (decided, { decision }) => {
      putApproval(client, decided);
      const titles = { accept: text.approval.toast.approved, reject: text.approval.toast.rejected, respond: text.approval.toast.respond };
      toast(decision === 'edit' ? text.approval.toast.edit : titles[decision], { description: approval.headline });
    },
    onError: async (error) => {
      putApproval(client, approval);
      const fresh = await client.fetchQuery({ ...approvalQuery(approval.id), staleTime: 0 }).catch(() => approval);
      putApproval(client, fresh);
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

/** Puts an approval into every list and page that shows it, in its place. */
export function putApproval(client: QueryClient, approval: Approval): boolean {
  client.setQueryData(['approval', approval.id], approval);
  let isListed = false;
  client.setQueryData<Page<Approval>>(waitingKey, (page) => {
    isListed = page?.items.some((item) => item.id === approval.id) ?? false;
    return page && isListed ? { ...page, items: page.items.map((item) => (item.id === approval.id ? approval : item)) } : page;
  });
  return isListed;
}
