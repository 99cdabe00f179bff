import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '#engine';
import { newId } from '#kernel';
import type { Database } from '#kernel/database';
import type { ConnectionParts } from './connections.ts';
import { paused } from './context.ts';
import { type Outcome, pollOnce, streamOnce } from './cycle.ts';
import { createDueQueue } from './due-queue.ts';
import { createCounting, type WatcherFigures } from './figures.ts';
import { answerRings, beat, type Claimed, claim, countAll, enlist, reap, release, resign, selectOwned } from './lease.ts';
import type { Sink } from './port.ts';

export interface WatcherOptions extends ConnectionParts {
  readonly database: Pick<Database, 'app' | 'engine'>;
  /** What keeps the changes of a connector, by its kind. */
  readonly sinks: Readonly<Record<string, Sink>>;
  /** Polls under way at once, at most. */
  readonly pollsMax: number;
  /** Another pace than everyday's. */
  readonly pace?: Partial<Pace>;
}

/** In milliseconds. */
interface Pace {
  /** How often it looks for connections that are free, and for rings. */
  readonly tickMs: number;
  /** How often it says that it lives, and compares what it holds with what the database says. */
  readonly beatMs: number;
  /** Silent for so long, and what it holds is anybody's. */
  readonly leaseMs: number;
  /** How long one poll may take. */
  readonly pollMs: number;
  /** Hints that come sooner after a poll wait until then. */
  readonly hintGapMs: number;
}
const everyday: Pace = { tickMs: 1_000, beatMs: 5_000, leaseMs: 30_000, pollMs: 120_000, hintGapMs: 1_000 };

/** Looks after connections: polls them in time, one watcher each. */
export interface Watcher {
  start(): Promise<void>;
  /** Ends what is under way, which then does not count, and gives everything back. */
  stop(): Promise<void>;
  /** Somebody has just changed a connection. */
  kick(): void;
  figures(): WatcherFigures;
}

/** Arrivals and bytes of one poll: a transaction of a moment, and 20 of them fit into a small machine's memory. */
const batchMax = { arrivals: 100, bytes: 8 * 1024 * 1024 };
/** Claimed at once: watchers that start together share what there is. */
const claimMax = 50;
/** More than its share that a watcher may hold before it gives back: or connections would wander for nothing. */
const slackMin = 2;
const slackShare = 0.1;
/** Of the polls under way, what one tenant may have, so that one with many connections does not hold up the others. */
const tenantShare = 4;
/** A stream that has lived for so long was well, and is begun again at once. */
const streamWellMs = 60_000;
const streamBackoff = { baseMs: 5_000, capMs: 15 * 60_000 };
/** What is held up by something of ours is looked at again after so long. */
const heldUpMs = 5_000;
const stopMsMax = 10_000;

interface Held extends Claimed {
  readonly owner: string;
  readonly abort: AbortController;
  state: 'waiting' | 'queued' | 'polling';
  /** Something has happened since the poll under way began. */
  isRung: boolean;
  /** When it became due, and when its last poll ended. */
  dueMs: number;
  polledMs: number;
  /** Shrinks when the tenant's quota has no room for so much at once. */
  arrivalsMax: number;
  stream: AbortController | undefined;
}

