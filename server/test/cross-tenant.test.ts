import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { Http } from '#surface/http';
import { createLive } from '#surface/live';
import { withFeeds } from './connector-module.ts';
import { bodies, type Sample } from './cross-tenant/bodies.ts';
import { listQueries, otherAnswers, pathIds } from './cross-tenant/ids.ts';
import { buildPlace, type Place } from './cross-tenant/place.ts';
import { openRows } from './cross-tenant/rows.ts';
import { testHttp } from './http.ts';
import { eventually } from './platform.ts';

/**
 * For every route that there is: what one tenant's credentials do with another tenant's ids, wherever a request can carry one. Generated from
 * the routes themselves: a route for which the tables in `cross-tenant/` have no ids or body fails, by name.
 */
// Registered first, since what the platform gives back must not be in use any more.
const undo: (() => Promise<void>)[] = [];
after(async () => {
  for (const step of undo.reverse()) await step();
});
const world = await testHttp({ environment: withFeeds });
const { platform, http, send } = world;
await platform.identity.start();
await platform.startWorker();
const them = await buildPlace(world);
await platform.sequencer.drained();
const rows = await openRows(platform.ownerUrl);
undo.push(() => rows.close());

const theirNames = [them.tenantId, ...them.people];
const idempotencyKey = `used-by-them-${them.ids.canary}`;
{
  const json = { source: 'test', kind: 'other', externalId: `${them.ids.canary}-idempotent`, payload: {} };
  assert.equal((await send('POST /api/v1/events', { key: them.key, json, headers: { 'idempotency-key': idempotencyKey } })).status, 202);
  await eventually(async () => {
    const { items } = (await (await send('GET /api/v1/tasks?state=waiting', { key: them.key })).json()) as { items: unknown[] };
    return items.length === 4 ? true : undefined;
  });
}

/** What there is of them, their audit log included, once all of it is numbered. */
async function theirs(): Promise<string[]> {
  await platform.sequencer.drained();
  return rows.of(theirNames);
}

/** Rows that were there and are not any more, or the other way round. */
const changes = (before: readonly string[], now: readonly string[]): string[] => [
  ...before.filter((row) => !now.includes(row)).map((row) => `gone: ${row.slice(0, 500)}`),
  ...now.filter((row) => !before.includes(row)).map((row) => `new: ${row.slice(0, 500)}`),
];

type Route = Http['routes'][number];
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const nameOf = ({ spec }: Route): string => `${spec.method.toUpperCase()} ${spec.path}`;
const [person, token] = ["the owner's session", 'a token'];
type Us = Pick<Place, 'cookie' | 'key' | 'jwt'>;
const credentials = [
  [person, ({ cookie }: Us) => ({ cookie })],
  ['a key', ({ key }: Us) => ({ key })],
  [token, ({ jwt }: Us) => ({ key: jwt })],
] as const;

/** The path with the other tenant's ids in it. */
function pathTo(spec: Route['spec']): string {
  return spec.path.replaceAll(/([^/]+)\/\{(\w+)\}/g, (_, segment: string, param: string) => {
    const provide = pathIds[`${segment}/{${param}}`];
    assert.ok(provide, `${spec.path}: there is no id for ${segment}/{${param}} in cross-tenant/ids.ts`);
    return `${segment}/${provide(them)}`;
  });
}

/** Nothing of theirs stands in an answer, but for what was sent. */
async function assertNothingOfTheirs(response: Response, sent: string): Promise<void> {
  const text = `${await response.text()} ${JSON.stringify([...response.headers])}`;
  for (const word of [them.tenantId, them.name, ...Object.values(them.ids)])
    if (!sent.includes(word) && !sent.includes(encodeURIComponent(word)) && word.length > 6)
      assert.ok(!text.includes(word), `${word} stands in the answer to ${sent}: ${text.slice(0, 400)}`);
  assert.equal(response.headers.get('idempotency-replayed'), null, 'it is their answer, kept for their idempotency key');
}

interface Attempt {
  readonly json?: unknown;
  readonly raw?: { readonly body: string; readonly type: string };
  readonly path?: string;
  /** With the idempotency key that they have used. For somebody's first request, or it is their own answer that they get again. */
  readonly isFirst?: boolean;
}

async function attempt(
  route: Route,
  as: { cookie?: string; key?: string },
  { json, raw, path = pathTo(route.spec), isFirst = false }: Attempt,
): Promise<Response> {
  // One of the four words that routes are made of.
  const method = route.spec.method.toUpperCase() as Method;
  const response = await send(`${method} ${path as `/${string}`}`, {
    ...as,
    ...(json === undefined ? {} : { json }),
    ...(raw === undefined ? {} : { body: raw.body }),
    headers: {
      ...(raw === undefined ? {} : { 'content-type': raw.type }),
      ...(isFirst ? { 'idempotency-key': idempotencyKey } : {}),
    },
  });
  await assertNothingOfTheirs(response.clone(), `${path} ${JSON.stringify(json ?? null)}`);
  return response;
}

