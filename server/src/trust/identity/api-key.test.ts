import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '#kernel';
import { movedClock, testIdentity, unageing } from '../../../test/identity.ts';
import { createKeyCheck } from './key-check.ts';
import { permissionsOf } from './permissions.ts';
import { authDb } from './store.ts';

const clock = movedClock();

const { identity, database, another, buildTenant, signIn, close } = await testIdentity(clock);
after(close);
const { pool } = database.auth;

const bearer = (key: string) => new Headers({ authorization: `Bearer ${key}` });
const { tenantId } = await buildTenant();

test('a key stands for its tenant with exactly the permissions it was given', async () => {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'Mail bridge', permissions: ['event:write', 'task:read'] });
  assert.match(id, /^key_[0-9a-f]{24}$/);
  assert.match(key, /^fct_[A-Za-z]{64}$/);
  assert.deepEqual(await identity.principalOf(bearer(key)), {
    kind: 'key',
    actor: `key:${id}`,
    tenantId,
    permissions: new Set(['event:write', 'task:read']),
    name: 'Mail bridge',
    allowedAddresses: [],
    keyId: id,
  });
});

test('of a key only its SHA-256 and its first letters are kept', async () => {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  const { rows } = await pool.query('select * from apikey where id = $1', [id]);
  assert.equal(rows[0].key, createHash('sha256').update(key).digest('base64url'));
  assert.equal(rows[0].start, key.slice(0, 8));
  assert.equal(rows[0].referenceId, tenantId);
  assert.equal(JSON.stringify(rows).includes(key.slice(8)), false);
});

test('a key is asked for with permissions that exist, a name, a future expiry and a tenant that exists', async () => {
  const good = { tenantId, name: 'k', permissions: ['task:read'] };
  const wrong: [object, string][] = [
    [{ permissions: ['task:fly'] }, 'request.invalid'],
    [{ permissions: [] }, 'request.invalid'],
    [{ name: '  ' }, 'request.invalid'],
    [{ expiresAt: new Date(Date.now() - 1_000) }, 'request.invalid'],
    [{ expiresAt: new Date(Number.NaN) }, 'request.invalid'],
    [{ tenantId: newId('tenant') }, 'tenant.not_found'],
  ];
  for (const [change, code] of wrong) await assert.rejects(identity.createApiKey({ ...good, ...change }), { code });
});

test('nobody makes a key that may do more than they may', async () => {
  const within = permissionsOf(['admin']);
  await assert.rejects(identity.createApiKey({ tenantId, name: 'k', permissions: ['approval:decide'], within }), {
    code: 'auth.forbidden',
  });
  assert.ok(await identity.createApiKey({ tenantId, name: 'k', permissions: ['event:write'], within }));
});

test('a revoked key is refused from that moment on, cached or not', async () => {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  assert.ok(await identity.principalOf(bearer(key)));
  assert.equal(await identity.revokeApiKey(tenantId, id), true);
  assert.equal(await identity.principalOf(bearer(key)), null);
  assert.equal(await identity.revokeApiKey(tenantId, id), false);
});

test('a key revoked in one process is refused in another that has it in its cache, by message and not by waiting', async () => {
  const second = await another(unageing(clock));
  await second.start();
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  assert.ok(await second.principalOf(bearer(key)));
  const revokedAt = performance.now();
  await identity.revokeApiKey(tenantId, id);
  while ((await second.principalOf(bearer(key))) !== null) {
    assert.ok(performance.now() - revokedAt < 60_000, 'heard of it, as its cache does not run out');
    await delay(5);
  }
  await second.stop();
});

test('without messages a revoked key is believed for five seconds at most', async () => {
  clock.aheadMs = 0;
  const deaf = await another();
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  assert.ok(await deaf.principalOf(bearer(key)));
  await identity.revokeApiKey(tenantId, id);
  clock.aheadMs = 5_001;
  assert.equal(await deaf.principalOf(bearer(key)), null);
  await deaf.stop();
});

