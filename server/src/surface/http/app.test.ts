import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createLogger } from '#kernel';
import { testHttp } from '../../../test/http.ts';
import { testOrigin } from '../../../test/identity.ts';
import { knownAddresses } from './addresses.ts';

const { http, send, buildCustomer } = await testHttp({
  deps: {
    log: createLogger({ level: 'silent' }),
    dropFolderOf: ({ name }) => {
      throw new Error(`secret of ${name}`);
    },
  },
});

const routes = http.routes.map(({ access, spec }) => ({ access, line: `${spec.method.toUpperCase()} ${spec.path}` }));

test('only these addresses answer without a credential', () => {
  assert.deepEqual(
    routes
      .filter(({ access }) => access === 'open')
      .map(({ line }) => line)
      .sort(),
    [
      'GET /.well-known/jwks.json',
      'GET /api/v1/jwks',
      'GET /api/v1/openapi.json',
      'GET /api/v1/schemas/playbook.json',
      'GET /api/v1/sign-in',
      'GET /api/v1/sso/callback/{id}',
      'GET /api/v1/sso/finish',
      'GET /api/v1/sso/metadata/{id}',
      'GET /api/v1/sso/start',
      'GET /livez',
      'GET /metrics',
      'GET /readyz',
      'POST /api/v1/invitation/accept',
      'POST /api/v1/invitation/look',
      'POST /api/v1/registrations',
      'POST /api/v1/registrations/confirm',
      'POST /api/v1/session',
      'POST /api/v1/session/link',
      'POST /api/v1/session/passkey',
      'POST /api/v1/session/passkey/options',
      'POST /api/v1/session/password',
      'POST /api/v1/session/second-factor',
      'POST /api/v1/sso/acs/{id}',
      'POST /hooks/{tenantId}/{connectionId}/{secret}',
    ],
  );
});

