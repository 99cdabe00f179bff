import { type Kysely, sql } from 'kysely';
import type { Id } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { Language } from '#kernel/words';
import type { Appearance } from './account/account-store.ts';
import type { PeopleTables } from './sign-in/tables.ts';

/**
 * The columns of better-auth's tables that we read or write ourselves. What is not here, only better-auth touches.
 * Open: a part of identity with tables of its own adds them by `declare module` beside its statements.
 */
export interface AuthTables extends PeopleTables {
  user: {
    id: Id<'user'>;
    name: string;
    email: string;
    emailVerified: boolean;
    lastTenantId: Id<'tenant'> | null;
    theme: Appearance['theme'] | null;
    density: Appearance['density'] | null;
    language: Language | null;
    updatedAt: Date;
  };
  session: {
    id: Id<'session'>;
    token: string;
    userId: Id<'user'>;
    activeOrganizationId: string | null;
    createdAt: Date;
    updatedAt: Date;
    expiresAt: Date;
    method: string;
    stepUpAt: Date | null;
    secondFactor: string | null;
    ipAddress: string | null;
    userAgent: string | null;
  };
  operator: { userId: Id<'user'>; createdAt: Date };
  tenantSecurity: TenantSecurityTable;
  organization: { id: Id<'tenant'>; name: string; slug: string; createdAt: Date };
  member: { id: string; organizationId: Id<'tenant'>; userId: Id<'user'>; role: string; createdAt: Date; managedBy: 'scim' | null };
  verification: { identifier: string; value: string; expiresAt: Date };
  apikey: {
    id: Id<'apiKey'>;
    configId: string;
    referenceId: Id<'tenant'>;
    name: string | null;
    start: string | null;
    key: string;
    enabled: boolean | null;
    permissions: string | null;
    lastRequest: Date | null;
    expiresAt: Date | null;
    createdAt: Date;
    updatedAt: Date;
    prefix: string | null;
    serviceAccountId: Id<'serviceAccount'> | null;
    /** Requests; null for what the tenant has. */
    perMinute: number | null;
    replacedBy: Id<'apiKey'> | null;
  };
}

/** What a tenant asks of those who sign in. */
export interface TenantSecurityTable {
  tenantId: Id<'tenant'>;
  ssoRequired: boolean;
  breakGlassUserId: Id<'user'> | null;
  secondFactorRequired: boolean;
  allowedAddresses: string[];
  sessionIdleMinutes: number | null;
  sessionAbsoluteHours: number | null;
  updatedAt: Date;
}

export type AuthDb = Kysely<AuthTables>;

/** The auth role's statements as better-auth names things: in camel case, found through the role's search path. */
export function authDb(role: RoleDatabase): AuthDb {
  // Same connections, other tables: what the type says is what 0004_identity.sql creates.
  return role.db.withoutPlugins() as unknown as AuthDb;
}

/** The channel on which processes tell each other the id of a key that has been revoked. */
export const revocationChannel = 'identity_revoked';

/** What the roles that a tenant has made bring to a member: names of permissions, null for none. For a statement that selects from `member`. */
export const grantedByOwnRoles = sql<string[] | null>`(select array_agg(granted) from "tenantRole", unnest("tenantRole".permissions) granted
  where "tenantRole"."tenantId" = member."organizationId" and "tenantRole".name = any(string_to_array(member.role, ',')))`;

/** Whether the person of that column has an authenticator app or a passkey. */
export const secondFactorOf = (
  column: string,
) => sql<boolean>`(exists (select from "twoFactor" where "twoFactor"."userId" = ${sql.ref(column)} and verified)
  or exists (select from passkey where passkey."userId" = ${sql.ref(column)}))`;

/**
 * What an identity provider began, a session or a device's token, counts in that provider's tenant alone, while it is in use: no other tenant has agreed that it
 * may say who somebody is.
 */
export const beganAtHome = (
  method: string,
) => sql<boolean>`(${sql.ref(method)} not like 'sso:%' or exists (select from "ssoProvider" provider
  where provider.id = substr(${sql.ref(method)}, 5) and provider."tenantId" = member."organizationId" and provider.enabled))`;

/** A session with its user and what they are in the session's tenant; nothing when the member was removed. */
export const findSession = (db: AuthDb, by: { readonly token: string } | { readonly id: Id<'session'> }) =>
  db
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.userId')
    .innerJoin('member', (join) =>
      join.onRef('member.userId', '=', 'session.userId').onRef('member.organizationId', '=', 'session.activeOrganizationId'),
    )
    .leftJoin('tenantSecurity', 'tenantSecurity.tenantId', 'member.organizationId')
    .select([
      'session.id as sessionId',
      'session.createdAt',
      'session.updatedAt',
      'session.expiresAt',
      'session.method',
      'session.stepUpAt',
      'session.secondFactor',
      'tenantSecurity.ssoRequired',
      'tenantSecurity.breakGlassUserId',
      'tenantSecurity.secondFactorRequired',
      'tenantSecurity.allowedAddresses',
      'tenantSecurity.sessionIdleMinutes',
      'tenantSecurity.sessionAbsoluteHours',
      'user.id as userId',
      'user.name',
      'user.email',
      'member.role',
    ])
    .select(grantedByOwnRoles.as('granted'))
    .select(secondFactorOf('session.userId').as('hasSecondFactor'))
    .select('member.organizationId as tenantId')
    .where('token' in by ? 'session.token' : 'session.id', '=', 'token' in by ? by.token : by.id)
    .where(beganAtHome('session.method'))
    .executeTakeFirst();