test('messages are heard again after the connection was lost', async () => {
  const second = await another(unageing(clock));
  await second.start();
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  const listeners = async () =>
    (
      await pool.query(
        `select pid from pg_stat_activity where usename = 'factotum_auth' and datname = current_database() and query like 'listen%'`,
      )
    ).rows;
  const [before] = await listeners();
  await pool.query('select pg_terminate_backend($1)', [before.pid]);
  const lostAt = performance.now();
  for (let now = await listeners(); now.length === 0 || now[0].pid === before.pid; now = await listeners()) {
    assert.ok(performance.now() - lostAt < 60_000, 'listens again');
    await delay(20);
  }
  assert.ok(await second.principalOf(bearer(key)));
  await identity.revokeApiKey(tenantId, id);
  const revokedAt = performance.now();
  while ((await second.principalOf(bearer(key))) !== null) {
    assert.ok(performance.now() - revokedAt < 60_000);
    await delay(5);
  }
  await second.stop();
});

test('an expired key is refused, also while it is cached', async () => {
  clock.aheadMs = 0;
  await clock.standing(async () => {
    const expiresAt = new Date(clock.now().getTime() + 4_000);
    const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'], expiresAt });
    assert.ok(await identity.principalOf(bearer(key)));
    clock.aheadMs = 3_999;
    assert.ok(await identity.principalOf(bearer(key)));
    clock.aheadMs = 4_000;
    assert.equal(await identity.principalOf(bearer(key)), null);
    clock.aheadMs = 60_000;
    assert.equal(await identity.principalOf(bearer(key)), null);
    assert.equal((await identity.listApiKeys(tenantId)).find((row) => row.id === id)?.state, 'expired');
  });
  clock.aheadMs = 0;
});

test('a key of another configuration is refused, whatever it may do', async () => {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  await pool.query(`update apikey set "configId" = 'scim' where id = $1`, [id]);
  assert.equal(await identity.principalOf(bearer(key)), null);
  assert.equal(await identity.revokeApiKey(tenantId, id), false);
});

test('a key that has lost its permissions in the database may do nothing', async () => {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  await pool.query('update apikey set permissions = null where id = $1', [id]);
  assert.equal((await identity.principalOf(bearer(key)))?.permissions.size, 0);
});

test('nobody lists or revokes the keys of another tenant', async () => {
  const other = await buildTenant();
  const { id, key } = await identity.createApiKey({ tenantId, name: 'mine', permissions: ['task:read'] });
  assert.equal(await identity.revokeApiKey(other.tenantId, id), false);
  assert.ok(await identity.principalOf(bearer(key)));
  assert.deepEqual(await identity.listApiKeys(other.tenantId), []);
});

test('a list shows name, state, permissions and first letters, and never a key or its hash', async () => {
  const own = await buildTenant();
  const first = await identity.createApiKey({ tenantId: own.tenantId, name: 'first', permissions: ['task:read'] });
  const second = await identity.createApiKey({ tenantId: own.tenantId, name: 'second', permissions: ['event:write', 'task:read'] });
  await identity.revokeApiKey(own.tenantId, first.id);
  const list = await identity.listApiKeys(own.tenantId);
  assert.deepEqual(
    list.map(({ createdAt, ...row }) => row),
    [
      {
        id: second.id,
        name: 'second',
        start: second.key.slice(0, 8),
        permissions: ['event:write', 'task:read'],
        state: 'active',
        expiresAt: null,
        lastUsedAt: null,
        perMinute: null,
        serviceAccountId: null,
        replacedBy: null,
      },
      {
        id: first.id,
        name: 'first',
        start: first.key.slice(0, 8),
        permissions: ['task:read'],
        state: 'revoked',
        expiresAt: null,
        lastUsedAt: null,
        perMinute: null,
        serviceAccountId: null,
        replacedBy: null,
      },
    ],
  );
  const text = JSON.stringify(list);
  for (const { key } of [first, second]) {
    assert.equal(text.includes(key.slice(8)), false);
    assert.equal(text.includes(createHash('sha256').update(key).digest('base64url')), false);
  }
});

