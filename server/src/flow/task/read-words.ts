import { sql } from 'kysely';
import { z } from 'zod';
import { isFactotumError } from '#kernel';
import { type RoleDatabase, type Tx, withTenant } from '#kernel/database';
import { addTenantJob, defineJob, type JobHandler } from '#trust/job';
import type { KeysOf, TenantKeys } from '#trust/key';
import { openTaskDetail } from './change.ts';
import { type StoredTask, selectTasks } from './store.ts';
import { segmentOf, taskWords } from './words.ts';

/** Tasks read in one transaction: a fraction of a second. */
const tasksAtOnce = 500;

const kind = 'task.read_words';
const positionSchema = z.object({ before: z.string(), tasks: z.int() });

/**
 * Makes tasks that were there before tasks had words findable by them, newest first. Those that came since have theirs, and are met again
 * without harm, as is what was done since the last save.
 */
export const createReadWordsJob = ({ app, keysOf }: { app: RoleDatabase; keysOf: KeysOf }): JobHandler =>
  defineJob({
    kind,
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

/**
 * Orders that job for a tenant whose oldest task cannot be found by its words: it comes from before there were words, or from where they had
 * not all been read.
 */
export async function orderWords(tx: Tx, keys: TenantKeys, act: { readonly actor: string; readonly at: Date }): Promise<void> {
  const { tenantId } = keys;
  const oldest = await sql<{ taskId: string }>`select task_id from app.task where tenant_id = ${tenantId} order by task_id limit 1`.execute(
    tx,
  );
  const taskId = oldest.rows[0]?.taskId;
  if (taskId === undefined) return;
  const { rows } = await sql`select 1 from app.task_word
    where tenant_id = ${tenantId} and segment = ${segmentOf(taskId)} and task_id = ${taskId} limit 1`.execute(tx);
  if (rows.length === 0) await addTenantJob(tx, keys, { kind, ...act });
}

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