/** A key by its id or by the hash of its text, whatever state it is in, with the service account that it belongs to, if any. */
export const findKey = (db: AuthDb, configId: string, by: { readonly id: Id<'apiKey'> } | { readonly hash: string }) =>
  db
    .selectFrom('apikey')
    .leftJoin('tenantSecurity', 'tenantSecurity.tenantId', 'apikey.referenceId')
    .leftJoin('serviceAccount', (join) =>
      join
        .onRef('serviceAccount.id', '=', 'apikey.serviceAccountId')
        .onRef('serviceAccount.organizationId', '=', 'apikey.referenceId')
        .on('serviceAccount.deletedAt', 'is', null),
    )
    .select(['apikey.id', 'apikey.name', 'apikey.referenceId as tenantId', 'apikey.enabled', 'apikey.expiresAt', 'apikey.permissions'])
    .select(['apikey.perMinute', 'apikey.serviceAccountId', 'tenantSecurity.allowedAddresses'])
    .select(['serviceAccount.name as accountName', 'serviceAccount.permissions as accountPermissions'])
    .where('id' in by ? 'apikey.id' : 'apikey.key', '=', 'id' in by ? by.id : by.hash)
    .where('configId', '=', configId)
    .executeTakeFirst();

/** The session of a person who operates the installation; nothing when they do not. */
export const findOperatorSession = (db: AuthDb, token: string) =>
  db
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.userId')
    .innerJoin('operator', 'operator.userId', 'session.userId')
    .select([
      'session.id as sessionId',
      'session.createdAt',
      'session.updatedAt',
      'session.expiresAt',
      'session.method',
      'session.stepUpAt',
      'user.id as userId',
      'user.name',
      'user.email',
    ])
    .where('session.token', '=', token)
    .where('session.activeOrganizationId', 'is', null)
    .where('session.method', 'not like', 'sso:%')
    .executeTakeFirst();

/** Disables a key and tells every process, in one statement: who hears of it finds it done. Nothing when there is no such key or it is revoked already. */
export const revokeKey = (db: AuthDb, tenantId: Id<'tenant'>, configId: string, id: Id<'apiKey'>, now: Date) =>
  sql<{ id: Id<'apiKey'> }>`with revoked as (
      update apikey set enabled = false, "updatedAt" = ${now}
      where id = ${id} and "referenceId" = ${tenantId} and "configId" = ${configId} and enabled is not false returning id)
    select id, pg_notify(${revocationChannel}, id) from revoked`
    .execute(db)
    .then((done) => done.rows[0]?.id);

/** Writes when keys were last used. Rows are locked in order, so that processes that write the same keys do not deadlock. */
export const writeKeyUse = (db: AuthDb, uses: ReadonlyMap<string, Date>) =>
  sql`with used as (select * from unnest(${[...uses.keys()]}::text[], ${[...uses.values()]}::timestamptz[]) as used (id, at)),
      locked as (select apikey.id, used.at from apikey join used using (id) order by apikey.id for update of apikey)
    update apikey set "lastRequest" = greatest(apikey."lastRequest", locked.at) from locked where apikey.id = locked.id`.execute(db);

/** Slides sessions that were used: `idleMs` from the use, never past `absoluteMs` from their beginning, never backwards. */
export const slideSessions = (db: AuthDb, uses: ReadonlyMap<string, Date>, life: { idleMs: number; absoluteMs: number }) =>
  sql`with used as (select * from unnest(${[...uses.keys()]}::text[], ${[...uses.values()]}::timestamptz[]) as used (id, at)),
      locked as (select session.id, used.at from session join used using (id) order by session.id for update of session)
    update session set "updatedAt" = locked.at,
      "expiresAt" = greatest("expiresAt", least(locked.at + make_interval(secs => ${life.idleMs / 1_000}), "createdAt" + make_interval(secs => ${life.absoluteMs / 1_000})))
    from locked where session.id = locked.id`.execute(db);

export const deleteExpiredLinks = (db: AuthDb, now: Date) => db.deleteFrom('verification').where('expiresAt', '<', now).execute();

/** By name, as people know them. */
export const listTenants = (db: AuthDb) => db.selectFrom('organization').select(['id', 'name', 'createdAt']).orderBy('name').execute();

export const findTenantBy = (db: AuthDb, column: 'id' | 'slug', value: string) =>
  db.selectFrom('organization').select(['id', 'name', 'createdAt']).where(sql.ref(column), '=', value).executeTakeFirst();

/** The owner who has been it for longest. */
export const findOwner = (db: AuthDb, tenantId: Id<'tenant'>) =>
  db
    .selectFrom('member')
    .innerJoin('user', 'user.id', 'member.userId')
    .select(['user.id as userId', 'user.name', 'user.email'])
    .where('member.organizationId', '=', tenantId)
    .where(sql<boolean>`'owner' = any(string_to_array(member.role, ','))`)
    .orderBy('member.createdAt')
    .executeTakeFirst();
