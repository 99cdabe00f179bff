import { once } from 'node:events';
import { fetchAll } from './fetch.ts';
import { flood } from './flood.ts';
import type { Findings, Job } from './job.ts';
import { pace } from './pace.ts';
import { siege } from './siege.ts';
import { single } from './single.ts';
import { sustain, untilBroken } from './sustain.ts';

/** The load generator: a process that knows nothing of the server but its address and keys. It does one job and ends. */
const [job] = await once(process, 'message');
const stopped = new AbortController();
process.on('message', () => stopped.abort());
// Only our own parent talks to this process.
const before = process.cpuUsage();
const result = await run(job as Job);
const { user, system } = process.cpuUsage(before);
process.send?.({ ...result, cpuMs: (user + system) / 1_000 }, () => process.exit(0));

function run(given: Job): Promise<Findings> {
  switch (given.do) {
    case 'sustain':
      return sustain(given);
    case 'until-broken':
      return untilBroken(given);
    case 'single':
      return single(given);
    case 'pace':
      return pace(given);
    case 'flood':
      return flood(given, stopped.signal);
    case 'siege':
      return siege(given, stopped.signal, () => process.send?.('ready'));
    case 'fetch':
      return fetchAll(given);
  }
}
