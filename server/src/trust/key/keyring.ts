import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, FactotumError, type Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import type { KekDirectory } from './kek.ts';
import { fingerprintOf, materialOf, openRow, type PlainSeed, seedBytes, unwrapRow, wipeSeeds, wrapRow } from './seed.ts';
import { destroyKeyRows, insertKeyRow, insertRevocation, listKeyRows } from './store.ts';
import { type ClosableTenantKeys, createTenantKeys, type TenantKeys } from './tenant-keys.ts';

/** Hands out tenants' keys. Calls to the KEK's provider scale with tenants, not with objects. */
export interface Keyring {
  /**
   * The tenant's keys, from memory or unwrapped now; callers of one moment share one unwrapping. Ask for each unit of work.
   *
   * @throws FactotumError `key.destroyed` when the tenant was erased, `key.unavailable` (retry) when the keys cannot be had.
   */
  of(tenantId: Id<'tenant'>): Promise<TenantKeys>;
  /** Makes the first generation of a new tenant, in the caller's transaction, and hands out its keys; `of` knows them after the commit. */
  provision(tx: Tx, tenantId: Id<'tenant'>): Promise<TenantKeys>;
  /**
   * The seeds themselves, for an archive that another installation is to go on from. Fill them with zeros when they are written.
   *
   * @throws FactotumError `key.destroyed`, `key.unavailable` (retry).
   */
  seedsOf(tenantId: Id<'tenant'>): Promise<PlainSeed[]>;
  /** Takes a tenant's seeds from elsewhere, in the caller's transaction; `of` knows them after the commit. The seeds stay the caller's. */
  adopt(tx: Tx, tenantId: Id<'tenant'>, seeds: readonly PlainSeed[]): Promise<void>;
  /** The keys of seeds that are not committed yet. Works as long as any handle. */
  preview(tenantId: Id<'tenant'>, seeds: readonly PlainSeed[]): TenantKeys;
  /**
   * Tries whether this process has the right KEK, on up to 20 of the tenants: with a wrong one it would stumble over each task instead of
   * leaving it to a process that can open it. One that opens is enough, so a single damaged row stops nobody.
   *
   * @throws FactotumError `key.unavailable` when there are keys and none can be opened.
   */
  prove(tenantIds: readonly Id<'tenant'>[]): Promise<void>;
  /** What tells each generation's wrapped seed from all others, for whoever has to say later which ones were destroyed. */
  fingerprints(tenantId: Id<'tenant'>): Promise<readonly KeyFingerprint[]>;
  /**
   * Overwrites the tenant's wrapped seeds and wipes its keys from this memory and, within seconds, from that of every process: what was
   * sealed under them is gone for good, backups included.
   */
  destroy(tenantId: Id<'tenant'>): Promise<void>;
  /** Wipes the tenant's keys from memory at once, handles in use included; the next `of` unwraps again. */
  forget(tenantId: Id<'tenant'>): void;
  /** The same of every tenant. */
  forgetAll(): void;
  /**
   * Reads the tenant's generations anew, if any of its keys are in memory: handles in use go on with them, in place. Keys that cannot be
   * read anew are wiped. Never throws.
   */
  refresh(tenantId: Id<'tenant'>): Promise<void>;
  /** What the cache has done since the process began, for metrics. */
  stats(): KeyCacheStats;
  /** Wipes every key from memory. */
  close(): void;
}

export interface KeyCacheStats {
  /** Tenants whose keys are in memory. */
  readonly size: number;
  /** Asked for and found in memory. */
  readonly hits: number;
  /** Asked for and unwrapped by the provider. */
  readonly misses: number;
}

export interface KeyFingerprint {
  readonly generation: number;
  readonly provider: string;
  readonly kekId: string;
  /** In hex. */
  readonly wrappedSha256: string;
}

