import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings, Job } from './job.ts';
import { openTracker, type Tracked } from './tracker.ts';

type JobOf<D extends Job['do']> = Extract<Job, { do: D }>;

/** More requests than this at once make a queue in front of the server, not more work in it. */
const connectionsMax = 128;
const pauseAfterErrorMs = 100;

/** Closed loop: counted are the tasks that finish between warm-up and end. */
export async function sustain(job: JobOf<'sustain'>): Promise<Findings> {
  const tracker = await openTracker(job.tenants, Math.min(job.inFlight, connectionsMax));
  const finished: Tracked[] = [];
  let isOver = false;
  const lane = async (at: number) => {
    const client = tracker.clients[at % tracker.clients.length];
    while (client !== undefined && !isOver) {
      const task = await tracker.run(client, job.kind);
      if (task !== null) finished.push(task);
      else await sleep(pauseAfterErrorMs);
    }
  };
  const lanes = Array.from({ length: job.inFlight }, (_, at) => lane(at));
  await sleep(job.warmUpMs);
  const from = performance.now();
  await sleep(job.measureMs);
  const to = performance.now();
  isOver = true;
  // What is under way comes to its end: a task that never finishes is an error and must not be missed.
  await Promise.all(lanes);
  const result = tracker.result({
    measured: finished.filter((task) => task.finishedAtMs >= from && task.finishedAtMs < to),
    elapsedMs: to - from,
  });
  await tracker.close();
  return { ...result, sent: [] };
}

/** The same without end; what was sent and not heard to finish when the server went away is for whoever starts it again. */
export async function untilBroken(job: JobOf<'until-broken'>): Promise<Findings> {
  const tracker = await openTracker(job.tenants, Math.min(job.inFlight, connectionsMax));
  const startedAt = performance.now();
  let isOver = false;
  const lane = async (at: number) => {
    const client = tracker.clients[at % tracker.clients.length];
    while (client !== undefined && !isOver) if ((await tracker.run(client, job.kind)) === null) return;
  };
  for (let at = 0; at < job.inFlight; at += 1) void lane(at);
  await tracker.broken;
  isOver = true;
  const elapsedMs = performance.now() - startedAt;
  return tracker.result({ measured: tracker.tracked.filter((task) => !Number.isNaN(task.finishedAtMs)), elapsedMs });
}
