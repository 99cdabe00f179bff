import { createHash, randomBytes } from 'node:crypto';
import {
  discoverOAuthServerInfo,
  exchangeAuthorization,
  extractWWWAuthenticateParams,
  refreshAuthorization,
  registerClient,
  startAuthorization,
} from '@modelcontextprotocol/sdk/client/auth.js';
import { OAuthError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import {
  type AuthorizationServerMetadata,
  type OAuthClientInformationMixed,
  OAuthClientInformationSchema,
  OAuthMetadataSchema,
  type OAuthTokens,
  OpenIdProviderDiscoveryMetadataSchema,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import { checkResourceAllowed } from '@modelcontextprotocol/sdk/shared/auth-utils.js';
import type { PendingSignIn, ToolLogin } from '#flow/tool-server';
import { canonicalJson, FactotumError, isFactotumError, jsonObjectSchema } from '#kernel';
import { registerSecret } from '#kernel/redact';
import { quoted, SignInNeeded } from './fault.ts';

/** What an authorisation server may say of itself, in characters. */
const metadataCharsMax = 32_768;
/** How long somebody may be away to sign in. */
const awayMs = 15 * 60_000;
const callMs = 10_000;

export interface OAuthClient {
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  readonly scope: string | null;
}

/** Where people are sent to sign in, and where what proves who we are is sent: nothing of it changes without an administrator. */
interface SignInPlace {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
}

/** What a sign-in goes by: where it was signed in before, and what an administrator has agreed to since. */
interface Pinned {
  readonly login: Pick<ToolLogin, 'authorisationServer' | 'metadata'> | null;
  /** The pin of another place, as it was shown. */
  readonly accepted: string | null;
}

/**
 * Finds out where to sign in (RFC 9728, RFC 8414), makes us known there (RFC 7591) unless a client is configured, and says where the person
 * has to go: authorisation code with PKCE, for this server alone (RFC 8707).
 *
 * @throws FactotumError `tool_server.invalid` when the server cannot be signed in to like this; `tool_server.changed` when it names another
 * place than the one it was signed in at: nothing has been sent there, and `details` say what an administrator would agree to.
 */
export async function beginOAuth(
  url: string,
  { clientId, clientSecret, scope }: OAuthClient,
  ask: {
    readonly fetch: typeof globalThis.fetch;
    readonly redirectUri: string;
    readonly actor: string;
    readonly now: Date;
    readonly pinned: Pinned;
  },
): Promise<{ readonly url: string; readonly pending: PendingSignIn; readonly state: string }> {
  return told(async () => {
    const { redirectUri, actor, now } = ask;
    const fetch = hurried(ask.fetch);
    const wanted = await challengeOf(url, fetch);
    const resourceMetadataUrl = wanted.resourceMetadataUrl;
    const found = await discoverOAuthServerInfo(url, {
      fetchFn: fetch,
      ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
    });
    const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = found;
    const resource = resourceMetadata?.resource;
    if (resource !== undefined && !checkResourceAllowed({ requestedResource: url, configuredResource: resource }))
      throw invalid('The server says that it is another one than the address that was given.');
    if (metadata !== undefined && !isSameIssuer(metadata.issuer, authorizationServerUrl))
      throw invalid('Its authorisation server says that it is another one than the server named (RFC 8414, section 3.3).');
    refuseUnpinned(placeOf(authorizationServerUrl, metadata), ask.pinned);
    if (metadata !== undefined && metadata.code_challenge_methods_supported?.includes('S256') !== true)
      throw invalid('Its authorisation server does not protect codes with PKCE.');
    const chosen = scope ?? wanted.scope ?? resourceMetadata?.scopes_supported?.join(' ');
    const of = { ...(metadata === undefined ? {} : { metadata }), ...(chosen === undefined ? {} : { scope: chosen }) };
    const client: OAuthClientInformationMixed =
      clientId === null
        ? await registerClient(authorizationServerUrl, { ...of, clientMetadata: ourselves(redirectUri), fetchFn: fetch })
        : { client_id: clientId, ...(clientSecret === null ? {} : { client_secret: clientSecret }) };
    const state = randomBytes(32).toString('base64url');
    const start = { ...of, clientInformation: client, redirectUrl: redirectUri, state, ...(resource === undefined ? {} : { resource }) };
    const { authorizationUrl, codeVerifier } = await startAuthorization(authorizationServerUrl, start);
    if (authorizationUrl.protocol !== 'https:' && authorizationUrl.protocol !== 'http:')
      throw invalid('Its sign-in page has no web address.');
    const pending: PendingSignIn = {
      ...{ authorisationServer: authorizationServerUrl, resource: resource ?? null, codeVerifier, redirectUri, actor },
      metadata: metadata === undefined ? null : plainJson(metadata),
      client: plainJson(client),
      expiresAt: new Date(now.getTime() + awayMs).toISOString(),
    };
    return { url: authorizationUrl.href, pending, state };
  });
}

/** Exchanges the code that somebody came back with. @throws FactotumError `tool_server.invalid`. */
export async function finishOAuth(
  pending: PendingSignIn,
  answer: { readonly code: string; readonly issuer: string | null },
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: Date },
): Promise<ToolLogin> {
  return told(async () => {
    const { authorisationServer, metadata, client, resource, codeVerifier, redirectUri } = pending;
    const known = metadataOf(metadata);
    // RFC 9207: a server that names itself in its answers must be the one that was asked.
    const isNamed =
      known !== undefined &&
      'authorization_response_iss_parameter_supported' in known &&
      known.authorization_response_iss_parameter_supported === true;
    if ((isNamed || answer.issuer !== null) && answer.issuer !== known?.issuer)
      throw invalid('The answer comes from another authorisation server.');
    const tokens = await exchangeAuthorization(authorisationServer, {
      ...{ clientInformation: clientOf(client), authorizationCode: answer.code, codeVerifier, redirectUri, fetchFn: hurried(fetch) },
      ...(known === undefined ? {} : { metadata: known }),
      ...(resource === null ? {} : { resource }),
    });
    return loginOf({ authorisationServer, metadata, client, resource, refreshToken: null }, tokens, now);
  });
}

/** A login with new tokens. @throws SignInNeeded when only a person can get any. */
export async function refreshOAuth(
  login: ToolLogin,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: Date },
): Promise<ToolLogin> {
  const { authorisationServer, metadata, client, resource, refreshToken } = login;
  if (refreshToken === null) throw new SignInNeeded('What we were given to sign in with has run out. Sign in to the server again.');
  const known = metadataOf(metadata);
  try {
    const tokens = await refreshAuthorization(authorisationServer, {
      ...{ clientInformation: clientOf(client), refreshToken, fetchFn: hurried(fetch) },
      ...(known === undefined ? {} : { metadata: known }),
      ...(resource === null ? {} : { resource }),
    });
    return loginOf(login, tokens, now);
  } catch (error) {
    // An answer of the authorisation server, as opposed to one that did not come.
    if (error instanceof OAuthError && error.errorCode !== 'server_error' && error.errorCode !== 'temporarily_unavailable')
      throw new SignInNeeded('The authorisation server no longer lets us in. Sign in to the server again.');
    throw error;
  }
}

