import type { Insertable } from 'kysely';
import type { Id } from '#kernel';
import type { AuthDb } from '../store.ts';
import type { PeopleTables } from './tables.ts';

export const findPasskey = (db: AuthDb, credentialId: string) =>
  db
    .selectFrom('passkey')
    .select(['id', 'userId', 'credentialID', 'publicKey', 'counter'])
    .where('credentialID', '=', credentialId)
    .executeTakeFirst();

/** Oldest first. */
export const listPasskeys = (db: AuthDb, userId: Id<'user'>) =>
  db
    .selectFrom('passkey')
    .select(['id', 'name', 'credentialID', 'createdAt', 'lastUsedAt'])
    .where('userId', '=', userId)
    .orderBy('id')
    .execute();

/** Nothing when the key is somebody's already. */
export const insertPasskey = (db: AuthDb, row: Omit<Insertable<PeopleTables['passkey']>, 'lastUsedAt'>) =>
  db
    .insertInto('passkey')
    .values({ ...row, lastUsedAt: null })
    .onConflict((conflict) => conflict.column('credentialID').doNothing())
    .returning('id')
    .executeTakeFirst();

/**
 * Notes that a key was used; false when its counter does not go up, which says that there is a copy of it. Most keys that are
 * synchronised do not count: theirs stays 0.
 */
export async function notePasskeyUse(
  db: AuthDb,
  id: Id<'passkey'>,
  { counter, backedUp, now }: { counter: number; backedUp: boolean; now: Date },
): Promise<boolean> {
  const noted = await db
    .updateTable('passkey')
    .set({ counter: String(counter), backedUp, lastUsedAt: now })
    .where('id', '=', id)
    .where((is) => is.or([is('counter', '<', String(counter)), is.and([is('counter', '=', '0'), is.lit(counter === 0)])]))
    .returning('id')
    .executeTakeFirst();
  return noted !== undefined;
}

/** False when the person has no such key. */
export const deletePasskey = async (db: AuthDb, userId: Id<'user'>, id: string): Promise<boolean> => {
  const gone = await db
    .deleteFrom('passkey')
    .where('userId', '=', userId)
    .where((is) => is(is.cast<string>('id', 'text'), '=', id))
    .returning('id')
    .executeTakeFirst();
  return gone !== undefined;
};