/** What a route may answer to an attempt at somebody else's things. */
function expectedFrom(route: Route, who: string): readonly number[] {
  if (route.access === 'operator') return [401, 403];
  // Only people have an account.
  if (route.access === 'person' && who !== person) return [401, 403];
  // A token proves no presence.
  if (route.spec.fresh === true && who === token) return [403];
  return otherAnswers[nameOf(route)]?.statuses ?? [404];
}

const routes = http.routes.filter(({ access }) => access !== 'open');

describe("another tenant's ids", () => {
  for (const route of routes) {
    const { spec } = route;
    const hasIds = spec.path.includes('{');
    test(`${nameOf(route)} gives nothing of theirs away and leaves no trace`, async () => {
      const samples: readonly Sample[] | undefined = spec.body === undefined ? [{}] : bodies[nameOf(route)]?.(them);
      assert.ok(samples, `${nameOf(route)} has no body in cross-tenant/bodies.ts`);
      const before = await theirs();
      for (const [who, of] of credentials) {
        for (const [at, sample] of samples.entries()) {
          const isFirst = spec.method === 'post' && at === 0 && who === person;
          // What is done for whoever asks changes who they are; looking, and reaching for others, does not.
          const isHarmless = spec.method === 'get' || (hasIds && spec.method !== 'put' && !isFirst);
          const us = isHarmless ? await lastingUs() : await freshUs();
          const { status } = await attempt(route, of(us), { ...sample, isFirst });
          const where = `${nameOf(route)} as ${who} with ${JSON.stringify(sample)} was answered ${status}`;
          const expected = hasIds ? [...expectedFrom(route, who), ...(sample.refused ?? [])] : sample.allowed;
          // What no sample allows is refused; what takes nothing is done to oneself.
          if (expected === undefined) assert.ok(status < 500 && (spec.body === undefined || status >= 400), where);
          else assert.ok(expected.includes(status) || (!hasIds && who !== person && [401, 403].includes(status)), where);
        }
      }
      assert.deepEqual(changes(before, await theirs()), []);
    });

    if (spec.body?.types.includes('application/json') === true)
      test(`${nameOf(route)} takes no tenant from its body`, async () => {
        const before = await theirs();
        const us = await lastingUs();
        for (const sample of bodies[nameOf(route)]?.(them) ?? []) {
          const named = { tenantId: them.tenantId, tenant: them.tenantId, organizationId: them.tenantId };
          const json = { ...named, ...(typeof sample.json === 'object' ? sample.json : {}), tenant: them.tenantId };
          const { status } = await attempt(route, { cookie: us.cookie }, { json });
          assert.ok(status >= 400 && status < 500, `${nameOf(route)} with a tenant in its body was answered ${status}`);
        }
        assert.deepEqual(changes(before, await theirs()), []);
      });

    if (spec.method === 'get')
      test(`${nameOf(route)} takes no tenant from its query or headers`, async () => {
        const before = await theirs();
        const us = await lastingUs();
        for (const name of ['tenantId', 'tenant', 'organizationId'])
          await attempt(route, { cookie: us.cookie }, { path: `${pathTo(spec)}?${name}=${them.tenantId}` });
        const response = await send(`GET ${pathTo(spec) as `/${string}`}`, {
          key: us.key,
          headers: { 'factotum-tenant': them.tenantId, 'x-tenant-id': them.tenantId, 'factotum-operator': 'root' },
        });
        await assertNothingOfTheirs(response, pathTo(spec));
        assert.deepEqual(changes(before, await theirs()), []);
      });

    if (spec.query !== undefined && 'cursor' in spec.query.shape && route.access !== 'operator')
      test(`${nameOf(route)} does not go on from their cursor`, async () => {
        const address = `${pathTo(spec)}?limit=1${listQueries[nameOf(route)]?.(them) ?? ''}`;
        const first = (await (await send(`GET ${address as `/${string}`}`, { key: them.key })).json()) as {
          nextCursor: string | null;
        };
        assert.ok(first.nextCursor !== null, `${spec.path}: they have fewer than two; give them two in cross-tenant/place.ts`);
        const us = await lastingUs();
        const response = await attempt(route, { cookie: us.cookie }, { path: `${address}&cursor=${encodeURIComponent(first.nextCursor)}` });
        assert.equal(response.status, 400);
        assert.equal(((await response.json()) as { code: string }).code, 'request.cursor_invalid');
      });
  }
});

describe('the tables of this test', () => {
  test('every route that is described has been tried', async () => {
    const described = (await (await send('GET /api/v1/openapi.json')).json()) as { paths: Record<string, Record<string, unknown>> };
    const methods = ['get', 'post', 'put', 'delete', 'patch'];
    const known = new Set(http.routes.map(nameOf));
    const missing = Object.entries(described.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => methods.includes(method))
        .map((method) => `${method.toUpperCase()} ${path}`)
        .filter((name) => !known.has(name)),
    );
    assert.deepEqual(missing, []);
    assert.ok(routes.length > 60, 'the routes were read');
  });

  test('no line of them is about a route that is gone', () => {
    const known = new Set(http.routes.map(nameOf));
    assert.deepEqual(
      [...Object.keys(otherAnswers), ...Object.keys(bodies)].filter((name) => !known.has(name)),
      [],
    );
  });
});