function loginOf(
  {
    authorisationServer,
    metadata,
    client,
    resource,
    refreshToken,
  }: Pick<ToolLogin, 'authorisationServer' | 'metadata' | 'client' | 'resource' | 'refreshToken'>,
  tokens: OAuthTokens,
  now: Date,
): ToolLogin {
  const { access_token: accessToken, refresh_token: next, expires_in: seconds } = tokens;
  registerSecret(accessToken, 'tenant');
  if (next !== undefined) registerSecret(next, 'tenant');
  return {
    ...{ authorisationServer, metadata, client, resource, accessToken },
    refreshToken: next ?? refreshToken,
    expiresAt: seconds === undefined ? null : new Date(now.getTime() + seconds * 1_000).toISOString(),
  };
}

function placeOf(authorisationServer: string, metadata: AuthorizationServerMetadata | undefined): SignInPlace {
  // Without metadata the SDK goes by these paths, as the first version of the protocol had it.
  const at = (path: string) => new URL(path, authorisationServer).href;
  return {
    issuer: metadata?.issuer ?? authorisationServer,
    authorizationEndpoint: metadata?.authorization_endpoint ?? at('/authorize'),
    tokenEndpoint: metadata?.token_endpoint ?? at('/token'),
  };
}

const pinOf = (place: SignInPlace): string =>
  createHash('sha256')
    .update(canonicalJson({ ...place }))
    .digest('hex');

