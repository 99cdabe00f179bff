import assert from 'node:assert/strict';
import type { JsonWebKey } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { type Id, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { allPermissions } from '#trust/identity';
import { testHttp } from '../../../test/http.ts';
import { testOrigin } from '../../../test/identity.ts';

let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => performance.now() };
const { platform, send, buildCustomer } = await testHttp({ clock });

/** What the routes of this file answer, of which each test reads what it asked for. */
interface Body {
  readonly id: string;
  readonly key: string;
  readonly oldEndsAt: string;
  readonly token: string;
  readonly keys: JsonWebKey[];
  readonly code: string;
  readonly principal: object;
  readonly items: Record<string, unknown>[];
  readonly nextCursor: string | null;
}
const bodyOf = async (response: Response) => (await response.json()) as Body;
const codeOf = async (response: Response) => `${response.status} ${(await bodyOf(response)).code}`;

async function entriesOf(tenantId: Id<'tenant'>, ...kinds: string[]) {
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
  return entries.filter(({ kind }) => kinds.includes(kind)).reverse();
}

test('an administrator makes, sees, rotates and revokes a key, and the log tells of each', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const json = { name: 'Bridge', permissions: ['event:write'], perMinute: 100, expiresAt: '2030-01-01T00:00:00+01:00' };
  const made = await send('POST /api/v1/api-keys', { cookie, json });
  assert.equal(made.status, 201);
  const { id, key } = await bodyOf(made);
  const event = (externalId: string) => ({ source: 'test', kind: 'test.x', externalId, payload: {} });
  assert.equal((await send('POST /api/v1/events', { key, json: event('1') })).status, 202);
  const askedAtMs = Date.now();
  const rotated = await bodyOf(await send(`POST /api/v1/api-keys/${id}/rotate`, { cookie, json: { overlapHours: 0.5 } }));
  const overlapMs = Date.parse(rotated.oldEndsAt) - askedAtMs;
  assert.ok(overlapMs > 1_795_000 && overlapMs < 1_805_000 + Date.now() - askedAtMs, `${overlapMs} ms`);
  for (const each of [key, rotated.key]) assert.equal((await send('POST /api/v1/events', { key: each, json: event('1') })).status, 200);
  assert.equal(await codeOf(await send(`POST /api/v1/api-keys/${id}/rotate`, { cookie })), '409 key.replaced');
  const { items } = await bodyOf(await send('GET /api/v1/api-keys', { cookie }));
  assert.deepEqual(
    items.map(({ createdAt, expiresAt, lastUsedAt, start, ...item }) => item),
    [
      {
        id: rotated.id,
        name: 'Bridge',
        permissions: ['event:write'],
        state: 'active',
        perMinute: 100,
        serviceAccountId: null,
        replacedBy: null,
      },
      { id, name: 'Bridge', permissions: ['event:write'], state: 'active', perMinute: 100, serviceAccountId: null, replacedBy: rotated.id },
    ],
  );
  assert.equal(JSON.stringify(items).includes(String(key).slice(8)), false);
  assert.equal((await send(`DELETE /api/v1/api-keys/${id}`, { cookie })).status, 204);
  assert.equal(await codeOf(await send(`DELETE /api/v1/api-keys/${id}`, { cookie })), '404 key.not_found');
  assert.equal((await send('POST /api/v1/events', { key, json: event('2') })).status, 401);
  const entries = await entriesOf(one.tenantId, 'key.created', 'key.rotated', 'key.revoked');
  assert.deepEqual(
    entries.map(({ kind, objectId }) => [kind, objectId]),
    [
      ['key.created', id],
      ['key.rotated', id],
      ['key.revoked', id],
    ],
  );
  assert.ok(entries.every(({ actor }) => actor.startsWith('user:usr_')));
});

test('making and rotating keys and changing accounts needs a proof of presence from the last ten minutes', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const account = await bodyOf(await send('POST /api/v1/service-accounts', { cookie, json: { name: 'a', permissions: ['task:read'] } }));
  const { id } = await bodyOf(await send('POST /api/v1/api-keys', { cookie, json: { name: 'k', permissions: ['task:read'] } }));
  aheadMs = 10 * 60_000 + 1_000;
  for (const [line, json] of [
    ['POST /api/v1/api-keys', { name: 'k', permissions: ['task:read'] }],
    [`POST /api/v1/api-keys/${id}/rotate`, {}],
    ['POST /api/v1/service-accounts', { name: 'b', permissions: ['task:read'] }],
    [`PUT /api/v1/service-accounts/${account.id}`, { name: 'b', permissions: ['task:read'] }],
  ] as const)
    assert.equal(await codeOf(await send(line, { cookie, json })), '403 auth.step_up_required', line);
  assert.equal((await send('GET /api/v1/api-keys', { cookie })).status, 200);
  // What ends something is never put off.
  assert.equal((await send(`DELETE /api/v1/api-keys/${id}`, { cookie })).status, 204);
  aheadMs = 0;
});

