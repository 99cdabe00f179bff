import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { type Clock, isFactotumError } from '#kernel';
import { createLive } from '#surface/live';
import { createClientAddress } from '#trust/identity';
import { createRequestLimits, rateClasses } from '#trust/quota';
import { testHttp } from '../../../test/http.ts';
import { testOrigin } from '../../../test/identity.ts';

/** In the middle of a minute that does not end, so that what is counted together stays together. */
let at = new Date('2026-03-01T10:00:30.000Z');
const stopped: Clock = { now: () => at, monotonicMs: () => performance.now() };

const perAddress = { 'sign-in': 5, read: 40, write: 30, intake: 50, export: 3 };
const { platform, http, send, buildCustomer } = await testHttp({
  environment: {
    FACTOTUM_RATE_LIMITS: Object.entries(perAddress)
      .map(([name, limit]) => `${name}=${limit}`)
      .join(),
    FACTOTUM_TRUSTED_PROXIES: '10.200.0.0/16',
  },
});
const limitsOf = (clock: Clock) =>
  createRequestLimits({
    db: platform.database.app.db,
    auth: platform.database.auth,
    clock,
    quotas: platform.quotas,
    perAddress: platform.config.rateLimits,
  });

const code = async (response: Response) => `${response.status} ${((await response.json()) as { code: string }).code}`;
const membersOf = (header: string | null) =>
  (header ?? '')
    .split(', ')
    .map((member) => /^"([a-z-]+)";(?:q=(\d+);w=60|r=(\d+);t=(\d+))$/.exec(member)?.slice(1) ?? assert.fail(member));

/** Asks until it is refused, or gives up after `max` answers. @returns how many were let through, and the refusal */
async function drain(ask: () => Promise<Response>, max: number): Promise<{ passed: number; refused: Response | undefined }> {
  for (let passed = 0; passed < max; passed++) {
    const answer = await ask();
    if (answer.status === 429) return { passed, refused: answer };
  }
  return { passed: max, refused: undefined };
}

test('every answer of the API says which limits it was counted against and what they have left', async () => {
  const one = await buildCustomer();
  const { key } = await platform.identity.createApiKey({ tenantId: one.tenantId, name: 'k', permissions: ['task:read'], perMinute: 500 });
  const answer = await send('GET /api/v1/tasks', { key, address: '192.0.2.1' });
  assert.deepEqual(
    membersOf(answer.headers.get('ratelimit-policy')).map(([name, q]) => [name, q]),
    [
      ['address-read', '40'],
      ['key', '500'],
      ['tenant', '12000'],
    ],
  );
  const left = membersOf(answer.headers.get('ratelimit'));
  assert.deepEqual(
    left.map(([name, , r]) => [name, r]),
    [
      ['address-read', '39'],
      ['key', '499'],
      ['tenant', '11999'],
    ],
  );
  for (const [, , , t] of left) assert.ok(Number(t) >= 0 && Number(t) <= 60);
  for (const line of [
    'GET /api/v1/openapi.json',
    'GET /api/v1/nothing',
    'PATCH /api/v1/tasks',
    'GET /api/v1/tasks',
    'GET /api/auth/get-session',
  ] as const)
    assert.match((await send(line)).headers.get('ratelimit') ?? '', /^"address-read";r=39;t=\d+$/, line);
  for (const line of ['GET /livez', 'GET /'] as const) assert.equal((await send(line)).headers.get('ratelimit'), null, line);
});

test('each class of routes has its own limit for an address, and no address feels what another does', async () => {
  const one = await buildCustomer();
  const key = await one.key();
  const asks = {
    'sign-in': (address: string) => send('POST /api/v1/session', { json: { token: 'x' }, headers: { origin: testOrigin }, address }),
    read: (address: string) => send('GET /api/v1/tasks', { key, address }),
    write: (address: string) => send('POST /api/v1/tasks/tsk_none/cancel', { key, address }),
    intake: (address: string) => send('POST /api/v1/events', { key, json: {}, address }),
    export: (address: string) => send('POST /api/v1/audit/verify', { key, address }),
  };
  for (const [name, ask] of Object.entries(asks)) {
    const limit = perAddress[name as keyof typeof perAddress]; // both have the same members
    const { passed, refused } = await drain(() => ask('192.0.2.10'), limit + 1);
    // A minute may end in between, and then there is room for more.
    assert.ok(refused === undefined || passed === limit, `${name}: ${passed}`);
    assert.notEqual((await ask('192.0.2.11')).status, 429, name);
  }
});

