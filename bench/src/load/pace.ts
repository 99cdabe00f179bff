import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings, Job } from './job.ts';
import { openTracker, type Tracked } from './tracker.ts';

/** Open loop: the next task is sent at its time, whether or not the last one has finished, so that a slow system is not spared. */
export async function pace(job: Extract<Job, { do: 'pace' }>): Promise<Findings> {
  const tracker = await openTracker(job.tenants, job.tenants.length * 2);
  const startedAt = performance.now();
  const running: Promise<Tracked | null>[] = [];
  const tenant = async (at: number) => {
    const client = tracker.clients[at];
    // Spread over the period: together they would be a burst, which is another question.
    const first = startedAt + (job.everyMs * at) / tracker.clients.length;
    for (let due = first; client !== undefined && due < startedAt + job.measureMs; due += job.everyMs) {
      await sleep(Math.max(due - performance.now(), 0));
      running.push(tracker.run(client, job.kind));
    }
  };
  await Promise.all(tracker.clients.map((_, at) => tenant(at)));
  const measured = (await Promise.all(running)).filter((task) => task !== null);
  const result = tracker.result({ measured, elapsedMs: performance.now() - startedAt });
  await tracker.close();
  return { ...result, sent: [] };
}
