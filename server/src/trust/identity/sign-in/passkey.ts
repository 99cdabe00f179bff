import { isIP } from 'node:net';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { z } from 'zod';
import { FactotumError, type Id, idSchema, newId } from '#kernel';
import type { RequestHead } from '../origin.ts';
import { type Challenge, challengeCookie, readChallenge, spend } from './challenge.ts';
import type { PeopleContext } from './context.ts';
import { findPasskey, insertPasskey, listPasskeys, notePasskeyUse } from './passkey-store.ts';

/** What a passkey is asked for: who one is, whether one is still there, or a new key. */
type Purpose = 'sign-in' | 'step-up' | 'register';

const challenge = {
  name: 'passkey',
  lifeSeconds: 300,
  schema: z.strictObject({
    purpose: z.enum(['sign-in', 'step-up', 'register']),
    challenge: z.string(),
    userId: idSchema('user').nullable(),
  }),
} satisfies Challenge<unknown>;

/** What browsers answer (`PublicKeyCredential.toJSON()`), as far as it decides anything; WebAuthn Level 3, section 5.1. */
const part = z.string().max(20_000);
export const assertionSchema = z.looseObject({
  id: part,
  rawId: part,
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: part, authenticatorData: part, signature: part, userHandle: part.nullish() }),
  clientExtensionResults: z.looseObject({}).default({}),
});
export const attestationSchema = z.looseObject({
  id: part,
  rawId: part,
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: part, attestationObject: part, transports: z.array(z.string().max(20)).max(10).optional() }),
  clientExtensionResults: z.looseObject({}).default({}),
});
export type Assertion = z.output<typeof assertionSchema>;
export type Attestation = z.output<typeof attestationSchema>;

/** What the browser is told to ask its authenticators. Whose passkey it is, the passkey says; for a step-up it is one of this person's. */
export async function passkeyRequest(
  context: PeopleContext,
  request: RequestHead,
  { purpose, userId }: { purpose: 'sign-in' | 'step-up'; userId: Id<'user'> | null },
): Promise<{ options: PublicKeyCredentialRequestOptionsJSON; cookie: string }> {
  const { id: rpID } = relyingParty(context, request);
  const own = userId === null ? [] : await listPasskeys(context.db, userId);
  const options = await generateAuthenticationOptions({
    rpID,
    userVerification: 'required',
    allowCredentials: own.map(({ credentialID }) => ({ id: credentialID })),
  });
  return { options, cookie: challengeCookie(context, challenge, { purpose, challenge: options.challenge, userId }) };
}

/** Whose passkey has answered the browser's challenge; null when it is wrong in any way, used already, or of nobody we know. */
export async function checkPasskey(
  context: PeopleContext,
  request: RequestHead,
  response: Assertion,
  { purpose, userId }: { purpose: 'sign-in' | 'step-up'; userId: Id<'user'> | null },
): Promise<{ userId: Id<'user'> } | null> {
  const { id: expectedRPID, origin: expectedOrigin } = relyingParty(context, request);
  const given = takeableChallenge(context, request, { purpose, userId });
  const passkey = given && (await findPasskey(context.db, response.id));
  if (!given || !passkey || (userId !== null && passkey.userId !== userId)) return null;
  const { userHandle } = response.response;
  if (userHandle && Buffer.from(userHandle, 'base64url').toString() !== passkey.userId) return null;
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    // The schema has looked at everything that is read.
    response: response as AuthenticationResponseJSON,
    expectedChallenge: given.value.challenge,
    expectedOrigin,
    expectedRPID,
    requireUserVerification: true,
    credential: {
      id: passkey.credentialID,
      publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
      counter: Number(passkey.counter),
    },
  }).catch((error: unknown) => {
    context.log.info({ err: error }, 'identity: a passkey was refused');
    return { verified: false, authenticationInfo: undefined };
  });
  if (!verified || authenticationInfo === undefined || !(await spend(context, given.nonce))) return null;
  const { newCounter, credentialBackedUp } = authenticationInfo;
  const used = await notePasskeyUse(context.db, passkey.id, {
    counter: newCounter,
    backedUp: credentialBackedUp,
    now: context.clock.now(),
  });
  return used ? { userId: passkey.userId } : null;
}

/** What the browser is told about a key to make: one that says by itself whose it is, and asks its owner for a finger or a PIN. */
export async function passkeyCreation(
  context: PeopleContext,
  request: RequestHead,
  person: { id: Id<'user'>; name: string; email: string },
): Promise<{ options: PublicKeyCredentialCreationOptionsJSON; cookie: string }> {
  const own = await listPasskeys(context.db, person.id);
  const options = await generateRegistrationOptions({
    rpName: 'Factotum',
    rpID: relyingParty(context, request).id,
    userID: new Uint8Array(Buffer.from(person.id)),
    userName: person.email,
    userDisplayName: person.name,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: own.map(({ credentialID }) => ({ id: credentialID })),
  });
  return { options, cookie: challengeCookie(context, challenge, { purpose: 'register', challenge: options.challenge, userId: person.id }) };
}

/** @throws FactotumError `auth.failed` when the answer does not fit the challenge, or the key is somebody's already. */
export async function addPasskey(
  context: PeopleContext,
  request: RequestHead,
  { userId, name, response }: { userId: Id<'user'>; name: string; response: Attestation },
): Promise<Id<'passkey'>> {
  const { id: expectedRPID, origin: expectedOrigin } = relyingParty(context, request);
  const given = takeableChallenge(context, request, { purpose: 'register', userId });
  const { registrationInfo } =
    given === null
      ? {}
      : await verifyRegistrationResponse({
          // The schema has looked at everything that is read.
          response: response as RegistrationResponseJSON,
          expectedChallenge: given.value.challenge,
          expectedOrigin,
          expectedRPID,
          requireUserVerification: true,
        }).catch((error: unknown) => {
          context.log.info({ err: error }, 'identity: a new passkey was refused');
          return { registrationInfo: undefined };
        });
  if (given === null || registrationInfo === undefined || !(await spend(context, given.nonce))) throw refused();
  const { credential, credentialBackedUp: backedUp } = registrationInfo;
  const id = newId('passkey', context.clock.now().getTime());
  const added = await insertPasskey(context.db, {
    id,
    userId,
    name,
    credentialID: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: String(credential.counter),
    transports: [...(response.response.transports ?? [])],
    backedUp,
    createdAt: context.clock.now(),
  });
  if (added === undefined) throw refused();
  return id;
}

function takeableChallenge(context: PeopleContext, { headers }: RequestHead, wanted: { purpose: Purpose; userId: Id<'user'> | null }) {
  const given = readChallenge(context, challenge, headers);
  return given !== null && given.value.purpose === wanted.purpose && given.value.userId === wanted.userId ? given : null;
}

/** The page that asks, and the name that its passkeys are bound to. @throws FactotumError `request.foreign_origin`, `request.invalid`. */
function relyingParty({ publicOrigins }: PeopleContext, { headers }: RequestHead): { origin: string; id: string } {
  const origin = headers.get('origin') ?? '';
  if (!publicOrigins().includes(origin))
    throw new FactotumError('request.foreign_origin', 'Passkeys answer to our own pages only: this request names none as its origin.');
  const { hostname } = new URL(origin);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)
    throw new FactotumError(
      'request.invalid',
      'Passkeys belong to a name, not to a number: open this page as localhost or by its public address.',
    );
  return { origin, id: hostname };
}

const refused = () => new FactotumError('auth.failed', 'This passkey could not be added. Start again.');
