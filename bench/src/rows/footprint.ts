import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { runJob } from '../load/process.ts';
import type { Row } from '../row.ts';
import { familyOf, postmasterOf, pssMb } from '../server-process.ts';

/** Until idle connections are closed and memory has been given back. */
const idleMs = 45_000;
const workMs = 5_000;

const footprint = (bench: Bench) =>
  bench.once('footprint', async () => {
    const place = await bench.freshServer();
    const newMs = place.server.startMs;
    const [tenant] = await bench.tenants(place, [{}]);
    if (tenant === undefined) throw new Error('There is no tenant.');
    // Idle is what one is after work, not before it.
    await runJob({ do: 'sustain', tenants: [tenant], kind: 'write', inFlight: 16, warmUpMs: 0, measureMs: workMs });
    const busyMb = await pssMb([place.server.pid]);
    await sleep(idleMs);
    const serverMb = await pssMb([place.server.pid]);
    const databaseMb = await pssMb(await familyOf(await postmasterOf(place.server.dataFolder)));
    await place.server.stop();
    const again = await bench.restart(place);
    await again.server.stop();
    return { newMs, againMs: again.server.startMs, serverMb, databaseMb, busyMb };
  });

export const footprintRows: readonly Row[] = [
  {
    row: 'idle_memory_pss_mb',
    unit: 'MB',
    budget: { atMost: 350 },
    about: 'memory (PSS) of the server with all roles and its PostgreSQL, idle after some work',
    async measure(bench) {
      const { serverMb, databaseMb, busyMb } = await footprint(bench);
      return { value: serverMb + databaseMb, detail: { serverMb, databaseMb, serverAfterWorkMb: busyMb } };
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
