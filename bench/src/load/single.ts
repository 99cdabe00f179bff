import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings, Job } from './job.ts';
import { openTracker, type Tracked } from './tracker.ts';

/** One task alone in the system, again and again. */
export async function single(job: Extract<Job, { do: 'single' }>): Promise<Findings> {
  const tracker = await openTracker([job.tenant], 1);
  const [client] = tracker.clients;
  const measured: Tracked[] = [];
  const startedAt = performance.now();
  for (let number = 0; client !== undefined && number < job.warmUp + job.count; number += 1) {
    const task = await tracker.run(client, job.kind);
    if (task !== null && number >= job.warmUp) measured.push(task);
    await sleep(job.pauseMs);
  }
  const result = tracker.result({ measured, elapsedMs: performance.now() - startedAt });
  await tracker.close();
  return result;
}
