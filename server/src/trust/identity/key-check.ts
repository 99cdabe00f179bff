import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock, Id } from '#kernel';
import { keyConfiguration, keyPrefix } from './auth.ts';
import { fromStatements, type Permission } from './permissions.ts';
import { type AuthDb, findKeyByHash } from './store.ts';

/** What a valid key stands for. */
interface KnownKey {
  readonly id: Id<'apiKey'>;
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  readonly allowedAddresses: readonly string[];
  readonly expiresAt: Date | null;
}

/** How long a found key is believed without looking again, in milliseconds: the longest a revocation takes if no message gets through. */
const believedMs = 5_000;

/** More keys than one process meets in five seconds; each is a few hundred bytes. */
const cachedKeysMax = 10_000;

/** What better-auth makes: our prefix and 64 letters (365 bits). Anything else is refused without asking the database. */
const keyForm = new RegExp(`^${keyPrefix}[A-Za-z]{64}$`);

const statementsSchema = z.record(z.string(), z.array(z.string()));

/**
 * Checks API keys: better-auth makes, stores and revokes them, its own check is too slow for the intake path
 * (measured 850-900/s, with two updates of the key's row each time). This one, on a busy two-core machine with two connections:
 * about 4,000/s looked up, 80,000-97,000/s from memory; the last test of api-key.test.ts prints what it is here.
 *
 * The text of a key is never compared: it is hashed, and the hash is looked up. How long that takes tells nothing about any key.
 */
interface KeyCheck {
  /** Null for unknown, revoked, expired and malformed alike. */
  check(key: string): Promise<KnownKey | null>;
  forget(id: Id<'apiKey'>): void;
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

  const look = async (hash: string): Promise<KnownKey | null> => {
    const before = forgotten;
    const row = await findKeyByHash(db, keyConfiguration, hash);
    if (row?.enabled !== true) return null;
    const permissions = fromStatements(statementsSchema.parse(JSON.parse(row.permissions ?? '{}')));
    const { id, tenantId, expiresAt } = row;
    const key = { id, tenantId, name: row.name ?? id, permissions, allowedAddresses: row.allowedAddresses ?? [], expiresAt };
    if (before === forgotten) known.set(hash, key);
    return key;
  };

  /** Requests that come with the same key at once share one look-up. Keys that were not found are not remembered: the next may be new. */
  const find = (hash: string): Promise<KnownKey | null> => {
    const cached = known.get(hash);
    if (cached) return Promise.resolve(cached);
    const underWay = looking.get(hash);
    if (underWay !== undefined) return underWay;
    const started = look(hash).finally(() => looking.delete(hash));
    looking.set(hash, started);
    return started;
  };

  return {
    check: async (text) => {
      if (!keyForm.test(text)) return null;
      const key = await find(createHash('sha256').update(text).digest('base64url'));
      return key && (key.expiresAt === null || key.expiresAt > clock.now()) ? key : null;
    },
    forget: (id) => {
      forgotten++;
      for (const [hash, key] of known.entries()) if (key.id === id) known.delete(hash);
    },
    forgetAll: () => {
      forgotten++;
      known.clear();
    },
  };
}