export interface KeyringOptions {
  /** The pool of the role `factotum_app`. */
  readonly db: Tx;
  /** Who guards the seeds. */
  readonly keks: KekDirectory;
  readonly clock: Clock;
  /** How long a tenant's keys are handed out after unwrapping, in milliseconds; a handle then works as long again. */
  readonly ttlMs?: number;
  /** How many tenants' keys stay in memory, at most (handles still in use come on top). One takes about 2 KB. */
  readonly tenantsMax?: number;
}

/** Long enough to make a KMS call per tenant rare, short enough for a revoked KEK to count soon. */
const ttlMsDefault = 5 * 60 * 1000;
const tenantsMaxDefault = 2_000;

/** Creates the keyring of a process. */
export function createKeyring(options: KeyringOptions): Keyring {
  const { db, keks, clock, ttlMs = ttlMsDefault, tenantsMax = tenantsMaxDefault } = options;
  let hits = 0;
  let misses = 0;
  const loading = new Map<Id<'tenant'>, Promise<ClosableTenantKeys>>();
  /** Handles that may still be in use, with what wipes them when their time is over. */
  const retiring = new Map<ClosableTenantKeys, NodeJS.Timeout>();

  const wipe = (keys: ClosableTenantKeys) => {
    clearTimeout(retiring.get(keys));
    retiring.delete(keys);
    keys.close();
  };
  const retire = (keys: ClosableTenantKeys) => {
    // Somebody may have got this handle a moment ago and be in the middle of a transaction.
    retiring.set(keys, setTimeout(wipe, ttlMs, keys).unref());
  };
  const ready = new LRUCache<Id<'tenant'>, ClosableTenantKeys>({
    max: tenantsMax,
    ttl: ttlMs,
    ttlAutopurge: true,
    perf: { now: () => clock.monotonicMs() },
    dispose: retire,
  });

  const unwrapAll = async (tenantId: Id<'tenant'>): Promise<PlainSeed[]> => {
    const rows = await withTenant(db, tenantId, (tx) => listKeyRows(tx, tenantId));
    const usable = rows.filter((row) => row.state !== 'destroyed');
    if (rows.length > 0 && usable.length === 0)
      throw new FactotumError('key.destroyed', 'The keys of this tenant were destroyed. What was sealed under them is gone for good.');
    if (usable.length === 0)
      throw new FactotumError('key.unavailable', 'There are no keys for this tenant. If it exists, restore its keys from the key backup.');
    const seeds: PlainSeed[] = [];
    try {
      for (const row of usable) seeds.push(await openRow(keks, row));
    } catch (cause) {
      wipeSeeds(seeds);
      throw cause;
    }
    return seeds;
  };
  const keysFrom = (tenantId: Id<'tenant'>, seeds: readonly PlainSeed[]): ClosableTenantKeys =>
    createTenantKeys(tenantId, materialOf(seeds));
  const load = async (tenantId: Id<'tenant'>): Promise<ClosableTenantKeys> => {
    const seeds = await unwrapAll(tenantId);
    try {
      return keysFrom(tenantId, seeds);
    } finally {
      wipeSeeds(seeds);
    }
  };

  const loadOnce = (tenantId: Id<'tenant'>): Promise<ClosableTenantKeys> => {
    const running = loading.get(tenantId);
    if (running !== undefined) return running;
    const isCurrent = () => loading.get(tenantId) === started;
    const started: Promise<ClosableTenantKeys> = load(tenantId).then(
      (keys) => {
        if (isCurrent()) {
          loading.delete(tenantId);
          ready.set(tenantId, keys);
          return keys;
        }
        // Forgotten while they were being read: they may be what was to be forgotten.
        keys.close();
        return loadOnce(tenantId);
      },
      (cause) => {
        if (isCurrent()) loading.delete(tenantId);
        throw cause;
      },
    );
    loading.set(tenantId, started);
    return started;
  };

  const forget = (tenantId: Id<'tenant'>): void => {
    loading.delete(tenantId);
    ready.delete(tenantId);
    for (const keys of retiring.keys()) if (keys.tenantId === tenantId) wipe(keys);
  };
  const forgetAll = (): void => {
    loading.clear();
    ready.clear();
    for (const keys of retiring.keys()) wipe(keys);
  };

  /** Handles of a tenant that somebody may hold. */
  const handlesOf = (tenantId: Id<'tenant'>): ClosableTenantKeys[] => {
    const cached = ready.peek(tenantId);
    return [...(cached === undefined ? [] : [cached]), ...[...retiring.keys()].filter((keys) => keys.tenantId === tenantId)];
  };
  const refreshNow = async (tenantId: Id<'tenant'>): Promise<void> => {
    // What is being read may be what was before: it is read again.
    loading.delete(tenantId);
    if (handlesOf(tenantId).length === 0) return;
    try {
      const seeds = await unwrapAll(tenantId);
      try {
        for (const keys of handlesOf(tenantId)) keys.renew(materialOf(seeds));
      } finally {
        wipeSeeds(seeds);
      }
    } catch {
      // Why is told to whoever asks for these keys next.
      forget(tenantId);
    }
  };
  /** One after the other, so that what was read first never comes last. */
  const refreshing = new Map<Id<'tenant'>, Promise<void>>();
  const refresh = (tenantId: Id<'tenant'>): Promise<void> => {
    const next: Promise<void> = (refreshing.get(tenantId) ?? Promise.resolve())
      .then(() => refreshNow(tenantId))
      .finally(() => {
        if (refreshing.get(tenantId) === next) refreshing.delete(tenantId);
      });
    refreshing.set(tenantId, next);
    return next;
  };

  return {
    async of(tenantId) {
      const found = ready.get(tenantId);
      if (found === undefined) misses += 1;
      else hits += 1;
      return found ?? (await loadOnce(tenantId));
    },
    async provision(tx, tenantId) {
      const generation = 1;
      const seed = randomBytes(seedBytes);
      const row = await wrapRow(await keks.wrapping(tenantId), tenantId, { generation, seed, indexKey: null, state: 'active' });
      await insertKeyRow(tx, row);
      const keys = createTenantKeys(tenantId, { seeds: new Map([[generation, seed]]), current: generation });
      // Not cached: the transaction may yet be rolled back.
      retire(keys);
      return keys;
    },
    seedsOf: unwrapAll,
    async adopt(tx, tenantId, seeds) {
      const kek = await keks.wrapping(tenantId);
      for (const seed of seeds) await insertKeyRow(tx, await wrapRow(kek, tenantId, seed));
    },
    preview(tenantId, seeds) {
      const keys = keysFrom(tenantId, seeds);
      retire(keys);
      return keys;
    },
    async prove(tenantIds) {
      let fault: unknown;
      for (const tenantId of tenantIds.slice(0, 20)) {
        const rows = await withTenant(db, tenantId, (tx) => listKeyRows(tx, tenantId));
        const row = rows.find(({ state }) => state !== 'destroyed');
        // Erased, or half made when its making was cut off.
        if (row === undefined) continue;
        try {
          (await unwrapRow(keks, row)).fill(0);
          return;
        } catch (error) {
          fault = error;
        }
      }
      if (fault !== undefined) throw fault;
    },
    async fingerprints(tenantId) {
      const rows = await withTenant(db, tenantId, (tx) => listKeyRows(tx, tenantId));
      return rows
        .filter(({ state }) => state !== 'destroyed')
        .map((row) => ({ generation: row.generation, provider: row.provider, kekId: row.kekId, wrappedSha256: fingerprintOf(row) }));
    },
    async destroy(tenantId) {
      await withTenant(db, tenantId, async (tx) => {
        await destroyKeyRows(tx, tenantId, clock.now());
        await insertRevocation(tx, tenantId, 'revoked');
      });
      forget(tenantId);
    },
    forget,
    forgetAll,
    refresh,
    stats: () => ({ size: ready.size, hits, misses }),
    close: forgetAll,
  };
}
