import type { Id } from '#kernel';
import type { Language } from '#kernel/words';
import type { AuthDb } from '../store.ts';

export const setName = (db: AuthDb, userId: Id<'user'>, name: string, now: Date) =>
  db.updateTable('user').set({ name, updatedAt: now }).where('id', '=', userId).execute();

export const countRecoveryCodes = async (db: AuthDb, userId: Id<'user'>): Promise<number> => {
  const { count } = await db
    .selectFrom('recoveryCode')
    .select((get) => get.fn.countAll<string>().as('count'))
    .where('userId', '=', userId)
    .executeTakeFirstOrThrow();
  return Number(count);
};

/** These codes instead of all earlier ones. */
export const replaceRecoveryCodes = (db: AuthDb, userId: Id<'user'>, hashes: readonly string[]) =>
  db.transaction().execute(async (tx) => {
    await tx.deleteFrom('recoveryCode').where('userId', '=', userId).execute();
    await tx
      .insertInto('recoveryCode')
      .values(hashes.map((hash) => ({ userId, hash })))
      .execute();
  });

/** Begins to set an app up, anew if that was begun before; nothing when there is one in use. */
export const beginTotp = (db: AuthDb, row: { userId: Id<'user'>; secret: string; now: Date }) =>
  db
    .insertInto('twoFactor')
    .values({ userId: row.userId, secret: row.secret, verified: false, lastStep: '0', createdAt: row.now })
    .onConflict((conflict) =>
      conflict
        .column('userId')
        .doUpdateSet({ secret: row.secret, lastStep: '0', createdAt: row.now })
        .where('twoFactor.verified', '=', false),
    )
    .returning('userId')
    .executeTakeFirst();

/** Takes the app away, with its recovery codes. False when there was none. */
export const deleteTotp = (db: AuthDb, userId: Id<'user'>): Promise<boolean> =>
  db.transaction().execute(async (tx) => {
    const gone = await tx.deleteFrom('twoFactor').where('userId', '=', userId).returning('userId').executeTakeFirst();
    await tx.deleteFrom('recoveryCode').where('userId', '=', userId).execute();
    return gone !== undefined;
  });

/** A person's sessions that last, in one tenant or (null) in whichever, the last used first. */
export const listSessions = (db: AuthDb, userId: Id<'user'>, now: Date, tenantId: Id<'tenant'> | null) =>
  db
    .selectFrom('session')
    .select(['id', 'method', 'ipAddress', 'userAgent', 'createdAt', 'updatedAt', 'expiresAt'])
    .where('userId', '=', userId)
    .where('expiresAt', '>', now)
    .$if(tenantId !== null, (query) => query.where('activeOrganizationId', '=', tenantId))
    .orderBy('updatedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(200)
    .execute();

/** Ends one of a person's sessions, or all but one, in one tenant or (null) in whichever, and tells which they were. */
export const endSessions = (
  db: AuthDb,
  userId: Id<'user'>,
  which: { readonly id: string } | { readonly allBut: Id<'session'> },
  tenantId: Id<'tenant'> | null,
) =>
  db
    .deleteFrom('session')
    .where('userId', '=', userId)
    .$if(tenantId !== null, (query) => query.where('activeOrganizationId', '=', tenantId))
    .where((is) => {
      const id = is.cast<string>('id', 'text');
      return 'id' in which ? is(id, '=', which.id) : is(id, '<>', which.allBut);
    })
    .returning(['id', 'activeOrganizationId as tenantId'])
    .execute();

/** How somebody likes to see things, wherever they sign in. */
export interface Appearance {
  readonly theme: 'light' | 'dark' | 'system';
  readonly density: 'comfortable' | 'compact';
}

/** Null for somebody who has chosen nothing. */
export async function findAppearance(db: AuthDb, userId: Id<'user'>): Promise<Appearance | null> {
  const found = await db.selectFrom('user').select(['theme', 'density']).where('id', '=', userId).executeTakeFirst();
  const { theme = null, density = null } = found ?? {};
  return theme === null || density === null ? null : { theme, density };
}

export async function setAppearance(db: AuthDb, userId: Id<'user'>, { theme, density }: Appearance): Promise<void> {
  await db.updateTable('user').set({ theme, density }).where('id', '=', userId).execute();
}

/** The language that somebody has chosen; null for none. */
export const findLanguage = async (db: AuthDb, userId: Id<'user'>): Promise<Language | null> =>
  (await db.selectFrom('user').select('language').where('id', '=', userId).executeTakeFirst())?.language ?? null;

export async function setLanguage(db: AuthDb, userId: Id<'user'>, language: Language): Promise<void> {
  await db.updateTable('user').set({ language }).where('id', '=', userId).execute();
}
