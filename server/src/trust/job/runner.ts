import { type Clock, FactotumError, isFactotumError, isId, type Logger, newId } from '#kernel';
import { isRetryable, type RoleDatabase } from '#kernel/database';
import { type InstallationKey, type Keyring, keysUnavailable } from '#trust/key';
import type { Job, JobHandler, JobRun } from './job.ts';
import { inputContext, inputRef } from './queue.ts';
import { claimJob, endJob, giveBackJob, type JobRow, renewLease, saveJob } from './store.ts';

export interface JobRunnerOptions {
  /** The role `factotum_engine`: it claims for all tenants and reads no content. */
  readonly engine: RoleDatabase;
  readonly keyring: Keyring;
  readonly installation: InstallationKey;
  readonly clock: Clock;
  readonly log: Logger;
  readonly handlers: readonly JobHandler[];
  /** A worker silent for this long has lost its job to whoever comes next, in milliseconds. */
  readonly leaseMs?: number;
  /** How often the database is asked when nobody rings, in milliseconds. */
  readonly pollMs?: number;
  /** Jobs worked on at once in this process. */
  readonly slots?: number;
}

export interface JobRunner {
  start(): void;
  /** There may be a job: look now. */
  kick(): void;
  /** Takes no more, tells running jobs to stop at their next save, and gives them back. */
  stop(): Promise<void>;
}

/** Claims of one job without getting on before it is given up: with the back-off about ten minutes. */
const triesMax = 10;

class Ended extends Error {
  readonly why: 'lost' | 'cancelled' | 'stopping';
  constructor(why: Ended['why']) {
    super(`the job is ${why === 'stopping' ? 'put back, as this process is stopping' : why}`);
    this.why = why;
  }
}

/** Works on the jobs of all tenants and of the installation. Nothing that matters lives in memory: whoever claims next goes on from the row. */
export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { engine, keyring, installation, clock, log, leaseMs = 15_000, pollMs = 1_000, slots = 2 } = options;
  const { db } = engine;
  const handlers = new Map(options.handlers.map((handler) => [handler.kind, handler]));
  const owner = newId('worker');
  const running = new Map<Promise<void>, AbortController>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let askedAgain = false;
  let stopping = false;

  function kick(): void {
    askedAgain = true;
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }

  async function look(): Promise<void> {
    try {
      while (askedAgain && !stopping) {
        askedAgain = false;
        while (running.size < slots && !stopping) {
          const row = await claimJob(db, { owner, kinds: [...handlers.keys()], now: clock.now(), leaseMs });
          if (row === undefined) break;
          const end = new AbortController();
          const work: Promise<void> = hold(row, end).finally(() => {
            running.delete(work);
            kick();
          });
          running.set(work, end);
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'claiming jobs failed; the next poll tries again');
    }
  }

  /** Works under a lease that is renewed as long as the work lasts. */
  async function hold(row: JobRow, end: AbortController): Promise<void> {
    const heed = (answer: { cancelling: boolean } | undefined) => {
      if (answer === undefined) end.abort(new Ended('lost'));
      else if (answer.cancelling) end.abort(new Ended('cancelled'));
    };
    let renewedAtMs = clock.monotonicMs();
    const beat = setInterval(() => {
      const sentAtMs = clock.monotonicMs();
      renewLease(db, row, leaseMs).then(
        (answer) => {
          renewedAtMs = sentAtMs;
          heed(answer);
        },
        (error: unknown) => {
          log.debug({ err: error, jobId: row.jobId }, 'the lease of a job could not be renewed');
          if (clock.monotonicMs() - renewedAtMs > leaseMs) end.abort(new Ended('lost'));
        },
      );
    }, leaseMs / 3);
    const save: JobRun<unknown>['save'] = async (what) => {
      end.signal.throwIfAborted();
      heed(await saveJob(db, row, what));
      row.tries = 1;
      end.signal.throwIfAborted();
    };
    try {
      await settle(row, await attempt(row, end.signal, save));
    } catch (error) {
      // Its end could not be written: the lease runs out, and whoever claims it then finds the position.
      log.warn({ err: error, jobId: row.jobId, kind: row.kind }, 'the end of a job could not be written');
    } finally {
      clearInterval(beat);
    }
  }

  type Outcome = { ended: 'done'; result: Job['result'] } | { ended: 'thrown'; fault: unknown };

  async function attempt(row: JobRow, signal: AbortSignal, save: JobRun<unknown>['save']): Promise<Outcome> {
    try {
      if (row.cancelling) throw new Ended('cancelled');
      if (row.tries > triesMax) throw new FactotumError('server.fault', `The job was begun ${triesMax} times and never got on.`);
      const handler = handlers.get(row.kind);
      if (handler === undefined) throw new Error('a job of an unknown kind was claimed');
      const { jobId: id, position, createdBy: actor } = row;
      const tenantId = isId('tenant', row.tenantId) ? row.tenantId : null;
      const input = handler.input.parse(await openInput(row));
      return { ended: 'done', result: await handler.run({ id, tenantId, input, position, actor, signal, save }) };
    } catch (fault) {
      // Whatever a handler makes of being aborted, the reason counts.
      return { ended: 'thrown', fault: signal.aborted ? signal.reason : fault };
    }
  }

  async function openInput({ tenantId, jobId, input }: JobRow): Promise<unknown> {
    if (input === null) return null;
    const plain = isId('tenant', tenantId)
      ? (await keyring.of(tenantId)).open('content', inputRef(jobId), input)
      : installation.open(inputContext(jobId), input);
    return JSON.parse(plain.toString());
  }

  async function settle(row: JobRow, outcome: Outcome): Promise<void> {
    const now = clock.now();
    if (outcome.ended === 'done') return endJob(db, row, { state: 'done', result: outcome.result, now });
    const { fault } = outcome;
    if (fault instanceof Ended) {
      if (fault.why === 'cancelled') await endJob(db, row, { state: 'cancelled', now });
      // The process's own stopping is no try of the job's.
      if (fault.why === 'stopping') await giveBackJob(db, row, { runAt: row.runAt, tries: row.tries - 1, error: null });
      return;
    }
    const passes = isRetryable(fault) || (isFactotumError(fault) && fault.retry);
    const error = isFactotumError(fault)
      ? { code: fault.code, message: isId('tenant', row.tenantId) && fault.code === 'key.unavailable' ? keysUnavailable : fault.message }
      : { code: passes ? 'database.unavailable' : 'server.fault', message: 'Something went wrong. The log says what.' };
    log[passes ? 'warn' : 'error']({ err: fault, jobId: row.jobId, kind: row.kind }, 'a job stumbled');
    if (!passes || row.tries >= triesMax) return endJob(db, row, { state: 'failed', error, now });
    const pauseMs = Math.min(1_000 * 2 ** row.tries, 120_000);
    await giveBackJob(db, row, { runAt: new Date(now.getTime() + pauseMs), tries: row.tries, error });
  }

  return {
    start() {
      timer = setInterval(kick, pollMs);
      kick();
    },
    kick,
    async stop() {
      stopping = true;
      clearInterval(timer);
      await looking;
      for (const end of running.values()) end.abort(new Ended('stopping'));
      await Promise.all(running.keys());
    },
  };
}
