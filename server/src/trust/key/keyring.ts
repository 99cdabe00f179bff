import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, FactotumError, type Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import type { KekDirectory } from './kek.ts';
import { destroyKeyRows, insertKeyRow, listKeyRows } from './store.ts';
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
  /** Overwrites the tenant's wrapped seeds and wipes its keys from memory: what was sealed under them is gone for good, backups included. */
  destroy(tenantId: Id<'tenant'>): Promise<void>;
  /** Wipes the tenant's keys from memory at once, handles in use included; the next `of` unwraps again. */
  forget(tenantId: Id<'tenant'>): void;
  /** Wipes every key from memory. */
  close(): void;
}

/** A seed that no KEK guards. */
export interface PlainSeed {
  readonly generation: number;
  readonly state: 'active' | 'retired';
  /** 32 bytes. */
  readonly seed: Buffer;
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
    for (const row of usable) {
      const { generation, state } = row;
      const kek = await keks.opening(tenantId, row);
      seeds.push({ generation, state: state === 'active' ? state : 'retired', seed: await kek.unwrap(row, { tenantId, generation }) });
    }
    return seeds;
  };
  const keysFrom = (tenantId: Id<'tenant'>, seeds: readonly PlainSeed[]): ClosableTenantKeys =>
    createTenantKeys(tenantId, new Map(seeds.map(({ generation, seed }) => [generation, seed])));
  const load = async (tenantId: Id<'tenant'>): Promise<ClosableTenantKeys> => keysFrom(tenantId, await unwrapAll(tenantId));

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

  return {
    of: async (tenantId) => ready.get(tenantId) ?? (await loadOnce(tenantId)),
    async provision(tx, tenantId) {
      const generation = 1;
      const seed = randomBytes(32);
      const kek = await keks.wrapping(tenantId);
      const wrapped = await kek.wrap(seed, { tenantId, generation });
      await insertKeyRow(tx, { tenantId, generation, provider: kek.provider, ...wrapped });
      const keys = createTenantKeys(tenantId, new Map([[generation, seed]]));
      // Not cached: the transaction may yet be rolled back.
      retire(keys);
      return keys;
    },
    seedsOf: unwrapAll,
    async adopt(tx, tenantId, seeds) {
      const kek = await keks.wrapping(tenantId);
      for (const { generation, state, seed } of seeds) {
        const wrapped = await kek.wrap(seed, { tenantId, generation });
        await insertKeyRow(tx, { tenantId, generation, provider: kek.provider, state, ...wrapped });
      }
    },
    preview(tenantId, seeds) {
      // A handle zeroes what it was made from.
      const keys = keysFrom(
        tenantId,
        seeds.map(({ seed, ...rest }) => ({ ...rest, seed: Buffer.from(seed) })),
      );
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
          const kek = await keks.opening(tenantId, row);
          (await kek.unwrap(row, { tenantId, generation: row.generation })).fill(0);
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
        .map(({ generation, provider, kekId, wrapped }) => ({ generation, provider, kekId, wrappedSha256: hash('sha256', wrapped) }));
    },
    async destroy(tenantId) {
      await withTenant(db, tenantId, (tx) => destroyKeyRows(tx, tenantId));
      forget(tenantId);
    },
    forget,
    close() {
      loading.clear();
      ready.clear();
      for (const keys of retiring.keys()) wipe(keys);
    },
  };
}
