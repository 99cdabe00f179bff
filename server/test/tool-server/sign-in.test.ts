import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import { after, test } from 'node:test';
import { readServer } from '#flow/tool-server';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { openWay } from '../../src/connector/tool-server/open.ts';
import { makeAuthority } from '../tls-pair.ts';
import { authorisationServer } from './authorisation-server.ts';
import { hostileServer, type Script, sendJson } from './hostile-server.ts';
import { toolWorld } from './world.ts';

/** How we prove to tool servers who we are. */
const script: Script = {};
const server = await hostileServer(script);
const origin = new URL(server.url).origin;
const authorisation = authorisationServer(() => origin);

const authority = await makeAuthority('theirs');
const theirs = await authority.issue({ name: '127.0.0.1', use: 'server' });
const mutual = createHttpsServer(
  { cert: theirs.certificate, key: theirs.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id?: number; method: string }; // Only our own client speaks to it.
      if (id === undefined) return void response.writeHead(202).end();
      const initialised = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'mutual', version: '1' } };
      sendJson(response, { jsonrpc: '2.0', id, result: method === 'initialize' ? initialised : { tools: [] } });
    });
  },
);
await new Promise<void>((resolve) => mutual.listen(0, '127.0.0.1', resolve));
after(() => mutual.close().closeAllConnections());
const mutualAddress = mutual.address();
const mutualPort = typeof mutualAddress === 'object' && mutualAddress !== null ? mutualAddress.port : 0;
/** Another authorisation server, and all that it is asked. */
const other = await hostileServer({
  before: (request, response) => {
    asked.push(request.url ?? '');
    void otherAuthorisation.answer(request, response).then((isAnswered) => {
      if (!isAnswered) response.writeHead(404).end();
    });
    return true;
  },
});
const asked: string[] = [];
const otherOrigin = new URL(other.url).origin;
const otherAuthorisation = authorisationServer(() => otherOrigin);
const world = await toolWorld({ FACTOTUM_CONNECTION_ALLOW_HOSTS: `${server.host},${other.host},127.0.0.1:${mutualPort}` });

/** Lets in who has a token of the authorisation server's. */
function guardByOAuth(): void {
  script.before = (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (request.url === '/mcp' && token !== undefined && authorisation.access.has(token)) return false;
    if (request.url === '/mcp') {
      const hint = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp", scope="tools"`;
      response.writeHead(401, { 'www-authenticate': hint }).end();
    } else
      void authorisation.answer(request, response).then((isAnswered) => {
        if (!isAnswered) response.writeHead(404).end();
      });
    return true;
  };
}
const oauth = { kind: 'http', url: server.url, signIn: { kind: 'oauth', clientId: null, clientSecret: null, scope: null } };

test('OAuth: found by the server’s own word, registered, signed in with PKCE, refreshed once, and never shown', async () => {
  guardByOAuth();
  const user = await world.buildUser();
  const id = await user.plug('secured', oauth);
  const before = await user.look(id);
  assert.equal(!before.ok && before.fault.code, 'tool.auth');
  const shown = await user.ask<{ state: string }>(`GET /api/v1/tool-servers/${id}`);
  assert.equal(shown.state, 'broken');
  const { url } = await user.ask<{ url: string }>(`POST /api/v1/tool-servers/${id}/sign-in`);
  const given = new URL(url).searchParams;
  assert.deepEqual([given.get('code_challenge_method'), given.get('scope'), given.get('resource')], ['S256', 'tools', server.url]);
  assert.equal(authorisation.registered.length, 1);
  const back = authorisation.agree(url);
  const cookie = await user.customer.signIn();
  const came = await world.send(`GET ${back.pathname}${back.search}` as 'GET /', { cookie });
  assert.equal(came.status, 303);
  assert.equal(came.headers.get('location'), `/settings/tools?server=${id}`);
  assert.ok((await user.look(id)).ok);
  const after = await user.ask<{ state: string; isSignedIn: boolean }>(`GET /api/v1/tool-servers/${id}`);
  assert.deepEqual([after.state, after.isSignedIn], ['active', true]);
  const tokens = [...authorisation.access, ...authorisation.refresh];
  assert.ok(!tokens.some((token) => JSON.stringify(after).includes(token)));
  // The same answer again is worth nothing.
  const again = await world.send(`GET ${back.pathname}${back.search}` as 'GET /', { cookie });
  assert.equal(again.headers.get('location'), '/settings/tools?problem=tool_server.invalid');
  // A token that is refused is renewed by whoever notices, once however many do.
  authorisation.access.clear();
  const looks = await Promise.all([user.look(id), user.look(id), user.look(id)]);
  assert.ok(
    looks.every(({ ok }) => ok),
    JSON.stringify(looks),
  );
  assert.deepEqual([authorisation.refreshes, authorisation.stolen], [1, 0]);
  // And when the authorisation server has had enough, a person is needed.
  authorisation.access.clear();
  authorisation.refresh.clear();
  const ended = await user.look(id);
  assert.match(JSON.stringify(ended), /Sign in to the server again/);
});