const isSameIssuer = (left: string, right: string): boolean =>
  URL.canParse(left) && URL.canParse(right) && new URL(left).href.replace(/\/$/, '') === new URL(right).href.replace(/\/$/, '');

/** @throws FactotumError `tool_server.changed`. */
function refuseUnpinned(place: SignInPlace, { login, accepted }: Pinned): void {
  if (login === null) return;
  const before = placeOf(login.authorisationServer, metadataOf(login.metadata));
  const pin = pinOf(place);
  if (pin === pinOf(before) || pin === accepted) return;
  const shown = ({ issuer, authorizationEndpoint, tokenEndpoint }: SignInPlace) => ({
    issuer: quoted(issuer),
    authorizationEndpoint: quoted(authorizationEndpoint),
    tokenEndpoint: quoted(tokenEndpoint),
  });
  throw new FactotumError(
    'tool_server.changed',
    `The server wants to be signed in to at ${quoted(place.issuer, 200)}, by ${quoted(place.tokenEndpoint, 200)}. It was ${quoted(before.issuer, 200)}, by ${quoted(before.tokenEndpoint, 200)}, when somebody signed in to it last. Agree to that only if whoever runs it says so.`,
    { details: { before: shown(before), after: shown(place), pin } },
  );
}

/** What the server says when nobody is signed in. */
async function challengeOf(url: string, fetch: typeof globalThis.fetch): Promise<ReturnType<typeof extractWWWAuthenticateParams>> {
  const message = { jsonrpc: '2.0', id: 0, method: 'ping' };
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
  await response.body?.cancel();
  return response.status === 401 ? extractWWWAuthenticateParams(response) : {};
}

const ourselves = (redirectUri: string) => ({
  client_name: 'Factotum',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

const hurried =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(callMs) });

/** As it was kept: it has passed the SDK's own schema before. */
const clientOf = (client: ToolLogin['client']): OAuthClientInformationMixed => OAuthClientInformationSchema.loose().parse(client);
const metadataOf = (metadata: ToolLogin['metadata']): AuthorizationServerMetadata | undefined =>
  metadata === null ? undefined : (OpenIdProviderDiscoveryMetadataSchema.safeParse(metadata).data ?? OAuthMetadataSchema.parse(metadata));

function plainJson(value: object): ToolLogin['client'] {
  const text = JSON.stringify(value);
  if (text.length > metadataCharsMax) throw invalid('Its authorisation server says more of itself than anybody reads.');
  return jsonObjectSchema.parse(JSON.parse(text));
}

const invalid = (message: string) => new FactotumError('tool_server.invalid', message);

/** Whatever goes wrong on the way is said in one sentence; of the other side's words only what OAuth calls a description, bounded. */
async function told<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (isFactotumError(error)) throw error;
    for (let one = error; one instanceof Error; one = one.cause) if (isFactotumError(one)) throw one;
    const words = error instanceof Error ? quoted(error.message, 200) : '';
    throw new FactotumError('tool_server.invalid', `Signing in to the server failed: ${words}`, { cause: error });
  }
}
