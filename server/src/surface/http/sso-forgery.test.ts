import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64url, SignJWT } from 'jose';
import { testBrowser } from '../../../test/sso/browser.ts';
import { ssoHttp } from '../../../test/sso/customer.ts';
import { type Forgery, forgerClient, startForger } from '../../../test/sso/forger.ts';
import { openSite } from '../../../test/sso/oidc-idp.ts';

const [site, inner] = [await openSite(), await openSite()];
const sso = await ssoHttp([site.host]);
const { send, buildSso } = sso;
const forger = await startForger(site);
let reached = 0;
inner.answer((_request, response) => {
  reached += 1;
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});

/** Where a browser ends that signs in at a provider which does this. Each has a provider of its own, so that nothing is remembered. */
async function signIn(forgery: Forgery, alter: (back: URL) => void = () => undefined): Promise<string | null> {
  const customer = await buildSso((domain) => {
    forger.set({ ...forgery, userInfo: forgery.userInfo ?? { sub: 'eve', email: `eve@${domain}`, email_verified: true } }, '');
    return { kind: 'oidc', oidc: { issuer: site.origin, ...forgerClient } };
  });
  const browser = testBrowser(sso);
  const { location } = await browser.open(`/api/v1/sso/start?provider=${customer.provider.id}`);
  if (location?.startsWith('/') !== false) return location;
  const sent = new URL(location).searchParams;
  const its = forgery.userInfo ?? { sub: 'eve', email: `eve@${customer.domain}`, email_verified: true };
  forger.set({ ...forgery, userInfo: its }, sent.get('nonce') ?? '');
  const back = new URL(sent.get('redirect_uri') ?? '');
  back.search = new URLSearchParams({ code: 'any', state: sent.get('state') ?? '' }).toString();
  alter(back);
  const page = await browser.open(back);
  assert.equal((await send('GET /api/v1/me', { cookie: browser.cookie() })).status, page.location === '/' ? 200 : 401);
  return page.location;
}

const failed = '/sign-in?error=sso.failed';
const unavailable = '/sign-in?error=sso.unavailable';
const later = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

test('what is refused below is refused for what is said of it: the provider that does as it should signs in', async () => {
  assert.equal(await signIn({}), '/');
  assert.equal(
    await signIn({ discovery: (document) => ({ ...document, authorization_response_iss_parameter_supported: true }) }, (back) =>
      back.searchParams.set('iss', site.origin),
    ),
    '/',
  );
});

test('when the person signed in is what the provider says, never later than now', async () => {
  const provenAfter = async (authTime: unknown) => {
    assert.equal(await signIn({ claims: (claims) => ({ ...claims, auth_time: authTime }) }), '/');
    const { rows } = await sso.platform.database.auth.pool.query<{ stepUpAt: Date }>(
      'select "stepUpAt" from session order by "createdAt" desc limit 1',
    );
    return Math.round((Date.now() - (rows[0]?.stepUpAt.getTime() ?? 0)) / 60_000);
  };
  assert.equal(await provenAfter(later(-1_800)), 30);
  assert.equal(await provenAfter(later(600)), 0);
  assert.ok((await provenAfter(undefined)) > 60, 'what it does not say is no proof');
});

const tokens: Record<string, Forgery> = {
  'without a signature (alg none)': {
    idToken: async (claims) => `${base64url.encode('{"alg":"none"}')}.${base64url.encode(JSON.stringify(claims))}.`,
    discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['RS256', 'none'] }),
  },
  'signed with the provider’s public key as a shared one (HS256)': {
    idToken: async (claims, { publicPem }) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.from(publicPem)),
    discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['RS256', 'HS256'] }),
  },
  'signed with the client’s secret (HS256)': {
    idToken: async (claims, { clientSecret }) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(clientSecret)),
    discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: ['HS256'] }),
  },
  'whose signature is of something else': {
    idToken: async (claims, { privateKey }) => {
      const [header, , signature] = (
        await new SignJWT({ ...claims, sub: 'other' }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey)
      ).split('.');
      return `${header}.${base64url.encode(JSON.stringify(claims))}.${signature}`;
    },
  },
  'with a key that the token itself names': {
    idToken: async (claims, { privateKey }) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: '../../jwks', jku: `${inner.origin}/jwks` }).sign(privateKey),
  },
  'with another nonce': { claims: (claims) => ({ ...claims, nonce: 'another' }) },
  'without a nonce': { claims: ({ nonce: _, ...claims }) => claims },
  'for another client': { claims: (claims) => ({ ...claims, aud: 'another' }) },
  'for several clients without saying who may use it': {
    claims: (claims) => ({ ...claims, aud: ['another', 'factotum'], azp: 'another' }),
  },
  'of another issuer': { claims: (claims) => ({ ...claims, iss: 'https://attacker.example' }) },
  'that has expired': { claims: (claims) => ({ ...claims, iat: later(-900), exp: later(-120) }) },
  'that is not valid yet': { claims: (claims) => ({ ...claims, nbf: later(600) }) },
  'without a subject': { claims: ({ sub: _, ...claims }) => claims },
  'beside user information about somebody else': { userInfo: { sub: 'alice', email: 'x@y.example' } },
};
for (const [what, forgery] of Object.entries(tokens))
  test(`an ID token ${what} is refused`, async () => {
    assert.equal(await signIn(forgery), failed);
  });