test('a sign-in that somebody else began, or that names another issuer, is not finished', async () => {
  guardByOAuth();
  const [one, other] = [await world.buildUser(), await world.buildUser()];
  const id = await one.plug('mine', oauth);
  const { url } = await one.ask<{ url: string }>(`POST /api/v1/tool-servers/${id}/sign-in`);
  const back = authorisation.agree(url);
  const stolen = await world.send(`GET ${back.pathname}${back.search}` as 'GET /', { cookie: await other.customer.signIn() });
  assert.match(stolen.headers.get('location') ?? '', /problem=/);
  back.searchParams.set('iss', 'https://evil.example');
  const foreign = await world.send(`GET ${back.pathname}${back.search}` as 'GET /', { cookie: await one.customer.signIn() });
  assert.match(foreign.headers.get('location') ?? '', /problem=/);
});

test('a token is for the place that was signed in to: not for one the server has been moved to meanwhile, nor for the one it has left', async () => {
  guardByOAuth();
  const user = await world.buildUser();
  const id = await user.plug('moving', oauth);
  const cookie = await user.customer.signIn();
  const elsewhere = { ...oauth, url: `${origin}/elsewhere/mcp` };
  const move = async (endpoint: unknown) => {
    const { version } = await user.ask<{ version: number }>(`GET /api/v1/tool-servers/${id}`);
    await user.ask(`PUT /api/v1/tool-servers/${id}`, { version, endpoint });
  };
  const isSignedIn = async () => (await user.ask<{ isSignedIn: boolean }>(`GET /api/v1/tool-servers/${id}`)).isSignedIn;
  const signIn = async () => {
    const { url } = await user.ask<{ url: string }>(`POST /api/v1/tool-servers/${id}/sign-in`);
    const back = authorisation.agree(url);
    return (await world.send(`GET ${back.pathname}${back.search}` as 'GET /', { cookie })).headers.get('location') ?? '';
  };
  const guard = script.before;
  let isMoved = false;
  script.before = (request, response) => {
    if (request.url !== '/token' || isMoved) return guard?.(request, response) ?? false;
    isMoved = true;
    request.pause();
    void move(elsewhere).then(() => guard?.(request, response));
    return true;
  };
  assert.match(await signIn(), /problem=tool_server.invalid/);
  assert.ok(isMoved);
  assert.equal(await isSignedIn(), false);

  guardByOAuth();
  const { platform } = world;
  const tenantId = user.tenantId as Id<'tenant'>;
  const keys = await platform.keyring.of(tenantId);
  const old = await withTenant(platform.database.app.db, tenantId, (tx) => readServer(tx, keys, id));
  await move(oauth);
  assert.match(await signIn(), /server=/);
  // A process that has not heard of the move still knows the old place.
  const deps = {
    ...{ database: platform.database, keysOf: platform.keyring.of, clock: platform.clock, log: platform.log },
    ...{ resolveSecret: () => Promise.reject(new Error('no secret')), allowHosts: [server.host], programs: [] },
  };
  await assert.rejects(
    openWay(deps, tenantId, old, () => undefined),
    { code: 'server.busy' },
  );
});

test('a server that says it is another one is not signed in to', async () => {
  guardByOAuth();
  authorisation.resource = 'https://bank.example/mcp';
  const user = await world.buildUser();
  const id = await user.plug('posing', oauth);
  const refused = await world.send(`POST /api/v1/tool-servers/${id}/sign-in`, { cookie: await user.customer.signIn() });
  authorisation.resource = undefined;
  assert.equal(refused.status, 422);
  assert.match(await refused.text(), /another one than the address/);
});

