import { randomBytes } from 'node:crypto';
import { FactotumError, type Id } from '#kernel';
import { freshMs } from '../authorise.ts';
import { type Current, findAnyCurrent, isMethodTaken } from '../current-session.ts';
import type { RequestHead } from '../origin.ts';
import type { PersonSession } from '../principal.ts';
import { noContent, type SessionChange, sentBack, ssoRequired } from './begin.ts';
import type { PeopleContext } from './context.ts';
import { attempt, codeLimits, sessionLimits } from './limits.ts';
import { type Assertion, checkPasskey } from './passkey.ts';
import { listPasskeys } from './passkey-store.ts';
import { checkPassword } from './password-hash.ts';
import { findPerson } from './person-store.ts';
import { checkCode } from './second-factor.ts';
import { findSessionRules, renewSession, setLastTenant } from './session-store.ts';

export type StepUpMethod = 'password' | 'totp' | 'passkey' | 'sso' | 'link';

export interface StepUpState {
  /** In which ways this person can confirm that it is them. `link`: by signing in with a new link. */
  readonly methods: readonly StepUpMethod[];
  readonly provenAt: Date;
  readonly freshUntil: Date;
}

/** @param canMail - whether sign-in links are mailed here. */
export async function stepUpState(context: PeopleContext, session: PersonSession, canMail: boolean): Promise<StepUpState> {
  const { provenAt, userId } = session;
  const freshUntil = new Date(provenAt.getTime() + freshMs);
  // What the identity provider has vouched for, it has to vouch for again.
  if (session.method.startsWith('sso:')) return { methods: ['sso'], provenAt, freshUntil };
  const person = await findPerson(context.db, userId);
  const passkeys = await listPasskeys(context.db, userId);
  const methods: StepUpMethod[] = [];
  if (passkeys.length > 0) methods.push('passkey');
  if (person?.hasTotp === true) methods.push('totp');
  if (person?.password) methods.push('password');
  if (canMail) methods.push('link');
  return { methods, provenAt, freshUntil };
}

/** What a person shows to prove that it is still them. */
export type Proof = { readonly password: string } | { readonly code: string } | { readonly passkey: Assertion };

/**
 * Notes that the person is still there. The session goes on under a new token: an old one that somebody has copied is worth nothing.
 *
 * @throws FactotumError `auth.failed`, `auth.code_invalid`, `auth.throttled`, `auth.forbidden` in a session of single sign-on.
 */
export async function stepUp(
  context: PeopleContext,
  session: PersonSession,
  proof: Proof,
  request: RequestHead,
): Promise<SessionChange & { readonly method: StepUpMethod }> {
  if (session.method.startsWith('sso:'))
    throw new FactotumError('auth.forbidden', 'You came through an identity provider: confirm there that it is you.');
  const method = await prove(context, session, proof, request);
  const isSecond = method !== 'password';
  const change = await renew(context, session.id, { stepUpAt: context.clock.now(), ...(isSecond ? { secondFactor: method } : {}) });
  return { ...change, method };
}

async function prove(
  context: PeopleContext,
  session: PersonSession,
  proof: Proof,
  request: RequestHead,
): Promise<'password' | 'totp' | 'passkey'> {
  const { userId } = session;
  if ('passkey' in proof) {
    if ((await checkPasskey(context, request, proof.passkey, { purpose: 'step-up', userId })) === null)
      throw new FactotumError('auth.failed', 'This passkey did not work.');
    return 'passkey';
  }
  if ('code' in proof) {
    const found = await attempt(context, codeLimits(context, userId, request.headers), () => checkCode(context, userId, proof));
    if (found === null) throw new FactotumError('auth.code_invalid', 'This code is wrong, used or expired.');
    return 'totp';
  }
  const isRight = await attempt(context, sessionLimits(context, session.id), () => isPassword(context, userId, proof.password));
  if (isRight === null) throw new FactotumError('auth.failed', 'This is not your password.');
  return 'password';
}

/** True, or null. */
export async function isPassword(context: PeopleContext, userId: Id<'user'>, password: string): Promise<true | null> {
  const person = await findPerson(context.db, userId);
  return (await checkPassword(password, person?.password ?? null)).isRight ? true : null;
}

/**
 * Goes on in another tenant of the same person, or as an operator (null), under a new token.
 *
 * @throws FactotumError `tenant.not_found` when they are no member of it or no operator, `auth.sso_required`; `auth.forbidden` in a session
 *   of single sign-on: what one tenant's identity provider says is nothing to another tenant.
 */
export async function switchTenant(context: PeopleContext, session: PersonSession, tenantId: Id<'tenant'> | null): Promise<SessionChange> {
  const { userId, method } = session;
  if (method.startsWith('sso:'))
    throw new FactotumError('auth.forbidden', 'You came through the identity provider of one tenant. For another one, sign in again.');
  const notFound = () => new FactotumError('tenant.not_found', 'You are no member of such a tenant.');
  const rules = tenantId === null ? null : await findSessionRules(context.db, userId, tenantId);
  if (rules === undefined || (rules === null && (await findPerson(context.db, userId))?.isOperator !== true)) throw notFound();
  if (rules !== null && !isMethodTaken({ ...rules, userId, method })) throw ssoRequired();
  const change = await renew(context, session.id, { activeOrganizationId: tenantId });
  if (tenantId !== null) await setLastTenant(context.db, userId, tenantId);
  return change;
}

/** The same session under a new token. @throws FactotumError `auth.required` when it has ended meanwhile. */
export async function renew(
  context: PeopleContext,
  sessionId: Id<'session'>,
  change: Parameters<typeof renewSession>[3],
): Promise<SessionChange> {
  const token = randomBytes(32).toString('base64url');
  const gone = () => new FactotumError('auth.required', 'This session has ended. Sign in again.');
  if ((await renewSession(context.db, sessionId, token, change)) === undefined) throw gone();
  const { headers } = await context.auth.api.showSession({ headers: new Headers({ cookie: '' }), body: { token }, returnHeaders: true });
  const cookies = headers.getSetCookie();
  const current: Current | null = await findAnyCurrent(context, sentBack(cookies));
  if (current === null) throw gone();
  return { response: noContent(cookies), ...current };
}
