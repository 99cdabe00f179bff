import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type Settlement, type TaskDetail, taskDetailSchema } from './schema.ts';
import { isEnded } from './state.ts';
import { ringTask, type StoredTask, selectTask, settleStep } from './store.ts';

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
  refuseWhileRung(context, task, 'task.not_resumable');
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
  const sealed = sealTaskDetail(context.keys, taskId, input.comment === undefined ? detail : answered(context, detail, input.comment));
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

/**
 * Asks for another plan that knows what the person says: what was done under the old one is taken back where that is possible, its open
 * questions are withdrawn. Never of a task that is over.
 * @throws `task.not_found`; `task.not_replannable` when the task neither waits nor has failed, or somebody has just answered it.
 */
export async function replanTask(context: TaskContext, taskId: string, comment: string): Promise<void> {
  const task = await lockedTask(context, taskId);
  if (task.state !== 'waiting' && task.state !== 'failed')
    throw new FactotumError(
      'task.not_replannable',
      'Only a task that waits or has failed takes another plan. Cancel it, or let it come so far.',
      {
        details: { state: task.state },
      },
    );
  refuseWhileRung(context, task, 'task.not_replannable');
  const detail = openTaskDetail(context.keys, task);
  if (detail.undo !== undefined) throw new FactotumError('task.not_replannable', 'What this task has done is being taken back.');
  const sealed = sealTaskDetail(context.keys, taskId, { ...answered(context, detail, comment), replan: 'asked' });
  await recordAudit(context.tx, context.tenantId, [
    { kind: 'task.replan_requested', actor: context.actor, at: context.now, objectId: taskId, taskId, state: task.state },
  ]);
  await ringTask(context.tx, context.tenantId, taskId, context.now, { detail: sealed });
}

const answered = ({ now, actor }: TaskContext, detail: TaskDetail, text: string): TaskDetail => ({
  ...detail,
  answers: [...(detail.answers ?? []), { at: now.toISOString(), by: actor, text }],
});

/** Until a worker has taken it in, a second answer would be written over by what the worker makes of the first. */
function refuseWhileRung({ now }: TaskContext, task: StoredTask, code: 'task.not_resumable' | 'task.not_replannable'): void {
  if (task.owner === null && (task.runAt === null || task.runAt > now)) return;
  throw new FactotumError(code, 'Somebody has just answered this task. Look at what becomes of it first.', {
    details: { state: task.state, waitReason: task.waitReason },
  });
}

async function lockedTask(context: TaskContext, taskId: string): Promise<StoredTask> {
  const task = await selectTask(context.tx, context.tenantId, taskId, { lock: true });
  if (task === undefined) throw new FactotumError('task.not_found', 'There is no such task.');
  return task;
}
