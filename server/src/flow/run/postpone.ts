import { backoffMs } from '#engine';
import { release, type Work } from './work.ts';

/** Gives the task back for a while: at least `waitMs`, and longer with each try. */
export function postpone(work: Work, waitMs: number): Promise<void> {
  const { retries } = work.progress;
  const runAt = new Date(work.tools.clock.now().getTime() + Math.max(waitMs, backoffMs(retries)));
  return release(work, { runAt, retries: retries + 1 });
}
