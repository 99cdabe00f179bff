import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { isApiError } from '../../api/client.ts';
import type { LiveMessage, Page, Task, TaskSummary } from '../../api/types.ts';
import { approvalQuery, commentsKey, putApproval, refreshLists } from '../approval/queries.ts';
import { takeAwaited } from '../approval/undo.ts';
import { taskQuery } from '../task/queries.ts';
import { addFresh } from './store.ts';

/** How long changes of one object are gathered before it is fetched once. */
const gatherMs = 150;
/** Figures that any change may move are asked for at most so often. */
const figuresMs = 1_000;
/** What shows the things of a kind, by the first part of its key. */
const shownBy: Readonly<Record<string, readonly string[]>> = {
  note: ['vault'],
  connection: ['connections'],
  schedule: ['schedules'],
  setting: ['settings', 'usage', 'model', 'changes'],
  policy: ['policy', 'settings', 'changes'],
  grant: ['grants'],
  pulse: ['operator-system'],
};

/**
 * Turns messages of the live feed into fresh data: the object is fetched by its id and put into its place in every list that shows it.
 * What would be a new row is only counted, so that nothing moves under a finger.
 */
export function createApplier(client: QueryClient): (message: LiveMessage) => void {
  const gathering = new Map<string, ReturnType<typeof setTimeout>>();
  const gatherFigures = (figures: string) => {
    if (gathering.has(figures)) return;
    const run = () => {
      gathering.delete(figures);
      void client.invalidateQueries({ queryKey: [figures] });
    };
    gathering.set(figures, setTimeout(run, figuresMs));
  };
  return (message) => {
    gatherFigures('status');
    // Appointments come as work, and are held by it; their calendars come with a connection.
    if (message.kind === 'task' || message.kind === 'connection') gatherFigures('agenda');
    if (message.kind !== 'pulse') {
      gatherFigures('notices');
      addFresh('audit', String(message.seq));
    }
    const key = `${message.kind} ${message.id}`;
    if (gathering.has(key)) return;
    const run = () => {
      gathering.delete(key);
      void apply(client, message).catch((error) => {
        // The next change, or the next visit to the page, fetches it again.
        if (!isApiError(error)) throw error;
      });
    };
    gathering.set(key, setTimeout(run, gatherMs));
  };
}

async function apply(client: QueryClient, { kind, id }: LiveMessage): Promise<void> {
  if (kind === 'task') {
    const task = await client.fetchQuery({ ...taskQuery(id), staleTime: 0 });
    putTask(client, task);
  } else if (kind === 'approval') {
    const approval = await client.fetchQuery({ ...approvalQuery(id), staleTime: 0 });
    if (!putApproval(client, approval) && approval.state === 'waiting') {
      if (takeAwaited(approval.taskId)) await refreshLists(client);
      else addFresh('inbox', id);
    }
    await Promise.all([
      client.invalidateQueries({ queryKey: ['task', approval.taskId] }),
      client.invalidateQueries({ queryKey: commentsKey(id) }),
    ]);
  } else {
    for (const shown of shownBy[kind] ?? []) await client.invalidateQueries({ queryKey: [shown] });
  }
}

/** Puts a task into every list that shows it, in its place, and counts it where it would be a new row. */
function putTask(client: QueryClient, task: Task): void {
  const lists = client.getQueriesData<InfiniteData<Page<TaskSummary>>>({ queryKey: ['tasks'] });
  for (const [queryKey, data] of lists) {
    if (!data) continue;
    const states = String(queryKey[1]);
    if (data.pages.some((page) => page.items.some((item) => item.id === task.id))) {
      const pages = data.pages.map((page) => ({ ...page, items: page.items.map((item) => (item.id === task.id ? task : item)) }));
      client.setQueryData(queryKey, { ...data, pages });
    } else if (queryKey.length <= 3 && (states === '' || states.split(',').includes(task.state))) {
      addFresh(`tasks:${states}`, task.id);
      if (states !== '') addFresh('inbox', task.id);
    }
  }
}