test('of requests at once in two processes exactly the limit of an address is let through', async () => {
  const [one, two] = [limitsOf(stopped), limitsOf(stopped)];
  for (const [name, limit] of Object.entries(perAddress) as [keyof typeof perAddress, number][]) {
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? one : two).countAddress(name, '2001:db8::1', []));
    const answers = await Promise.allSettled(asked);
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, limit, name);
  }
});

test('of requests at once in two processes exactly the limit of a key is let through, and the tenant pays for those alone', async () => {
  const customer = await buildCustomer();
  const { id: keyId } = await platform.identity.createApiKey({
    tenantId: customer.tenantId,
    name: 'k',
    permissions: ['task:read'],
    perMinute: 17,
  });
  const [one, two] = [limitsOf(stopped), limitsOf(stopped)];
  const requester = { tenantId: customer.tenantId, keyId, perMinute: 17 };
  const before = await platform.quotas.take(customer.tenantId, 'requestsPerMinute');
  const answers = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? one : two).countRequester('read', requester, [])),
  );
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 17);
  const after = await platform.quotas.take(customer.tenantId, 'requestsPerMinute');
  // A minute that ended in between has forgotten some of them.
  if (after.resetsInMs <= before.resetsInMs) assert.equal(before.remaining - after.remaining, 18);
  // Another key of the same tenant, and another tenant, go on.
  await one.countRequester('read', { ...requester, keyId: 'key_000000000000000000000000' as typeof keyId }, []);
  await one.countRequester('read', { tenantId: (await buildCustomer()).tenantId }, []);
});

test('a key with a limit of its own is refused above it with retry-after, and nobody else is', async () => {
  const one = await buildCustomer();
  const { key } = await platform.identity.createApiKey({ tenantId: one.tenantId, name: 'k', permissions: ['task:read'], perMinute: 6 });
  const other = await one.key();
  const { passed, refused } = await drain(() => send('GET /api/v1/tasks', { key }), 14);
  assert.ok(refused !== undefined && passed >= 6 && passed <= 12, String(passed));
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= 60);
  assert.match(refused.headers.get('ratelimit') ?? '', /"key";r=0;t=\d+/);
  assert.equal(await code(refused), '429 quota.exceeded');
  assert.equal((await send('GET /api/v1/tasks', { key: other })).status, 200);
});

test('a tenant above its quota is refused for every class, and another one is not', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  await platform.quotas.change(one.tenantId, { requestsPerMinute: 10 }, 'operator:test');
  const key = await one.key();
  const { passed, refused } = await drain(() => send('GET /api/v1/me', { key }), 25);
  assert.ok(refused !== undefined && passed >= 9 && passed <= 20, String(passed));
  assert.match(refused.headers.get('ratelimit-policy') ?? '', /"tenant";q=10;w=60/);
  assert.match(refused.headers.get('ratelimit') ?? '', /"tenant";r=0;t=\d+/);
  assert.equal((await send('GET /api/v1/me', { key: await two.key() })).status, 200);
});

test('refused requests cost no look-up: a wrong key above the limit is not looked for', async () => {
  const { pool } = platform.database.auth;
  const wrong = `fct_${'a'.repeat(64)}`;
  const { refused } = await drain(() => send('GET /api/v1/tasks', { key: wrong, address: '192.0.2.20' }), 90);
  assert.ok(refused);
  let asked = 0;
  const { connect } = pool;
  pool.connect = function counting(this: typeof pool, ...input: unknown[]) {
    asked++;
    return Reflect.apply(connect, this, input);
  } as typeof pool.connect; // hands everything on
  // Where the minute ends in between, some more are let through first.
  let [refusals, looks] = [0, 0];
  while (refusals < 10) {
    const before = asked;
    const { status } = await send('GET /api/v1/tasks', { key: wrong, address: '192.0.2.20' });
    if (status !== 429) continue;
    refusals += 1;
    looks += asked - before;
  }
  pool.connect = connect;
  assert.ok(looks <= 2, `${looks} looks`);
});

