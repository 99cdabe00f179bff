import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { withTenant } from '#kernel/database';
import { readRange } from '#surface/conditional';
import { testHttp } from '../../../test/http.ts';
import { eventually } from '../../../test/platform.ts';

const { send, buildCustomer, platform } = await testHttp();
const at = (path: string) => `/api/v1/vault/files/${encodeURIComponent(path)}` as const;
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

test('a file is stored, read as a download, replaced by who has read it, listed and deleted', async () => {
  const key = await (await buildCustomer()).key();
  const bytes = randomBytes(200_000);
  const stored = await send(`PUT ${at('Scans/März "1".pdf'.replaceAll('"', '_'))}`, {
    key,
    body: bytes,
    headers: { 'content-type': 'text/html' },
  });
  assert.equal(stored.status, 201);
  const item = (await stored.json()) as { path: string; etag: string; sizeBytes: number };
  assert.equal(item.sizeBytes, bytes.length);

  const read = await send(`GET ${at(item.path)}`, { key });
  assert.equal(read.status, 200);
  assert.ok((await bytesOf(read)).equals(bytes));
  assert.equal(read.headers.get('content-type'), 'application/octet-stream', 'what the sender called it is not believed');
  assert.match(
    read.headers.get('content-disposition') ?? '',
    /^attachment; filename="M_rz _1_\.pdf"; filename\*=UTF-8''M%C3%A4rz%20_1_\.pdf$/,
  );
  assert.equal(read.headers.get('x-content-type-options'), 'nosniff');
  assert.match(read.headers.get('content-security-policy') ?? '', /; sandbox$/);
  assert.equal(read.headers.get('etag'), `"${item.etag}"`);
  assert.equal((await send(`GET ${at(item.path)}`, { key, headers: { 'if-none-match': `"${item.etag}"` } })).status, 304);

  assert.deepEqual(await codeOf(await send(`PUT ${at(item.path)}`, { key, body: 'x' })), [412, 'vault.changed']);
  assert.deepEqual(await codeOf(await send(`PUT ${at(item.path)}`, { key, body: 'x', headers: { 'if-none-match': '*' } })), [
    409,
    'file.exists',
  ]);
  const replaced = await send(`PUT ${at(item.path)}`, { key, body: 'next', headers: { 'if-match': `"${item.etag}"` } });
  assert.equal(replaced.status, 200);
  const { items } = (await (await send('GET /api/v1/vault/files?prefix=Scans', { key })).json()) as {
    items: { path: string; sizeBytes: number }[];
  };
  assert.deepEqual(
    items.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [[item.path, 4]],
  );

  assert.deepEqual(await codeOf(await send(`DELETE ${at(item.path)}`, { key, headers: { 'if-match': `"${item.etag}"` } })), [
    412,
    'vault.changed',
  ]);
  assert.equal((await send(`DELETE ${at(item.path)}`, { key })).status, 204);
  assert.deepEqual(await codeOf(await send(`GET ${at(item.path)}`, { key })), [404, 'file.not_found']);
  assert.deepEqual(await codeOf(await send(`DELETE ${at(item.path)}`, { key })), [404, 'file.not_found']);
});

test('a body without a length is streamed; one of no bytes is an empty file', async () => {
  const key = await (await buildCustomer()).key();
  const piece = randomBytes(100_000);
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (sent === 30) controller.close();
      else controller.enqueue(piece);
      sent += 1;
    },
  });
  assert.equal((await send(`PUT ${at('Streamed.bin')}`, { key, body })).status, 201);
  const read = await bytesOf(await send(`GET ${at('Streamed.bin')}`, { key, headers: { range: 'bytes=2950000-' } }));
  assert.ok(read.equals(piece.subarray(50_000)));
  assert.equal((await send(`PUT ${at('Empty.bin')}`, { key })).status, 201);
  const empty = await send(`GET ${at('Empty.bin')}`, { key });
  assert.deepEqual([empty.status, (await bytesOf(empty)).length], [200, 0]);
});

