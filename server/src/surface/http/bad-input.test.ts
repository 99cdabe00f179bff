import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { parseJson } from '#kernel';
import { testHttp } from '../../../test/http.ts';

const undo: (() => Promise<void>)[] = [];
after(async () => {
  for (const step of undo) await step();
});

const { platform, http, send, buildCustomer } = await testHttp();
let key: string;
let port: number;
before(async () => {
  key = await (await buildCustomer()).key();
  port = await http.listen({ host: '127.0.0.1', port: 0 });
  undo.push(() => http.close(100));
});

const event = { source: 'test', kind: 'test.x', externalId: 'one', payload: {} };
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const json = { 'content-type': 'application/json' };

/** What is wrong, the body, the status and the code. Each is sent to the route that takes most, and nothing comes of it. */
const bodies: readonly (readonly [fault: string, body: string | Uint8Array<ArrayBuffer>, status: number, code: string])[] = [
  ['nothing at all', '', 400, 'request.not_json'],
  ['a word', 'hello', 400, 'request.not_json'],
  ['half of it', '{"source":"te', 400, 'request.not_json'],
  ['a trailing comma', '{"source":"test",}', 400, 'request.not_json'],
  ['two values', '{}{}', 400, 'request.not_json'],
  ['a number beyond JSON', '{"a":NaN}', 400, 'request.not_json'],
  ['a list', '[]', 400, 'request.invalid'],
  ['null', 'null', 400, 'request.invalid'],
  ['a text', '"x"', 400, 'request.invalid'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 400, 'request.not_json'],
  ['a picture', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), 400, 'request.not_json'],
  ['UTF-16', new Uint8Array(Buffer.from('\ufeff{}', 'utf16le')), 400, 'request.not_json'],
  ['a raw zero byte', '{"source":"te\0st"}', 400, 'request.not_json'],
  ['a written zero byte', JSON.stringify({ ...event, payload: { a: 'x\0y' } }), 400, 'request.invalid'],
  ['a zero byte in a name', JSON.stringify({ ...event, payload: { 'a\0': 1 } }), 400, 'request.invalid'],
  ['half of a surrogate pair', '{"source":"test","kind":"test.x","externalId":"\\ud800","payload":{}}', 400, 'request.invalid'],
  [
    'half of a pair deep in a list',
    '{"source":"test","kind":"test.x","externalId":"1","payload":{"a":[["\\udc00"]]}}',
    400,
    'request.invalid',
  ],
  ['a list 100,000 deep', '['.repeat(100_000), 400, 'request.invalid'],
  ['objects 65 deep', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, 400, 'request.invalid'],
  ['a member too many', JSON.stringify({ ...event, tenantId: 'ten_000000000000000000000000' }), 400, 'request.invalid'],
  ['a member too few', JSON.stringify({ ...event, payload: undefined }), 400, 'request.invalid'],
  ['a date that is none', JSON.stringify({ ...event, occurredAt: '2026-02-31T00:00:00Z' }), 400, 'request.invalid'],
  ['a date without a zone', JSON.stringify({ ...event, occurredAt: '2026-02-01T00:00:00' }), 400, 'request.invalid'],
  ['a date as a number', JSON.stringify({ ...event, occurredAt: 1 }), 400, 'request.invalid'],
  ['a source in capitals', JSON.stringify({ ...event, source: 'TEST' }), 400, 'request.invalid'],
  ['an external id of 600 letters', JSON.stringify({ ...event, externalId: 'x'.repeat(600) }), 400, 'request.invalid'],
  ['an empty external id', JSON.stringify({ ...event, externalId: '' }), 400, 'request.invalid'],
  ['a payload above its limit', JSON.stringify({ ...event, payload: { a: 'x'.repeat(300_000) } }), 413, 'request.too_large'],
  ['a body above its limit', JSON.stringify({ ...event, payload: { a: 'x'.repeat(600_000) } }), 413, 'request.too_large'],
];

for (const [fault, body, status, code] of bodies) {
  test(`${fault} is refused by name and nothing comes of it`, async () => {
    const response = await send('POST /api/v1/events', { key, body, headers: json });
    assert.equal(response.status, status);
    assert.equal(await codeOf(response), code);
    const tasks = (await (await send('GET /api/v1/tasks', { key })).json()) as { items: unknown[] };
    assert.deepEqual(tasks.items, []);
  });
}

