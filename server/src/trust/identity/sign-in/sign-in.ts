import { z } from 'zod';
import { FactotumError, type Id, idSchema, isFactotumError } from '#kernel';
import { isMethodTaken } from '../current-session.ts';
import { type Caller, linkInvalid, refuseForeignPage, takeLink } from '../http.ts';
import type { RequestHead } from '../origin.ts';
import { beginSession, type Proven, type SessionChange, ssoRequired } from './begin.ts';
import { type Challenge, challengeCookie, challengeEnd, isSecure, readChallenge, spend } from './challenge.ts';
import type { PeopleContext } from './context.ts';
import { deviceCookie } from './device.ts';
import { attempt, codeLimits, passwordLimits } from './limits.ts';
import { type Assertion, checkPasskey } from './passkey.ts';
import { keepPassword } from './password.ts';
import { checkPassword } from './password-hash.ts';
import { findMemberships, findPerson, findPersonByEmail, type Person, verifyAddress } from './person-store.ts';
import { checkCode } from './second-factor.ts';

/** What an attempt to sign in came to. A refusal says whose account it was about: for the log, not for the caller. */
export type SignInOutcome =
  | { readonly kind: 'signed_in'; readonly begun: SessionChange; readonly method: string; readonly secondFactor: string | null }
  | { readonly kind: 'second_factor'; readonly methods: readonly ('totp' | 'recovery')[]; readonly cookie: string }
  | { readonly kind: 'refused'; readonly error: FactotumError; readonly userId: Id<'user'> | null; readonly method: string };

/** The password was right, or the mail was read: what is missing is the code. */
const pendingSignIn = {
  name: 'second-factor',
  lifeSeconds: 600,
  schema: z.strictObject({ userId: idSchema('user'), method: z.enum(['password', 'link']), tenantId: idSchema('tenant').nullable() }),
} satisfies Challenge<unknown>;

/**
 * Signs in with a password. Of an unknown address, a wrong password and an account without one the answer is the same and takes as long.
 *
 * @throws FactotumError `auth.throttled`, `request.foreign_origin`, `server.busy`.
 */
export async function byPassword(
  context: PeopleContext,
  given: { readonly email: string; readonly password: string },
  request: RequestHead,
  caller: Caller,
): Promise<SignInOutcome> {
  refuseForeignPage(request, context.publicOrigins());
  const email = given.email.trim().toLowerCase();
  const person = await findPersonByEmail(context.db, email);
  const limits = passwordLimits(context, { email, userId: person?.id ?? null, headers: request.headers, caller });
  const checked = await attempt(context, limits, async () => {
    const answer = await checkPassword(given.password, person?.password ?? null);
    return answer.isRight ? answer : null;
  });
  if (checked === null || person === undefined) return refused(failed(), person?.id ?? null, 'password');
  if (checked.isOutdated) await keepPassword(context, person.id, given.password);
  return proceed(context, person, { method: 'password', tenantId: null }, request, caller);
}

/** Signs in with a link that was mailed or printed; what was mailed proves the address as well. @throws FactotumError `auth.link_invalid`. */
export async function byLink(context: PeopleContext, token: string, request: RequestHead, caller: Caller): Promise<SignInOutcome> {
  const link = await takeLink(context, token, request, caller);
  if (link.mailed) await verifyAddress(context.db, link.userId, context.clock.now());
  const person = await findPerson(context.db, link.userId);
  if (person === undefined) throw linkInvalid();
  if (link.mailed) return proceed(context, person, { method: 'link', tenantId: link.tenantId }, request, caller);
  // Printed at the machine: the operator vouches for the person, whatever they have lost.
  const outcome = await finish(context, person, { method: 'link', secondFactor: 'operator', tenantId: link.tenantId }, request, caller);
  if (outcome.kind === 'refused' && isFactotumError(outcome.error, 'auth.failed')) throw linkInvalid();
  return outcome;
}