test('a part is answered as a part, and only while the file is the one that was meant', async () => {
  const key = await (await buildCustomer()).key();
  const bytes = randomBytes(100_000);
  const { etag } = (await (await send(`PUT ${at('Part.bin')}`, { key, body: bytes })).json()) as { etag: string };
  const ask = async (headers: Record<string, string>) => {
    const response = await send(`GET ${at('Part.bin')}`, { key, headers });
    return { status: response.status, range: response.headers.get('content-range'), body: await bytesOf(response) };
  };
  const part = await ask({ range: 'bytes=20000-39999' });
  assert.deepEqual([part.status, part.range], [206, 'bytes 20000-39999/100000']);
  assert.ok(part.body.equals(bytes.subarray(20_000, 40_000)));
  assert.ok((await ask({ range: 'bytes=-10' })).body.equals(bytes.subarray(-10)));
  assert.deepEqual(await ask({ range: 'bytes=100000-' }), { status: 416, range: 'bytes */100000', body: Buffer.alloc(0) });
  assert.equal((await ask({ range: 'bytes=0-1,5-6' })).status, 200);
  assert.equal((await ask({ range: 'bytes=0-1', 'if-range': `"${etag}"` })).status, 206);
  assert.equal((await ask({ range: 'bytes=0-1', 'if-range': '"other"' })).status, 200);
});

test('ranges are read as RFC 9110 has them', () => {
  const cases: [string | null, number, unknown][] = [
    [null, 10, 'all'],
    ['bytes=0-0', 10, { start: 0, end: 1 }],
    ['bytes=5-', 10, { start: 5, end: 10 }],
    ['bytes=5-99', 10, { start: 5, end: 10 }],
    ['bytes=-3', 10, { start: 7, end: 10 }],
    ['bytes=-99', 10, { start: 0, end: 10 }],
    ['bytes=-0', 10, 'none'],
    ['bytes=10-', 10, 'none'],
    ['bytes=0-', 0, 'none'],
    ['bytes=-5', 0, 'none'],
    ['bytes=5-4', 10, 'all'],
    ['bytes=-', 10, 'all'],
    ['items=0-1', 10, 'all'],
    ['bytes=0-1, 3-4', 10, 'all'],
    ['bytes=1e3-', 10, 'all'],
  ];
  for (const [header, size, expected] of cases) assert.deepEqual(readRange(header, size, true), expected, `${header} of ${size}`);
  assert.equal(readRange('bytes=0-1', 10, false), 'all');
});

test('paths, permissions, quota and generated places are respected', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  assert.deepEqual(await codeOf(await send(`PUT ${at('../up.bin')}`, { key, body: 'x' })), [400, 'vault.path_invalid']);
  assert.deepEqual(await codeOf(await send(`PUT ${at('Dashboard.md')}`, { key, body: 'x' })), [409, 'vault.generated']);
  assert.deepEqual(await codeOf(await send(`PUT ${at('Contacts.md')}`, { key, body: 'x' })), [409, 'vault.exists']);
  const reader = await customer.key('vault:read');
  assert.deepEqual(await codeOf(await send(`PUT ${at('x.bin')}`, { key: reader, body: 'x' })), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf(await send(`DELETE ${at('x.bin')}`, { key: reader })), [403, 'auth.forbidden']);
  const blind = await customer.key('task:read');
  assert.deepEqual(await codeOf(await send(`GET ${at('x.bin')}`, { key: blind })), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf(await send('GET /api/v1/vault/files', { key: blind })), [403, 'auth.forbidden']);
  await platform.quotas.change(customer.tenantId, { vaultBytes: 100_000 }, 'operator:test');
  assert.deepEqual(await codeOf(await send(`PUT ${at('x.bin')}`, { key, body: randomBytes(200_000) })), [429, 'quota.exceeded']);
  const large = { 'content-length': String(3 * 1024 ** 3) };
  assert.deepEqual(await codeOf(await send(`PUT ${at('x.bin')}`, { key, body: 'x', headers: large })), [413, 'request.too_large']);
});

test('who stores, reads and deletes a file stands in the audit log, by id and never by path', async () => {
  const { tenantId, key: keyOf } = await buildCustomer();
  const key = await keyOf();
  await send(`PUT ${at('Quite-Secret.bin')}`, { key, body: 'x' });
  await bytesOf(await send(`GET ${at('Quite-Secret.bin')}`, { key }));
  await send(`DELETE ${at('Quite-Secret.bin')}`, { key });
  const kinds = await eventually(async () => {
    await platform.sequencer.drained();
    const rows = await withTenant(platform.database.app.db, tenantId, (tx) =>
      tx
        .selectFrom('auditEntry')
        .select(['kind', 'body'])
        .where('tenantId', '=', tenantId)
        .where('kind', 'like', 'file.%')
        .orderBy('seq')
        .execute(),
    );
    assert.ok(rows.every(({ body }) => !body.includes('Quite-Secret')));
    return rows.length === 3 ? rows.map(({ kind }) => kind) : undefined;
  });
  assert.deepEqual([...kinds].sort(), ['file.deleted', 'file.read', 'file.written']);
});