test('an answer of another issuer, two answers in one, and a refusal of the provider sign nobody in', async () => {
  assert.equal(await signIn({}, (back) => back.searchParams.set('iss', 'https://attacker.example')), failed);
  assert.equal(await signIn({ discovery: (document) => ({ ...document, authorization_response_iss_parameter_supported: true }) }), failed);
  assert.equal(await signIn({}, (back) => back.searchParams.append('code', 'second')), failed);
  assert.equal(await signIn({}, (back) => back.searchParams.append('state', 'second')), failed);
  assert.equal(await signIn({}, (back) => (back.search = `${back.search.replace('code=any', 'error=access_denied')}`)), failed);
});

test('a discovery document of somebody else, or that leads away, is refused before anybody is sent there', async () => {
  assert.equal(await signIn({ discovery: (document) => ({ ...document, issuer: 'https://attacker.example' }) }), failed);
  assert.equal(await signIn({ discovery: ({ authorization_endpoint: _, ...document }) => document }), failed);
  assert.match(
    (await signIn({ discovery: (document) => ({ ...document, authorization_endpoint: 'http://plain.example/authorize' }) })) ?? '',
    /^\/sign-in\?error=/,
  );
  assert.match(
    (await signIn({ discovery: (document) => ({ ...document, authorization_endpoint: 'javascript:alert(1)' }) })) ?? '',
    /^\/sign-in\?error=/,
  );
  assert.equal(
    await signIn({ answers: { '/.well-known/openid-configuration': { status: 302, headers: { location: `${inner.origin}/` } } } }),
    unavailable,
  );
});

test('a provider that leads us into the operator’s network is not followed', async () => {
  for (const endpoint of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint'])
    for (const address of [`${inner.origin}/x`, 'https://169.254.169.254/latest', 'https://localhost/x'])
      assert.match(
        (await signIn({ discovery: (document) => ({ ...document, [endpoint]: address }) })) ?? '',
        /^\/sign-in\?error=(outbound\.address_refused|request\.invalid)$/,
        `${endpoint} ${address}`,
      );
  assert.equal(reached, 0);
});

test('a provider that is down, fails, or says something endless leads back with a plain word, within bounds', async () => {
  const discovery = '/.well-known/openid-configuration';
  assert.equal(await signIn({ answers: { [discovery]: { status: 503 } } }), unavailable);
  assert.equal(
    await signIn({ answers: { [discovery]: { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } } } }),
    unavailable,
  );
  assert.equal(await signIn({ answers: { '/token': { status: 500 } } }), unavailable);
  assert.equal(
    await signIn({
      answers: { '/token': { status: 400, body: '{"error":"invalid_grant"}', headers: { 'content-type': 'application/json' } } },
    }),
    failed,
  );
  assert.match((await signIn({ answers: { [discovery]: 'endless' } })) ?? '', /^\/sign-in\?error=(sso\.unavailable|outbound\.too_large)$/);
});

test('a provider that answers slowly holds a sign-in for ten seconds, not longer', { timeout: 60_000 }, async () => {
  const started = performance.now();
  assert.equal(await signIn({ answers: { '/.well-known/openid-configuration': 'trickle' } }), unavailable);
  // As long again for a busy machine; the provider itself would never end.
  assert.ok(performance.now() - started < 25_000);
});

test('addresses without TLS or with credentials in them, and the shared addresses behind which anybody answers, cannot be set up', async () => {
  const key = await (await sso.buildCustomer()).key();
  const describe = (issuer: string) => ({
    kind: 'oidc',
    name: 'x',
    enabled: true,
    joins: true,
    roles: { claim: null, rules: [], fallback: ['member'] },
    oidc: { issuer, ...forgerClient },
  });
  for (const issuer of [
    'http://idp.example',
    'https://a:b@idp.example',
    'ftp://idp.example',
    `${site.origin}/.well-known/openid-configuration`,
    'https://idp.example/?x=y',
  ])
    assert.equal((await send('POST /api/v1/sso/providers', { key, json: describe(issuer) })).status, 400, issuer);
});