export function createWatcher(options: WatcherOptions): Watcher {
  const { database, clock, log, kinds, pollsMax } = options;
  const { engine } = database;
  const pace: Pace = { ...everyday, ...options.pace };
  const cycle = { ...options, pollMsMax: pace.pollMs };
  const polled = kinds.all.filter(({ can }) => can.poll).map(({ kind }) => kind);
  const counting = createCounting();
  const held = new Map<string, Held>();
  const ready: Held[] = [];
  const polling = new Map<Held, Promise<void>>();
  const streams = new Set<Promise<void>>();
  const stopping = new AbortController();
  const due = createDueQueue<Held>(() => clock.monotonicMs(), enqueue);
  let watcherId = '';
  let states: ReadonlyMap<string, number> = new Map();
  let roomMax = claimMax;
  let beatenMs = 0;
  let loop: Promise<void> | undefined;
  let wake: (() => void) | undefined;
  let isKicked = false;

  function take(claimed: Claimed): void {
    drop(held.get(claimed.connectionId));
    const one: Held = {
      ...claimed,
      ...{
        owner: watcherId,
        abort: new AbortController(),
        state: 'waiting',
        isRung: false,
        arrivalsMax: batchMax.arrivals,
        stream: undefined,
      },
      ...{ dueMs: 0, polledMs: Number.NEGATIVE_INFINITY },
    };
    held.set(claimed.connectionId, one);
    due.set(one, clock.monotonicMs() + claimed.dueInMs);
  }

  /** Whatever is under way for it ends, and does not count. */
  function drop(one: Held | undefined): void {
    if (one === undefined || held.get(one.connectionId) !== one) return;
    held.delete(one.connectionId);
    due.remove(one);
    one.abort.abort(new DOMException('The connection is not held any more.', 'AbortError'));
  }

  const isHeld = (one: Held) => held.get(one.connectionId) === one;

  function enqueue(one: Held): void {
    if (!isHeld(one)) return;
    one.state = 'queued';
    one.dueMs = clock.monotonicMs();
    ready.push(one);
    begin();
  }

  /** Begins polls while there is room, in turn, but not too many of one tenant. */
  function begin(): void {
    const tenantMax = Math.max(1, Math.ceil(pollsMax / tenantShare));
    while (polling.size < pollsMax && !stopping.signal.aborted) {
      const under = new Map<string, number>();
      for (const { tenantId } of polling.keys()) under.set(tenantId, (under.get(tenantId) ?? 0) + 1);
      const at = ready.findIndex((one) => !isHeld(one) || (under.get(one.tenantId) ?? 0) < tenantMax);
      const [one] = at < 0 ? [] : ready.splice(at, 1);
      if (one === undefined) return;
      if (!isHeld(one)) continue;
      one.state = 'polling';
      const done = poll(one).finally(() => {
        polling.delete(one);
        begin();
      });
      polling.set(one, done);
    }
  }

  async function poll(one: Held): Promise<void> {
    one.isRung = false;
    const lateMs = clock.monotonicMs() - one.dueMs;
    const outcome = await pollOnce(cycle, { ...one, signal: one.abort.signal }, { ...batchMax, arrivals: one.arrivalsMax });
    counting.poll(one.connector, outcome.kind, lateMs);
    if (outcome.kind === 'done') counting.arrived(one.connector, outcome.created);
    one.state = 'waiting';
    one.polledMs = clock.monotonicMs();
    if (!isHeld(one)) return;
    adapt(one, outcome);
    const nextMs = nextOf(outcome);
    if (nextMs === null) {
      drop(one);
      if (outcome.kind === 'lost') await release(engine, one.owner, [one]).catch(noted('given back'));
      return;
    }
    if (outcome.kind === 'done' && one.stream === undefined) startStream(one);
    due.set(one, one.polledMs + (one.isRung ? Math.min(nextMs, pace.hintGapMs) : nextMs));
  }

  const nextOf = (outcome: Outcome): number | null => {
    if (outcome.kind === 'done' || outcome.kind === 'failed') return outcome.nextMs;
    if (outcome.kind === 'changed') return 0;
    return outcome.kind === 'held up' ? heldUpMs : null;
  };

  function adapt(one: Held, outcome: Outcome): void {
    if (outcome.kind === 'failed' && outcome.code === 'quota.exceeded') one.arrivalsMax = Math.max(1, Math.floor(one.arrivalsMax / 2));
    else if (outcome.kind === 'done') one.arrivalsMax = Math.min(batchMax.arrivals, one.arrivalsMax * 2);
  }

  /** There may be something: polled soon, but not in the same breath. */
  function hint(one: Held): void {
    if (!isHeld(one)) return;
    if (one.state === 'polling') one.isRung = true;
    if (one.state !== 'waiting') return;
    const soonMs = Math.max(clock.monotonicMs(), one.polledMs + pace.hintGapMs);
    if (soonMs < (due.at(one) ?? Number.POSITIVE_INFINITY)) due.set(one, soonMs);
  }

  function startStream(one: Held): void {
    if (kinds.find(one.connector)?.stream === undefined) return;
    const own = new AbortController();
    one.stream = own;
    const signal = AbortSignal.any([own.signal, one.abort.signal, stopping.signal]);
    const running = keepStream(one, signal)
      .catch((error: unknown) => log.warn({ err: error, connectionId: one.connectionId }, 'connection: a stream was given up'))
      .finally(() => {
        streams.delete(running);
        if (one.stream === own) one.stream = undefined;
      });
    streams.add(running);
  }

  async function keepStream(one: Held, signal: AbortSignal): Promise<void> {
    for (let tries = 0; !signal.aborted; tries += 1) {
      const beganMs = clock.monotonicMs();
      if (!(await streamOnce(cycle, { ...one, signal }, () => hint(one)))) return;
      if (clock.monotonicMs() - beganMs >= streamWellMs) tries = 0;
      // What came while nobody was listening.
      hint(one);
      await paused(backoffMs(tries, streamBackoff), signal).catch(() => undefined);
    }
  }

  async function tick(): Promise<void> {
    for (const ring of await answerRings(engine, watcherId)) {
      const one = held.get(ring.connectionId);
      if (!ring.isActive) {
        drop(one);
        await release(engine, watcherId, [ring]);
      } else if (one === undefined || one.fence !== ring.fence) take(ring);
      else rung(one, ring);
    }
    // What its share is may have changed since the last beat.
    if (held.size >= roomMax) await countShare();
    const limit = Math.min(claimMax, Math.max(roomMax - held.size, 0));
    const free = { kinds: polled, limit: limit === 0 ? claimMax : limit, isBeyondShare: limit === 0 };
    for (const claimed of await claim(engine, watcherId, free)) take(claimed);
  }

  /** Changed settings begin anew: what is under way by the old ones does not count. Otherwise somebody wants it polled now. */
  function rung(one: Held, ring: Claimed): void {
    if (one.version !== ring.version) {
      take(ring);
      return;
    }
    one.isRung = true;
    if (one.state === 'waiting') due.set(one, clock.monotonicMs() + Math.max(0, ring.dueInMs));
  }

  async function makeBeat(): Promise<void> {
    const beganMs = clock.monotonicMs();
    if (!(await beat(engine, watcherId))) {
      log.warn('connection: this watcher was taken for dead, and begins anew');
      for (const one of [...held.values()]) drop(one);
      watcherId = newId('worker');
      await enlist(engine, watcherId);
    }
    beatenMs = beganMs;
    await reap(engine, pace.leaseMs);
    const owned = await selectOwned(engine, watcherId);
    const fences = new Map<string, number>(owned.map(({ connectionId, fence }) => [connectionId, fence]));
    const gone = [...held.values()].filter((one) => fences.get(one.connectionId) !== one.fence);
    for (const one of gone) drop(one);
    await release(engine, watcherId, gone);
    // Ours, and we have not heard of it: the answer to a claim was lost.
    for (const one of owned) if (!held.has(one.connectionId)) take(one);
    await countShare();
    const surplus = [...held.values()].filter(({ state }) => state === 'waiting').slice(0, Math.max(0, held.size - roomMax));
    for (const one of surplus) drop(one);
    await release(engine, watcherId, surplus);
  }

  /** One watcher has all there are; several have equal shares, and a little more. */
  async function countShare(): Promise<void> {
    const counted = await countAll(engine);
    states = counted.states;
    const fair = (states.get('active') ?? 0) / Math.max(1, counted.watchers);
    roomMax = counted.watchers <= 1 ? Number.POSITIVE_INFINITY : Math.ceil(fair + Math.max(slackMin, fair * slackShare));
  }

  async function run(): Promise<void> {
    let nextBeatMs = Number.NEGATIVE_INFINITY;
    while (!stopping.signal.aborted) {
      isKicked = false;
      try {
        if (clock.monotonicMs() >= nextBeatMs) {
          await makeBeat();
          nextBeatMs = clock.monotonicMs() + pace.beatMs;
        }
        await tick();
      } catch (error) {
        noted('looked after')(error);
        // Others take what is held before long: two of us must not go on with it.
        if (clock.monotonicMs() - beatenMs > pace.leaseMs / 2) for (const one of [...held.values()]) drop(one);
      }
      if (!isKicked) await rest();
    }
  }

  /** Until the next tick, or a kick. */
  async function rest(): Promise<void> {
    const awake = new AbortController();
    wake = () => awake.abort();
    const signal = AbortSignal.any([awake.signal, stopping.signal]);
    await pause(pace.tickMs, undefined, { signal }).catch(() => undefined);
    wake = undefined;
  }

  const noted = (what: string) => (error: unknown) => log.warn({ err: error }, `connection: connections could not be ${what}`);

  return {
    async start() {
      watcherId = newId('worker');
      await enlist(engine, watcherId);
      beatenMs = clock.monotonicMs();
      loop = run();
    },
    async stop() {
      stopping.abort();
      for (const one of [...held.values()]) drop(one);
      due.stop();
      await loop;
      // A connector that does not heed its signal is left behind; nothing of it counts.
      const ended = Promise.allSettled([...polling.values(), ...streams]);
      const late = new AbortController();
      await Promise.race([ended, pause(stopMsMax, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
      if (watcherId !== '') await resign(engine, watcherId).catch(noted('given back'));
    },
    kick() {
      isKicked = true;
      wake?.();
    },
    figures: () => ({
      ...{ polls: counting.polls, arrivals: counting.arrivals, late: counting.late, states },
      lagMs: ready.reduce((most, { dueMs }) => Math.max(most, clock.monotonicMs() - dueMs), 0),
      held: held.size,
      polling: polling.size,
      streams: streams.size,
    }),
  };
}
