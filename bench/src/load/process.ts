import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job, JobResult } from './job.ts';

/** A job under way in a process of its own, which knows the server by HTTP alone. */
export interface RunningJob {
  readonly result: Promise<JobResult>;
  /** Lets a job that has no end of its own come to one. */
  readonly stop: () => void;
}

export function startJob(job: Job): RunningJob {
  const child = fork(join(import.meta.dirname, 'main.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
  child.send(job);
  const result = (async () => {
    const [answer] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`The load generator ended with ${code}.`);
      }),
    ]);
    // The process is ours and answers with nothing else.
    return answer as JobResult;
  })();
  return { result, stop: () => child.connected && child.send('stop') };
}

export const runJob = (job: Job): Promise<JobResult> => startJob(job).result;
