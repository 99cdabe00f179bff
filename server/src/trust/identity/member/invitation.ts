import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import type { AuthDb } from '../store.ts';
import { checked } from './role.ts';
import { type Acting, changingMembers, namesIn, type Room, requireOwner, requireRoom, requireWithin, resolveRoles } from './rules.ts';
import { requireTeams } from './team.ts';

/** Somebody who has been asked to join and has not yet. */
export interface Invitation {
  readonly id: Id<'invitation'>;
  readonly email: string;
  readonly roles: readonly string[];
  readonly teams: readonly Id<'team'>[];
  readonly state: 'open' | 'expired';
  /** Whether the link went to the address itself. */
  readonly mailed: boolean;
  /** As the audit log names them. */
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** An invitation with the token of its link, which is known only now: kept is its SHA-256. */
export interface MadeInvitation {
  readonly id: Id<'invitation'>;
  readonly email: string;
  readonly tenantName: string;
  readonly token: string;
  readonly expiresAt: Date;
}

export interface NewInvitation {
  readonly tenantId: Id<'tenant'>;
  readonly email: string;
  readonly roles: readonly string[];
  readonly teams: readonly string[];
  readonly by: Acting;
  /** Whether the link will go to the address itself and be shown to nobody: only then does using it prove the address. */
  readonly mailed: boolean;
  readonly room: Room;
  readonly now: Date;
}

/** How long an invitation waits, in milliseconds. */
const invitationLifeMs = 7 * 24 * 3_600_000;
/** Invitations that were not used are shown this long after their end, in milliseconds, so that they can be renewed. */
const shownMs = 30 * 24 * 3_600_000;
/** A mailbox gets no more than one invitation of a tenant in this time, in milliseconds. */
const mailEveryMs = 60_000;

const emailSchema = z.email('must be an e-mail address').max(254).toLowerCase();

/** Newest first. */
export async function listInvitations(
  db: AuthDb,
  { tenantId, before, limit, now }: { tenantId: Id<'tenant'>; before?: string | null | undefined; limit: number; now: Date },
): Promise<readonly Invitation[]> {
  const rows = await db
    .selectFrom('invitation')
    .select(['id', 'email', 'role', 'teams', 'mailed', 'invitedBy', 'createdAt', 'expiresAt'])
    .where('organizationId', '=', tenantId)
    .where('expiresAt', '>', new Date(now.getTime() - shownMs))
    .$if(typeof before === 'string', (query) => query.where(sql<boolean>`id < ${before}`))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ role, ...row }) => ({ ...row, roles: namesIn(role), state: row.expiresAt > now ? 'open' : 'expired' }));
}

/**
 * Invites an address. An invitation that the address has already is replaced.
 *
 * @throws FactotumError `request.invalid`, `role.not_found`, `team.not_found`, `member.exists`, `auth.forbidden` (nobody gives what they do not
 *   have), `auth.throttled`, `quota.exceeded`.
 */
export async function invite(db: AuthDb, { tenantId, by, mailed, room, now, ...wanted }: NewInvitation): Promise<MadeInvitation> {
  const email = checked(emailSchema, 'address', wanted.email);
  return changingMembers(db, tenantId, async (tx) => {
    const roles = await resolveRoles(tx, tenantId, wanted.roles);
    await requireGivable(tx, tenantId, by, roles);
    const teams = await requireTeams(tx, tenantId, wanted.teams);
    const { rows: members } = await sql`select from member join "user" on "user".id = member."userId"
      where member."organizationId" = ${tenantId} and "user".email = ${email}`.execute(tx);
    if (members.length > 0) throw new FactotumError('member.exists', 'This person is a member already.');
    await tx
      .deleteFrom('invitation')
      .where('organizationId', '=', tenantId)
      .where('expiresAt', '<', new Date(now.getTime() - shownMs))
      .execute();
    const earlier = await tx
      .deleteFrom('invitation')
      .where('organizationId', '=', tenantId)
      .where(sql<boolean>`lower(email) = ${email}`)
      .returning('sentAt')
      .executeTakeFirst();
    if (mailed) requireQuiet(earlier?.sentAt ?? null, now);
    await requireRoom(tx, tenantId, room, now);
    const { token, tokenHash } = newToken();
    const id = newId('invitation', now.getTime());
    const expiresAt = new Date(now.getTime() + invitationLifeMs);
    await tx
      .insertInto('invitation')
      .values({
        ...{ id, organizationId: tenantId, email, role: roles.names.join(), status: 'pending', expiresAt, createdAt: now },
        ...{ tokenHash, teams, invitedBy: by.actor, mailed, sentAt: mailed ? now : null },
      })
      .execute();
    return { id, email, token, expiresAt, tenantName: await nameOf(tx, tenantId) };
  });
}

