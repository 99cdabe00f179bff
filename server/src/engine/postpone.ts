import { isFactotumError } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { auditBody } from '#trust/audit';
import { backoffMs } from './backoff.ts';
import type { TaskRow } from './rows.ts';

/** Faults in a row before a task is put before a person: about four minutes of back-off. */
const faultsMax = 8;

/**
 * The handler threw, and nobody planned for this: gives the task back for later, its state as it stands in the row, which may be further
 * than the worker knows (a commit whose answer was lost). What would fail for ever is not tried for ever: after eight faults in a row the
 * task is `failed`, with the fault's code, and a person may resume it. Faults that pass by themselves (a key service that is away) are
 * waited out.
 */
export async function postponeTask(engine: RoleDatabase, workerId: string, task: TaskRow, fault: unknown, now: Date): Promise<void> {
  const { tenantId, taskId, epoch, signals } = task;
  const passes = isFactotumError(fault) && fault.retry;
  const code = isFactotumError(fault) ? fault.code : countedCode;
  const runAt = new Date(now.getTime() + backoffMs(task.errorCode === countedCode ? task.retries : 0));
  const entry = auditBody(tenantId, {
    kind: 'task.failed',
    actor: 'system:engine',
    at: now,
    objectId: taskId,
    taskId,
    state: 'failed',
    detail: { code },
  });
  await engine.pool.query({
    name: 'postpone-task',
    text: postpone,
    values: [tenantId, taskId, workerId, epoch, signals, now, runAt, passes ? null : faultsMax, code, entry],
  });
}

/** The error code of a task that is in back-off after a fault; while it stands, `retries` counts faults. */
export const countedCode = 'server.fault';

const postpone = `
  with held as (
    select tenant_id, task_id, signals <> $5 as rung, case when error_code = '${countedCode}' then retries + 1 else 1 end as faults from app.task
    where tenant_id = $1 and task_id = $2 and owner = $3 and epoch = $4 for no key update
  ), judged as (select *, coalesce(faults >= $8::int and not rung, false) as is_last from held), moved as (
    update app.task t set owner = null, updated_at = $6, retries = case when j.is_last then 0 else j.faults end,
      state = case when j.is_last then 'failed' else t.state end, wait_reason = case when j.is_last then null else t.wait_reason end,
      error_code = case when j.is_last then $9 else '${countedCode}' end,
      run_at = case when j.is_last then null when j.rung then $6::timestamptz else $7::timestamptz end
    from judged j where t.tenant_id = j.tenant_id and t.task_id = j.task_id
  )
  insert into app.audit_pending (tenant_id, entries) select tenant_id, array[$10::text] from judged where is_last`;
