import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Id } from '#kernel';
import { until } from '../../../test/connections.ts';
import { feed, withFeeds } from '../../../test/connector-module.ts';
import { testHttp } from '../../../test/http.ts';

const world = await testHttp({ environment: withFeeds });
const { send, buildCustomer, platform } = world;
const watcher = platform.createWatcher();
await watcher.start();
after(() => watcher.stop());

interface Item {
  readonly id: Id<'connection'>;
  readonly state: string;
  readonly version: number;
  readonly credentials: Record<string, string | null>;
  readonly settings: unknown;
  readonly health: { readonly arrivals: number; readonly lastSuccessAt: string | null; readonly fault: { readonly code: string } | null };
  readonly hookUrl: string | null;
}
/** The caller says what the route declares. */
const jsonOf = async <T>(response: Response, status = 200): Promise<T> => {
  assert.equal(response.status, status, await response.clone().text());
  return (await response.json()) as T;
};
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
const ours = (name: string, password = 'right') => ({ connector: 'feed', name, settings: { feed: name }, credentials: { password } });

test('what can be connected is told with the form of its settings, also of connectors that the operator has installed', async () => {
  const { key } = await buildCustomer();
  const { items } = await jsonOf<{ items: { kind: string; settings: { properties: object }; can: object }[] }>(
    await send('GET /api/v1/connectors', { key: await key('connection:read') }),
  );
  const found = items.find(({ kind }) => kind === 'feed');
  assert.deepEqual(Object.keys(found?.settings.properties ?? {}), ['feed', 'back', 'relay']);
  assert.deepEqual(found?.can, { poll: true, stream: false, hook: true, discover: false });
});

test('a connection is tried out, made, polled, paused, changed and deleted, and its credentials never come back', async () => {
  const customer = await buildCustomer();
  const { tenantId } = customer;
  const cookie = await customer.signIn();
  feed('life').items = [{ id: '1' }, { id: '2', history: true }];
  assert.deepEqual(
    await jsonOf(await send('POST /api/v1/connections/test', { cookie, json: { ...ours('life', 'wrong-password'), name: undefined } })),
    {
      ok: false,
      fault: { code: 'auth', message: 'The password is not right. Connect again.' },
    },
  );
  const made = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json: ours('life') }), 201);
  assert.deepEqual(made.credentials, { password: 'set' });
  assert.equal(made.state, 'active');
  const path = `/api/v1/connections/${made.id}` as const;
  const look = async () => jsonOf<Item>(await send(`GET ${path}`, { cookie }));
  await until(async () => (await look()).health.arrivals === 2);
  assert.deepEqual(await jsonOf(await send(`POST ${path}/test`, { cookie })), { ok: true, fault: null });
  assert.equal((await jsonOf<Item>(await send(`POST ${path}/pause`, { cookie }))).state, 'paused');
  assert.equal((await jsonOf<Item>(await send(`POST ${path}/poll`, { cookie }), 202)).state, 'paused');
  assert.equal((await jsonOf<Item>(await send(`POST ${path}/resume`, { cookie }))).state, 'active');
  const changed = await jsonOf<Item>(await send(`PUT ${path}`, { cookie, json: { name: 'Other', version: 1 } }));
  assert.equal(changed.version, 2);
  assert.deepEqual(await codeOf(await send(`PUT ${path}`, { cookie, json: { name: 'Late', version: 1 } })), [412, 'connection.changed']);
  const { items } = await jsonOf<{ items: Item[] }>(await send('GET /api/v1/connections', { cookie }));
  assert.equal(items.length, 1);
  assert.ok(!JSON.stringify(items).includes('right'));
  assert.equal((await send(`DELETE ${path}`, { cookie })).status, 204);
  assert.deepEqual(await codeOf(await send(`GET ${path}`, { cookie })), [404, 'connection.not_found']);
  const tasks = await jsonOf<{ items: unknown[] }>(await send('GET /api/v1/tasks', { cookie }));
  assert.equal(tasks.items.length, 2, `what came in over it stays (${tenantId})`);
});

test('what is not right is told by its field, and never repeated', async () => {
  const cookie = await (await buildCustomer()).signIn();
  const post = (json: object) => send('POST /api/v1/connections', { cookie, json });
  assert.deepEqual(await codeOf(await post({ ...ours('x'), connector: 'nothing' })), [422, 'connection.invalid']);
  const faulty = await post({ ...ours('x'), settings: { feed: 7 } });
  assert.deepEqual(
    (await jsonOf<{ fields: { path: string }[] }>(faulty, 422)).fields.map(({ path }) => path),
    ['settings.feed'],
  );
  assert.deepEqual(await codeOf(await post({ ...ours('x'), credentials: {} })), [422, 'connection.invalid']);
  assert.deepEqual(await codeOf(await post({ ...ours('x'), credentials: { password: 'a', pin: 'canary' } })), [422, 'connection.invalid']);
  assert.deepEqual(
    await codeOf(await send('POST /api/v1/connections/discovery', { cookie, json: { connector: 'feed', address: 'a@example.com' } })),
    [422, 'connection.invalid'],
  );
});

