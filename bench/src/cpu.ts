import { readFile } from 'node:fs/promises';
import type { JobResult } from './load/job.ts';
import { familyOf, postmasterOf, type ServerProcess } from './server-process.ts';

/** Ticks a second in /proc; 100 on every Linux there is. */
const ticksPerSecond = 100;

/** CPU time used so far, in milliseconds. */
interface CpuTime {
  readonly server: number;
  readonly database: number;
}

/** Begins to count; what is returned tells the processor time since then for each of `count` things. Tells what wall-clock time cannot on a machine that others use as well. */
export async function countCpu(
  server: ServerProcess,
): Promise<(done: Pick<JobResult, 'cpuMs'>, count: number) => Promise<Readonly<Record<string, number>>>> {
  const before = await cpuTime(server);
  return async ({ cpuMs }, count) => {
    const after = await cpuTime(server);
    const each = (ms: number) => Math.round((ms / Math.max(count, 1)) * 100) / 100;
    return { server: each(after.server - before.server), database: each(after.database - before.database), generator: each(cpuMs) };
  };
}

/** Processor time of one process so far, in milliseconds. */
export const cpuMsOf = async (pid: number): Promise<number> => ((await ticksOf(pid, 'own')) / ticksPerSecond) * 1_000;

async function cpuTime({ pid, dataFolder }: ServerProcess): Promise<CpuTime> {
  const postmaster = await postmasterOf(dataFolder);
  const backends = (await familyOf(postmaster)).filter((member) => member !== postmaster);
  // What ended meanwhile has been added to its parent's account, if that has waited for it.
  const times = await Promise.all([
    ticksOf(pid, 'own'),
    ticksOf(postmaster, 'with ended children'),
    ...backends.map((backend) => ticksOf(backend, 'own')),
  ]);
  const [own = 0, ...others] = times.map((ticks) => (ticks / ticksPerSecond) * 1_000);
  return { server: own, database: others.reduce((sum, ms) => sum + ms, 0) };
}

async function ticksOf(pid: number, which: 'own' | 'with ended children'): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the command in brackets and may hold anything; user and system time are the 12th and 13th after it, those of ended children the next two.
  const fields = text.split(') ').at(-1)?.split(' ').map(Number) ?? [];
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return which === 'own' ? user + system : user + system + childUser + childSystem;
}