test('nothing is in the router that is not in the table, but for the dashboard, the protocol of tools and the listed paths of identity', () => {
  const declared = new Set(
    http.routes.map(
      ({ spec }) => `${spec.method.toUpperCase()} ${spec.path.replace('{path}', ':path{.+}').replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ),
  );
  const others = http.app.routes.filter(({ method, path }) => method !== 'ALL' && !declared.has(`${method} ${path}`));
  assert.deepEqual(
    [...new Set(others.map(({ method, path }) => `${method} ${path}`))],
    ['GET /api/auth/*', 'POST /api/auth/*', 'POST /mcp', 'GET /*'],
  );
});

test('what is nowhere is not found, whoever asks and however', async () => {
  for (const line of [
    'GET /api/v1/nothing',
    'GET /api/v2/tasks',
    'POST /',
    'GET /api',
    'GET /api/auth/list-sessions',
    'POST /api/auth/sign-up/email',
    'GET /api/v1/tasks/',
  ] as const) {
    const response = await send(line, { headers: { accept: 'text/html' } });
    assert.equal(response.status, 404, line);
    const problem = (await response.json()) as { code: string; requestId: string };
    assert.equal(problem.code, 'request.not_found');
    assert.equal(problem.requestId, response.headers.get('x-request-id'));
  }
});

test('a method that an address does not take is refused with those that it takes', async () => {
  for (const line of [
    'PUT /api/v1/tasks',
    'DELETE /api/v1/events',
    'PATCH /api/v1/vault/notes/A.md',
    'OPTIONS /api/v1/me',
    'TRACE /api/v1/me',
  ] as const) {
    const response = await send(line).catch(() => null);
    // A client of ours cannot even send TRACE.
    if (response === null) continue;
    assert.equal(response.status, 405, line);
    assert.match(response.headers.get('allow') ?? '', /^[A-Z, ]+$/);
  }
  assert.equal((await send('PATCH /api/v1/vault/notes/A.md')).headers.get('allow'), 'DELETE, GET, PUT');
});

test('a fault of ours says that there was one, and nothing of what', async () => {
  const one = await buildCustomer();
  const response = await send('GET /api/v1/me', { key: await one.key() });
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.ok(!text.includes('secret'), text);
  assert.equal((JSON.parse(text) as { code: string }).code, 'server.fault');
});

/** What is asked of each: every route by its method and by one that it does not take, every kind of file, and what is nowhere. */
const everywhere: readonly (readonly [method: string, path: string])[] = [
  ...http.routes.flatMap(({ spec: { method, path } }) => {
    const filled = path.replaceAll(/\{\w+\}/g, 'x');
    return [[method.toUpperCase(), filled] as const, ['PATCH', filled] as const];
  }),
  ...['/', '/assets/index-abc123.js', '/favicon.svg', '/nothing', '/api/v1/nothing', '/scim/v2/Users', '/api/auth/get-session'].flatMap(
    (path) => [['GET', path] as const, ['HEAD', path] as const, ['POST', path] as const],
  ),
];

test('every answer of every route and every file carries the headers that keep a browser safe, and none says what serves it', async () => {
  assert.ok(everywhere.length > 200, `${everywhere.length} were asked`);
  for (const [at, [method, path]] of everywhere.entries()) {
    const request = new Request(new URL(path, testOrigin), { method, headers: { accept: 'text/html' } });
    const { headers } = await http.fetch(request, { incoming: { socket: { remoteAddress: `10.9.${at >> 8}.${at & 255}` } } });
    const line = `${method} ${path}`;
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; script-src 'self';/, line);
    assert.match(
      policy,
      /connect-src 'self' ws:\/\/127\.0\.0\.1:4310;.* frame-ancestors 'none'; base-uri 'none'; form-action 'self'$/,
      line,
    );
    assert.ok(!policy.includes('unsafe'), line);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', line);
    assert.equal(headers.get('referrer-policy'), 'same-origin', line);
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', line);
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', line);
    assert.match(headers.get('permissions-policy') ?? '', /camera=\(\).*usb=\(\)$/, line);
    assert.ok(!headers.get('permissions-policy')?.includes('publickey'), 'passkeys');
    assert.match(headers.get('x-request-id') ?? '', /^req_/, line);
    assert.equal(headers.get('strict-transport-security'), null, 'over plain HTTP it would lock people out');
    for (const name of ['server', 'x-powered-by', 'via', 'access-control-allow-origin'])
      assert.equal(headers.get(name), null, `${line} ${name}`);
  }
});

test('nothing is served under a name that is not ours, but to probes', async () => {
  const at = (url: string) => http.fetch(new Request(url), {});
  for (const url of [
    'http://evil.example/api/v1/openapi.json',
    'http://127.0.0.1.evil.example:4310/',
    'http://127.0.0.1:9/',
    'http://[::2]:4310/',
  ]) {
    const response = await at(url);
    assert.equal(response.status, 421, url);
    assert.equal(((await response.json()) as { code: string }).code, 'request.unknown_host');
  }
  for (const url of ['http://localhost:4310/', 'http://[::1]:4310/', `${testOrigin}/`, 'http://10.1.2.3:4310/livez', 'http://probe/readyz'])
    assert.equal((await at(url)).status, 200, url);
});

test('a public address is served beside the local ones, and asks for TLS for good', async () => {
  const addresses = knownAddresses({ host: '0.0.0.0', port: 80, publicUrl: 'https://factotum.example' });
  assert.equal(addresses.origins[0], 'https://factotum.example');
  for (const host of ['factotum.example', 'FACTOTUM.example', 'localhost', '127.0.0.1', '[::1]']) assert.ok(addresses.isOurs(host), host);
  for (const host of ['factotum.example:81', 'other.example', '', 'localhost:4310']) assert.ok(!addresses.isOurs(host), host);
  const secured = await testHttp({ publicUrl: 'https://factotum.example' });
  const response = await secured.http.fetch(new Request('https://factotum.example/livez'), {});
  assert.match(response.headers.get('strict-transport-security') ?? '', /max-age=\d{8}/);
  assert.match(response.headers.get('content-security-policy') ?? '', /wss:\/\/factotum\.example/);
  assert.equal((await secured.http.fetch(new Request('http://localhost:4310/livez'), {})).headers.get('strict-transport-security'), null);
});

test('where TLS is our own every address is by it, asks for it for good, and makes cookies that need it', async () => {
  const addresses = knownAddresses({ host: '10.1.2.3', port: 4310, publicUrl: undefined, tls: true });
  assert.equal(addresses.origins[0], 'https://10.1.2.3:4310');
  assert.ok(addresses.isSecure, 'what cookies and their names go by');
  assert.ok(addresses.origins.every((origin) => origin.startsWith('https:')));
  const secured = await testHttp({ deps: { addresses: () => addresses } });
  const at = async (host: string) => (await secured.http.fetch(new Request(`https://${host}/livez`), {})).headers;
  assert.match((await at('10.1.2.3:4310')).get('strict-transport-security') ?? '', /max-age=\d{8}/);
  assert.match((await at('10.1.2.3:4310')).get('content-security-policy') ?? '', /wss:\/\/10\.1\.2\.3:4310/);
  assert.equal((await at('localhost:4310')).get('strict-transport-security'), null, 'it would hold for whatever else runs there');
  assert.equal((await at('evil.example')).get('strict-transport-security'), null);
});

test('the dashboard comes in the language that was chosen, else in the first of the browser that there is', async () => {
  const pageFor = async (headers: Record<string, string>) => {
    const page = await send('GET /tasks', { headers: { accept: 'text/html', ...headers } });
    assert.equal(page.headers.get('vary'), 'accept-encoding, accept-language, cookie');
    return /<html lang="(\w+)">/.exec(await page.text())?.[1];
  };
  assert.equal(await pageFor({}), 'en');
  assert.equal(await pageFor({ 'accept-language': 'de-AT,de;q=0.9,en;q=0.8' }), 'de');
  assert.equal(await pageFor({ 'accept-language': 'fr, en;q=0.4, de;q=0.5' }), 'de');
  assert.equal(await pageFor({ 'accept-language': 'fr' }), 'en');
  assert.equal(await pageFor({ 'accept-language': 'de', cookie: 'factotum_language=en' }), 'en');
  assert.equal(await pageFor({ cookie: 'a=b; factotum_language=de' }), 'de');
  assert.equal(await pageFor({ cookie: 'factotum_language=../../etc/passwd' }), 'en');
});

test('the dashboard comes from a table of names, and pages of its own router are its first page', async () => {
  const index = await send('GET /');
  assert.equal(index.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(index.headers.get('cache-control'), 'no-cache');
  const page = await send('GET /tasks/tsk_1', { headers: { accept: 'text/html,*/*' } });
  assert.equal(await page.text(), await index.text());
  const script = await send('GET /assets/index-abc123.js');
  assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  const etag = script.headers.get('etag') ?? '';
  assert.equal((await send('GET /assets/index-abc123.js', { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await send('HEAD /assets/index-abc123.js')).status, 200);
  const plain = await script.text();
  const br = await send('GET /assets/index-abc123.js', { headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(br.headers.get('content-encoding'), 'br');
  assert.equal(brotliDecompressSync(new Uint8Array(await br.arrayBuffer())).toString(), plain);
  const gzip = await send('GET /assets/index-abc123.js', { headers: { 'accept-encoding': 'gzip, br;q=0' } });
  assert.equal(gunzipSync(new Uint8Array(await gzip.arrayBuffer())).toString(), plain);
  for (const line of [
    'GET /assets/nothing.js',
    'GET /secret.key',
    'GET /assets/..%2findex.html',
    'GET /%2e%2e/etc/passwd',
    'GET /..%5cetc',
    'GET /api/v1/x',
  ] as const)
    assert.equal((await send(line)).status, 404, line);
});

test('the probes tell whether the process lives and can serve', async () => {
  assert.equal((await send('GET /livez')).status, 200);
  assert.equal((await send('GET /readyz')).status, 200);
  const behind = await testHttp();
  await behind.platform.database.close();
  assert.equal((await behind.send('GET /readyz')).status, 503);
  assert.equal((await behind.send('GET /livez')).status, 200);
});

test('figures are for this machine and for who has the token', async () => {
  await send('GET /livez');
  const here = await send('GET /metrics', { address: '127.0.0.1' });
  assert.match(await here.text(), /factotum_http_requests_total\{method="GET",route="\/livez",status="200"\} [1-9]/);
  assert.equal((await send('GET /metrics', { address: '::1' })).status, 200);
  assert.equal((await send('GET /metrics', { address: '::ffff:127.0.0.1' })).status, 200);
  assert.equal((await send('GET /metrics', { address: '10.0.0.1' })).status, 401);
  assert.equal((await send('GET /metrics', { address: '127.0.0.1', headers: { 'x-forwarded-for': '203.0.113.5' } })).status, 401);
  assert.equal((await send('GET /metrics', { address: '10.0.0.1', headers: { authorization: 'Bearer wrong' } })).status, 401);
  assert.equal(
    (await send('GET /metrics', { address: '10.0.0.1', headers: { authorization: 'Bearer a token for scrapers' } })).status,
    401,
  );
});

test('the description names every route, its permission and every schema that it refers to', async () => {
  const text = await (await send('GET /api/v1/openapi.json')).text();
  const description = JSON.parse(text) as {
    openapi: string;
    paths: Record<string, Record<string, Record<string, unknown>>>;
    components: { schemas: Record<string, unknown> };
  };
  assert.equal(description.openapi, '3.1.0');
  const described = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(described.sort(), routes.map(({ line }) => line).sort());
  assert.equal(description.paths['/api/v1/tasks/{id}']?.get?.['x-permission'], 'task:read');
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) assert.ok(name! in description.components.schemas, name);
  assert.ok(!text.includes('inline'), 'a schema without a name is written where it is used');
  const ids = Object.values(description.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal((await send('GET /api/v1/schemas/playbook.json')).headers.get('content-type'), 'application/schema+json');
});