test('nobody gives away more than they have, whatever else their request says', async () => {
  const one = await buildCustomer();
  const key = await one.key('key:admin', 'task:read');
  const strong = await one.key();
  for (const json of [
    { name: 'k', permissions: ['task:read', 'approval:decide'] },
    { name: 'k', permissions: [...allPermissions] },
  ]) {
    assert.equal(await codeOf(await send('POST /api/v1/api-keys', { key, json })), '403 auth.forbidden');
    assert.equal(await codeOf(await send('POST /api/v1/service-accounts', { key, json })), '403 auth.forbidden');
  }
  // A stronger key's successor would be one.
  const { items } = await bodyOf(await send('GET /api/v1/api-keys', { key: strong }));
  const strongId = items.find(({ start }) => strong.startsWith(String(start)))?.id;
  assert.equal(await codeOf(await send(`POST /api/v1/api-keys/${strongId}/rotate`, { key })), '403 auth.forbidden');
  for (const more of [
    { tenantId: 'ten_000000000000000000000000' },
    { within: ['x'] },
    { key: 'fct_mine' },
    { enabled: true },
    { id: 'key_x' },
  ])
    assert.equal(
      await codeOf(await send('POST /api/v1/api-keys', { key, json: { name: 'k', permissions: ['task:read'], ...more } })),
      '400 request.invalid',
    );
});

test('a key with no scope is refused, and cannot be made', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  assert.equal(await codeOf(await send('POST /api/v1/api-keys', { cookie, json: { name: 'k', permissions: [] } })), '400 request.invalid');
  const { id, key } = await bodyOf(await send('POST /api/v1/api-keys', { cookie, json: { name: 'k', permissions: ['task:read'] } }));
  await platform.database.auth.pool.query(`update apikey set permissions = '{}' where id = $1`, [id]);
  for (const line of ['GET /api/v1/tasks', 'GET /api/v1/vault/notes', 'POST /api/v1/events', 'GET /api/v1/api-keys'] as const)
    assert.equal(await codeOf(await send(line, { key })), '403 auth.forbidden', line);
});

test('a service account acts under its own name, loses what it is no longer given, and ends with its keys', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const { id } = await bodyOf(
    await send('POST /api/v1/service-accounts', {
      cookie,
      json: { name: 'ERP', description: 'Books', permissions: ['task:read', 'event:write'] },
    }),
  );
  const { key, id: keyId } = await bodyOf(
    await send('POST /api/v1/api-keys', { cookie, json: { name: 'k', permissions: ['task:read', 'event:write'], serviceAccountId: id } }),
  );
  const me = await bodyOf(await send('GET /api/v1/me', { key }));
  assert.deepEqual(me.principal, { kind: 'service', name: 'ERP', actor: `service:${id}` });
  assert.equal(
    await codeOf(await send('POST /api/v1/service-accounts', { cookie, json: { name: 'erp', permissions: ['task:read'] } })),
    '409 service_account.name_taken',
  );
  assert.equal(
    (await send(`PUT /api/v1/service-accounts/${id}`, { cookie, json: { name: 'ERP', permissions: ['event:write'] } })).status,
    204,
  );
  assert.equal((await send('GET /api/v1/tasks', { key })).status, 403);
  const { items } = await bodyOf(await send('GET /api/v1/service-accounts', { cookie }));
  assert.deepEqual(
    items.map(({ createdAt, updatedAt, ...item }) => item),
    [{ id, name: 'ERP', description: '', permissions: ['event:write'], keys: 1 }],
  );
  assert.equal((await send(`DELETE /api/v1/service-accounts/${id}`, { cookie })).status, 204);
  assert.equal((await send('GET /api/v1/me', { key })).status, 401);
  const entries = await entriesOf(
    one.tenantId,
    'service_account.created',
    'service_account.changed',
    'service_account.deleted',
    'key.revoked',
  );
  assert.deepEqual(
    entries.map(({ kind, objectId }) => [kind, objectId]),
    [
      ['service_account.created', id],
      ['service_account.changed', id],
      ['service_account.deleted', id],
      ['key.revoked', keyId],
    ],
  );
});

