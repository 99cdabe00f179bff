import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type Clock, FactotumError, type Id, isId, type Logger } from '#kernel';
import { type Database, isRetryable } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { type BatchResult, type ReadyTenant, runBatch } from './batch.ts';
import { createBell } from './bell.ts';
import { createDoorbell } from './doorbell.ts';
import { createFeed, type EntryListener } from './feed.ts';
import { type OpenLog, openLog } from './open-log.ts';
import { sequencedOf } from './sequenced.ts';
import { createSetAside } from './set-aside.ts';
import { entriesMax, isPending, lastPendingId, peekPending, readHeads } from './statements.ts';

export interface SequencerOptions {
  readonly database: Pick<Database, 'sequencer'>;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a log that nobody writes to stays open with its keys, in milliseconds. As long as the keyring keeps a tenant's. */
  readonly ttlMs?: number;
}

/** What the sequencer has done since it was made, for metrics. */
export interface SequencerStatus {
  readonly entries: number;
  readonly batches: number;
  /** Bodies that were none of ours. */
  readonly malformed: number;
  /** How often a tenant was passed over, and which ones are out of order now: their entries wait until somebody repairs the log. */
  readonly setAsideTotal: number;
  readonly setAside: readonly string[];
}

/** The only one to number audit entries. Any number of processes may run one; the tenants' heads are shared by row locks. */
export interface Sequencer {
  /** Begins to number what is pending and to tell listeners. Resolves once listeners miss nothing any more. */
  start(): Promise<void>;
  /** Ends after the batch under way. What is pending stays for the next. */
  stop(): Promise<void>;
  /** Something was committed: number it soon. Cheap, may be called for every event. */
  kick(): void;
  /**
   * Resolves when everything committed before the call is numbered, but for tenants that are set aside. Works without `start`.
   * @throws what the database throws, `server.busy` when it takes longer than half a minute.
   */
  drained(): Promise<void>;
  /**
   * Tells of every entry once and in order, whichever process numbered it, from `start` on. A listener that joins later catches up by
   * reading, as does one that was away: numbers have no gaps.
   * @returns what ends it.
   */
  onEntries(listener: EntryListener): () => void;
  /** Closes the tenant's log: its signing and MAC keys are in no memory of the sequencer's any more, and are opened again when needed. */
  forget(tenantId: Id<'tenant'>): void;
  /** The same of every tenant. */
  forgetAll(): void;
  status(): SequencerStatus;
}

/** The floor under all hints. */
const pollMs = 100;
/** Between batches: forty a second are few enough to share a commit, and too many for anybody to notice a wait. */
const lingerMs = 25;
const afterFailureMs = 500;
const drainMsMax = 30_000;
const ttlMsDefault = 5 * 60 * 1000;
/** An open log takes about 5 KB. */
const logsMax = 2_000;
/** Asking a key service takes tens of milliseconds, and each question holds a connection of the application's pool. */
const openAtOnce = 8;

const noLog = () => new FactotumError('audit.broken', 'This tenant has no audit log. Restore its head from a backup.');

