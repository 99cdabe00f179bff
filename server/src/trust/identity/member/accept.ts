import { sql } from 'kysely';
import { z } from 'zod';
import { FactotumError, type Id, newId } from '#kernel';
import { hashPassword } from '../sign-in/password-hash.ts';
import { refuseWeakPassword } from '../sign-in/password-rules.ts';
import type { AuthDb } from '../store.ts';
import { hashOf } from './invitation.ts';
import { addMember } from './member.ts';
import { checked } from './role.ts';
import { changingMembers, namesIn, type Room } from './rules.ts';

/** What an invitation says to whoever holds its link. */
export interface InvitationLook {
  readonly tenantId: Id<'tenant'>;
  readonly tenantName: string;
  readonly email: string;
  readonly roles: readonly string[];
  /** `existing`: the address is that of somebody who signs in here already, and has to do so before they accept. */
  readonly account: 'new' | 'existing';
}

export interface Acceptance {
  readonly token: string;
  /** Of somebody new. */
  readonly name?: string | undefined;
  /** What somebody new wants to sign in with later. Without it they do so by mailed link, or choose another way while they are signed in. */
  readonly password?: string | undefined;
  /** Who is signed in, if somebody is. */
  readonly signedIn: Id<'user'> | null;
  readonly room: Room;
  readonly now: Date;
}

export interface Joined {
  readonly tenantId: Id<'tenant'>;
  readonly userId: Id<'user'>;
  readonly invitationId: Id<'invitation'>;
}

const nameSchema = z.string().trim().min(1, 'is missing').max(100);
const tokenSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** @throws FactotumError `invitation.invalid` */
export async function lookAtInvitation(db: AuthDb, token: string, now: Date): Promise<InvitationLook> {
  const row = await findOpen(db, token, now);
  const person = await findPerson(db, row.email);
  return {
    tenantId: row.organizationId,
    tenantName: row.tenantName,
    email: row.email,
    roles: namesIn(row.role),
    account: mustSignIn(person, row.mailed) ? 'existing' : 'new',
  };
}

/**
 * Makes whoever holds the token a member. Of any number who try at once, one succeeds.
 *
 * Somebody who signs in here already must be signed in as the invited address: the token alone does not replace their password or second
 * factor. An address counts as verified when the token was mailed to it. If it was not verified before, nobody knows who chose the
 * account's password and passkeys: they and all sessions end, so that who made an account in another's name does not share it.
 *
 * @throws FactotumError `invitation.invalid`, `auth.required`, `auth.password_weak`, `request.invalid`, `member.exists`, `quota.exceeded`.
 */
export async function acceptInvitation(db: AuthDb, { token, name, password, signedIn, room, now }: Acceptance): Promise<Joined> {
  const { organizationId: tenantId, email, tenantName } = await findOpen(db, token, now);
  const passwordHash = password === undefined ? undefined : await hashChosen(password, [name ?? '', email, tenantName]);
  return changingMembers(db, tenantId, async (tx) => {
    const used = await tx
      .deleteFrom('invitation')
      .where('tokenHash', '=', hashOf(token))
      .where('expiresAt', '>', now)
      .returning(['id', 'email', 'role', 'teams', 'mailed'])
      .executeTakeFirst();
    if (!used) throw invalid();
    const person = await findPerson(tx, used.email);
    if (person && mustSignIn(person, used.mailed)) {
      if (signedIn !== person.id)
        throw new FactotumError(
          'auth.required',
          `Sign in as ${used.email} first: this invitation is for somebody who has an account here.`,
        );
      if (passwordHash !== undefined)
        throw new FactotumError('request.invalid', 'You have an account here already. Change its password there.');
    }
    const userId =
      person?.id ??
      (await createPerson(tx, { email: used.email, name: checked(nameSchema, 'name', name ?? ''), isVerified: used.mailed, now }));
    if (person && used.mailed && !person.emailVerified) await proveAddress(tx, userId, now);
    if (passwordHash !== undefined) await setFirstPassword(tx, userId, passwordHash, now);
    await addMember(tx, { tenantId, userId, roles: namesIn(used.role), now, room });
    const { rows: teams } = await sql<{
      id: Id<'team'>;
    }>`select id from team where "tenantId" = ${tenantId} and id = any(${used.teams}::text[])`.execute(tx);
    if (teams.length > 0)
      await tx
        .insertInto('teamMember')
        .values(teams.map(({ id: teamId }) => ({ tenantId, teamId, userId })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    return { tenantId, userId, invitationId: used.id };
  });
}

/** Outside the transaction: making a hash takes long enough for others to wait for. */
function hashChosen(password: string, known: readonly string[]): Promise<string> {
  refuseWeakPassword(password, known);
  return hashPassword(password);
}

/** A person without any way to sign in yet. */
export async function createPerson(
  tx: AuthDb,
  { email, name, isVerified, now }: { email: string; name: string; isVerified: boolean; now: Date },
): Promise<Id<'user'>> {
  const id = newId('user', now.getTime());
  await sql`insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values (${id}, ${name}, ${email}, ${isVerified}, ${now}, ${now})`.execute(
    tx,
  );
  return id;
}

interface Person {
  readonly id: Id<'user'>;
  readonly emailVerified: boolean;
  /** Whether they belong to a tenant or operate the installation. */
  readonly hasPlace: boolean;
}

export async function findPerson(tx: AuthDb, email: string): Promise<Person | null> {
  const { rows } = await sql<Person>`select id, "emailVerified",
      exists (select from member where "userId" = "user".id) or exists (select from operator where "userId" = "user".id) as "hasPlace"
    from "user" where email = ${email}`.execute(tx);
  return rows[0] ?? null;
}

/** Who has no place anywhere cannot sign in: a link that was mailed to them is then proof enough. */
const mustSignIn = (person: Person | null, mailed: boolean): boolean => person !== null && (person.hasPlace || !mailed);

/** The address is theirs who act now. What was set up before may be somebody else's. */
async function proveAddress(tx: AuthDb, userId: Id<'user'>, now: Date): Promise<void> {
  for (const table of ['session', 'account', 'passkey', 'twoFactor', 'recoveryCode'] as const)
    await tx.deleteFrom(table).where('userId', '=', userId).execute();
  await sql`delete from verification where case when value like '{%' then value::jsonb ->> 'userId' = ${userId} end`.execute(tx);
  await tx.updateTable('user').set({ emailVerified: true, updatedAt: now }).where('id', '=', userId).execute();
}

async function setFirstPassword(tx: AuthDb, userId: Id<'user'>, password: string, now: Date): Promise<void> {
  await tx.deleteFrom('account').where('userId', '=', userId).where('providerId', '=', 'credential').execute();
  await sql`insert into account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
    values (replace(gen_random_uuid()::text, '-', ''), ${userId}, 'credential', ${userId}, ${password}, ${now}, ${now})`.execute(tx);
}

async function findOpen(db: AuthDb, token: string, now: Date) {
  if (!tokenSchema.safeParse(token).success) throw invalid();
  const row = await db
    .selectFrom('invitation')
    .innerJoin('organization', 'organization.id', 'invitation.organizationId')
    .select(['invitation.organizationId', 'invitation.email', 'invitation.role', 'invitation.mailed', 'organization.name as tenantName'])
    .where('tokenHash', '=', hashOf(token))
    .where('expiresAt', '>', now)
    .executeTakeFirst();
  if (!row) throw invalid();
  return row;
}

const invalid = () => new FactotumError('invitation.invalid', 'This invitation is used, withdrawn, expired or unknown. Ask for a new one.');