test('every fault is named with its place', async () => {
  const response = await send('POST /api/v1/events', { key, json: { source: 'TEST', kind: 5, externalId: 'x', payload: {}, more: 1 } });
  const { details } = (await response.json()) as { details: { faults: { path: string; message: string }[] } };
  assert.deepEqual(details.faults.map(({ path }) => path).sort(), ['', 'kind', 'source']);
  const decision = await send('POST /api/v1/approvals/apr_000000000000000000000000/decision', {
    key,
    json: { decision: 'reject', payloadHash: 'x' },
  });
  const faults = ((await decision.json()) as { details: { faults: { path: string }[] } }).details.faults;
  assert.deepEqual(faults.map(({ path }) => path).sort(), ['comment', 'payloadHash']);
});

test('what readers of JSON tolerate is tolerated: names twice, names of prototypes, escaped brackets, a byte order mark', async () => {
  assert.deepEqual(parseJson(Buffer.from('{"a":1,"a":2}')), { a: 2 });
  assert.equal(Object.keys(parseJson(Buffer.from(`{"a":"${'['.repeat(200)}\\"${'{'.repeat(200)}"}`)) as object).length, 1);
  assert.deepEqual(parseJson(Buffer.from('\ufeff{}')), {});
  const body =
    '{"source":"test","kind":"test.x","externalId":"proto","payload":{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}}';
  const other = await buildCustomer();
  assert.equal((await send('POST /api/v1/events', { key: await other.key(), body, headers: json })).status, 202);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('a body of another type than its route takes is refused with those that it takes', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'json',
    'application/xml',
  ]) {
    const response = await send('POST /api/v1/events', { key, body: JSON.stringify(event), headers: { 'content-type': type } });
    assert.equal(response.status, 415, type);
    assert.deepEqual(((await response.json()) as { details: unknown }).details, { accepted: ['application/json'] });
  }
  const bare = new Uint8Array(Buffer.from(JSON.stringify(event)));
  assert.equal((await send('POST /api/v1/events', { key, body: bare })).status, 415, 'no type at all');
  assert.equal((await send('POST /api/v1/events/mail', { key, json: {} })).status, 415);
  assert.equal((await send('PUT /api/v1/vault/notes/A.md', { key, json: {} })).status, 415);
});

test('a mail that is none is refused by name', async () => {
  const headers = { 'content-type': 'message/rfc822' };
  for (const body of ['', 'no header at all', new Uint8Array(1000)])
    assert.equal(await codeOf(await send('POST /api/v1/events/mail', { key, body, headers })), 'mail.invalid');
});

test('a query that nobody understands is refused, not guessed', async () => {
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=ten',
    'limit=1&limit=2',
    'state=open',
    'state=done,',
    'colour=red',
    'cursor=',
    'cursor=abc',
    'cursor=%00',
  ])
    assert.equal((await send(`GET /api/v1/tasks?${query}`, { key })).status, 400, query);
  for (const query of ['after=x', 'before=1.5', 'limit=-1', 'after=9007199254740993'])
    assert.equal((await send(`GET /api/v1/audit/entries?${query}`, { key })).status, 400, query);
  assert.equal((await send('GET /api/v1/tasks?state=done,failed&state=waiting&limit=200', { key })).status, 200);
});

test('a cursor that was changed in any bit is refused', async () => {
  const { nextCursor } = (await (await send('GET /api/v1/vault/notes?limit=1', { key })).json()) as { nextCursor: string };
  const bytes = Buffer.from(nextCursor, 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    const response = await send(`GET /api/v1/vault/notes?cursor=${changed.toString('base64url')}`, { key });
    assert.equal(await codeOf(response), 'request.cursor_invalid', `byte ${at}`);
  }
});

test('no address leads out of the vault, in any route', async () => {
  const outside = [
    '..',
    '../x',
    '/etc/passwd',
    'a/../../b',
    'a//b',
    './a',
    'a/.',
    'C:\\x',
    '\\\\host\\share',
    'a\0b',
    'CON',
    'nul.md',
    '%2e%2e/x',
    '..%2fx',
    'a%00b',
    'x'.repeat(2_000),
    'a/',
    '\ud800',
    'a\u202eb.md',
  ];
  for (const path of outside) {
    for (const json of [
      { from: path, to: 'Inbox/A.md' },
      { from: 'Inbox/A.md', to: path },
    ]) {
      const response = await send('POST /api/v1/vault/move', { key, json });
      assert.equal(response.status, 400, JSON.stringify(json));
    }
    if (path === '\ud800') continue;
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const body = method === 'PUT' ? { body: 'x', headers: { 'content-type': 'text/markdown' } } : {};
      const response = await send(`${method} /api/v1/vault/notes/${encodeURIComponent(path)}`, { key, ...body });
      // What a browser's reading of the address takes away already is no address of ours any more.
      assert.ok([400, 404, 405].includes(response.status), `${method} ${path}: ${response.status}`);
    }
    if (path === 'a/') continue; // a folder may be written like this
    assert.equal((await send(`GET /api/v1/vault/notes?prefix=${encodeURIComponent(path)}`, { key })).status, 400, `prefix ${path}`);
  }
  for (const encoded of ['%', '%zz', '%c3%28', 'a%2F..%2F..%2Fb', '%252e%252e%252fb']) {
    const response = await send(`GET /api/v1/vault/notes/${encoded}`, { key });
    assert.equal(await codeOf(response), 'vault.path_invalid', encoded);
  }
});