export function createSequencer({ database: { sequencer }, keyring, clock, log, ttlMs = ttlMsDefault }: SequencerOptions): Sequencer {
  const logs = new LRUCache<string, OpenLog>({ max: logsMax, ttl: ttlMs, ttlAutopurge: true, perf: { now: () => clock.monotonicMs() } });
  /** How often logs were to be forgotten: a batch under way has some of them in hand. */
  let forgotten = 0;
  const doorbell = createDoorbell({ sequencer, log });
  const feed = createFeed({ sequencer, log, doorbell });
  const setAside = createSetAside(clock);
  const bell = createBell();
  const count = { entries: 0, batches: 0, malformed: 0, setAsideTotal: 0 };
  let stopped = false;
  let working: Promise<void> | undefined;
  let turning: Promise<boolean> | undefined;

  const refuse = (tenantId: string, error: unknown) => {
    logs.delete(tenantId);
    setAside.add(tenantId);
    count.setAsideTotal += 1;
    log.error({ err: error, tenantId }, 'audit: the entries of this tenant cannot be numbered and wait; the others go on');
  };

  /** Opens the logs that are not open. Keys are asked for each time, so that a tenant whose keys were destroyed is over at once. */
  const prepare = async (tenantIds: readonly string[]): Promise<Map<string, ReadyTenant>> => {
    const closed = tenantIds.filter((tenantId) => !logs.has(tenantId));
    const heads = new Map((closed.length === 0 ? [] : await readHeads(sequencer.pool, closed)).map((row) => [row.tenantId, row]));
    const ready = new Map<string, ReadyTenant>();
    const open = async (tenantId: string) => {
      try {
        const head = heads.get(tenantId);
        if (!isId('tenant', tenantId) || (head === undefined && !logs.has(tenantId))) throw noLog();
        const keys = await keyring.of(tenantId);
        const opened = logs.get(tenantId) ?? (head && openLog(keys, head));
        if (opened === undefined) return; // its time in memory ended just now: the next batch reads its head
        logs.set(tenantId, opened);
        ready.set(tenantId, { keys, log: opened });
      } catch (error) {
        if (isRetryable(error)) throw error;
        refuse(tenantId, error);
      }
    };
    for (let at = 0; at < tenantIds.length; at += openAtOnce) await Promise.all(tenantIds.slice(at, at + openAtOnce).map(open));
    return ready;
  };

  const settle = ({ appended, stale, refused }: BatchResult) => {
    for (const { head, log: grown, entries, malformed } of appended) {
      logs.set(head.tenantId, grown);
      setAside.clear(head.tenantId);
      count.entries += entries.length;
      count.malformed += malformed;
      if (malformed > 0) log.error({ tenantId: head.tenantId, malformed }, 'audit: entries that are none of ours were pending');
      feed.announce(head.tenantId, entries.map(sequencedOf));
    }
    for (const tenantId of stale) logs.delete(tenantId);
    for (const { tenantId, error } of refused) refuse(tenantId, error);
    if (appended.length > 0) count.batches += 1;
    doorbell.ring(appended.map(({ head: { tenantId, size } }) => ({ tenantId, size })));
  };

  /** One batch. Says whether there may be more to do right away. */
  const batch = async (): Promise<boolean> => {
    const { tenantIds, isMore } = await peekPending(sequencer.pool, setAside.current());
    if (tenantIds.length === 0) return false;
    const [setAsideBefore, forgottenBefore] = [count.setAsideTotal, forgotten];
    const result = await prepare(tenantIds)
      .then((ready) => runBatch({ sequencer, clock }, ready))
      .then((done) => {
        settle(done);
        return done;
      })
      .finally(() => {
        if (forgotten !== forgottenBefore) logs.clear();
      });
    const taken = result.appended.reduce((sum, { entries }) => sum + entries.length, 0);
    return (taken > 0 && (isMore || taken >= entriesMax)) || result.stale.length > 0 || count.setAsideTotal > setAsideBefore;
  };

  /** Whoever comes while a batch is under way waits for that one. */
  const turn = (): Promise<boolean> => {
    turning ??= batch().finally(() => {
      turning = undefined;
    });
    return turning;
  };

  const work = async () => {
    while (!stopped) {
      try {
        if (await turn()) continue;
        await bell.wait({ atLeastMs: lingerMs, atMostMs: pollMs });
      } catch (error) {
        log.warn({ err: error }, 'audit: a batch failed; it will be tried again');
        await bell.wait({ atLeastMs: afterFailureMs, atMostMs: afterFailureMs });
      }
    }
  };

  return {
    async start() {
      if (feed.isHeard()) await feed.open();
      working ??= work();
    },
    async stop() {
      stopped = true;
      bell.close();
      await working;
      await doorbell.stop();
      await feed.stop();
    },
    kick: () => bell.ring(),
    async drained() {
      const upToId = await lastPendingId(sequencer.pool);
      const giveUpAtMs = clock.monotonicMs() + drainMsMax;
      while (upToId > 0 && (await isPending(sequencer.pool, upToId, setAside.current()))) {
        if (clock.monotonicMs() > giveUpAtMs)
          throw new FactotumError('server.busy', 'The audit log has not caught up yet. Try again later.');
        // Nothing more to do here, and yet not done: another process is at it.
        if (!(await turn())) await pause(5);
      }
    },
    onEntries(listener) {
      const end = feed.add(listener);
      if (working !== undefined)
        feed.open().catch((error: unknown) => log.warn({ err: error }, 'audit: listeners are not told of new entries yet'));
      return end;
    },
    forget(tenantId) {
      forgotten += 1;
      logs.delete(tenantId);
    },
    forgetAll() {
      forgotten += 1;
      logs.clear();
    },
    status: () => ({ ...count, setAside: setAside.all() }),
  };
}
