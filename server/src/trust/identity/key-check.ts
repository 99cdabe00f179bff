import { LRUCache } from 'lru-cache';
import type { Clock, Id } from '#kernel';
import { keyConfiguration } from './auth.ts';
import { hashOfKey, keyForm } from './machine/key-text.ts';
import { readPermissionText } from './machine/permission-text.ts';
import type { Permission } from './permissions.ts';
import { type AuthDb, findKey } from './store.ts';

/** What a valid key stands for. */
export interface KnownKey {
  readonly id: Id<'apiKey'>;
  readonly tenantId: Id<'tenant'>;
  /** The key's, or its account's. */
  readonly name: string;
  /** Of a service account's key: what both may. */
  readonly permissions: ReadonlySet<Permission>;
  readonly serviceAccountId: Id<'serviceAccount'> | null;
  /** Requests, null for what its tenant has. */
  readonly perMinute: number | null;
  readonly allowedAddresses: readonly string[];
  readonly expiresAt: Date | null;
}

/** How long a found key is believed without looking again, in milliseconds: the longest a revocation takes if no message gets through. */
const believedMs = 5_000;

/** More keys than one process meets in five seconds; each is a few hundred bytes. */
const cachedKeysMax = 10_000;

/**
 * Checks API keys. On a busy two-core machine with two connections: about 4,000/s looked up, 80,000-97,000/s from memory; the last test
 * of api-key.test.ts prints what it is here.
 *
 * The text of a key is never compared: it is hashed, and the hash is looked up. How long that takes tells nothing about any key.
 */
export interface KeyCheck {
  /** Null for unknown, revoked, expired and malformed alike. */
  check(key: string): Promise<KnownKey | null>;
  /** The same by the key's id, for what has been made with it. */
  checkId(id: Id<'apiKey'>): Promise<KnownKey | null>;
  /** Forgets a key, or all keys of a service account. */
  forget(id: string): void;
  forgetAll(): void;
}

export function createKeyCheck({ db, clock }: { db: AuthDb; clock: Clock }): KeyCheck {
  const known = new LRUCache<string, KnownKey>({
    max: cachedKeysMax,
    ttl: believedMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
  });
  const looking = new Map<string, Promise<KnownKey | null>>();
  // Counts what was forgotten: an answer that was under way meanwhile may be from before, and is not kept.
  let forgotten = 0;

  const look = async (name: string, by: Parameters<typeof findKey>[2]): Promise<KnownKey | null> => {
    const before = forgotten;
    const row = await findKey(db, keyConfiguration, by);
    if (row?.enabled !== true) return null;
    const { id, tenantId, expiresAt, perMinute, serviceAccountId } = row;
    // The key of an account that is deleted, whatever its own row says.
    if (serviceAccountId !== null && row.accountPermissions === null) return null;
    const own = readPermissionText(row.permissions);
    const permissions = serviceAccountId === null ? own : own.intersection(readPermissionText(row.accountPermissions));
    const key = {
      ...{ id, tenantId, name: row.accountName ?? row.name ?? id, permissions, serviceAccountId, perMinute },
      ...{ allowedAddresses: row.allowedAddresses ?? [], expiresAt },
    };
    if (before === forgotten) known.set(name, key);
    return key;
  };

  /** Requests that come with the same key at once share one look-up. Keys that were not found are not remembered: the next may be new. */
  const find = (name: string, by: Parameters<typeof findKey>[2]): Promise<KnownKey | null> => {
    const cached = known.get(name);
    if (cached) return Promise.resolve(cached);
    const underWay = looking.get(name);
    if (underWay !== undefined) return underWay;
    const started = look(name, by).finally(() => looking.delete(name));
    looking.set(name, started);
    return started;
  };

  /** Also of what is cached: an end comes when it comes. */
  const unexpired = (key: KnownKey | null): KnownKey | null =>
    key && (key.expiresAt === null || key.expiresAt > clock.now()) ? key : null;

  return {
    check: async (text) => {
      if (!keyForm.test(text)) return null;
      const hash = hashOfKey(text);
      return unexpired(await find(hash, { hash }));
    },
    // Ids and hashes are of different lengths: neither is ever found under the other's name.
    checkId: async (id) => unexpired(await find(id, { id })),
    forget: (id) => {
      forgotten++;
      for (const [name, key] of known.entries()) if (key.id === id || key.serviceAccountId === id) known.delete(name);
    },
    forgetAll: () => {
      forgotten++;
      known.clear();
    },
  };
}
