import { z } from 'zod';
import { type Clock, FactotumError, type Id, idSchema, isFactotumError } from '#kernel';
import type { Keyring, TenantKeys } from '#trust/key';
import type { AuthDb } from '../store.ts';
import { refusedAnswer } from './failure.ts';
import type { OpenedProvider } from './provider.ts';
import { type Claimed, clockSkewSeconds, type Handshake, type IdentityProvider } from './provider-port.ts';
import { answerLogin, findLogin, insertLogin, type LoginRow, takeLogin } from './store.ts';
import { hashOf, randomToken } from './token.ts';

/** How long a person may take at the provider, in milliseconds. */
export const loginLifeMs = 10 * 60_000;

/** What a round to the provider is for. */
const purposeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sign-in') }),
  z.strictObject({ kind: z.literal('step-up'), sessionId: idSchema('session'), userId: idSchema('user') }),
  z.strictObject({ kind: z.literal('test'), testId: idSchema('ssoTest') }),
]);
export type Purpose = z.output<typeof purposeSchema>;

const keptSchema = z.strictObject({
  purpose: purposeSchema,
  to: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  requestId: z.string(),
  returnUrl: z.string(),
  force: z.boolean(),
  startedAtMs: z.number(),
});
type Kept = z.output<typeof keptSchema>;

const claimedSchema = z.strictObject({
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean().nullable(),
  name: z.string().nullable(),
  authenticatedAt: z.coerce.date().nullable(),
  claims: z.record(z.string(), z.unknown()),
});
const answerSchema = z.union([claimedSchema, z.strictObject({ failure: z.string() })]);

/** A round begun: where the browser goes, and the cookie that makes it this browser's. */
export interface Begun {
  readonly location: URL;
  readonly cookie: LoginCookie;
}
export interface LoginCookie {
  readonly name: string;
  readonly value: string;
}

/** A round that came back, to the browser that began it. `claimed` is who it is, or why nobody knows. */
export interface Returned {
  readonly tenantId: Id<'tenant'>;
  readonly providerId: Id<'ssoProvider'>;
  readonly purpose: Purpose;
  readonly to: string;
  readonly claimed: Claimed | FactotumError;
}

interface Context {
  readonly db: AuthDb;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly clock: Clock;
}

/** One cookie for each round, named by it: two tabs do not take each other's. The name says nothing that the address does not. */
export const loginCookieName = (state: string) => `factotum-sso-${hashOf(state).slice(0, 16)}`;

/** Begins a round. @throws FactotumError `sso.unavailable`, `sso.failed`, `outbound.address_refused`: what asking the provider throws. */
export async function beginLogin(
  { db, keyring, clock }: Context,
  {
    provider,
    port,
    returnUrl,
    purpose,
    to,
  }: { provider: OpenedProvider; port: IdentityProvider; returnUrl: string; purpose: Purpose; to: string },
): Promise<Begun> {
  const { tenantId, id: providerId } = provider;
  const now = clock.now();
  const [state, browser] = [randomToken(), randomToken()];
  const kept: Kept = {
    purpose,
    to,
    nonce: randomToken(),
    verifier: randomToken(),
    // An XML id begins with a letter or an underscore.
    requestId: `_${randomToken()}`,
    returnUrl,
    force: purpose.kind === 'step-up',
    startedAtMs: now.getTime(),
  };
  const location = await port.begin(handshakeOf(state, kept));
  const stateHash = hashOf(state);
  const sealed = (await keyring.of(tenantId)).seal('credential', refOf(stateHash), Buffer.from(JSON.stringify(kept)));
  const expiresAt = new Date(now.getTime() + loginLifeMs);
  await insertLogin(db, { state: stateHash, browser: hashOf(browser), tenantId, providerId, sealed, expiresAt }, now);
  return { location, cookie: { name: loginCookieName(state), value: browser } };
}

/**
 * Takes what a provider had the browser post. The browser's cookies do not come with a foreign page's post, so nobody is signed in by this:
 * the checked answer is kept for the browser that fetches it next, with its cookie.
 *
 * @throws FactotumError `sso.expired` for an answer that nobody waits for.
 */