test('the text of a key reaches the database only as a hash, and what cannot be a key does not reach it', async () => {
  const asked: string[] = [];
  const db = authDb(database.auth).withPlugin({
    transformQuery: ({ node }) => {
      asked.push(JSON.stringify(node));
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const keys = createKeyCheck({ db, clock });
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  assert.equal((await keys.check(key))?.id, id);
  const almost = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
  assert.equal(await keys.check(almost), null);
  assert.equal(asked.length, 2);
  for (const [index, text] of [key, almost].entries()) {
    assert.ok(asked[index]?.includes(createHash('sha256').update(text).digest('base64url')));
    assert.equal(asked[index]?.includes(text.slice(4, 20)), false);
  }
  for (const malformed of ['', 'fct_', 'fct_short', `${almost}x`, key.slice(4), key.toUpperCase(), `fct_${'1'.repeat(64)}`, "' or 1=1 --"])
    assert.equal(await keys.check(malformed), null, malformed);
  assert.equal(asked.length, 2);
});

test('requests that come at once with a key nobody knows yet share one look-up', async () => {
  const asked: unknown[] = [];
  const db = authDb(database.auth).withPlugin({
    transformQuery: ({ node }) => {
      asked.push(node);
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const keys = createKeyCheck({ db, clock });
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  const found = await Promise.all(Array.from({ length: 50 }, () => keys.check(key)));
  assert.deepEqual(new Set(found.map((each) => each?.id)), new Set([id]));
  assert.equal(asked.length, 1);
});

test('a key that is revoked while it is being looked up is not cached', async () => {
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  const keys = createKeyCheck({
    clock,
    db: authDb(database.auth).withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        await identity.revokeApiKey(tenantId, id);
        keys.forget(id);
        return result;
      },
    }),
  });
  await keys.check(key);
  assert.equal(await keys.check(key), null);
});

test('a wrong key is not made good by a cookie beside it', async () => {
  const headers = new Headers(await signIn(tenantId));
  assert.ok(await identity.principalOf(headers));
  headers.set('authorization', `Bearer fct_${'a'.repeat(64)}`);
  assert.equal(await identity.principalOf(headers), null);
  headers.set('authorization', 'Basic dXNlcjpwYXNz');
  assert.equal(await identity.principalOf(headers), null);
});

test('a thousand requests with one key write its last use once', async () => {
  const worker = await another();
  const { id, key } = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  for (let count = 0; count < 1_000; count++) await worker.principalOf(bearer(key));
  const versionOf = async () => (await pool.query('select xmin::text, "lastRequest" from apikey where id = $1', [id])).rows[0];
  const before = await versionOf();
  assert.equal(before.lastRequest, null);
  await worker.stop();
  const written = await versionOf();
  assert.ok(Math.abs(written.lastRequest.getTime() - Date.now()) < 60_000);
  await worker.stop();
  assert.deepEqual(await versionOf(), written, 'nothing used, nothing written');
});

test('processes that write the same keys at once do not lock each other out', async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, index) => identity.createApiKey({ tenantId, name: `k${index}`, permissions: ['task:read'] })),
  );
  const workers = await Promise.all([another(), another()]);
  for (const [index, worker] of workers.entries())
    for (const { key } of index === 0 ? made : made.toReversed()) await worker.principalOf(bearer(key));
  await Promise.all(workers.map((worker) => worker.stop()));
  const list = await identity.listApiKeys(tenantId);
  for (const { id } of made) assert.ok(list.find((row) => row.id === id)?.lastUsedAt);
});

test('how many keys a second are checked (a figure, no promise)', async () => {
  const made = await Promise.all(
    Array.from({ length: 50 }, (_, index) => identity.createApiKey({ tenantId, name: `k${index}`, permissions: ['task:read'] })),
  );
  const rate = async (headers: (index: number) => Headers, total: number) => {
    const from = performance.now();
    let next = 0;
    const caller = async () => {
      for (let index = next++; index < total; index = next++) await identity.principalOf(headers(index));
    };
    await Promise.all(Array.from({ length: 20 }, caller));
    return Math.round(total / ((performance.now() - from) / 1_000));
  };
  const known = made.map(({ key }) => bearer(key));
  const cached = await rate((index) => known[index % known.length]!, 50_000);
  const unknown = Array.from({ length: 2_000 }, (_, index) =>
    bearer(`fct_${'a'.repeat(60)}${[...String(index).padStart(4, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`),
  );
  const looked = await rate((index) => unknown[index]!, unknown.length);
  const session = await signIn(tenantId);
  const sessions = await rate(() => session, 1_000);
  console.log(
    `identity: ${cached} cached keys/s, ${looked} looked-up keys/s, ${sessions} sessions/s (20 callers, ${pool.options.max} connections)`,
  );
});
