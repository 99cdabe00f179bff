import type { TaskOutcome } from '#engine';
import { heldUntil, plainArgs } from '#flow/approval';
import { approvalOf, catalogueOf, note, release, type StepWork, standing, type Work } from './work.ts';

/** Parks the task until a person has answered: no slot, no memory, no connection is held. */
export async function park(work: Work): Promise<void> {
  const unknown = work.steps.filter((step) => step.state === 'unknown');
  const reason = unknown.length > 0 ? ('unknown' as const) : ('approval' as const);
  const { question: _old, ...detail } = work.detail;
  work.detail =
    unknown.length > 0
      ? {
          ...detail,
          question: `Nobody can tell whether this happened: ${unknown.map((step) => headline(work, step)).join('; ')}. Please look, then say so here.`,
        }
      : detail;
  const expiries = work.steps.flatMap((step) => {
    const approval = step.state === 'waiting' ? approvalOf(work, step.spec.id) : undefined;
    if (approval === undefined) return [];
    const held = heldUntil(work.keys, approval);
    return approval.state === 'waiting' ? [approval.expiresAt.getTime()] : held === null ? [] : [held.getTime()];
  });
  // Only a change of the reason is news; the approval's own entry tells the rest.
  if (reason === 'unknown') note(work, { kind: 'task.waiting', objectId: work.taskId, state: 'waiting', detail: { reason } });
  await release(work, {
    state: 'waiting',
    waitReason: reason,
    runAt: expiries.length === 0 ? null : new Date(Math.min(...expiries)),
    errorCode: null,
    retries: 0,
  });
}

/** Ends a task whose steps have all come to an end without a failure. */
export async function finish(work: Work): Promise<void> {
  const done = work.steps.filter((step) => step.state === 'done');
  const refused = work.steps.filter((step) => step.state === 'refused');
  const acted = standing(work);
  const outcome: TaskOutcome = refused.length === 0 ? 'completed' : acted.length === 0 ? 'refused' : 'partly';
  const { question: _question, error: _error, ...detail } = work.detail;
  const refusal = refused[0]?.body?.error?.message;
  const last = acted.at(-1) ?? done.at(-1);
  const result = last === undefined ? work.detail.summary : headline(work, last);
  work.detail = {
    ...detail,
    note:
      outcome === 'completed'
        ? (result ?? 'Nothing had to be done.')
        : outcome === 'refused'
          ? `Refused: ${refusal}`
          : `${result}. Refused: ${refusal}`,
  };
  note(work, { kind: 'task.finished', objectId: work.taskId, state: 'done', detail: { outcome } });
  await release(work, {
    state: 'done',
    outcome,
    waitReason: null,
    runAt: null,
    errorCode: null,
    retries: 0,
    finishedAt: work.tools.clock.now(),
  });
}

/** What a step does in plain words, drawn by the tool's manifest from its arguments. */
export function headline(work: Work, step: StepWork): string {
  const manifest = catalogueOf(work).get(step.spec.tool)?.manifest;
  return manifest === undefined || step.body === null ? step.spec.tool : manifest.headline(plainArgs(step.body.args));
}
