import type { Work } from './work.ts';

/**
 * A person resumes a dead letter. A new version of the plan gets new idempotency keys, so what was undone can be done anew and a
 * tool that remembers the old keys is not misled.
 *
 * Nothing with an effect stands when a task has failed: what was done has been undone, or a person accepted it and the task is done.
 */
export function resumeFailed(work: Work): void {
  work.plan = null;
  work.steps = [];
  work.progress = { ...work.progress, waitReason: null, errorCode: null, retries: 0 };
}
