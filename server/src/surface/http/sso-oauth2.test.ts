import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Events, OAuth2Server } from 'oauth2-mock-server';
import { testBrowser } from '../../../test/sso/browser.ts';
import { type SsoCustomer, ssoHttp } from '../../../test/sso/customer.ts';

/** A second provider, written by others than the first one: with and without discovery. */
const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(0, '127.0.0.1');
after(() => server.stop());
const { port } = server.address();
const origin = `http://127.0.0.1:${port}`;
server.issuer.url = origin;

let person: Record<string, unknown> = {};
let tokenRequest: Record<string, unknown> = {};
let tokenHeaders: Record<string, unknown> = {};
server.service.on(Events.BeforeUserinfo, (response) => {
  response.body = person;
});
server.service.on(Events.BeforeTokenSigning, (token) => {
  if (typeof person.sub === 'string') Object.assign(token.payload, person);
});
server.service.on(Events.BeforeResponse, (_response, request) => {
  tokenRequest = request.body as unknown as Record<string, unknown>; // a form, parsed
  tokenHeaders = request.headers;
});

const sso = await ssoHttp([`127.0.0.1:${port}`]);
const { send, buildSso } = sso;

const oauth2 = {
  authorizationUrl: `${origin}/authorize`,
  tokenUrl: `${origin}/token`,
  userInfoUrl: `${origin}/userinfo`,
  clientId: 'factotum',
  clientSecret: 'the secret: of+a client',
  scopes: ['user:email'],
  fields: { subject: 'id', email: 'contact.email', emailVerified: 'contact.confirmed', name: 'login' },
};

const buildOauth2 = (more: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) =>
  buildSso(() => ({ kind: 'oauth2', oauth2: { ...oauth2, ...more }, ...rest }));

async function signIn({ provider }: SsoCustomer, query = '') {
  const browser = testBrowser(sso);
  const left = await browser.open(`/api/v1/sso/start?provider=${provider.id}${query}`);
  const page = await browser.follow(left, (next) => next.pathname === '/' || next.pathname === '/sign-in');
  const me = await send('GET /api/v1/me', { cookie: browser.cookie() });
  return {
    location: page.location,
    browser,
    email: me.status === 200 ? ((await me.json()) as { principal: { email: string } }).principal.email : null,
  }; // as declared
}

test('a second, independent OpenID provider signs people in as well', async () => {
  const customer = await buildSso((domain) => {
    person = { sub: 'johndoe', email: `john@${domain}`, email_verified: true };
    return { kind: 'oidc', oidc: { issuer: origin, clientId: 'factotum', clientSecret: 'any', scopes: ['openid', 'email'] } };
  });
  const { location, email } = await signIn(customer);
  assert.deepEqual([location, email], ['/', `john@${customer.domain}`]);
});

test('a provider without discovery signs people in by its three addresses and a mapping of fields', async () => {
  const customer = await buildOauth2();
  person = { id: 4_711, login: 'octavia', contact: { email: `octavia@${customer.domain}`, confirmed: true } };
  const { location, email } = await signIn(customer);
  assert.deepEqual([location, email], ['/', `octavia@${customer.domain}`]);
  assert.equal(tokenRequest.client_secret, oauth2.clientSecret);
  assert.match(String(tokenRequest.code_verifier), /^[A-Za-z0-9_-]{43}$/);
  // The number that names the account counts from now on, not its address.
  person = { ...person, contact: { email: 'moved@elsewhere.example', confirmed: false } };
  assert.equal((await signIn(customer)).email, `octavia@${customer.domain}`);
});

test('an address that such a provider does not call verified connects and joins nobody', async () => {
  const verdicts = [{ confirmed: false }, {}, { confirmed: null }, { confirmed: 1 }, { confirmed: 'yes' }];
  const customer = await buildOauth2();
  for (const verdict of verdicts) {
    person = { id: 1, login: 'eve', contact: { email: `owner@${customer.domain}`, ...verdict } };
    assert.equal((await signIn(customer)).location, '/sign-in?error=sso.address_refused', JSON.stringify(verdict));
  }
  const silent = await buildOauth2({ fields: { ...oauth2.fields, emailVerified: null } });
  person = { id: 1, login: 'eve', contact: { email: `owner@${silent.domain}`, confirmed: true } };
  assert.equal((await signIn(silent)).location, '/sign-in?error=sso.address_refused');
});

test('a client may say who it is in a header, encoded as the standard has it', async () => {
  const customer = await buildOauth2({ clientAuthentication: 'basic' });
  person = { id: 2, login: 'x', contact: { email: `x@${customer.domain}`, confirmed: 'true' } };
  assert.equal((await signIn(customer)).location, '/');
  assert.equal(tokenRequest.client_secret, undefined);
  const given = Buffer.from(String(tokenHeaders.authorization).replace('Basic ', ''), 'base64').toString();
  assert.equal(given, 'factotum:the+secret%3A+of%2Ba+client');
});

test('an answer without a usable name, or that is an error under a good status, signs nobody in', async () => {
  const customer = await buildOauth2();
  for (const id of [undefined, '', null, {}, 1.5, 'x'.repeat(600)]) {
    person = { id, login: 'x', contact: { email: `x@${customer.domain}`, confirmed: true } };
    assert.equal((await signIn(customer)).location, '/sign-in?error=sso.failed', JSON.stringify(id));
  }
  person = { error: 'bad_verification_code' };
  assert.equal((await signIn(customer)).location, '/sign-in?error=sso.failed');
});

test('states are compared, codes count once, and the provider’s own refusal is one', async () => {
  const customer = await buildOauth2();
  person = { id: 3, login: 'x', contact: { email: `x@${customer.domain}`, confirmed: true } };
  const browser = testBrowser(sso);
  const left = await browser.open(`/api/v1/sso/start?provider=${customer.provider.id}`);
  const at = await browser.open(left.location ?? '');
  const back = new URL(at.location ?? '');
  back.searchParams.append('state', 'second');
  assert.equal((await browser.open(back)).location, '/sign-in?error=sso.failed');
  const again = new URL(at.location ?? '');
  assert.equal((await browser.open(again)).location, '/sign-in?error=sso.expired', 'the round was used up');
});

test('such a provider proves no presence: its sessions are confirmed otherwise', async () => {
  const customer = await buildOauth2();
  person = { id: 5, login: 'x', contact: { email: `x@${customer.domain}`, confirmed: true } };
  const { browser } = await signIn(customer);
  assert.equal((await browser.open('/api/v1/sso/start?purpose=step-up')).location, '/sign-in?error=sso.failed');
  assert.equal(await sso.platform.singleSignOn.canStepUp(`sso:${customer.provider.id}`), false);
});

test('roles may hang on a field inside the user information', async () => {
  const roles = { claim: 'org.teams', rules: [{ value: 'approvers', role: 'approver' }], fallback: ['auditor'] };
  const customer = await buildOauth2({}, { roles });
  person = { id: 6, login: 'x', contact: { email: `x@${customer.domain}`, confirmed: true }, org: { teams: ['approvers'] } };
  const { browser } = await signIn(customer);
  const { permissions } = (await (await send('GET /api/v1/me', { cookie: browser.cookie() })).json()) as { permissions: string[] }; // as declared
  assert.ok(permissions.includes('approval:decide') && !permissions.includes('audit:read'));
});
