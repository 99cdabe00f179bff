import type { Clock, Id } from '#kernel';
import { type Auth, sessionLife } from './auth.ts';
import { permissionsOf } from './permissions.ts';
import type { OperatorPerson, PersonSession, Principal } from './principal.ts';
import { type AuthDb, findOperatorSession, findSession } from './store.ts';

interface Context {
  readonly auth: Auth;
  readonly db: AuthDb;
  readonly clock: Clock;
}

/** Somebody by a session: a member of the session's tenant, or, in a session for no tenant, an operator. */
export interface Current<P extends Principal | OperatorPerson = Principal | OperatorPerson> {
  readonly sessionId: Id<'session'>;
  readonly principal: P;
}

/** The session of a signed cookie, with what its user is in its tenant at this moment. One query, nothing cached: who is removed is out. */
export async function findCurrentSession({ auth, db, clock }: Context, headers: Headers): Promise<Current<Principal> | null> {
  const token = await sessionTokenOf(auth, headers);
  return token === null ? null : findMemberSession({ db, clock }, { token });
}

/** The same by the session's token or id, for whoever has found that out. */
export async function findMemberSession(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  by: Parameters<typeof findSession>[1],
): Promise<Current<Principal> | null> {
  const found = await findSession(db, by);
  return !found || isOver(found, clock.now()) ? null : memberIn(found);
}

/**
 * The same of a session that may rest: for telling its person something, where they have not been away for longer than a session lasts.
 * Null when it was ended, or its person may not come in by it any more.
 */
export async function findRestingSession(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  id: Id<'session'>,
): Promise<Current<Principal> | null> {
  const found = await findSession(db, { id });
  return !found || isOver({ ...found, updatedAt: clock.now(), expiresAt: never }, clock.now()) ? null : memberIn(found);
}

const never = new Date(8.64e15);

function memberIn(found: NonNullable<Awaited<ReturnType<typeof findSession>>>): Current<Principal> | null {
  if (!isMethodTaken(found)) return null;
  const { sessionId, userId, tenantId, name, email } = found;
  const isPending = found.secondFactorRequired === true && !isTwice(found);
  const principal: Principal = {
    kind: 'user',
    actor: `user:${userId}`,
    tenantId,
    permissions: isPending ? new Set() : permissionsOf(found.role.split(','), found.granted ?? []),
    name,
    email,
    allowedAddresses: found.allowedAddresses ?? [],
    session: personSession(found),
    ...(isPending ? { pending: 'second_factor' } : {}),
  };
  return { sessionId, principal };
}

/** The session of somebody who operates the installation, by the same cookie. */
export async function findOperator({ auth, db, clock }: Context, headers: Headers): Promise<OperatorPerson | null> {
  const token = await sessionTokenOf(auth, headers);
  const found = token === null ? undefined : await findOperatorSession(db, token);
  if (!found || isOver({ ...found, sessionIdleMinutes: null, sessionAbsoluteHours: null }, clock.now())) return null;
  return { kind: 'operator', actor: `operator:${found.userId}`, name: found.name, email: found.email, session: personSession(found) };
}

/** Whichever of the two it is. */
export async function findAnyCurrent(context: Context, headers: Headers): Promise<Current | null> {
  const member = await findCurrentSession(context, headers);
  if (member !== null) return member;
  const operator = await findOperator(context, headers);
  return operator && { sessionId: operator.session.id, principal: operator };
}

async function sessionTokenOf(auth: Auth, headers: Headers): Promise<string | null> {
  return headers.has('cookie') ? auth.api.readSessionToken({ headers }) : null;
}

/** What decides whether a tenant takes a way of signing in. */
export interface MethodRule {
  readonly method: string;
  readonly userId: Id<'user'>;
  readonly ssoRequired: boolean | null;
  readonly breakGlassUserId: Id<'user'> | null;
}

/** Where single sign-on is required, nothing else counts, also not what was begun before it was; except for one person. */
export const isMethodTaken = ({ method, userId, ssoRequired, breakGlassUserId }: MethodRule): boolean =>
  ssoRequired !== true || method.startsWith('sso:') || userId === breakGlassUserId;

/** Whether a session was proved twice. The identity provider's second factor is the identity provider's affair. */
export function isTwice({
  method,
  secondFactor,
  hasSecondFactor,
}: {
  method: string;
  secondFactor: string | null;
  hasSecondFactor: boolean;
}) {
  return method.startsWith('sso:') || (secondFactor !== null && hasSecondFactor);
}

interface SessionTimes {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly sessionIdleMinutes: number | null;
  readonly sessionAbsoluteHours: number | null;
}

/** The row says both ends already; the absolute one is looked at again, as it must hold whatever slid the first. A tenant may ask for shorter ones. */
function isOver({ createdAt, updatedAt, expiresAt, sessionIdleMinutes, sessionAbsoluteHours }: SessionTimes, now: Date): boolean {
  const absoluteMs = Math.min(sessionLife.absoluteMs, (sessionAbsoluteHours ?? Number.POSITIVE_INFINITY) * 3_600_000);
  const idleMs = (sessionIdleMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
  return expiresAt <= now || createdAt.getTime() + absoluteMs <= now.getTime() || updatedAt.getTime() + idleMs <= now.getTime();
}

function personSession(found: {
  sessionId: Id<'session'>;
  userId: Id<'user'>;
  method: string;
  createdAt: Date;
  stepUpAt: Date | null;
}): PersonSession {
  const { sessionId: id, userId, method, createdAt: startedAt, stepUpAt } = found;
  return { id, userId, method, startedAt, provenAt: stepUpAt ?? startedAt };
}
