import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, makeFolder } from '../bench.ts';
import type { ConnectionsFigures, ConnectionsTask } from '../inside/connections.ts';
import { runInside } from '../inside/process.ts';
import { percentile, type Row, spread } from '../row.ts';

const mailsPerSecondOfBench = 200;

const measureOnce = (bench: Bench) =>
  bench.once('connections', async () => {
    const folder = await makeFolder();
    try {
      const task: ConnectionsTask = {
        ...{ dataFolder: join(folder, 'data'), tenants: 100, each: 5, hints: 30 },
        mails: Math.round(bench.seconds * mailsPerSecondOfBench),
      };
      // The program answers with nothing else.
      return (await runInside('connections', task)) as ConnectionsFigures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

/** Over a connector whose far side is in memory: what the watcher, the intake and the database cost, and nothing else. */
export const connectionRows: readonly Row[] = [
  {
    row: 'connection_memory_mb_500',
    unit: 'MB',
    budget: { atMost: 300 },
    about: 'memory (PSS) of a process that looks after 500 connections of 100 tenants, all idle, each with a stream that listens',
    async measure(bench) {
      const { beforeMb, idleMb, held, streams } = await measureOnce(bench);
      return { value: held === 500 ? idleMb : Number.NaN, detail: { beforeMb, held, streams } };
    },
  },
  {
    row: 'arrivals_per_s',
    unit: 'mails/s',
    budget: { atLeast: 100 },
    about: 'mails of 2 KB that come in over one connection: read, sealed, stored with their tasks and the cursor',
    async measure(bench) {
      const { mails, mailSeconds } = await measureOnce(bench);
      return { value: mails / mailSeconds, detail: { mails, seconds: mailSeconds } };
    },
  },
  {
    row: 'arrival_to_task_ms',
    unit: 'ms',
    budget: { atMost: 100 },
    about: 'from a hint of the far side to the commit of the task, polled in between, p95; 500 other connections are looked after',
    async measure(bench) {
      const { hintToTaskMs } = await measureOnce(bench);
      return { value: percentile(hintToTaskMs, 0.95), detail: spread(hintToTaskMs) };
    },
  },
];
