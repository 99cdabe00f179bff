import { backoffMs } from '#engine';
import type { Planning, PlanningContext, PlanningTask, PlanOutcome } from '#flow/plan';
import { openSteps } from './open-work.ts';
import { commit, note, release, type Work } from './work.ts';

/** How often a planner that cannot be reached is asked before a person is. About 20 minutes with the engine's back-off. */
const planRetriesMax = 20;

/** Makes the next plan. @returns false when the task was parked instead: it waits for an answer or for the model. */
export async function planTask(work: Work, planning: Planning): Promise<boolean> {
  const task: PlanningTask = {
    tenantId: work.tenantId,
    taskId: work.taskId,
    event: work.event,
    source: work.lease.snapshot.event.source,
    kind: work.lease.snapshot.event.kind,
    receivedAt: work.lease.snapshot.event.receivedAt,
    answers: work.detail.answers ?? [],
    now: work.tools.clock.now(),
  };
  const { playbooks, faultyPlaybooks, handbook, ownModel, pluggedTools, settings } = work.context;
  const { timeZone, locale, maySpendOperatorModelKey, planner, model } = settings;
  const context: PlanningContext = {
    playbooks,
    faultyPlaybooks,
    handbook,
    timeZone,
    locale,
    maySpendOperatorModelKey,
    planner,
    model,
    ownModel,
    pluggedTools,
    signal: work.lease.signal,
  };
  if (!planning.isQuick(task, context)) await showPlanning(work);
  const outcome = await planning.plan(task, context);
  addUsage(work, outcome.usage);
  switch (outcome.kind) {
    case 'plan':
      adopt(work, outcome);
      return true;
    case 'question':
      work.detail = { ...work.detail, question: outcome.question };
      note(work, { kind: 'task.waiting', objectId: work.taskId, state: 'waiting', detail: { reason: 'question', ...work.detail.spent } });
      await release(work, { state: 'waiting', waitReason: 'question', runAt: null, errorCode: outcome.code ?? null });
      return false;
    case 'retry':
      await postpone(work, outcome);
      return false;
    case 'used_up':
      await waitForBudget(work, outcome);
      return false;
  }
}

/** A model takes seconds: whoever looks should see that the task is being planned. */
async function showPlanning(work: Work): Promise<void> {
  work.progress = { ...work.progress, state: 'planning', waitReason: null };
  work.pending.progress = work.progress;
  await commit(work);
}

/** What a model was paid counts, whatever came of it: it is kept with the task until there is a plan that it belongs to. */
function addUsage(work: Work, usage: PlanOutcome['usage']): void {
  if (usage === undefined) return;
  const { spent } = work.detail;
  const tokens = { tokensIn: (spent?.tokensIn ?? 0) + usage.tokensIn, tokensOut: (spent?.tokensOut ?? 0) + usage.tokensOut };
  // One unknown price makes the sum unknown; nothing is guessed.
  const costMicros = usage.costMicros === null || spent?.costMicros === null ? null : (spent?.costMicros ?? 0) + usage.costMicros;
  work.detail = { ...work.detail, spent: { ...tokens, costMicros } };
}

function adopt(work: Work, outcome: Extract<PlanOutcome, { kind: 'plan' }>): void {
  const { plan, planner, playbook = null, model = null } = outcome;
  const version = work.progress.planVersion + 1;
  const { question: _answered, error: _past, replan: _asked, spent, ...detail } = work.detail;
  work.plan = plan;
  work.detail = { ...detail, summary: plan.summary };
  work.progress = { ...work.progress, planVersion: version, playbook, retries: 0, errorCode: null, waitReason: null, state: 'running' };
  work.pending = {
    ...work.pending,
    plan: {
      version,
      planner,
      playbook,
      model,
      tokensIn: spent?.tokensIn ?? null,
      tokensOut: spent?.tokensOut ?? null,
      costMicros: spent?.costMicros ?? null,
      body: work.keys.sealJson({ kind: 'plan', id: work.taskId, version }, plan),
      createdAt: work.tools.clock.now(),
    },
    // The plan in force is named by the task's row, so both are written together.
    progress: work.progress,
  };
  work.steps = openSteps(null, work.keys, plan);
  work.approvals = [];
  work.attempts = [];
  note(work, {
    kind: 'task.planned',
    objectId: work.taskId,
    state: 'running',
    detail: { version, planner, playbook, model, steps: plan.steps.map((step) => step.tool), ...spent },
  });
}

/** A clear state instead of a storm of tries: the task sleeps until there is money again, or until somebody raises the limit. */
async function waitForBudget(work: Work, { until, message }: Extract<PlanOutcome, { kind: 'used_up' }>): Promise<void> {
  const { progress } = work;
  const isNews = progress.waitReason !== 'quota';
  work.detail = { ...work.detail, error: message };
  if (isNews)
    note(work, { kind: 'task.waiting', objectId: work.taskId, state: 'waiting', detail: { reason: 'quota', ...work.detail.spent } });
  await release(work, { state: 'waiting', waitReason: 'quota', runAt: until, retries: 0, errorCode: 'quota.exceeded' });
}

async function postpone(work: Work, outcome: Extract<PlanOutcome, { kind: 'retry' }>): Promise<void> {
  const { progress, tools } = work;
  if (progress.retries + 1 >= planRetriesMax) {
    work.detail = {
      ...work.detail,
      error: outcome.message,
      question: 'The model could not be reached for a long time. Should it be tried again?',
    };
    note(work, {
      kind: 'task.waiting',
      objectId: work.taskId,
      state: 'waiting',
      detail: { reason: 'question', code: outcome.code, ...work.detail.spent },
    });
    return release(work, { state: 'waiting', waitReason: 'question', runAt: null, errorCode: outcome.code, retries: 0 });
  }
  work.detail = { ...work.detail, error: outcome.message };
  const runAt = new Date(tools.clock.now().getTime() + Math.max(outcome.afterMs, backoffMs(progress.retries)));
  return release(work, { state: 'planning', runAt, retries: progress.retries + 1, errorCode: outcome.code });
}