test('while the database is away each process counts by itself, and asks again after a second', async () => {
  let nowMs = 0;
  let isAway = true;
  const clock: Clock = { now: () => at, monotonicMs: () => nowMs };
  let asked = 0;
  const away = {
    query: async (...input: unknown[]) => {
      asked++;
      if (isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      return Reflect.apply(platform.database.auth.pool.query, platform.database.auth.pool, input);
    },
  };
  const limits = createRequestLimits({
    db: platform.database.app.db,
    // As much of a pool as is asked of it.
    auth: { pool: away as unknown as typeof platform.database.auth.pool },
    clock,
    quotas: platform.quotas,
    perAddress: { read: 10 },
  });
  const answers = await Promise.allSettled(Array.from({ length: 30 }, () => limits.countAddress('read', '192.0.2.30', [])));
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 10);
  assert.ok(answers.every((one) => one.status === 'fulfilled' || isFactotumError(one.reason, 'quota.exceeded')));
  const before = asked;
  await assert.rejects(limits.countAddress('read', '192.0.2.30', []), { code: 'quota.exceeded' });
  assert.equal(asked, before);
  [isAway, nowMs] = [false, 1_001];
  await limits.countAddress('read', '192.0.2.30', []);
  assert.ok(asked > before);
});

test('the next minute has room again, and addresses of one IPv6 network are one', async () => {
  const limits = limitsOf(stopped);
  const use = (last: number) => limits.countAddress('sign-in', `2001:db8:1:2::${last}`, []);
  for (let count = 0; count < 5; count++) await use(count);
  await assert.rejects(use(99), { code: 'quota.exceeded' });
  await limits.countAddress('sign-in', '2001:db8:1:3::1', []);
  at = new Date(at.getTime() + 60_000);
  await use(99);
});

test('who stands behind a trusted proxy is counted and listed by their own address, and nobody else can say who they are', async () => {
  const one = await buildCustomer();
  const key = await one.key();
  const by = (forwarded: string, address: string) => send('GET /api/v1/tasks', { key, address, headers: { 'x-forwarded-for': forwarded } });
  const left = async (answer: Response) => Number(/"address-read";r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]);
  const minute = () => Math.floor(Date.now() / 60_000);
  // Again, by addresses that nobody has used, where the minute ends in between.
  for (let round = 1; ; round += 1) {
    const [begun, network, stranger] = [minute(), `198.51.${round}`, `203.0.113.${round}`];
    const leftOf = async (forwarded: string, address: string) => left(await by(forwarded, address));
    const seen = {
      'a client of a proxy': await leftOf(`${network}.1`, '10.200.0.1'),
      'another client of the same proxy': await leftOf(`${network}.2`, '10.200.0.1'),
      'the same by another proxy, whatever it says of itself': await leftOf(`192.0.2.99, ${network}.2`, '10.200.0.7'),
      'not a proxy of ours': await leftOf(`${network}.50`, stranger),
      'nor with another lie': await leftOf(`${network}.51`, stranger),
      'nor with a third': await leftOf(`${network}.52`, stranger),
    };
    if (minute() !== begun) continue;
    assert.deepEqual(Object.values(seen), [39, 39, 38, 39, 38, 37], JSON.stringify(seen));
    break;
  }

  await platform.database.auth.pool.query(
    `insert into "tenantSecurity" ("tenantId", "allowedAddresses") values ($1, $2)
     on conflict ("tenantId") do update set "allowedAddresses" = excluded."allowedAddresses"`,
    [one.tenantId, ['198.51.100.0/24']],
  );
  const fresh = await one.key();
  const status = async (forwarded: string | null, address: string) =>
    (await send('GET /api/v1/tasks', { key: fresh, address, headers: forwarded === null ? {} : { 'x-forwarded-for': forwarded } })).status;
  assert.equal(await status('198.51.100.7', '10.200.0.1'), 200);
  assert.equal(await status('203.0.113.9', '10.200.0.1'), 403);
  assert.equal(await status('198.51.100.7', '203.0.113.9'), 403, 'a lie from outside');
  assert.equal(await status('198.51.100.7, 203.0.113.9', '10.200.0.1'), 403, 'a lie before the proxy');
  assert.equal(await status(null, '198.51.100.8'), 200);
  // A connection that is gone when it is looked at comes from nowhere that is in a list.
  const gone = await http.fetch(new Request(`${testOrigin}/api/v1/tasks`, { headers: { authorization: `Bearer ${fresh}` } }), {
    incoming: { socket: {} },
  });
  assert.equal(gone.status, 403);
});

