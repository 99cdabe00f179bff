import type { QueryClient } from '@tanstack/react-query';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import { post, remove } from '../../api/client.ts';
import type { Approval } from '../../api/types.ts';
import { describeError } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { approvalPath, approvalQuery, putApproval, refreshLists } from './queries.ts';

/** Puts an approval off for the reader alone. @throws ApiError */
export const putOff = (id: string, until: string): Promise<Approval> => post<Approval>(`${approvalPath(id)}/snooze`, { until });

/** Fetches the approval and every list again, after whose attention it has was changed. */
export async function refreshApproval(client: QueryClient, id: string): Promise<void> {
  putApproval(client, await client.fetchQuery({ ...approvalQuery(id), staleTime: 0 }));
  await refreshLists(client);
}

/** Shows an approval again that was put off, and says what came of it. */
export async function wakeAgain(client: QueryClient, { id, headline }: Approval): Promise<void> {
  try {
    await remove(`${approvalPath(id)}/snooze`);
    toast(inboxText.awake, { description: headline });
    await refreshApproval(client, id);
  } catch (error) {
    toast(text.errors.title, { description: describeError(error), tone: 'bad' });
  }
}
