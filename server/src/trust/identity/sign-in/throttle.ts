import { sql } from 'kysely';
import type { AuthDb } from '../store.ts';

/** One thing that is counted, and how patient we are with it. */
export interface Limit {
  /** Names what is counted without telling it: a keyed hash. */
  readonly key: string;
  /** Failures in a row without any delay. After the next one second passes, then two, four, eight. */
  readonly freeAttempts: number;
  readonly delaySecondsMax: number;
}

/** After this long without a failure everything starts anew, in milliseconds. */
const forgetMs = 24 * 3_600_000;

/** Long ago, whatever the clocks of several processes say: who is not to wait must not wait for a clock that is ahead of theirs. */
const notBlocked = new Date(0);

/**
 * Counts an attempt before it is looked at, on all of these or on none: of any number at once, in any number of processes, no more than
 * the free ones are looked at. What turns out right is taken back by `forgive`.
 *
 * @returns null when it may be looked at, else after how many seconds the next may.
 */
export async function countAttempt(db: AuthDb, limits: readonly Limit[], now: Date): Promise<number | null> {
  // In order, so that two attempts that count on the same keys wait for each other instead of dead-locking.
  const ordered = [...limits].sort((a, b) => (a.key < b.key ? -1 : 1));
  try {
    await db.transaction().execute(async (tx) => {
      for (const limit of ordered) {
        const counted = await count(tx, limit, now);
        if (counted === undefined) throw new Blocked(await blockedSeconds(tx, limit.key, now));
      }
    });
    return null;
  } catch (error) {
    if (error instanceof Blocked) return error.seconds;
    throw error;
  }
}

/** Takes an attempt back that was right. What is the person's own starts anew; on what many share, only this one is taken off. */
export async function forgive(
  db: AuthDb,
  { own, shared, now }: { own: readonly Limit[]; shared: readonly Limit[]; now: Date },
): Promise<void> {
  const keys = (limits: readonly Limit[]) => limits.map(({ key }) => key);
  if (own.length > 0) await db.deleteFrom('signInFailure').where('key', 'in', keys(own)).execute();
  if (shared.length > 0)
    await db
      .updateTable('signInFailure')
      .set({ count: sql`greatest(count - 1, 0)`, blockedUntil: notBlocked })
      .where('key', 'in', keys(shared))
      .execute();
  await db
    .deleteFrom('signInFailure')
    .where('lastAt', '<', new Date(now.getTime() - forgetMs))
    .execute();
}

class Blocked extends Error {
  readonly seconds: number;
  constructor(seconds: number) {
    super('blocked');
    this.seconds = seconds;
  }
}

/** Nothing when the key is blocked. */
const count = (tx: AuthDb, { key, freeAttempts, delaySecondsMax }: Limit, now: Date) =>
  sql<{ count: number }>`insert into "signInFailure" as f (key, count, "blockedUntil", "lastAt") values (${key}, 1, ${notBlocked}, ${now})
    on conflict (key) do update set "lastAt" = ${now},
      count = case when f."lastAt" < ${new Date(now.getTime() - forgetMs)} then 1 else f.count + 1 end,
      "blockedUntil" = case when f."lastAt" < ${new Date(now.getTime() - forgetMs)} or f.count + 1 < ${freeAttempts}::int then ${notBlocked}::timestamptz
        else ${now}::timestamptz + make_interval(secs => least(power(2, least(f.count + 1 - ${freeAttempts}::int, 20)), ${delaySecondsMax}::int)) end
    where f."blockedUntil" <= ${now} returning count`
    .execute(tx)
    .then(({ rows }) => rows[0]);

async function blockedSeconds(tx: AuthDb, key: string, now: Date): Promise<number> {
  const row = await tx.selectFrom('signInFailure').select('blockedUntil').where('key', '=', key).executeTakeFirst();
  return Math.max(1, Math.ceil(((row?.blockedUntil.getTime() ?? 0) - now.getTime()) / 1_000));
}