test('a subscription hears nothing of another tenant, whatever it asks for', async () => {
  const live = createLive({ ...platform, isOurs: () => true });
  await platform.sequencer.start();
  const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade });
  const us = await lastingUs();
  const heard: string[] = [];
  const sockets: WebSocket[] = [];
  try {
    for (const query of ['', `?tenantId=${them.tenantId}`, `?tenant=${them.tenantId}&after=0`]) {
      const headers = { authorization: `Bearer ${us.key}`, 'factotum-tenant': them.tenantId };
      const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live${query}`, { headers });
      const opened = once(socket, 'open').then(
        () => true,
        () => false,
      );
      socket.on('error', () => undefined);
      socket.on('message', (data) => heard.push(String(data)));
      if (await opened) {
        sockets.push(socket);
        socket.send(JSON.stringify({ subscribe: them.tenantId, tenantId: them.tenantId, after: 0 }));
      }
    }
    assert.ok(sockets.length > 0);
    const sendOne = async (key: string, externalId: string) =>
      (
        (await (await send('POST /api/v1/events', { key, json: { source: 'test', kind: 'x', externalId, payload: {} } })).json()) as {
          taskId: string;
        }
      ).taskId;
    const theirTask = await sendOne(them.key, `${them.ids.canary}-live`);
    const other = await buildPlace(world);
    const ourTask = await sendOne((sockets.length > 0 ? us : other).key, `${us.ids.canary}-live`);
    await eventually(async () =>
      sockets.some((socket) => socket.readyState !== WebSocket.OPEN) || heard.some((one) => one.includes(ourTask)) ? true : undefined,
    );
    for (const word of [theirTask, them.tenantId, them.ids.task, them.ids.approval])
      assert.ok(!heard.some((one) => one.includes(word)), word);
  } finally {
    for (const socket of sockets) socket.terminate();
    live.close();
    await http.close(100);
    await platform.sequencer.stop();
  }
});

test("a directory's token reaches nobody of another tenant", async () => {
  const us = await lastingUs();
  const before = await theirs();
  const user = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: `${us.ids.canary}@example.com`, active: false };
  const group = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'Mine', members: [{ value: them.ids.member }] };
  const patch = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', path: 'active', value: false }],
  };
  const attempts = [
    ...[them.ids.member, them.ids.owner].flatMap((id) => [
      ['GET', `/scim/v2/Users/${id}`],
      ['PUT', `/scim/v2/Users/${id}`, user],
      ['PATCH', `/scim/v2/Users/${id}`, patch],
      ['DELETE', `/scim/v2/Users/${id}`],
    ]),
    ['GET', `/scim/v2/Groups/${them.ids.team}`],
    ['PUT', `/scim/v2/Groups/${them.ids.team}`, group],
    ['PATCH', `/scim/v2/Groups/${them.ids.team}`, patch],
    ['DELETE', `/scim/v2/Groups/${them.ids.team}`],
  ] as const;
  for (const [method, path, json] of attempts) {
    // A line of the table above: a method and a path.
    const line = `${method} ${path}` as Parameters<typeof send>[0];
    const response = await send(line, { key: us.scimToken, ...(json === undefined ? {} : { json }) });
    assert.equal(response.status, 404, `${method} ${path}`);
    await assertNothingOfTheirs(response, `${path} ${JSON.stringify(json)}`);
  }
  const listed = await send('GET /scim/v2/Users', { key: us.scimToken });
  assert.equal(listed.status, 200);
  await assertNothingOfTheirs(listed, '');
  const joined = await send('POST /scim/v2/Groups', { key: us.scimToken, json: group });
  assert.ok(joined.status >= 400 || !(await joined.clone().text()).includes(them.ids.member));
  assert.deepEqual(changes(before, await theirs()), []);
});

/** Less than a token lives, which is five minutes, and than a sign-in counts as a proof of presence. */
const lastingMs = 180_000;
let lasting: { readonly place: Promise<Place>; readonly endsAtMs: number } | undefined;
/** A tenant for attempts that cannot change who it is. */
function lastingUs(): Promise<Place> {
  if (lasting === undefined || performance.now() > lasting.endsAtMs)
    lasting = { place: buildPlace(world), endsAtMs: performance.now() + lastingMs };
  return lasting.place;
}

/** A tenant of its own, where what is asked may be done to oneself. */
async function freshUs(): Promise<Us> {
  const customer = await world.buildCustomer();
  const [cookie, key] = [await customer.signIn(), await customer.key()];
  const { token: jwt } = (await (await send('POST /api/v1/token', { key, json: {} })).json()) as { token: string };
  return { cookie, key, jwt };
}
