import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type Settlement, type TaskDetail, taskDetailSchema } from './schema.ts';
import { isEnded } from './state.ts';
import { lockTask, ringTask, type StoredTask, settleStep } from './store.ts';

export interface TaskContext {
  readonly tx: Tx;
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  readonly actor: string;
  readonly now: Date;
}

/** Opens the sealed words about a task. */
export function openTaskDetail(keys: TenantKeys, task: { taskId: string; detail: Buffer | null }): TaskDetail {
  return task.detail === null ? { title: 'Task' } : keys.openJson({ kind: 'task', id: task.taskId }, task.detail, taskDetailSchema);
}

/** Seals them. */
export function sealTaskDetail(keys: TenantKeys, taskId: string, detail: TaskDetail): Buffer {
  return keys.sealJson({ kind: 'task', id: taskId }, detail);
}

/**
 * Asks for the task to be cancelled: the worker stops before the next effect, withdraws open questions and ends it.
 * What has already happened stays. @throws `task.not_found`, `task.not_cancellable`.
 */
export async function cancelTask(context: TaskContext, taskId: string): Promise<void> {
  const task = await lockedTask(context, taskId);
  if (isEnded(task.state))
    throw new FactotumError('task.not_cancellable', 'This task has already come to its end.', { details: { state: task.state } });
  await recordAudit(context.tx, context.tenantId, [
    { kind: 'task.cancel_requested', actor: context.actor, at: context.now, objectId: taskId, taskId, state: task.state },
  ]);
  await ringTask(context.tx, context.tenantId, taskId, context.now, { cancelling: true });
}

/**
 * Wakes a task that waits for a person: a dead letter is tried again, a question gets its answer, unknown steps are settled.
 * @throws `task.not_found`; `task.not_resumable` when the task is not failed and not waiting for an answer, when somebody has just
 * resumed it, or when a named step is not unknown.
 */
export async function resumeTask(
  context: TaskContext,
  taskId: string,
  input: { settle?: Readonly<Record<string, Settlement>>; comment?: string },
): Promise<void> {
  const task = await lockedTask(context, taskId);
  const asks = task.state === 'waiting' && task.waitReason !== 'approval';
  if (task.state !== 'failed' && !asks)
    throw new FactotumError(
      'task.not_resumable',
      'Only a failed task, or one that asks a question, can be resumed. An approval is answered on the approval.',
      { details: { state: task.state, waitReason: task.waitReason } },
    );
  // Until a worker has taken it in, a second answer would be written over by what the worker makes of the first.
  if (task.runAt !== null && task.runAt <= context.now)
    throw new FactotumError('task.not_resumable', 'Somebody has just resumed this task. Look at what becomes of it first.', {
      details: { state: task.state, waitReason: task.waitReason },
    });
  for (const [stepId, said] of Object.entries(input.settle ?? {})) {
    const to = said === 'again' ? 'pending' : said;
    const settled = await settleStep(context.tx, {
      tenantId: context.tenantId,
      taskId,
      planVersion: task.planVersion,
      stepId,
      to,
      now: context.now,
    });
    if (!settled)
      throw new FactotumError(
        'task.not_resumable',
        `Step ${stepId} is not waiting to be settled. Name only steps whose outcome is unknown.`,
        { details: { step: stepId } },
      );
  }
  const detail = openTaskDetail(context.keys, task);
  const answers =
    input.comment === undefined
      ? detail.answers
      : [...(detail.answers ?? []), { at: context.now.toISOString(), by: context.actor, text: input.comment }];
  const sealed = sealTaskDetail(context.keys, taskId, answers === undefined ? detail : { ...detail, answers });
  await recordAudit(context.tx, context.tenantId, [
    {
      kind: 'task.resumed',
      actor: context.actor,
      at: context.now,
      objectId: taskId,
      taskId,
      state: task.state,
      detail: { settled: { ...input.settle } },
    },
  ]);
  await ringTask(context.tx, context.tenantId, taskId, context.now, { detail: sealed });
}

async function lockedTask(context: TaskContext, taskId: string): Promise<StoredTask> {
  const task = await lockTask(context.tx, context.tenantId, taskId);
  if (task === undefined) throw new FactotumError('task.not_found', 'There is no such task.');
  return task;
}
