import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  calculatePKCECodeChallenge,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  type ServerMetadata,
} from 'openid-client';
import type { z } from 'zod';
import { claimAt, textOf } from './claim.ts';
import { providerFailure, refusedAnswer } from './failure.ts';
import { callTimeoutMs, type ProviderNetwork } from './outbound.ts';
import { type Claimed, clockSkewSeconds, type IdentityProvider } from './provider-port.ts';
import { claimTextMax, type oidcSchema } from './schema.ts';

/** Signatures that only the provider can make. `none` proves nothing, and HS256 would take the public key, or the client's secret, for the provider's. */
const signatureAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/**
 * OpenID Connect with discovery: code flow with PKCE S256, state and nonce; the issuer is compared in the discovery document, in the
 * answer where it names one (RFC 9207), and in the ID token, whose signature is checked although it came over TLS.
 */
export function oidcProvider(
  { issuer, clientId, scopes }: z.output<typeof oidcSchema>,
  clientSecret: string | null,
  network: ProviderNetwork,
): IdentityProvider {
  let discovered: Promise<Configuration> | undefined;

  /** Asked once while this object lives; a failure is not kept. */
  const configuration = () => {
    discovered ??= discover({ issuer, clientId, clientSecret, network }).catch((error: unknown) => {
      discovered = undefined;
      throw providerFailure(error);
    });
    return discovered;
  };

  return {
    begin: async ({ state, nonce, verifier, returnUrl, force }) =>
      buildAuthorizationUrl(await configuration(), {
        redirect_uri: returnUrl,
        scope: [...new Set(['openid', ...scopes])].join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        // Some providers tell when somebody signed in only if they are asked like this; others leave what they do not know.
        claims: '{"id_token":{"auth_time":{"essential":true}}}',
        ...(force ? { prompt: 'login', max_age: '0' } : {}),
      }),
    finish: async (answer, { state, nonce, verifier, returnUrl, force }, wanted) => {
      if (answer.kind !== 'redirect') throw refusedAnswer('unexpected_answer');
      const config = await configuration();
      // The address that the provider was given, with what it added: behind a proxy the request names another.
      const current = new URL(returnUrl);
      current.search = answer.url.search;
      try {
        const tokens = await authorizationCodeGrant(config, current, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const idClaims = tokens.claims();
        if (idClaims === undefined) throw refusedAnswer('no_id_token');
        const lacks = ['email', ...wanted].some((name) => claimAt(idClaims, name) === undefined);
        const more =
          lacks && config.serverMetadata().userinfo_endpoint !== undefined
            ? await fetchUserInfo(config, tokens.access_token, idClaims.sub)
            : {};
        // What is signed goes before what is not.
        const claimed = claimedBy({ ...more, ...idClaims });
        if (force && claimed.authenticatedAt === null) throw refusedAnswer('no_auth_time');
        return claimed;
      } catch (error) {
        throw providerFailure(error);
      }
    },
  };
}

async function discover({
  issuer,
  clientId,
  clientSecret,
  network,
}: {
  issuer: string;
  clientId: string;
  clientSecret: string | null;
  network: ProviderNetwork;
}): Promise<Configuration> {
  // Both have the shape of fetch; the library narrows what it passes.
  const ask = network.fetch as CustomFetch;
  const found = await discovery(new URL(issuer), clientId, undefined, None(), {
    [customFetch]: ask,
    timeout: callTimeoutMs / 1_000,
    // Whether an address may be called without TLS is decided by the network, by the operator's list.
    execute: [allowInsecureRequests],
  });
  const { supportsPKCE: _, ...server } = found.serverMetadata();
  // The library lets the shared addresses of one vendor through, behind which anybody's directory answers for any e-mail address.
  if (server.issuer !== issuer && server.issuer !== `${issuer}/` && `${server.issuer}/` !== issuer) throw refusedAnswer('issuer_mismatch');
  if (server.authorization_endpoint === undefined) throw refusedAnswer('no_authorization_endpoint');
  network.refuseInsecure(server.authorization_endpoint);
  const metadata: ServerMetadata = {
    ...server,
    id_token_signing_alg_values_supported: (server.id_token_signing_alg_values_supported ?? ['RS256']).filter((name) =>
      signatureAlgorithms.includes(name),
    ),
  };
  const config = new Configuration(metadata, clientId, { [clockTolerance]: clockSkewSeconds }, clientAuth(metadata, clientSecret));
  config[customFetch] = ask;
  config.timeout = callTimeoutMs / 1_000;
  allowInsecureRequests(config);
  enableNonRepudiationChecks(config);
  return config;
}

/** As OpenID Connect Discovery has it: basic, unless the provider names what it takes and that is not among it. */
function clientAuth({ token_endpoint_auth_methods_supported: methods }: ServerMetadata, secret: string | null): ClientAuth {
  if (secret === null) return None();
  return methods === undefined || methods.includes('client_secret_basic') ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}

function claimedBy(claims: Readonly<Record<string, unknown>> & { readonly sub: string }): Claimed {
  const { sub, email, email_verified: verified, name, auth_time: authTime } = claims;
  if (sub.length > claimTextMax) throw refusedAnswer('subject_too_long');
  return {
    subject: sub,
    email: textOf(email),
    // A text in the tokens of some providers, although the specification says boolean.
    emailVerified: verified === undefined || verified === null ? null : verified === true || verified === 'true',
    name: textOf(name),
    authenticatedAt: typeof authTime === 'number' ? new Date(authTime * 1_000) : null,
    claims,
  };
}
