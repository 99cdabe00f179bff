import { hostname } from 'node:os';
import { addProcessSample, addQueueSamples, dropOldSamples } from '#flow/status';
import { type Clock, createPoller, type Id, type Logger, newId, type Poller } from '#kernel';
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
export interface Sampler extends Poller {
  readonly processId: Id<'process'>;
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
    ...createPoller({ look, everyMs, onError: (error) => log.debug({ err: error }, 'status: this moment could not be written down') }),
    onSample(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
