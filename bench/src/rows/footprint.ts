import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { runJob } from '../load/process.ts';
import type { Row } from '../row.ts';
import { postmasterOf, pssMb } from '../server-process.ts';

/** Long enough for what starting has left behind to be collected. */
const idleMs = 15_000;

const footprint = (bench: Bench) =>
  bench.once('footprint', async () => {
    const place = await bench.freshServer();
    const newMs = place.server.startMs;
    const [tenant] = await bench.tenants(place, [{}]);
    if (tenant === undefined) throw new Error('There is no tenant.');
    // Idle is what one is after work, not before it.
    await runJob({ do: 'single', tenant, kind: 'write', count: 20, warmUp: 0, pauseMs: 0 });
    await sleep(idleMs);
    const serverMb = await pssMb(place.server.pid);
    const databaseMb = await pssMb(await postmasterOf(place.server.dataFolder));
    await place.server.stop();
    const again = await bench.restart(place);
    await again.server.stop();
    return { newMs, againMs: again.server.startMs, serverMb, databaseMb };
  });

export const footprintRows: readonly Row[] = [
  {
    row: 'idle_memory_pss_mb',
    unit: 'MB',
    budget: { atMost: 350 },
    about: 'memory (PSS) of the server with all roles and its PostgreSQL, idle after some work',
    async measure(bench) {
      const { serverMb, databaseMb } = await footprint(bench);
      return { value: serverMb + databaseMb, detail: { serverMb, databaseMb } };
    },
  },
  {
    row: 'idle_server_pss_mb',
    unit: 'MB',
    budget: { atMost: 180 },
    about: 'the server process alone',
    measure: async (bench) => ({ value: (await footprint(bench)).serverMb, detail: {} }),
  },
  {
    row: 'start_new_s',
    unit: 's',
    budget: { atMost: 10 },
    about: 'from the start of the process to ready, new data folder: database, keys, migrations',
    measure: async (bench) => ({ value: (await footprint(bench)).newMs / 1_000, detail: {} }),
  },
  {
    row: 'start_again_s',
    unit: 's',
    budget: { atMost: 4 },
    about: 'the same on a data folder that is there',
    measure: async (bench) => ({ value: (await footprint(bench)).againMs / 1_000, detail: {} }),
  },
];