test('a signing secret that can be guessed is refused wherever it is entered, in words that say what to do', async () => {
  const cookie = await (await buildCustomer()).signIn();
  const hook = (secret: string) => ({ connector: 'webhook', name: 'Shop', settings: {}, credentials: { secret } });
  const refused = async (response: Response) => {
    const { code, detail } = await jsonOf<{ code: string; detail: string }>(response, 422);
    assert.equal(code, 'connection.invalid');
    assert.match(detail, /shorter than 16 characters.*longer one/);
    assert.doesNotMatch(detail, /fifteen-letters/);
  };
  await refused(await send('POST /api/v1/connections', { cookie, json: hook('fifteen-letters') }));
  await refused(await send('POST /api/v1/connections/test', { cookie, json: { ...hook('fifteen-letters'), name: undefined } }));
  const { id } = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json: hook('0123456789abcdef') }), 201);
  await refused(await send(`PUT /api/v1/connections/${id}`, { cookie, json: { credentials: { secret: 'fifteen-letters' } } }));
});

test('who may only look changes nothing and is told no address; who may not name secrets cannot send saved credentials elsewhere', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const reading = await customer.key('connection:read');
  const { id, hookUrl } = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json: ours('roles') }), 201);
  const path = `/api/v1/connections/${id}` as const;
  assert.match(hookUrl ?? '', new RegExp(`/hooks/${customer.tenantId}/${id}/[\\w-]{32}$`));
  assert.equal((await jsonOf<Item>(await send(`GET ${path}`, { key: reading }))).hookUrl, null);
  for (const line of [`PUT ${path}`, `POST ${path}/pause`, `POST ${path}/poll`, 'POST /api/v1/connections'] as const)
    assert.equal((await send(line, { key: reading, json: {} })).status, 403, line);
  const administering = await customer.key('connection:admin');
  const elsewhere = { settings: { feed: 'elsewhere' } };
  assert.deepEqual(await codeOf(await send(`PUT ${path}`, { key: administering, json: elsewhere })), [422, 'connection.invalid']);
  await jsonOf(await send(`PUT ${path}`, { key: administering, json: { ...elsewhere, credentials: { password: 'right' } } }));
  const referring = { ...ours('secretly'), credentials: { password: 'secret://db/feed' } };
  assert.equal((await send('POST /api/v1/connections', { key: administering, json: referring })).status, 403);
});

test('an answer that names the address of a hook is never packed, not even for our own page', async () => {
  const cookie = await (await buildCustomer()).signIn();
  const name = 'n'.repeat(90);
  for (const at of [1, 2, 3]) await jsonOf(await send('POST /api/v1/connections', { cookie, json: ours(`${name}${at}`) }), 201);
  const headers = { 'sec-fetch-site': 'same-origin', 'accept-encoding': 'br' };
  const response = await send('GET /api/v1/connections', { cookie, headers });
  assert.equal(response.headers.get('cache-control'), 'no-store, no-transform');
  assert.equal(response.headers.get('content-encoding'), null);
  assert.ok((await response.clone().text()).length > 1_200, 'long enough to be packed');
  const { items } = await jsonOf<{ items: Item[] }>(response);
  const one = await send(`GET /api/v1/connections/${items[0]?.id ?? ''}`, { cookie, headers });
  assert.equal(one.headers.get('cache-control'), 'no-store, no-transform');
});

test('a credential may lie in a secret, which then cannot be deleted', async () => {
  const cookie = await (await buildCustomer()).signIn();
  feed('secretly').items = [{ id: '1' }];
  const secret = await jsonOf<{ id: string }>(await send('POST /api/v1/secrets', { cookie, json: { name: 'feed', value: 'right' } }), 201);
  const json = { ...ours('secretly'), credentials: { password: 'secret://db/feed' } };
  const { id, credentials } = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json }), 201);
  assert.deepEqual(credentials, { password: 'secret://db/feed' });
  await until(async () => (await jsonOf<Item>(await send(`GET /api/v1/connections/${id}`, { cookie }))).health.arrivals === 1);

  assert.deepEqual(await codeOf(await send(`DELETE /api/v1/secrets/${secret.id}`, { cookie })), [409, 'secret.in_use']);
});

test('a push is answered once what it brings is stored; what is forged, too large or for nobody brings nothing', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const { id, hookUrl } = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json: ours('pushed') }), 201);
  const path = new URL(hookUrl ?? '').pathname as `/${string}`; // A path begins so.
  const push = (body: string, sign = 'signed', to = path) => send(`POST ${to}`, { body, headers: { 'x-sign': sign } });
  const answer = await push('something');
  assert.deepEqual([answer.status, await answer.text()], [202, 'taken']);
  assert.equal((await jsonOf<Item>(await send(`GET /api/v1/connections/${id}`, { cookie }))).health.arrivals, 1);
  assert.deepEqual(await codeOf(await push('more', 'forged')), [401, 'webhook.signature_invalid']);
  assert.equal((await push('x'.repeat(1024 * 1024 + 1))).status, 413);
  const missing = [404, 'connection.not_found'];
  assert.deepEqual(await codeOf(await push('more', 'signed', `${path}x`)), missing);
  assert.deepEqual(await codeOf(await push('more', 'signed', '/hooks/x/y/z')), missing);
  const other = await buildCustomer();
  assert.deepEqual(await codeOf(await push('more', 'signed', path.replace(customer.tenantId, other.tenantId) as `/${string}`)), missing);
  assert.equal((await jsonOf<Item>(await send(`GET /api/v1/connections/${id}`, { cookie }))).health.arrivals, 1);
});

