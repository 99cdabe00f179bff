import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerProcess, startServer, stopPostmaster } from './server-process.ts';
import { makeTenant, type Tenant, type TenantWish } from './tenant.ts';

/** What rows measure with. One server serves all rows that do not ask for their own; each row uses tenants of its own. */
export interface Bench {
  /** For rows that go on as long as one lets them, in seconds. */
  readonly seconds: number;
  /** How many tasks the tenant of a million has. */
  readonly tasks: number;
  readonly say: (text: string) => void;
  /** The shared server, started at the first call. */
  readonly server: () => Promise<Place>;
  /** A server on a new data folder. */
  readonly freshServer: (environment?: Readonly<Record<string, string>>) => Promise<Place>;
  /** Starts a server again on the folder of one that has ended. */
  readonly restart: (place: Place) => Promise<Place>;
  readonly tenants: (place: Place, wishes: readonly TenantWish[]) => Promise<Tenant[]>;
  /** Measured once however many rows show a part of it. */
  readonly once: <R>(name: string, measure: () => Promise<R>) => Promise<R>;
}

/** A server and the folder that everything of it lies in. */
export interface Place {
  readonly server: ServerProcess;
  readonly folder: string;
}

export interface BenchOptions {
  readonly seconds: number;
  readonly tasks: number;
  readonly say: (text: string) => void;
  /** For the server's Node. */
  readonly nodeOptions: readonly string[];
}

/** A folder that the database's user can pass through: as root it is another one. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-bench-'));
  await chmod(folder, 0o711);
  return folder;
}

/** Everything it started is stopped and removed by `close`. */
export function openBench({ seconds, tasks, say, nodeOptions }: BenchOptions): Bench & { close(): Promise<void> } {
  const places: Place[] = [];
  const kept = new Map<string, Promise<unknown>>();
  let shared: Promise<Place> | undefined;
  let named = 0;

  const startIn = async (folder: string, environment: Readonly<Record<string, string>> = {}): Promise<Place> => {
    const place = { server: await startServer({ folder, nodeOptions, environment }), folder };
    places.push(place);
    return place;
  };
  const freshServer: Bench['freshServer'] = async (environment) => startIn(await makeFolder(), environment);

  return {
    seconds,
    tasks,
    say,
    server: () => {
      shared ??= freshServer();
      return shared;
    },
    freshServer,
    restart: ({ folder }) => startIn(folder),
    tenants: async (place, wishes) => {
      const made: Tenant[] = [];
      for (const wish of wishes) {
        named += 1;
        made.push(await makeTenant(place, `bench-${named}`, wish));
      }
      return made;
    },
    once: <R>(name: string, measure: () => Promise<R>) => {
      const found = kept.get(name) ?? measure();
      kept.set(name, found);
      // A name stands for one measurement, so what was kept under it is what this one gives.
      return found as Promise<R>;
    },
    async close() {
      for (const { server } of places) await server.stop().catch((error: unknown) => say(String(error)));
      for (const folder of new Set(places.map((place) => place.folder))) {
        await stopPostmaster(join(folder, 'data'));
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
