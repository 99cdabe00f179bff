import { FactotumError, type Id, newId } from '#kernel';
import { addMember, findMember, setRoles } from '../member/member.ts';
import { changingMembers, type Room } from '../member/rules.ts';
import { roles as roleNames } from '../permissions.ts';
import type { AuthDb } from '../store.ts';
import type { Claimed } from './provider-port.ts';
import { rolesFor } from './role-rules.ts';
import { domainOf, type RoleRules } from './schema.ts';
import {
  findDomain,
  findIdentity,
  findIdentityOfUser,
  findUserByEmail,
  insertIdentity,
  insertUser,
  isSwitchedOff,
  noteSignIn,
} from './store.ts';

/** The provider, as far as it decides about people. */
export interface Admitting {
  readonly id: Id<'ssoProvider'>;
  readonly tenantId: Id<'tenant'>;
  readonly joins: boolean;
  readonly roles: RoleRules;
  /** Whether it may say of somebody that they are an owner. */
  readonly forOwners: boolean;
}

/** Who came in, and what it changed. */
export interface Admission {
  readonly userId: Id<'user'>;
  /** Whether they became a member by this. */
  readonly joined: boolean;
  /** Whether their roles are others than before. */
  readonly rolesChanged: boolean;
}

interface Decision {
  readonly kind: 'known' | 'connect' | 'join';
  /** Null: a person who is new here. */
  readonly userId: Id<'user'> | null;
  readonly email: string;
  readonly roles: readonly string[];
  readonly rolesChanged: boolean;
}

/**
 * Finds, connects or makes the member that a provider's subject is, and gives them the roles that its rules say.
 *
 * A person is connected by their address once, and only if the tenant has proven the address's domain: then it decides about the address
 * anyway. From then on the subject counts, whatever the address becomes.
 *
 * @throws FactotumError `sso.address_refused`, `sso.not_member`, `sso.other_account`, `sso.no_role`, `quota.exceeded`.
 */
export async function admit(
  db: AuthDb,
  { provider, claimed, room, now }: { provider: Admitting; claimed: Claimed; room: Room; now: Date },
): Promise<Admission> {
  const { id: providerId, tenantId } = provider;
  return changingMembers(db, tenantId, async (tx) => {
    const { kind, userId: present, email, roles, rolesChanged } = await decide(tx, provider, claimed);
    const userId = present ?? newId('user', now.getTime());
    if (present === null) await insertUser(tx, { id: userId, name: (claimed.name ?? email).slice(0, 100), email, now });
    if (kind === 'join') await addMember(tx, { tenantId, userId, roles, now, room });
    else if (rolesChanged) await setRoles(tx, tenantId, userId, roles);
    if (kind === 'known') await noteSignIn(tx, providerId, claimed.subject, now);
    else await insertIdentity(tx, { providerId, subject: claimed.subject, tenantId, userId, createdAt: now, lastSignInAt: now });
    return { userId, joined: kind === 'join', rolesChanged: kind !== 'join' && rolesChanged };
  });
}

/** What `admit` would do, without doing it: the roles somebody would have. @throws what `admit` throws. */
export async function preview(db: AuthDb, provider: Admitting, claimed: Claimed): Promise<readonly string[]> {
  return (await decide(db, provider, claimed)).roles;
}

async function decide(tx: AuthDb, provider: Admitting, claimed: Claimed): Promise<Decision> {
  const { id: providerId, tenantId } = provider;
  const known = await findIdentity(tx, providerId, claimed.subject);
  if (known !== undefined) {
    await requireProven(tx, tenantId, known.email);
    return { kind: 'known', userId: known.userId, email: known.email, ...(await rolesOfMember(tx, provider, claimed, known.userId)) };
  }
  const { email } = claimed;
  if (email === null || claimed.emailVerified === false)
    throw refused(email === null ? 'It sent no e-mail address.' : 'It does not say that your e-mail address is verified.');
  await requireProven(tx, tenantId, email);
  const user = await findUserByEmail(tx, email);
  const isMember = user !== undefined && (await isMemberOf(tx, tenantId, user.id));
  if (user !== undefined && (await findIdentityOfUser(tx, providerId, user.id)) !== undefined)
    throw new FactotumError(
      'sso.other_account',
      'Another account at your identity provider is connected to this person. Ask your administrator to disconnect it.',
    );
  if (user !== undefined && isMember)
    return { kind: 'connect', userId: user.id, email, ...(await rolesOfMember(tx, provider, claimed, user.id)) };
  // What a directory has ended, only the directory begins again.
  const isEnded = user !== undefined && (await isSwitchedOff(tx, tenantId, user.id));
  if (!provider.joins || isEnded)
    throw new FactotumError('sso.not_member', 'You are not a member of this tenant. Ask its administrator to invite you.');
  // Whoever made that account elsewhere never showed that the address is theirs, and may still hold its password.
  if (user !== undefined && !user.emailVerified)
    throw refused('There is an account with your address that never proved it. Sign in to it by a mailed link once, then try again.');
  const roles = await knownRoles(tx, tenantId, rolesFor(provider.roles, claimed.claims));
  if (roles.length === 0) throw noRole();
  return { kind: 'join', userId: user?.id ?? null, email, roles, rolesChanged: false };
}

/** The domain's owner decides about its addresses; nobody else's provider may speak for them. */
async function requireProven(tx: AuthDb, tenantId: Id<'tenant'>, email: string): Promise<void> {
  const domain = domainOf(email);
  const row = domain === null ? undefined : await findDomain(tx, tenantId, domain);
  if (row === undefined || row.verifiedAt === null)
    throw refused(domain === null ? 'Your e-mail address cannot be read.' : `This tenant has not proven that ${domain} is its domain.`);
}

/** Owners stay what they are, as do members whom a directory manages: the rules are for everybody else. */
async function rolesOfMember(tx: AuthDb, { tenantId, roles: rules, forOwners }: Admitting, { claims }: Claimed, userId: Id<'user'>) {
  const { roles: before, managedBy } = await findMember(tx, tenantId, userId);
  if (before.includes('owner') && !forOwners)
    throw refused('Who set it up is no owner, so it signs no owners in. An owner who saves it once changes that.');
  if (rules.claim === null || managedBy !== null || before.includes('owner')) return { roles: before, rolesChanged: false };
  const roles = await knownRoles(tx, tenantId, rolesFor(rules, claims));
  if (roles.length === 0) throw noRole();
  return { roles, rolesChanged: new Set(roles).symmetricDifference(new Set(before)).size > 0 };
}

/** Without roles that have been deleted since the rule was written. */
async function knownRoles(tx: AuthDb, tenantId: Id<'tenant'>, names: readonly string[]): Promise<readonly string[]> {
  const own = await tx.selectFrom('tenantRole').select('name').where('tenantId', '=', tenantId).execute();
  const known = new Set<string>([...roleNames, ...own.map(({ name }) => name)]);
  return names.filter((name) => known.has(name));
}

const isMemberOf = async (tx: AuthDb, tenantId: Id<'tenant'>, userId: Id<'user'>) =>
  (await tx.selectFrom('member').select('id').where('organizationId', '=', tenantId).where('userId', '=', userId).executeTakeFirst()) !==
  undefined;

const refused = (why: string) => new FactotumError('sso.address_refused', `Your identity provider cannot sign you in here. ${why}`);
const noRole = () => new FactotumError('sso.no_role', 'Your identity provider gives you no role in this tenant. Ask your administrator.');