test('links lead to the public address, whatever a request says it was sent to', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const poison = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '1',
    'x-original-host': 'evil.example',
    forwarded: 'host=evil.example;proto=https',
    'x-forwarded-for': '198.51.100.1',
  };
  const made = await send('POST /api/v1/invitations', {
    cookie,
    json: { email: 'new@example.com', roles: ['member'] },
    headers: poison,
    address: '10.200.0.1',
  });
  assert.equal(made.status, 201);
  const text = await made.text();
  assert.ok(text.includes(`${testOrigin}/`), text);
  for (const line of ['GET /api/v1/me', 'GET /api/v1/openapi.json', 'GET /'] as const) {
    const answer = await send(line, { cookie, headers: poison, address: '10.200.0.1' });
    assert.equal(answer.status, 200);
    assert.equal(`${await answer.text()}${[...answer.headers].join()}`.includes('evil.example'), false, line);
  }
  const elsewhere = new Request('http://evil.example/api/v1/invitations', { method: 'POST', headers: { cookie, ...poison } });
  assert.equal((await http.fetch(elsewhere, { incoming: { socket: { remoteAddress: '10.200.0.1' } } })).status, 421);
});

test('a WebSocket obeys the same limits, the same address list and the same proxies', { timeout: 60_000 }, async (t) => {
  const one = await buildCustomer();
  const proxied = createClientAddress(['127.0.0.0/8']);
  const live = createLive({ ...platform, clientAddress: proxied, isOurs: () => true });
  const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade });
  const sockets: WebSocket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.terminate();
    live.close();
    await http.close(100);
  });
  const open = async (key: string, forwarded?: string) => {
    const headers = { authorization: `Bearer ${key}`, ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers });
    sockets.push(socket);
    return Promise.race([
      once(socket, 'open').then(() => 'open'),
      once(socket, 'unexpected-response').then(([, { statusCode, headers: told }]) => `${statusCode} ${told['retry-after'] ?? ''}`.trim()),
    ]);
  };
  const { key } = await platform.identity.createApiKey({ tenantId: one.tenantId, name: 'k', permissions: ['task:read'], perMinute: 1 });
  assert.equal(await open(key), 'open');
  const second = await open(key);
  assert.ok(/^429 \d+$/.test(second) || second === 'open', second);
  const free = await one.key();
  assert.equal(await open(free, '198.51.100.4'), 'open');
  await platform.database.auth.pool.query(
    `insert into "tenantSecurity" ("tenantId", "allowedAddresses") values ($1, $2)
     on conflict ("tenantId") do update set "allowedAddresses" = excluded."allowedAddresses"`,
    [one.tenantId, ['198.51.100.0/24']],
  );
  const listed = await one.key();
  assert.equal(await open(listed, '198.51.100.4'), 'open');
  assert.equal(await open(listed, '203.0.113.4'), '403');
  assert.equal(await open(listed), '403');
});

test('the page about limits has every class with its numbers', async () => {
  const page = await readFile(new URL('../../../../docs/rate-limits.md', import.meta.url), 'utf8');
  for (const [name, { about, perAddress: address, perTenant }] of Object.entries(rateClasses))
    assert.ok(page.includes(`| \`${name}\` | ${about} | ${address} | ${perTenant === null ? '' : `${perTenant} `}|`), name);
});