/**
 * A new link and another seven days; the old link is dead.
 *
 * @throws FactotumError `invitation.not_found`, `auth.forbidden` (who renews must be able to give what it gives), `auth.throttled`, `quota.exceeded`.
 */
export async function renewInvitation(
  db: AuthDb,
  { tenantId, id, by, mailed, room, now }: Omit<NewInvitation, 'email' | 'roles' | 'teams'> & { id: string },
): Promise<MadeInvitation> {
  return changingMembers(db, tenantId, async (tx) => {
    const row = await tx
      .selectFrom('invitation')
      .select(['id', 'email', 'role', 'sentAt'])
      .where('organizationId', '=', tenantId)
      .where(sql<boolean>`id = ${id}`)
      .executeTakeFirst();
    if (!row) throw new FactotumError('invitation.not_found', 'There is no such invitation.');
    await requireGivable(tx, tenantId, by, await resolveRoles(tx, tenantId, namesIn(row.role)));
    if (mailed) requireQuiet(row.sentAt, now);
    await requireRoom(tx, tenantId, room, now, row.id);
    const { token, tokenHash } = newToken();
    const expiresAt = new Date(now.getTime() + invitationLifeMs);
    await tx
      .updateTable('invitation')
      .set({ tokenHash, expiresAt, invitedBy: by.actor, mailed, sentAt: mailed ? now : null })
      .where('id', '=', row.id)
      .execute();
    return { id: row.id, email: row.email, token, expiresAt, tenantName: await nameOf(tx, tenantId) };
  });
}

/** Notes that the mail did not go out: it may be tried again at once. */
export const noteUnsent = (db: AuthDb, { tenantId, id }: { tenantId: Id<'tenant'>; id: string }) =>
  db.updateTable('invitation').set({ sentAt: null }).where('organizationId', '=', tenantId).where(sql<boolean>`id = ${id}`).execute();

/** @throws FactotumError `invitation.not_found` */
export async function withdrawInvitation(db: AuthDb, { tenantId, id }: { tenantId: Id<'tenant'>; id: string }): Promise<void> {
  const gone = await db
    .deleteFrom('invitation')
    .where('organizationId', '=', tenantId)
    .where(sql<boolean>`id = ${id}`)
    .returning('id')
    .executeTakeFirst();
  if (!gone) throw new FactotumError('invitation.not_found', 'There is no such invitation.');
}

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

function newToken(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, tokenHash: hashOf(token) };
}

async function requireGivable(
  tx: AuthDb,
  tenantId: Id<'tenant'>,
  by: Acting,
  roles: Awaited<ReturnType<typeof resolveRoles>>,
): Promise<void> {
  if (roles.names.includes('owner')) await requireOwner(tx, tenantId, by);
  requireWithin(by, roles.permissions);
}

function requireQuiet(sentAt: Date | null, now: Date): void {
  const waitMs = sentAt === null ? 0 : sentAt.getTime() + mailEveryMs - now.getTime();
  if (waitMs > 0)
    throw new FactotumError('auth.throttled', 'This address has just been sent an invitation. Wait a minute.', {
      details: { retryAfterMs: waitMs },
    });
}

const nameOf = async (tx: AuthDb, tenantId: Id<'tenant'>): Promise<string> =>
  (await tx.selectFrom('organization').select('name').where('id', '=', tenantId).executeTakeFirstOrThrow()).name;
