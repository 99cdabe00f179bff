import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { inboxText } from '#text/inbox.ts';
import { isApiError, post } from '../../api/client.ts';
import type { Approval } from '../../api/types.ts';
import { describeError } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { approvalPath, putApproval, refreshLists } from './queries.ts';

/** Tasks whose question was taken back: the one that is asked anew belongs where the old one was. */
const awaited = new Set<string>();

/** Whether the reader waits for the next question of this task, and stops waiting. */
export const takeAwaited = (taskId: string): boolean => awaited.delete(taskId);

interface Failure {
  readonly taskId: string;
  readonly error: unknown;
}

/**
 * Takes decisions back, one after the other and each by itself, and says what came of it: the questions wait again. Where it is too late
 * it leads on to the task, on whose page what was done is taken back.
 */
export function useUndoDecisions(): (approvals: readonly Approval[]) => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (approvals) => {
    const failures: Failure[] = [];
    for (const { id, taskId } of approvals) {
      try {
        const undone = await post<Approval>(`${approvalPath(id)}/undo`);
        putApproval(client, undone);
        if (undone.state === 'superseded') awaited.add(taskId);
      } catch (error) {
        failures.push({ taskId, error });
      }
    }
    const [first] = failures;
    if (first === undefined) toast(inboxText.undone, { description: approvals[0]?.headline ?? '' });
    else {
      const done = approvals.length - failures.length;
      const toTask = () => void navigate({ to: '/tasks/$taskId', params: { taskId: first.taskId } });
      toast(done === 0 ? inboxText.undoFailed : inboxText.undonePartly(done, approvals.length), {
        description: describeError(first.error),
        tone: 'bad',
        ...(isTooLate(first) && { action: { label: inboxText.toTask, shortcut: 'u', onPress: toTask } }),
      });
    }
    await refreshLists(client);
    for (const { taskId } of approvals) await client.invalidateQueries({ queryKey: ['task', taskId] });
  };
}

/** Whether something came of the decision, and not that there was none of theirs. */
const isTooLate = ({ error }: Failure): boolean =>
  isApiError(error, 'approval.not_undoable') && error.details.why !== 'undecided' && error.details.why !== 'theirs';
