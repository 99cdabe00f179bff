import { hostname } from 'node:os';
import { addProcessSample, addQueueSamples, dropOldSamples } from '#flow/status';
import { type Clock, type Id, type Logger, newId } from '#kernel';
import type { Database } from '#kernel/database';
import type { Gauges } from './gauges.ts';

export interface SamplerOptions {
  readonly database: Pick<Database, 'engine'>;
  readonly gauges: Pick<Gauges, 'take'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly roles: readonly string[];
  /** Tasks in this process's hands. */
  readonly tasksRunning: () => number;
  readonly everyMs?: number;
}

/** Writes down every few seconds how this process and the queues of all tenants are doing. */
export interface Sampler {
  readonly processId: Id<'process'>;
  start(): void;
  stop(): Promise<void>;
  /** One sample, now. */
  look(): Promise<void>;
  /** Tells that there is a new sample. @returns what ends it. */
  onSample(listener: () => void): () => void;
}

/** Often enough to see a change while looking, rarely enough to cost nothing. */
const everyMsDefault = 10_000;
/** What is too old goes every so many samples. */
const tidyEvery = 30;

export function createSampler(options: SamplerOptions): Sampler {
  const { database, gauges, clock, log, roles, tasksRunning, everyMs = everyMsDefault } = options;
  const { engine } = database;
  const startedAt = clock.now();
  const processId = newId('process', startedAt.getTime());
  const about = { host: hostname(), pid: process.pid, roles, startedAt: startedAt.toISOString() };
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let looks = 0;

  async function look(): Promise<void> {
    await addProcessSample(engine, { processId, about, figures: { ...gauges.take(), tasksRunning: tasksRunning() } });
    await addQueueSamples(engine);
    if (looks % tidyEvery === 0) await dropOldSamples(engine);
    looks += 1;
    for (const listener of listeners) listener();
  }

  return {
    processId,
    start() {
      timer ??= setInterval(() => {
        // A database that is slow gets no second question while the first is open.
        looking ??= look()
          .catch((error: unknown) => log.debug({ err: error }, 'status: this moment could not be written down'))
          .finally(() => {
            looking = undefined;
          });
      }, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
    look,
    onSample(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
