import type { QueryClient } from '@tanstack/react-query';
import { inboxText } from '#text/inbox.ts';
import { post } from '../../api/client.ts';
import type { Approval } from '../../api/types.ts';
import { describeError } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { approvalPath, putApproval, refreshLists } from './queries.ts';

/** Tasks whose question was taken back: the one that is asked anew belongs where the old one was. */
const awaited = new Set<string>();

/** Whether the reader waits for the next question of this task, and stops waiting. */
export const takeAwaited = (taskId: string): boolean => awaited.delete(taskId);

/** Takes decisions back, one after the other, and says what came of it: the questions wait again. */
export async function undoDecisions(client: QueryClient, approvals: readonly Approval[]): Promise<void> {
  try {
    for (const { id, taskId } of approvals) {
      const undone = await post<Approval>(`${approvalPath(id)}/undo`);
      putApproval(client, undone);
      if (undone.state === 'superseded') awaited.add(taskId);
    }
    toast(inboxText.undone, { description: approvals[0]?.headline ?? '' });
  } catch (error) {
    toast(inboxText.undoFailed, { description: describeError(error), tone: 'bad' });
  } finally {
    await refreshLists(client);
    for (const { taskId } of approvals) await client.invalidateQueries({ queryKey: ['task', taskId] });
  }
}
