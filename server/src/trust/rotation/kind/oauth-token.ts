import { z } from 'zod';
import { FactotumError } from '#kernel';
import { guardedAgent, type OutboundLimits, outboundFetch, unguardedAgent } from '#kernel/outbound';
import { registerSecret } from '#kernel/redact';
import { type Rotation, type RotationKind, readJsonValue } from '../kind.ts';

/** What such a secret holds, as JSON. Endpoints are those of RFC 6749 (token) and RFC 7009 (revocation). */
const tokenSchema = z.looseObject({
  tokenUrl: z.url({ protocol: /^https?$/ }),
  revocationUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Anything that answers 200 to the access token. */
  testUrl: z.url({ protocol: /^https?$/ }).optional(),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1).optional(),
  refreshToken: z.string().min(1),
  accessToken: z.string().optional(),
  /** ISO 8601. */
  expiresAt: z.string().optional(),
});
type Token = z.infer<typeof tokenSchema>;

/** In seconds: beyond ten years nobody has said anything. */
const expirySecondsMax = 10 * 366 * 86_400;

/** By the time it is read the old token may have ended at its issuer: what is odd in it is left out, so that the new one is not lost with it. */
const answerSchema = z.looseObject({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional().catch(undefined),
  expires_in: z.coerce.number().positive().max(expirySecondsMax).optional().catch(undefined),
});

const limits: OutboundLimits = { connectTimeoutMs: 5_000, headersTimeoutMs: 10_000, bodyTimeoutMs: 5_000, responseBytesMax: 256 * 1_024 };

/** An OAuth 2.0 refresh token with what it is used with. Its issuer gives a new one, or says that the old one stays good. */
export function oauthTokenKind({ allowPrivate = false }: { readonly allowPrivate?: boolean } = {}): RotationKind {
  const guarded = outboundFetch(guardedAgent(limits), limits);
  const trusted = outboundFetch(unguardedAgent(limits), limits);
  /** A tenant's addresses are its own wish; the installation's are the operator's. */
  const fetchFor = ({ scope }: Pick<Rotation, 'scope'>) => (scope === 'installation' || allowPrivate ? trusted : guarded);

  return {
    kind: 'oauth-token',
    makesValues: true,
    forTenants: true,
    async create(rotation) {
      const token = read(rotation.old);
      const answer = await ask(
        fetchFor(rotation),
        token,
        token.tokenUrl,
        { grant_type: 'refresh_token', refresh_token: token.refreshToken },
        rotation,
      );
      const body = answerSchema.safeParse(await jsonOf(answer));
      if (!answer.ok || !body.success) throw refused(answer);
      const { access_token: accessToken, refresh_token: refreshToken = token.refreshToken, expires_in: seconds } = body.data;
      for (const value of [accessToken, refreshToken]) registerSecret(value, rotation.scope === 'installation' ? 'installation' : 'tenant');
      const { expiresAt: _, ...rest } = token;
      const expiry = seconds === undefined ? {} : { expiresAt: new Date(rotation.now.getTime() + seconds * 1_000).toISOString() };
      return JSON.stringify({ ...rest, accessToken, refreshToken, ...expiry });
    },
    async test(rotation, value) {
      const { testUrl, accessToken } = read(value);
      if (testUrl === undefined) return;
      const answer = await fetchFor(rotation)(testUrl, {
        headers: { authorization: `Bearer ${accessToken ?? ''}` },
        signal: rotation.signal,
      }).catch(unreachable);
      await answer.body?.cancel();
      if (!answer.ok) throw refused(answer);
    },
    async revoke(rotation, value, inForce) {
      const [token, present] = [read(value), read(inForce)];
      // Many issuers give the same refresh token again: ending it would end the one in force.
      if (token.revocationUrl === undefined || token.refreshToken === present.refreshToken) return;
      const answer = await ask(
        fetchFor(rotation),
        token,
        token.revocationUrl,
        { token: token.refreshToken, token_type_hint: 'refresh_token' },
        rotation,
      );
      await answer.body?.cancel();
      // RFC 7009: an invalid token is answered with 200 as well.
      if (!answer.ok) throw refused(answer);
    },
  };
}

/** The client proves itself in the header (RFC 6749, 2.3.1), a public one by its id alone. */
function ask(
  fetch: typeof globalThis.fetch,
  { clientId, clientSecret }: Token,
  url: string,
  form: Record<string, string>,
  { signal }: Pick<Rotation, 'signal'>,
): Promise<Response> {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? '')}`).toString('base64');
  return fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(clientSecret === undefined ? {} : { authorization: `Basic ${basic}` }),
    },
    body: new URLSearchParams({ ...form, ...(clientSecret === undefined ? { client_id: clientId } : {}) }).toString(),
    signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
  }).catch(unreachable);
}

const read = (value: string): Token =>
  readJsonValue(
    value,
    tokenSchema,
    () =>
      new FactotumError(
        'request.invalid',
        'The OAuth token cannot be rotated. Its value is JSON with tokenUrl, clientId and refreshToken; revocationUrl, testUrl and clientSecret as needed.',
      ),
  );

const jsonOf = (answer: Response): Promise<unknown> => answer.json().catch(() => null);

/** What an issuer says is not repeated: it may quote the token. */
function refused({ status }: Response): FactotumError {
  if (status === 429 || status >= 500) return new FactotumError('secret.unavailable', `The issuer of the token answers ${status}.`);
  return new FactotumError('request.invalid', `The issuer refuses the token (${status}). Connect anew, and store what it gives.`);
}

const unreachable = (cause: unknown): never => {
  // undici hangs what the guard has thrown onto its own error.
  for (let fault = cause; fault instanceof Error; fault = fault.cause) if (fault instanceof FactotumError) throw fault;
  throw new FactotumError('secret.unavailable', 'The issuer of the token does not answer.', { cause });
};