test("another tenant's keys and accounts are not there", async () => {
  const [mine, theirs] = [await buildCustomer(), await buildCustomer()];
  const [cookie, other] = [await mine.signIn(), await theirs.signIn()];
  const account = await bodyOf(await send('POST /api/v1/service-accounts', { cookie, json: { name: 'a', permissions: ['task:read'] } }));
  const made = await bodyOf(await send('POST /api/v1/api-keys', { cookie, json: { name: 'k', permissions: ['task:read'] } }));
  const json = { name: 'stolen', permissions: ['task:read'] };
  const asked = (keyId: string, accountId: string) =>
    [
      [`POST /api/v1/api-keys/${keyId}/rotate`, {}],
      [`DELETE /api/v1/api-keys/${keyId}`, undefined],
      [`PUT /api/v1/service-accounts/${accountId}`, json],
      [`DELETE /api/v1/service-accounts/${accountId}`, undefined],
      ['POST /api/v1/api-keys', { ...json, serviceAccountId: accountId }],
    ] as const;
  const strangers = asked(newId('apiKey'), newId('serviceAccount'));
  for (const [index, [line, sent]] of asked(made.id, account.id).entries()) {
    const answer = await send(line, { cookie: other, json: sent });
    assert.equal(answer.status, 404, line);
    const never = strangers[index];
    assert.ok(never !== undefined);
    const unknown = await send(never[0], { cookie: other, json: never[1] });
    assert.deepEqual({ ...(await bodyOf(answer)), requestId: '' }, { ...(await bodyOf(unknown)), requestId: '' }, line);
  }
  assert.equal((await send('GET /api/v1/me', { key: made.key })).status, 200);
  assert.equal((await bodyOf(await send('GET /api/v1/api-keys', { cookie: other }))).items.length, 0);
});

test('a list of keys goes on where it was, for its own tenant alone', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const key = await one.key();
  for (let count = 0; count < 4; count++) await one.key('task:read');
  const first = await bodyOf(await send('GET /api/v1/api-keys?limit=3', { key }));
  const rest = await bodyOf(await send(`GET /api/v1/api-keys?limit=3&cursor=${first.nextCursor}`, { key }));
  assert.equal(new Set([...first.items, ...rest.items].map(({ id }) => id)).size, 5);
  assert.equal(rest.nextCursor, null);
  assert.equal(
    await codeOf(await send(`GET /api/v1/api-keys?cursor=${first.nextCursor}`, { key: await two.key() })),
    '400 request.cursor_invalid',
  );
});

test('a token is made by whoever is signed in, checked by others with the published keys, and refused when its maker is gone', async () => {
  const one = await buildCustomer();
  const cookie = await one.signIn();
  const { id, key } = await bodyOf(
    await send('POST /api/v1/api-keys', { cookie, json: { name: 'k', permissions: ['task:read', 'key:admin'] } }),
  );
  const { token } = await bodyOf(await send('POST /api/v1/token', { key, json: { permissions: ['task:read', 'key:admin'] } }));
  for (const path of ['/api/v1/jwks', '/.well-known/jwks.json'] as const) {
    const answer = await send(`GET ${path}`);
    assert.equal(answer.headers.get('content-type'), 'application/jwk-set+json');
    const keys = createLocalJWKSet({ keys: (await bodyOf(answer)).keys.map((jwk) => ({ kty: 'EC', ...jwk })) });
    const { payload } = await jwtVerify(token, keys, { issuer: testOrigin, audience: 'factotum-api', algorithms: ['ES256'] });
    assert.equal(payload.tid, one.tenantId);
  }
  assert.equal((await send('GET /api/v1/tasks', { key: token })).status, 200);
  assert.equal((await send('GET /api/v1/vault/notes', { key: token })).status, 403);
  assert.equal(await codeOf(await send('POST /api/v1/token', { key: token })), '403 auth.forbidden');
  assert.equal(
    await codeOf(await send('POST /api/v1/api-keys', { key: token, json: { name: 'k', permissions: ['task:read'] } })),
    '403 auth.step_up_required',
  );
  assert.equal(await codeOf(await send('POST /api/v1/token', { key, json: { permissions: ['approval:decide'] } })), '403 auth.forbidden');
  await send(`DELETE /api/v1/api-keys/${id}`, { cookie });
  assert.equal((await send('GET /api/v1/tasks', { key: token })).status, 401);
  const person = await bodyOf(await send('POST /api/v1/token', { cookie }));
  assert.equal((await send('GET /api/v1/tasks', { key: person.token })).status, 200);
  await send('DELETE /api/v1/session', { cookie });
  assert.equal((await send('GET /api/v1/tasks', { key: person.token })).status, 401);
  const made = await entriesOf(one.tenantId, 'token.created');
  assert.deepEqual(
    made.map(({ actor }) => actor.split(':')[0]),
    ['key', 'user'],
  );
});

test('a token of one tenant opens nothing of another', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const theirs = await bodyOf(
    await send('POST /api/v1/service-accounts', { key: await two.key(), json: { name: 'a', permissions: ['task:read'] } }),
  );
  const { token } = await bodyOf(await send('POST /api/v1/token', { key: await one.key() }));
  assert.equal((await bodyOf(await send('GET /api/v1/service-accounts', { key: token }))).items.length, 0);
  assert.equal((await send(`DELETE /api/v1/service-accounts/${theirs.id}`, { key: token })).status, 404);
});
