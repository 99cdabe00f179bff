import { type Clock, isFactotumError, type Logger, newId } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { claimTasks } from './claim.ts';
import { createCommitter } from './committer.ts';
import { flush } from './flush.ts';
import { beat, enlist, reap, resign } from './leases.ts';
import { postponeTask } from './postpone.ts';
import type { Committed, Lease, TaskHandler, TaskSnapshot, Transition } from './rows.ts';

export interface EngineOptions {
  readonly database: RoleDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly handler: TaskHandler;
  /** Tasks worked on at once in this process. */
  readonly slots: number;
  /** A worker silent for this long is taken for dead. 3 s, renewed each third: takeover within 5 s. */
  readonly leaseMs?: number;
  /** The floor under all hints: how often the database is asked when nobody rings, in milliseconds. */
  readonly pollMs?: number;
}

export interface Engine {
  start(): Promise<void>;
  /** Something may be due: look now. Cheap, may be called for every event. */
  kick(): void;
  /** Stops claiming, lets running tasks come to a halt at their next commit for up to `graceMs`, then gives the rest back. */
  stop(graceMs?: number): Promise<void>;
  /** Tasks in hand right now. */
  readonly running: number;
}

/**
 * Durable execution on rows: claims due tasks, hands each to the handler under a fenced lease, and commits their transitions in groups.
 *
 * Nothing that matters lives in memory: the process may die at any line and another continues from the rows.
 */
export function createEngine(options: EngineOptions): Engine {
  const { database, clock, log } = options;
  const leaseMs = options.leaseMs ?? 3_000;
  const pollMs = options.pollMs ?? 200;
  let life = newLife();
  let stopping = false;
  let claimed: Promise<void> = Promise.resolve();
  let claiming = false;
  let askedAgain = false;
  let ticking = false;
  let ticked: Promise<void> = Promise.resolve();
  const timers: NodeJS.Timeout[] = [];

  function newLife() {
    const workerId = newId('worker');
    const end = new AbortController();
    const committer = createCommitter({
      flush: (items) => flush(database, workerId, clock.now(), items),
      log,
      batchMax: 256,
      inFlightMax: 2,
      retryWindowMs: leaseMs,
    });
    return { workerId, end, committer, running: new Set<Promise<void>>(), renewedAtMs: clock.monotonicMs() };
  }

  function claim(): void {
    askedAgain = true;
    if (!stopping && !claiming) claimed = claimAll();
  }

  async function claimAll(): Promise<void> {
    claiming = true;
    try {
      while (askedAgain && !stopping) {
        askedAgain = false;
        const current = life;
        const free = options.slots - current.running.size;
        if (free <= 0) return;
        const snapshots = await claimTasks(database, { workerId: current.workerId, limit: free, now: clock.now() });
        // Claimed under a name that is dead by now: whoever reaps gives them back.
        if (current.end.signal.aborted) continue;
        for (const snapshot of snapshots) work(current, snapshot);
      }
    } catch (error) {
      log.warn({ err: error }, 'claiming failed; the next poll tries again');
    } finally {
      claiming = false;
    }
  }

  function work(current: typeof life, snapshot: TaskSnapshot): void {
    const running = run(current, snapshot).finally(() => {
      current.running.delete(running);
      // Refill in bites, not one by one: a claim costs the same for one task as for thirty.
      if (current.running.size <= options.slots * 0.75) claim();
    });
    current.running.add(running);
  }

  async function run(current: typeof life, snapshot: TaskSnapshot): Promise<void> {
    // What the handler knows is what the snapshot says, however often it commits: a ring since then must turn its parking into a re-claim.
    const signalsSeen = snapshot.task.signals;
    let last: Promise<unknown> = Promise.resolve();
    const lease: Lease = {
      snapshot,
      signal: current.end.signal,
      isHeld: () => clock.monotonicMs() - current.renewedAtMs < leaseMs,
      isEnding: () => stopping,
      commit(transition: Transition): Promise<Committed> {
        // One commit of a task at a time and in order: a batch may hold each task once.
        const committed = last.then(() => current.committer.submit({ task: snapshot.task, signalsSeen, transition }));
        last = committed.catch(() => undefined);
        return committed;
      },
    };
    try {
      await options.handler(lease);
    } catch (error) {
      if (current.end.signal.aborted) return;
      const { taskId, tenantId } = snapshot.task;
      // What passes by itself has told its story where it began, and may come a thousand times.
      if (isFactotumError(error) && error.retry)
        log.warn({ code: error.code, reason: error.message, taskId, tenantId }, 'a task waits for what is away; it goes into back-off');
      else log.error({ err: error, taskId, tenantId }, 'a task stumbled; it goes into back-off');
      await putBack(current, snapshot, error);
    }
  }

  /** Tried until it succeeds or the lease is lost: a task that a living worker owns and nobody works on would stay so for ever. */
  async function putBack(current: typeof life, snapshot: TaskSnapshot, fault: unknown): Promise<void> {
    for (let pauseMs = 100; !current.end.signal.aborted; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      try {
        return await postponeTask(database, current.workerId, snapshot.task, fault, clock.now());
      } catch (error) {
        log.warn({ err: error, taskId: snapshot.task.taskId }, 'a task could not be put back; trying again');
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  function tick(): void {
    if (!ticking) ticked = renew();
  }

  async function renew(): Promise<void> {
    ticking = true;
    const current = life;
    const sentAtMs = clock.monotonicMs();
    try {
      if (await beat(database, current.workerId)) current.renewedAtMs = sentAtMs;
      else if (!stopping) await reborn();
      if ((await reap(database, leaseMs)) > 0) claim();
    } catch (error) {
      log.warn({ err: error }, 'the lease could not be renewed');
    } finally {
      ticking = false;
    }
  }

  /** Others have taken us for dead (a long stall). What we hold is theirs by now: drop it and begin anew under another name. */
  async function reborn(): Promise<void> {
    const old = life;
    log.warn({ workerId: old.workerId, tasks: old.running.size }, 'this worker was taken for dead; it starts over under a new name');
    old.end.abort(new Error('the lease was lost'));
    const next = newLife();
    // On the list first: what somebody claims who is not on it is taken away again at once.
    await enlist(database, next.workerId);
    life = next;
    claim();
  }

  return {
    async start() {
      life.renewedAtMs = clock.monotonicMs();
      await enlist(database, life.workerId);
      await reap(database, leaseMs);
      timers.push(setInterval(tick, leaseMs / 3), setInterval(claim, pollMs));
      claim();
    },
    kick: claim,
    async stop(graceMs = 10_000) {
      stopping = true;
      await claimed;
      await Promise.race([Promise.allSettled([...life.running]), new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
      for (const timer of timers) clearInterval(timer);
      await ticked;
      life.end.abort(new Error('the worker is stopping'));
      await resign(database, life.workerId).catch((error) => log.warn({ err: error }, 'could not resign; the lease will run out'));
    },
    get running() {
      return life.running.size;
    },
  };
}
