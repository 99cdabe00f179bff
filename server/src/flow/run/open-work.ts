import { countedCode, type Lease, type TaskProgress } from '#engine';
import { eventBodySchema } from '#flow/intake';
import { type Plan, planSchema } from '#flow/plan';
import { openTaskDetail } from '#flow/task';
import { isFactotumError } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { stepBodySchema } from './step-body.ts';
import { nothingPending, type RunTools, type StepWork, type Work } from './work.ts';

/** Opens a claimed task's rows into work. @throws FactotumError `seal.broken` when event, plan or a step that has run was changed by hand. */
export async function openWork(tools: RunTools, lease: Lease, keys: TenantKeys): Promise<Work> {
  const { task, event, plan: planRow, attempts, approvals, revision } = lease.snapshot;
  const plan =
    planRow === null ? null : keys.openJson({ kind: 'plan', id: task.taskId, version: planRow.version }, planRow.body, planSchema);
  const { state, outcome, waitReason, runAt, planVersion, playbook, risk, detail, finishedAt } = task;
  // What the engine counted about faults says nothing about the tries of a step.
  const { errorCode, retries } = task.errorCode === countedCode ? { errorCode: null, retries: 0 } : task;
  const progress: TaskProgress = { state, outcome, waitReason, errorCode, runAt, retries, planVersion, playbook, risk, detail, finishedAt };
  return {
    tools,
    lease,
    keys,
    tenantId: task.tenantId,
    taskId: task.taskId,
    event: keys.openJson({ kind: 'event', id: event.eventId }, event.body, eventBodySchema),
    eventId: event.eventId,
    context: await tools.contextOf(task.tenantId, revision),
    progress,
    written: state,
    detail: openTaskDetail(keys, task),
    plan,
    steps: plan === null ? [] : openSteps(lease, keys, plan),
    approvals: [...approvals],
    attempts: [...attempts],
    pending: nothingPending(),
  };
}

/** Fresh steps of a plan, or what their rows say. A row that was changed by hand before its step ran counts as not yet asked. */
export function openSteps(lease: Lease | null, keys: TenantKeys, plan: Plan): StepWork[] {
  return plan.steps.map((spec, position) => {
    const fresh: StepWork = {
      spec,
      position,
      effect: 'read',
      state: 'pending',
      verdict: 'ask',
      body: null,
      errorCode: null,
      startedAt: null,
      finishedAt: null,
      dirty: false,
    };
    const row = lease?.snapshot.steps.find((other) => other.stepId === spec.id);
    if (row === undefined || lease === null) return fresh;
    const known = {
      ...fresh,
      effect: row.effect,
      verdict: row.verdict,
      errorCode: row.errorCode,
      startedAt: row.startedAt,
      finishedAt: row.finishedAt,
    };
    try {
      const body = keys.openJson(
        { kind: 'step', id: `${lease.snapshot.task.taskId}/${spec.id}`, version: row.planVersion },
        row.body,
        stepBodySchema,
      );
      return { ...known, state: row.state, body };
    } catch (error) {
      // Nothing in it is believed: the step is resolved and asked anew. What may have run is for a person.
      if (!isFactotumError(error, 'seal.broken') || !(row.state === 'waiting' || row.state === 'pending')) throw error;
      return fresh;
    }
  });
}