test('the same request to connect twice, with one idempotency key, makes one connection; more than the quota are not made', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const headers = { 'idempotency-key': 'connect-once' };
  const first = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json: ours('once'), headers }), 201);
  const again = await jsonOf<Item>(await send('POST /api/v1/connections', { cookie, json: ours('once'), headers }), 201);
  assert.equal(again.id, first.id);
  await platform.quotas.change(customer.tenantId, { connectors: 3 }, 'operator:test');
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, at) => send('POST /api/v1/connections', { cookie, json: ours(`quota-${at}`) })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 429, 429, 429]);
  const usage = await platform.quotas.usage(customer.tenantId);
  assert.equal(usage.find(({ quota }) => quota === 'connectors')?.used, 3);
});

test('what was changed of a connection can be put back, but no credential and nothing that is gone', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const made = await jsonOf<Item>(await send('POST /api/v1/connections', { key, json: ours('history') }), 201);
  const path = `/api/v1/connections/${made.id}` as const;
  const look = async () => jsonOf<Item & { name: string }>(await send(`GET ${path}`, { key }));
  interface Change {
    readonly id: string;
    readonly topic: string;
    readonly subject: string;
    readonly changes: readonly { readonly name: string; readonly before: unknown; readonly after: unknown }[];
    readonly obstacle: string | null;
  }
  const history = async (by = key) => (await jsonOf<{ items: Change[] }>(await send('GET /api/v1/settings/history', { key: by }))).items;
  const restore = (change: Change | undefined, by = key) => send(`POST /api/v1/settings/history/${change?.id}/restore`, { key: by });

  await jsonOf(await send(`POST ${path}/pause`, { key }));
  await jsonOf(
    await send(`PUT ${path}`, {
      key,
      json: { name: 'Renamed', settings: { feed: 'elsewhere' }, credentials: { password: 'canary-value' } },
    }),
  );
  const [edit, pause, first] = await history();
  assert.deepEqual(
    [edit?.topic, edit?.subject, edit?.obstacle, edit?.changes.map(({ name, before, after }) => [name, before, after])],
    [
      'connection',
      'Renamed',
      null,
      [
        ['name', 'history', 'Renamed'],
        ['settings.feed', 'history', 'elsewhere'],
        ['credentials', null, ['password']],
      ],
    ],
  );
  assert.ok(!JSON.stringify(edit).includes('canary-value'));
  assert.deepEqual(
    [pause?.changes, first?.obstacle, first?.changes],
    [[{ name: 'state', before: 'active', after: 'paused' }], 'made', [{ name: 'state', before: null, after: 'active' }]],
  );

  const clerk = await customer.key('settings:read', 'settings:write');
  assert.deepEqual(await history(clerk), [], 'who may not read connections is told nothing of them');
  assert.deepEqual(await codeOf(await restore(edit, clerk)), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf(await restore(first)), [409, 'history.not_restorable']);

  assert.equal((await restore(edit)).status, 204);
  assert.deepEqual([(await look()).name, (await look()).settings, (await look()).state], ['history', { feed: 'history' }, 'paused']);
  assert.equal((await restore(pause)).status, 204);
  assert.equal((await look()).state, 'active');

  await send(`PUT ${path}`, { key, json: { credentials: { password: 'right' } } });
  assert.equal((await history())[0]?.obstacle, 'credentials');
  assert.equal((await send(`DELETE ${path}`, { key })).status, 204);
  assert.equal((await history())[0]?.obstacle, 'deleted');
  assert.deepEqual(await codeOf(await restore(edit)), [404, 'connection.not_found']);
});

test('what is put back of a connection is what that change was about: where it leads by now stays', async () => {
  const key = await (await buildCustomer()).key();
  const { id } = await jsonOf<Item>(await send('POST /api/v1/connections', { key, json: ours('first') }), 201);
  const path = `/api/v1/connections/${id}` as const;
  const moved = { settings: { feed: 'second', back: true }, credentials: { password: 'of the second' } };
  for (const json of [{ settings: { feed: 'first', back: true } }, moved]) await jsonOf(await send(`PUT ${path}`, { key, json }));
  const { items } = await jsonOf<{ items: { id: string; changes: { name: string }[] }[] }>(
    await send('GET /api/v1/settings/history', { key }),
  );
  const backed = items.find(({ changes }) => changes.some(({ name }) => name === 'settings.back'));
  assert.equal((await send(`POST /api/v1/settings/history/${backed?.id}/restore`, { key })).status, 204);
  assert.deepEqual((await jsonOf<Item>(await send(`GET ${path}`, { key }))).settings, { feed: 'second' });
});
