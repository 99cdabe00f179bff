import { type Selectable, sql } from 'kysely';
import type { Id } from '#kernel';
import { type AuthDb, type AuthTables, revocationChannel } from '../store.ts';
import './tables.ts';

export type ProviderRow = Selectable<AuthTables['ssoProvider']>;
export type DomainRow = Selectable<AuthTables['ssoDomain']>;
export type LoginRow = Selectable<AuthTables['ssoLogin']>;
export type TestRow = Selectable<AuthTables['ssoTest']>;
type ProviderId = Id<'ssoProvider'>;
type TenantId = Id<'tenant'>;

export const listProviders = (db: AuthDb, tenantId: TenantId) =>
  db.selectFrom('ssoProvider').selectAll().where('tenantId', '=', tenantId).orderBy('id').execute();

/** Of one tenant; nothing for another's. */
export const findProvider = (db: AuthDb, tenantId: TenantId, id: string) =>
  db.selectFrom('ssoProvider').selectAll().where('tenantId', '=', tenantId).where(sql`id`, '=', id).executeTakeFirst();

/** Of whichever tenant: for those who come without being anybody yet. */
export const findAnyProvider = (db: AuthDb, id: string) =>
  db.selectFrom('ssoProvider').selectAll().where(sql`id`, '=', id).executeTakeFirst();

/** The provider in use that answers for a proven domain. */
export const findProviderOfDomain = (db: AuthDb, domain: string) =>
  db
    .selectFrom('ssoDomain')
    .innerJoin('ssoProvider', 'ssoProvider.id', 'ssoDomain.providerId')
    .selectAll('ssoProvider')
    .where('ssoDomain.domain', '=', domain)
    .where('ssoDomain.verifiedAt', 'is not', null)
    .where('ssoProvider.enabled', '=', true)
    .executeTakeFirst();

export const insertProvider = (db: AuthDb, row: Omit<ProviderRow, 'testedAt' | 'testError'>) =>
  db.insertInto('ssoProvider').values(row).execute();

export const updateProvider = (
  db: AuthDb,
  tenantId: TenantId,
  id: ProviderId,
  change: Pick<ProviderRow, 'name' | 'enabled' | 'sealed' | 'updatedAt'>,
) => db.updateTable('ssoProvider').set(change).where('tenantId', '=', tenantId).where('id', '=', id).execute();

export const deleteProvider = (db: AuthDb, tenantId: TenantId, id: ProviderId) =>
  db.deleteFrom('ssoProvider').where('tenantId', '=', tenantId).where('id', '=', id).execute();

/** How many other providers of the tenant are in use. */
export const countOtherEnabled = (db: AuthDb, tenantId: TenantId, id: ProviderId) =>
  db
    .selectFrom('ssoProvider')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('tenantId', '=', tenantId)
    .where('id', '<>', id)
    .where('enabled', '=', true)
    .executeTakeFirstOrThrow()
    .then(({ count }) => Number(count));

export const isSsoRequired = (db: AuthDb, tenantId: TenantId) =>
  db
    .selectFrom('tenantSecurity')
    .select('ssoRequired')
    .where('tenantId', '=', tenantId)
    .executeTakeFirst()
    .then((row) => row?.ssoRequired === true);

/** Ends every session that this provider has begun, with the devices added in them, and tells processes that believe for a moment what they have looked up. */
export const endSessionsOf = (db: AuthDb, id: ProviderId) =>
  sql`with devices as (delete from "deviceToken" where method = ${`sso:${id}`}),
      ended as (delete from session where method = ${`sso:${id}`} returning "userId")
    select pg_notify(${revocationChannel}, "userId") from ended group by "userId"`.execute(db);

export const deleteIdentitiesOf = (db: AuthDb, id: ProviderId) => db.deleteFrom('ssoIdentity').where('providerId', '=', id).execute();

export const noteTest = (db: AuthDb, id: ProviderId, testedAt: Date, testError: string | null) =>
  db.updateTable('ssoProvider').set({ testedAt, testError }).where('id', '=', id).execute();

