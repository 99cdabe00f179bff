import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, newId } from '#kernel';
import { isMethodTaken, isTwice } from '../current-session.ts';
import { refuseBeyond } from '../machine/permission-text.ts';
import { checked } from '../member/role.ts';
import { type Permission, permissionsOf } from '../permissions.ts';
import type { Principal } from '../principal.ts';
import { type AuthDb, beganAtHome, grantedByOwnRoles, secondFactorOf } from '../store.ts';
import './tables.ts';

/** The token of a person's device, as it may be shown at any time. */
export interface DeviceToken {
  readonly id: Id<'deviceToken'>;
  readonly userId: Id<'user'>;
  readonly name: string;
  /** Its first letters. */
  readonly start: string;
  readonly permissions: readonly Permission[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** What a device may have at most. */
export const devicePermissions = ['vault:read', 'vault:write', 'approval:decide'] as const satisfies readonly Permission[];
type DevicePermission = (typeof devicePermissions)[number];

export interface NewDevice {
  readonly tenantId: Id<'tenant'>;
  readonly userId: Id<'user'>;
  readonly name: string;
  readonly permissions: readonly DevicePermission[];
  /** A year from now, if left out; at most two. */
  readonly expiresAt?: Date | undefined;
  /** What the person may do here. */
  readonly within: ReadonlySet<Permission>;
  /** The session that it is made in. */
  readonly sessionId: Id<'session'>;
}

const prefix = 'fdev_';
const tokenForm = /^fdev_[A-Za-z0-9_-]{43}$/;
const devicesMax = 50;
const dayMs = 86_400_000;
const lifeDays = { default: 365, max: 730 };
/** How exactly the last use is kept, in milliseconds: it is written at most this often. */
const useEveryMs = 60_000;
const nameSchema = z.string().trim().min(1).max(100);

interface Context {
  readonly db: AuthDb;
  readonly clock: Clock;
}

const shown = ['id', 'userId', 'name', 'start', 'permissions', 'createdAt', 'expiresAt', 'lastUsedAt'] as const;

export type Devices = ReturnType<typeof createDevices>;

/** What people's devices and programs present in their name: tokens that may do a part of what the person may, in one tenant. */
export function createDevices({ db, clock }: Context) {
  const ofPerson = (tenantId: Id<'tenant'>, userId: string) =>
    db
      .selectFrom('deviceToken')
      .select(shown)
      .where('tenantId', '=', tenantId)
      .where(sql<boolean>`"userId" = ${userId}`)
      .orderBy('id', 'desc');

  return {
    /** Newest first. @throws FactotumError `member.not_found`. */
    async list(tenantId: Id<'tenant'>, userId: string): Promise<readonly DeviceToken[]> {
      const member = db.selectFrom('member').select('id').where('organizationId', '=', tenantId).where(sql<boolean>`"userId" = ${userId}`);
      if (!(await member.executeTakeFirst())) throw new FactotumError('member.not_found', 'There is no such member.');
      return ofPerson(tenantId, userId).execute();
    },

    /**
     * The token's text is returned this once; kept is its SHA-256.
     *
     * @throws FactotumError `request.invalid`, `quota.exceeded` (50 of a person), `auth.forbidden` for more than the person may.
     */
    async create({ tenantId, userId, within, sessionId, ...wanted }: NewDevice): Promise<{ id: Id<'deviceToken'>; token: string }> {
      const name = checked(nameSchema, 'name', wanted.name);
      const permissions = [...new Set(wanted.permissions)];
      refuseBeyond(new Set(permissions), within);
      const now = clock.now();
      const { expiresAt = new Date(now.getTime() + lifeDays.default * dayMs) } = wanted;
      if (expiresAt <= now || expiresAt.getTime() > now.getTime() + lifeDays.max * dayMs)
        throw new FactotumError('request.invalid', `A device’s token expires in the future, at most ${lifeDays.max} days ahead.`);
      if ((await ofPerson(tenantId, userId).execute()).length >= devicesMax)
        throw new FactotumError('quota.exceeded', `A person may have ${devicesMax} devices. Remove one.`, {
          details: { limit: devicesMax },
        });
      const token = `${prefix}${randomBytes(32).toString('base64url')}`;
      const id = newId('deviceToken', now.getTime());
      // With the session's own words about how it began, and only while there is that session.
      const { rows } = await sql<{ id: string }>`insert into "deviceToken" (id, "tenantId", "userId", name, start, "tokenHash", permissions,
          method, "secondFactor", "createdAt", "expiresAt")
        select ${id}, ${tenantId}, ${userId}, ${name}, ${token.slice(0, prefix.length + 4)}, ${hashOf(token)}, ${permissions}::text[],
          method, "secondFactor", ${now}, ${expiresAt} from session
        where session.id = ${sessionId} and session."userId" = ${userId} and session."activeOrganizationId" = ${tenantId}
        returning id`.execute(db);
      if (rows.length === 0) throw new FactotumError('auth.required', 'Your session has ended meanwhile. Sign in again.');
      return { id, token };
    },

    /** It is refused from the next request on. @throws FactotumError `device_token.not_found`. */
    async revoke({ tenantId, userId, id }: { tenantId: Id<'tenant'>; userId: string; id: string }): Promise<void> {
      const gone = await db
        .deleteFrom('deviceToken')
        .where('tenantId', '=', tenantId)
        .where(sql<boolean>`id = ${id} and "userId" = ${userId}`)
        .returning('id')
        .executeTakeFirst();
      if (!gone) throw new FactotumError('device_token.not_found', 'There is no such device.');
    },

    /** Ends those that a person made in sessions of their own, in all tenants: what a new password does. */
    endOwn: (userId: Id<'user'>): Promise<readonly { readonly id: Id<'deviceToken'>; readonly tenantId: Id<'tenant'> }[]> =>
      db
        .deleteFrom('deviceToken')
        .where('userId', '=', userId)
        .where('method', 'not like', 'sso:%')
        .returning(['id', 'tenantId'])
        .execute(),

    /** In whose name a device speaks, with what both may at this moment; null for what is no token. Looked up with each request. */
    principalOf: (token: string): Promise<Principal | null> => findHolder({ db, clock }, token),
  };
}

/** Ends all devices of a person in a tenant. */
export const endDevices = (tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>): Promise<readonly Id<'deviceToken'>[]> =>
  tx
    .deleteFrom('deviceToken')
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .returning('id')
    .execute()
    .then((rows) => rows.map(({ id }) => id));

async function findHolder({ db, clock }: Context, token: string): Promise<Principal | null> {
  if (!tokenForm.test(token)) return null;
  const found = await db
    .selectFrom('deviceToken')
    .innerJoin('user', 'user.id', 'deviceToken.userId')
    .innerJoin('member', (join) =>
      join.onRef('member.userId', '=', 'deviceToken.userId').onRef('member.organizationId', '=', 'deviceToken.tenantId'),
    )
    .leftJoin('tenantSecurity', 'tenantSecurity.tenantId', 'member.organizationId')
    .select(['deviceToken.id', 'deviceToken.tenantId', 'deviceToken.permissions', 'deviceToken.expiresAt', 'deviceToken.lastUsedAt'])
    .select(['deviceToken.method', 'deviceToken.secondFactor', 'user.id as userId', 'user.name', 'user.email', 'member.role'])
    .select(['tenantSecurity.ssoRequired', 'tenantSecurity.breakGlassUserId', 'tenantSecurity.secondFactorRequired'])
    .select('tenantSecurity.allowedAddresses')
    .select(grantedByOwnRoles.as('granted'))
    .select(secondFactorOf('deviceToken.userId').as('hasSecondFactor'))
    .where('tokenHash', '=', hashOf(token))
    .where(beganAtHome('deviceToken.method'))
    .executeTakeFirst();
  const now = clock.now();
  if (!found || (found.expiresAt !== null && found.expiresAt <= now) || !isMethodTaken(found)) return null;
  if (found.lastUsedAt === null || found.lastUsedAt.getTime() + useEveryMs < now.getTime())
    await db.updateTable('deviceToken').set({ lastUsedAt: now }).where('id', '=', found.id).execute();
  const isPending = found.secondFactorRequired === true && !isTwice(found);
  const may = permissionsOf(found.role.split(','), found.granted ?? []);
  return {
    kind: 'user',
    actor: `user:${found.userId}`,
    tenantId: found.tenantId,
    permissions: isPending ? new Set() : may.intersection(new Set(found.permissions)),
    name: found.name,
    email: found.email,
    allowedAddresses: found.allowedAddresses ?? [],
    deviceId: found.id,
    viaToken: true,
    ...(isPending ? { pending: 'second_factor' } : {}),
  };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