/** Completes a sign-in with a code of the person's app, or one of their recovery codes. @throws FactotumError `auth.throttled`. */
export async function bySecondFactor(
  context: PeopleContext,
  given: { readonly code: string } | { readonly recoveryCode: string },
  request: RequestHead,
  caller: Caller,
): Promise<SignInOutcome> {
  refuseForeignPage(request, context.publicOrigins());
  const pending = readChallenge(context, pendingSignIn, request.headers);
  if (pending === null) return refused(new FactotumError('auth.code_invalid', 'This took too long. Sign in again.'), null, 'password');
  const { userId, method, tenantId } = pending.value;
  const factor = await attempt(context, codeLimits(context, userId, request.headers), () => checkCode(context, userId, given));
  const person = factor && (await spend(context, pending.nonce)) ? await findPerson(context.db, userId) : undefined;
  if (factor === null || person === undefined)
    return refused(new FactotumError('auth.code_invalid', 'This code is wrong, used or expired.'), userId, method);
  const outcome = await finish(context, person, { method, secondFactor: factor, tenantId }, request, caller);
  if (outcome.kind === 'signed_in') outcome.begun.response.headers.append('set-cookie', challengeEnd(context, pendingSignIn));
  return outcome;
}

/** Signs in with a passkey, which has asked for a finger or a PIN: two factors at once. It is never throttled. */
export async function byPasskey(context: PeopleContext, response: Assertion, request: RequestHead, caller: Caller): Promise<SignInOutcome> {
  const found = await checkPasskey(context, request, response, { purpose: 'sign-in', userId: null });
  const person = found === null ? undefined : await findPerson(context.db, found.userId);
  if (person === undefined) return refused(failed(), null, 'passkey');
  return finish(context, person, { method: 'passkey', secondFactor: 'passkey', tenantId: null }, request, caller);
}

type Way = Pick<Proven, 'method' | 'secondFactor' | 'tenantId'>;

/** Asks for the second factor where there is one. */
async function proceed(
  context: PeopleContext,
  person: Person,
  way: { method: 'password' | 'link'; tenantId: Id<'tenant'> | null },
  request: RequestHead,
  caller: Caller,
): Promise<SignInOutcome> {
  if (!person.hasTotp) return finish(context, person, way, request, caller);
  const cookie = challengeCookie(context, pendingSignIn, { userId: person.id, ...way });
  return { kind: 'second_factor', methods: ['totp', 'recovery'], cookie };
}

/** Begins the session: in the tenant that was asked for, else where the person was last, else in the first that takes this way of signing in. */
async function finish(context: PeopleContext, person: Person, way: Way, request: RequestHead, caller: Caller): Promise<SignInOutcome> {
  const { method, secondFactor = null } = way;
  try {
    const tenantId = await choosePlace(context, person, way);
    const begun = await beginSession(context, { userId: person.id, tenantId, method, secondFactor }, request, caller);
    begun.response.headers.append('set-cookie', deviceCookie(context.secrets, person.id, { isSecure: isSecure(context) }));
    return { kind: 'signed_in', begun, method, secondFactor };
  } catch (error) {
    if (isFactotumError(error, 'auth.failed') || isFactotumError(error, 'auth.sso_required')) return refused(error, person.id, method);
    throw error;
  }
}

async function choosePlace({ db }: PeopleContext, person: Person, { method, tenantId }: Way): Promise<Id<'tenant'> | null> {
  if (tenantId !== null) return tenantId;
  const memberships = await findMemberships(db, person.id);
  const open = memberships.filter((tenant) => isMethodTaken({ ...tenant, userId: person.id, method }));
  const chosen = open.find((tenant) => tenant.tenantId === person.lastTenantId) ?? open[0];
  if (chosen !== undefined) return chosen.tenantId;
  if (person.isOperator) return null;
  throw memberships.length > 0 ? ssoRequired() : failed();
}

const refused = (error: FactotumError, userId: Id<'user'> | null, method: string): SignInOutcome => ({
  kind: 'refused',
  error,
  userId,
  method,
});
const failed = () => new FactotumError('auth.failed', 'This did not work. Check the address and the password, or ask for a sign-in link.');