export async function keepPostedAnswer(
  { db, keyring, clock }: Context,
  { provider, port, state, response }: { provider: OpenedProvider; port: IdentityProvider; state: string; response: string },
): Promise<void> {
  const stateHash = hashOf(state);
  const row = await findLogin(db, stateHash, provider.id, clock.now());
  if (row === undefined) throw expired();
  const keys = await keyring.of(row.tenantId);
  const claimed = await port.finish({ kind: 'post', response }, handshakeOf(state, openKept(keys, row)), []).catch((error: unknown) => {
    if (isFactotumError(error, 'sso.failed')) return error;
    throw error;
  });
  const answer = claimed instanceof FactotumError ? { failure: reasonOf(claimed) } : claimed;
  const sealed = keys.seal('credential', answerRefOf(stateHash), Buffer.from(JSON.stringify(answer)));
  if (!(await answerLogin(db, stateHash, sealed, clock.now()))) throw expired();
}

/**
 * Ends a round, once, for the browser that began it.
 *
 * @param finish - asks the provider; left out where its answer was posted.
 * @throws FactotumError `sso.expired`: unknown, used, too late, or another browser's.
 */
export async function endLogin(
  { db, keyring, clock }: Context,
  { state, browser, providerId }: { state: string; browser: string | null; providerId: string | null },
  finish: ((row: LoginRow, handshake: Handshake) => Promise<Claimed>) | null,
): Promise<Returned> {
  const now = clock.now();
  const row = browser === null ? undefined : await takeLogin(db, { state: hashOf(state), browser: hashOf(browser), providerId, now });
  if (row === undefined) throw expired();
  const keys = await keyring.of(row.tenantId);
  const kept = openKept(keys, row);
  const { purpose, to } = kept;
  const claimed = await (finish === null ? postedAnswer(keys, row) : finish(row, handshakeOf(state, kept)))
    .then((found) => requirePresence(kept, found))
    .catch((error: unknown) => {
      if (error instanceof FactotumError) return error;
      throw error;
    });
  return { tenantId: row.tenantId, providerId: row.providerId, purpose, to, claimed };
}

/** A proof of presence is one that was made in this round: a session that the person has at the provider says nothing about now. */
function requirePresence({ force, startedAtMs }: Kept, claimed: Claimed): Claimed {
  if (!force) return claimed;
  const { authenticatedAt } = claimed;
  if (authenticatedAt === null || authenticatedAt.getTime() < startedAtMs - clockSkewSeconds * 1_000)
    throw refusedAnswer('not_proven_anew');
  return claimed;
}

async function postedAnswer(keys: TenantKeys, { state, answer }: LoginRow): Promise<Claimed> {
  if (answer === null) throw expired();
  const kept = answerSchema.parse(JSON.parse(keys.open('credential', answerRefOf(state), answer).toString('utf8')));
  if ('failure' in kept) throw refusedAnswer(kept.failure);
  return kept;
}

const openKept = (keys: TenantKeys, { state, sealed }: LoginRow): Kept =>
  keptSchema.parse(JSON.parse(keys.open('credential', refOf(state), sealed).toString('utf8')));

const handshakeOf = (state: string, { nonce, verifier, requestId, returnUrl, force, startedAtMs }: Kept): Handshake => ({
  state,
  nonce,
  verifier,
  requestId,
  returnUrl,
  force,
  startedAtMs,
});

/** Two seals in one row: neither opens in the other's place. */
const refOf = (state: string) => ({ kind: 'sso-login', id: state });
const answerRefOf = (state: string) => ({ kind: 'sso-answer', id: state });

/** The word that says what was wrong with an answer. */
export const reasonOf = ({ code, details }: FactotumError): string => (typeof details?.reason === 'string' ? details.reason : code);

const expired = () =>
  new FactotumError('sso.expired', 'This sign-in took too long, was used already, or was begun in another browser. Begin again.');
