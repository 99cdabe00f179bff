import { z } from 'zod';
import { FactotumError } from '#kernel';
import { claimAt, textOf } from './claim.ts';
import { providerFailure, refusedAnswer } from './failure.ts';
import type { ProviderNetwork } from './outbound.ts';
import type { IdentityProvider } from './provider-port.ts';
import { claimTextMax, type oauth2Schema } from './schema.ts';
import { challengeOf } from './token.ts';

const tokenSchema = z.looseObject({ access_token: z.string().min(1).max(20_000), token_type: z.string().regex(/^bearer$/i) });
const errorSchema = z.looseObject({ error: z.string() });

/**
 * OAuth 2.0 without discovery: the three addresses are configured, and the user-info answer is read by a field mapping.
 *
 * Nothing in this protocol says who signed in when, so it proves no presence; and an address counts as verified only where a mapped field
 * says so. That an answer belongs to this provider is by the redirect address, which each provider has for itself (RFC 9700, 4.4.2.2).
 */
export function oauth2Provider(
  config: z.output<typeof oauth2Schema>,
  clientSecret: string | null,
  network: ProviderNetwork,
): IdentityProvider {
  const { clientId, fields } = config;

  async function fetchJson(url: string, init: RequestInit): Promise<unknown> {
    const response = await network.fetch(url, init);
    const answer: unknown = await response.json().catch((cause: unknown) => {
      throw providerFailure(cause);
    });
    const named = errorSchema.safeParse(answer);
    if (named.success) throw refusedAnswer(/^[a-z_]{1,60}$/.test(named.data.error) ? named.data.error : 'refused');
    if (response.status >= 500)
      throw new FactotumError('sso.unavailable', 'Your identity provider does not answer as it should. Try again in a moment.');
    if (response.status !== 200) throw refusedAnswer(`status_${response.status}`);
    return answer;
  }

  return {
    begin: async ({ state, verifier, returnUrl }) => {
      const url = new URL(config.authorizationUrl);
      const parameters = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: returnUrl,
        state,
        code_challenge: challengeOf(verifier),
        code_challenge_method: 'S256',
        ...(config.scopes.length === 0 ? {} : { scope: config.scopes.join(' ') }),
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url;
    },
    finish: async (answer, { state, verifier, returnUrl }) => {
      if (answer.kind !== 'redirect') throw refusedAnswer('unexpected_answer');
      const given = answer.url.searchParams;
      const [code, ...others] = given.getAll('code');
      if (given.get('state') !== state || given.getAll('state').length !== 1) throw refusedAnswer('state_mismatch');
      const error = given.get('error');
      if (error !== null) throw refusedAnswer(/^[a-z_]{1,60}$/.test(error) ? error : 'refused');
      if (code === undefined || others.length > 0) throw refusedAnswer('no_code');
      try {
        const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: returnUrl, code_verifier: verifier });
        const headers: Record<string, string> = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
        if (clientSecret !== null && config.clientAuthentication === 'basic')
          headers.authorization = `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64')}`;
        else {
          body.set('client_id', clientId);
          if (clientSecret !== null) body.set('client_secret', clientSecret);
        }
        const token = tokenSchema.safeParse(await fetchJson(config.tokenUrl, { method: 'POST', headers, body: body.toString() }));
        if (!token.success) throw refusedAnswer('invalid_token_answer');
        const info = z.record(z.string(), z.unknown()).safeParse(
          await fetchJson(config.userInfoUrl, {
            headers: { accept: 'application/json', authorization: `Bearer ${token.data.access_token}`, 'user-agent': 'Factotum' },
          }),
        );
        if (!info.success) throw refusedAnswer('invalid_user_info');
        const subject = claimAt(info.data, fields.subject);
        const named = typeof subject === 'number' && Number.isSafeInteger(subject) ? String(subject) : textOf(subject);
        if (named === null || named.length > claimTextMax) throw refusedAnswer('no_subject');
        const verified = fields.emailVerified === null ? undefined : claimAt(info.data, fields.emailVerified);
        return {
          subject: named,
          email: textOf(claimAt(info.data, fields.email)),
          // Silence is a no here: nobody vouches for addresses at such a provider.
          emailVerified: verified === true || verified === 'true',
          name: fields.name === null ? null : textOf(claimAt(info.data, fields.name)),
          authenticatedAt: null,
          claims: info.data,
        };
      } catch (error) {
        throw providerFailure(error);
      }
    },
  };
}

/** As RFC 6749 (2.3.1) has it for names and secrets in a Basic header. */
const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