test('the authorisation server is pinned: another one, or another place for tokens, is gone to only when an administrator agrees', async (t) => {
  guardByOAuth();
  t.after(() => {
    authorisation.elsewhere = {};
  });
  const user = await world.buildUser();
  const cookie = await user.customer.signIn();
  const id = await user.plug('pinned', oauth);
  const path = `POST /api/v1/tool-servers/${id}/sign-in` as const;
  const comeBack = async (back: URL) =>
    (await world.send(`GET ${back.pathname}${back.search}` as 'GET /', { cookie })).headers.get('location') ?? '';
  assert.match(await comeBack(authorisation.agree((await user.ask<{ url: string }>(path)).url)), /server=/);

  // Tokens are renewed where they came from, whatever the server says by now.
  authorisation.elsewhere = { server: otherOrigin };
  const refreshes = authorisation.refreshes;
  authorisation.access.clear();
  assert.ok((await user.look(id)).ok);
  assert.deepEqual([authorisation.refreshes, asked], [refreshes + 1, []]);

  // Once a person is needed, that person is shown what is another now; nothing but its own description is asked of it.
  authorisation.access.clear();
  authorisation.refresh.clear();
  assert.match(JSON.stringify(await user.look(id)), /Sign in to the server again/);
  const refused = await world.send(path, { cookie });
  assert.equal(refused.status, 409);
  const problem = (await refused.json()) as { code: string; detail: string; details: { pin: string; before: unknown; after: unknown } };
  const placeAt = (at: string) => ({ issuer: at, authorizationEndpoint: `${at}/authorize`, tokenEndpoint: `${at}/token` });
  assert.deepEqual(
    [problem.code, problem.details.before, problem.details.after],
    ['tool_server.changed', placeAt(origin), placeAt(otherOrigin)],
  );
  assert.ok(problem.detail.includes(otherOrigin));
  assert.deepEqual([...new Set(asked)], ['/.well-known/oauth-authorization-server']);
  assert.equal(otherAuthorisation.registered.length, 0);
  assert.equal((await world.send(path, { cookie, json: { accept: '0'.repeat(64) } })).status, 409);

  // A place for tokens that is another one is asked about by itself, and is not covered by what was agreed to before.
  authorisation.elsewhere = { token: `${otherOrigin}/token` };
  const moved = await world.send(path, { cookie, json: { accept: problem.details.pin } });
  assert.equal(moved.status, 409);
  assert.match(await moved.text(), /tokenEndpoint/);

  // Agreed to, it is the one that is pinned.
  authorisation.elsewhere = { server: otherOrigin };
  const { url } = await user.ask<{ url: string }>(path, { accept: problem.details.pin });
  assert.equal(new URL(url).origin, otherOrigin);
  assert.match(await comeBack(otherAuthorisation.agree(url)), /server=/);
  assert.equal((await world.send(path, { cookie })).status, 200);
  authorisation.elsewhere = {};
  assert.equal((await world.send(path, { cookie })).status, 409);
});

test('an authorisation server that says it is another one is not signed in at', async (t) => {
  guardByOAuth();
  t.after(() => {
    authorisation.elsewhere = {};
  });
  authorisation.elsewhere = { issuer: 'https://evil.example' };
  const user = await world.buildUser();
  const id = await user.plug('lying', oauth);
  const refused = await world.send(`POST /api/v1/tool-servers/${id}/sign-in`, { cookie: await user.customer.signIn() });
  assert.equal(refused.status, 422);
  assert.match(await refused.text(), /another one than the server named/);
});

test('a bearer token is a secret’s value, and whoever may not name secrets cannot send one anywhere', async () => {
  script.before = (request, response) => {
    if (request.headers.authorization === 'Bearer a-token-of-the-tenant') return false;
    response.writeHead(401).end();
    return true;
  };
  const user = await world.buildUser();
  await user.ask('POST /api/v1/secrets', { name: 'token', value: 'a-token-of-the-tenant' });
  const endpoint = { kind: 'http', url: server.url, signIn: { kind: 'bearer', token: 'secret://db/token' } };
  assert.ok((await user.look(await user.plug('bearer', endpoint))).ok);
  const secrets = await user.ask<{ items: { usedBy: string[] }[] }>('GET /api/v1/secrets');
  assert.deepEqual(secrets.items[0]?.usedBy, ['tool server Server bearer']);
  const key = await user.customer.key('connection:read', 'connection:admin');
  const refused = await world.send('POST /api/v1/tool-servers', { key, json: { slug: 'other', title: 'x', endpoint } });
  assert.equal(refused.status, 403);
});

test('mutual TLS: with the tenant’s certificate from a secret, and not without', async () => {
  const user = await world.buildUser();
  const ours = await authority.issue({ name: 'our-tenant', use: 'client' });
  const value = JSON.stringify({ certificate: ours.certificate, privateKey: ours.key });
  await user.ask('POST /api/v1/secrets', { name: 'client', kind: 'certificate', value });
  const url = `https://127.0.0.1:${mutualPort}/mcp`;
  const signIn = { kind: 'mtls', certificate: 'secret://db/client', authorities: authority.certificate };
  const looked = await user.look(await user.plug('mutual', { kind: 'http', url, signIn }));
  assert.ok(looked.ok, JSON.stringify(looked));
  const bare = await user.look(await user.plug('bare', { kind: 'http', url, signIn: { kind: 'none' } }));
  assert.equal(bare.ok, false);
  await user.ask('POST /api/v1/secrets', { name: 'nothing', kind: 'certificate', value: 'not a certificate' });
  const wrong = await user.look(await user.plug('wrong', { kind: 'http', url, signIn: { ...signIn, certificate: 'secret://db/nothing' } }));
  assert.equal(!wrong.ok && wrong.fault.code, 'tool_server.invalid');
});
