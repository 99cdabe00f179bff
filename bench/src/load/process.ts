import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job, JobResult } from './job.ts';

/** A job under way in a process of its own, which knows the server by HTTP alone. */
export interface RunningJob {
  readonly pid: number;
  /** When a job that has to build something up first has done so; never for others. */
  readonly ready: Promise<void>;
  readonly result: Promise<JobResult>;
  /** Lets a job that has no end of its own come to one. */
  readonly stop: () => void;
}

export function startJob(job: Job): RunningJob {
  const child = fork(join(import.meta.dirname, 'main.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
  child.send(job);
  const { promise: ready, resolve: tellReady } = Promise.withResolvers<void>();
  const { promise: answer, resolve: tell } = Promise.withResolvers<JobResult>();
  // The process is ours and says nothing else.
  child.on('message', (said) => (said === 'ready' ? tellReady() : tell(said as JobResult)));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The load generator ended with ${code}.`);
  });
  const result = Promise.race([answer, ended]);
  const begun = Promise.race([ready, ended]);
  // Nobody waits for it where a job has nothing to build up.
  begun.catch(() => undefined);
  // A process that takes messages has a number.
  return { pid: child.pid ?? 0, ready: begun, result, stop: () => child.connected && child.send('stop') };
}

export const runJob = (job: Job): Promise<JobResult> => startJob(job).result;