test('a note that says it is text holds text', async () => {
  for (const body of [new Uint8Array([0xff, 0xfe, 0x00]), 'a\0b'])
    assert.equal(
      (await send('PUT /api/v1/vault/notes/Inbox/Binary.md', { key, body, headers: { 'content-type': 'text/markdown' } })).status,
      400,
    );
  const picture = await send('PUT /api/v1/vault/notes/Inbox/a.png', {
    key,
    body: new Uint8Array([0xff, 0x00]),
    headers: { 'content-type': 'application/octet-stream' },
  });
  assert.equal(picture.status, 201);
  const read = await send('GET /api/v1/vault/notes/Inbox/a.png', { key });
  assert.equal(read.headers.get('content-type'), 'application/octet-stream');
  assert.deepEqual(new Uint8Array(await read.arrayBuffer()), new Uint8Array([0xff, 0x00]));
});

/** Sends over a real connection and gives status and code. */
async function overSocket(path: string, headers: Record<string, string>, write: (out: ReturnType<typeof request>) => void) {
  const out = request({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, host: '127.0.0.1:4310', ...headers },
  });
  out.on('error', () => undefined);
  const answered = once(out, 'response');
  write(out);
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) text += chunk;
  out.destroy();
  return { status: response.statusCode as number, code: (JSON.parse(text) as { code?: string }).code };
}

test('50 MB are refused at once when they are announced, and on the way when they are not', async () => {
  const megabyte = Buffer.alloc(1_000_000, 0x20);
  const announced = await overSocket('/api/v1/events', { ...json, 'content-length': '50000000' }, (out) => out.write(megabyte));
  assert.deepEqual(announced, { status: 413, code: 'request.too_large' });
  for (const [path, type] of [
    ['/api/v1/events', 'application/json'],
    ['/api/v1/events/mail', 'message/rfc822'],
  ] as const) {
    const streamed = await overSocket(path, { 'content-type': type, 'transfer-encoding': 'chunked' }, (out) => {
      Readable.from(Array.from({ length: 50 }, () => megabyte)).pipe(out);
    });
    assert.deepEqual(streamed, { status: 413, code: 'request.too_large' }, path);
  }
});

test('a zero byte in an address is a mistake of whoever sends it', async () => {
  for (const address of ['approvals?tool=a%00', 'tasks?playbook=%00', 'tasks?q=a&playbook=a%00b', 'audit/entries?kind=a%00']) {
    const response = await send(`GET /api/v1/${address}`, { key });
    assert.deepEqual([response.status, await codeOf(response)], [400, 'request.invalid'], address);
  }
  const cookie = await (await buildCustomer()).signIn();
  for (const { spec } of http.routes.filter(({ spec: { path } }) => /\{(?!path\})/.test(path))) {
    const { method, path } = spec;
    const body = method === 'get' || method === 'delete' ? {} : { json: {} };
    // What a route has as its method and address.
    const line = `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, 'a%00b')}` as `GET /${string}`;
    const response = await send(line, { cookie, ...body });
    assert.ok(response.status >= 400 && response.status < 500, `${method} ${path}: ${response.status}`);
  }
});

test('a connection that breaks off in the middle of a body leaves the server well', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1:4310\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a"`,
  );
  socket.destroySoon();
  await once(socket, 'close');
  assert.equal((await overSocket('/api/v1/events', json, (out) => out.end('{}'))).status, 400);
});

test('a Host header or an address that cannot be read is refused as a problem', async () => {
  for (const head of [
    'GET /livez HTTP/1.1\r\nhost: a b\r\n',
    'GET /livez HTTP/1.1\r\nhost: a/b@c\r\n',
    'GET http://[/ HTTP/1.1\r\nhost: x\r\n',
  ]) {
    const socket = connect(port, '127.0.0.1');
    socket.end(`${head}connection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) text += chunk;
    assert.match(text, /^HTTP\/1\.1 4(?:00|21) /, head);
  }
});

test('after all of that nothing was taken in', async () => {
  await platform.sequencer.drained();
  const { items } = (await (await send('GET /api/v1/tasks', { key })).json()) as { items: unknown[] };
  assert.deepEqual(items, []);
});
