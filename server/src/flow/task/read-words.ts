import { sql } from 'kysely';
import { z } from 'zod';
import { isFactotumError } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import { defineJob, type JobHandler } from '#trust/job';
import type { KeysOf, TenantKeys } from '#trust/key';
import { openTaskDetail } from './change.ts';
import { type StoredTask, selectTasks } from './store.ts';
import { taskWords } from './words.ts';

/** Tasks read in one transaction: a fraction of a second. */
const tasksAtOnce = 500;

const positionSchema = z.object({ before: z.string(), tasks: z.int() });

/**
 * Makes tasks that were there before tasks had words findable by them, newest first. Those that came since have theirs, and are met again
 * without harm, as is what was done since the last save.
 */
export const createReadWordsJob = ({ app, keysOf }: { app: RoleDatabase; keysOf: KeysOf }): JobHandler =>
  defineJob({
    kind: 'task.read_words',
    input: z.null(),
    async run(job) {
      const { tenantId } = job;
      if (tenantId === null) throw new Error('tasks belong to a tenant');
      let position = positionSchema.safeParse(job.position).data;
      for (let isMore = true; isMore; ) {
        job.signal.throwIfAborted();
        // A handle lives for minutes, and a million tasks take longer.
        const keys = await keysOf(tenantId);
        const rows = await withTenant(app.db, tenantId, async (tx) => {
          const found = await selectTasks(tx, { tenantId, states: [], before: position?.before ?? null, limit: tasksAtOnce });
          const lines = found.flatMap((task) => linesOf(keys, task));
          await sql`insert into app.task_word (tenant_id, segment, word, task_id) select ${tenantId}, segment, word, task_id
            from unnest(${lines.map(({ segment }) => segment)}::int[], ${lines.map(({ word }) => word)}::int[], ${lines.map(({ taskId }) => taskId)}::text[])
              as n(segment, word, task_id) on conflict do nothing`.execute(tx);
          return found;
        });
        const last = rows.at(-1);
        if (last !== undefined) {
          position = { before: last.taskId, tasks: (position?.tasks ?? 0) + rows.length };
          await job.save({ position, progress: { done: position.tasks, of: null, unit: 'tasks' } });
        }
        isMore = rows.length === tasksAtOnce;
      }
      return { tasks: position?.tasks ?? 0 };
    },
  });

/** The rows of one task; none of one whose words were changed by hand, which lists show without words as well. */
function linesOf(keys: TenantKeys, task: StoredTask): { taskId: string; segment: number; word: number }[] {
  const { taskId, source } = task;
  try {
    const { title, from } = openTaskDetail(keys, task);
    const { segment, words } = taskWords(keys, { taskId, source, title, from });
    return words.map((word) => ({ taskId, segment, word }));
  } catch (error) {
    if (!isFactotumError(error, 'seal.broken')) throw error;
    return [];
  }
}