export const listDomains = (db: AuthDb, tenantId: TenantId) =>
  db.selectFrom('ssoDomain').selectAll().where('tenantId', '=', tenantId).orderBy('domain').execute();

export const findDomain = (db: AuthDb, tenantId: TenantId, domain: string) =>
  db.selectFrom('ssoDomain').selectAll().where('tenantId', '=', tenantId).where('domain', '=', domain).executeTakeFirst();

/** Whoever has proven it. */
export const findHolder = (db: AuthDb, domain: string) =>
  db.selectFrom('ssoDomain').selectAll().where('domain', '=', domain).where('verifiedAt', 'is not', null).executeTakeFirst();

/** Claims a domain for a provider. False when the tenant has it already. */
export const insertDomain = (db: AuthDb, row: Pick<DomainRow, 'tenantId' | 'domain' | 'providerId' | 'token' | 'createdAt'>) =>
  db
    .insertInto('ssoDomain')
    .values({ ...row, verifiedAt: null, checkedAt: null, missingSince: null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('domain')
    .executeTakeFirst()
    .then((made) => made !== undefined);

export const deleteDomain = (db: AuthDb, tenantId: TenantId, providerId: ProviderId, domain: string) =>
  db
    .deleteFrom('ssoDomain')
    .where('tenantId', '=', tenantId)
    .where('providerId', '=', providerId)
    .where('domain', '=', domain)
    .returning('domain')
    .executeTakeFirst()
    .then((gone) => gone !== undefined);

export const updateDomain = (
  db: AuthDb,
  { tenantId, domain }: Pick<DomainRow, 'tenantId' | 'domain'>,
  change: Partial<Pick<DomainRow, 'verifiedAt' | 'checkedAt' | 'missingSince'>>,
) => db.updateTable('ssoDomain').set(change).where('tenantId', '=', tenantId).where('domain', '=', domain).execute();

/** Takes proven domains whose last look is old, a few at a time, and marks them as looked at, so that processes share the work. */
export const takeDueDomains = (db: AuthDb, { before, now, limit }: { before: Date; now: Date; limit: number }) =>
  sql<DomainRow>`update "ssoDomain" set "checkedAt" = ${now} where ("tenantId", domain) in (
      select "tenantId", domain from "ssoDomain" where "verifiedAt" is not null and "checkedAt" < ${before}
      order by "checkedAt" limit ${limit} for update skip locked)
    returning *`
    .execute(db)
    .then((done) => done.rows);

export const insertLogin = async (db: AuthDb, row: Omit<LoginRow, 'answer'>, now: Date) => {
  await db.deleteFrom('ssoLogin').where('expiresAt', '<', now).execute();
  await db
    .insertInto('ssoLogin')
    .values({ ...row, answer: null })
    .execute();
};

/** A sign-in under way at that provider that nobody has answered yet. */
export const findLogin = (db: AuthDb, state: string, providerId: ProviderId, now: Date) =>
  db
    .selectFrom('ssoLogin')
    .selectAll()
    .where('state', '=', state)
    .where('providerId', '=', providerId)
    .where('answer', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst();

/** Keeps a checked answer, once: of any number of the same, in any number of processes, one is kept. */
export const answerLogin = (db: AuthDb, state: string, answer: Buffer, now: Date) =>
  db
    .updateTable('ssoLogin')
    .set({ answer })
    .where('state', '=', state)
    .where('answer', 'is', null)
    .where('expiresAt', '>', now)
    .returning('state')
    .executeTakeFirst()
    .then((kept) => kept !== undefined);

/** Ends a sign-in under way and gives it out, in one statement: to the browser that began it, once. */
export const takeLogin = (
  db: AuthDb,
  { state, browser, providerId, now }: { state: string; browser: string; providerId: string | null; now: Date },
) =>
  db
    .deleteFrom('ssoLogin')
    .where('state', '=', state)
    .where('browser', '=', browser)
    .where('expiresAt', '>', now)
    .$if(providerId !== null, (query) => query.where(sql`"providerId"`, '=', providerId))
    .returningAll()
    .executeTakeFirst();

export const insertTest = async (db: AuthDb, row: Omit<TestRow, 'sealed'>, now: Date) => {
  await db.deleteFrom('ssoTest').where('expiresAt', '<', now).execute();
  await db
    .insertInto('ssoTest')
    .values({ ...row, sealed: null })
    .execute();
};

/** Begins a test, once. */
export const takeTest = (db: AuthDb, token: string, now: Date) =>
  db.updateTable('ssoTest').set({ token: null }).where('token', '=', token).where('expiresAt', '>', now).returningAll().executeTakeFirst();

export const endTest = (db: AuthDb, id: Id<'ssoTest'>, state: 'ok' | 'failed', sealed: Buffer) =>
  db.updateTable('ssoTest').set({ state, sealed }).where('id', '=', id).where('state', '=', 'waiting').execute();

export const findTest = (db: AuthDb, tenantId: TenantId, id: string, now: Date) =>
  db
    .selectFrom('ssoTest')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where(sql`id`, '=', id)
    .where('expiresAt', '>', now)
    .executeTakeFirst();

/** Who a subject is here. The membership is there, as the row would not be without it. */
export const findIdentity = (db: AuthDb, providerId: ProviderId, subject: string) =>
  db
    .selectFrom('ssoIdentity')
    .innerJoin('user', 'user.id', 'ssoIdentity.userId')
    .select(['ssoIdentity.userId', 'user.email'])
    .where('ssoIdentity.providerId', '=', providerId)
    .where('ssoIdentity.subject', '=', subject)
    .executeTakeFirst();

export const findIdentityOfUser = (db: AuthDb, providerId: ProviderId, userId: Id<'user'>) =>
  db.selectFrom('ssoIdentity').select('subject').where('providerId', '=', providerId).where('userId', '=', userId).executeTakeFirst();

export const insertIdentity = (db: AuthDb, row: Selectable<AuthTables['ssoIdentity']>) =>
  db.insertInto('ssoIdentity').values(row).execute();

export const noteSignIn = (db: AuthDb, providerId: ProviderId, subject: string, now: Date) =>
  db.updateTable('ssoIdentity').set({ lastSignInAt: now }).where('providerId', '=', providerId).where('subject', '=', subject).execute();

/** Forgets who somebody is at a provider. */
export const deleteIdentity = (db: AuthDb, tenantId: TenantId, providerId: ProviderId, userId: string) =>
  db
    .deleteFrom('ssoIdentity')
    .where('tenantId', '=', tenantId)
    .where('providerId', '=', providerId)
    .where(sql`"userId"`, '=', userId)
    .returning('userId')
    .executeTakeFirst();

/** Whether a directory has switched this person off in the tenant. */
export const isSwitchedOff = (db: AuthDb, tenantId: TenantId, userId: Id<'user'>) =>
  sql`select from "scimUser" where "tenantId" = ${tenantId} and "userId" = ${userId} and not active`
    .execute(db)
    .then(({ rows }) => rows.length > 0);

/** People are found whatever the case of their address. */
export const findUserByEmail = (db: AuthDb, email: string) =>
  db.selectFrom('user').select(['id', 'email', 'emailVerified']).where(sql`lower(email)`, '=', email.toLowerCase()).executeTakeFirst();

/** Somebody new, whose address a proven domain vouches for. */
export const insertUser = (db: AuthDb, { id, name, email, now }: { id: Id<'user'>; name: string; email: string; now: Date }) =>
  sql`insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values (${id}, ${name}, ${email.toLowerCase()}, true, ${now}, ${now})`.execute(
    db,
  );

export const noteProof = async (db: AuthDb, sessionId: Id<'session'>, at: Date): Promise<void> => {
  await db.updateTable('session').set({ stepUpAt: at }).where('id', '=', sessionId).execute();
};
