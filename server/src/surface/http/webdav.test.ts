import assert from 'node:assert/strict';
import { test } from 'node:test';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { testWebdav } from '../../../test/webdav.ts';

const { platform, send, buildCustomer, device, dav } = await testWebdav({
  tools: () => [scriptedTool({ name: 'pay.it', effect: 'money', side: farSide(), reversible: false })],
});

/** A tenant with two devices of its owner's. */
async function build() {
  const customer = await buildCustomer();
  const token = await device(customer);
  return { customer, token, key: await customer.key() };
}

const put = (token: string, path: string, body: string, headers: Record<string, string> = {}) =>
  dav(token, `PUT ${path}`, { body, headers });
const textAt = async (token: string, path: string) => (await dav(token, `GET ${path}`)).text();
const hrefsIn = async (token: string, folder: string) => {
  const answer = await dav(token, `PROPFIND ${folder}`, { headers: { depth: '1' } });
  return [...(await answer.text()).matchAll(/<d:href>\/webdav\/([^<]*)<\/d:href>/g)].map(([, href = '']) => decodeURIComponent(href));
};

test('the vault is a tree of notes, files and what is drawn, one folder at a time', async () => {
  const { token, key } = await build();
  assert.equal((await put(token, 'Goals.md', 'more')).status, 201);
  assert.equal((await put(token, 'Clients/A.md', 'x')).status, 409, 'a folder is made first');
  assert.equal((await dav(token, 'MKCOL Clients')).status, 201);
  assert.equal((await put(token, encodeURI('Clients/Büro & Co.md'), 'größer')).status, 201);
  assert.equal((await put(token, 'Clients/scan.pdf', '%PDF-1.4')).status, 201);
  assert.deepEqual(await hrefsIn(token, 'Clients'), ['Clients/', 'Clients/Büro & Co.md', 'Clients/scan.pdf']);
  const top = await hrefsIn(token, '');
  for (const expected of ['Clients/', 'Goals.md', 'Dashboard.md', 'Pending_Approval/', 'Contacts.md'])
    assert.ok(top.includes(expected), expected);
  assert.equal(await textAt(token, encodeURI('Clients/Büro & Co.md')), 'größer');
  const note = await send(`GET /api/v1/vault/notes/${encodeURIComponent('Clients/Büro & Co.md')}`, { key });
  assert.equal(await note.text(), 'größer');
  assert.equal((await send('GET /api/v1/vault/files/Clients%2Fscan.pdf', { key })).status, 200);
  assert.equal((await dav(token, 'PROPFIND ', { headers: { depth: 'infinity' } })).status, 403);
  assert.equal((await dav(token, 'DELETE Clients/scan.pdf')).status, 204);
  assert.equal((await dav(token, `DELETE ${encodeURI('Clients/Büro & Co.md')}`)).status, 204);
  assert.deepEqual(await hrefsIn(token, 'Clients'), ['Clients/'], 'an empty folder stays');
});

test('a folder is moved and deleted whole or not at all', async () => {
  const { token } = await build();
  const deep = `${'z'.repeat(180)}.md`;
  const long = [1, 2, 3, 4, 5].map((depth) => Array.from({ length: depth }, () => 'l'.repeat(185)).join('/'));
  for (const folder of ['From', 'From/in', ...long]) assert.equal((await dav(token, `MKCOL ${folder}`)).status, 201);
  assert.equal((await put(token, 'From/a.md', 'a')).status, 201);
  assert.equal((await put(token, 'From/b.bin', 'b')).status, 201);
  assert.equal((await put(token, `From/in/${deep}`, 'deep')).status, 201);
  const before = [...(await hrefsIn(token, 'From')), ...(await hrefsIn(token, 'From/in'))];
  // The first two would fit there, the path of the last is too long.
  const tooFar = `/webdav/${long.at(-1)}/To`;
  assert.ok((await dav(token, 'MOVE From', { headers: { destination: tooFar } })).status >= 400);
  assert.deepEqual([...(await hrefsIn(token, 'From')), ...(await hrefsIn(token, 'From/in'))], before);
  assert.deepEqual(await hrefsIn(token, long.at(-1) ?? ''), [`${long.at(-1)}/`]);

  assert.equal((await dav(token, 'MKCOL Old')).status, 201);
  assert.equal((await put(token, 'Old/a.md', 'old')).status, 201);
  assert.equal((await put(token, 'Old/gone.md', 'old')).status, 201);
  assert.equal((await dav(token, 'MOVE From', { headers: { destination: '/webdav/Old' } })).status, 204);
  assert.deepEqual(await hrefsIn(token, 'Old'), ['Old/', 'Old/a.md', 'Old/b.bin', 'Old/in/']);
  assert.deepEqual([await textAt(token, 'Old/a.md'), await textAt(token, `Old/in/${deep}`)], ['a', 'deep']);
  assert.equal((await dav(token, 'PROPFIND From')).status, 404);
  assert.equal((await dav(token, 'DELETE Old')).status, 204);
  assert.equal((await dav(token, 'PROPFIND Old')).status, 404);
});

test('conditions, ranges and unchanged contents are as in HTTP', async () => {
  const { token } = await build();
  const { headers } = await put(token, 'a.md', '0123456789');
  const etag = headers.get('etag') ?? '';
  assert.equal((await put(token, 'a.md', 'x', { 'if-none-match': '*' })).status, 412);
  assert.equal((await put(token, 'a.md', 'x', { 'if-match': '"other"' })).status, 412);
  const part = await dav(token, 'GET a.md', { headers: { range: 'bytes=2-4' } });
  assert.deepEqual([part.status, await part.text(), part.headers.get('content-range')], [206, '234', 'bytes 2-4/10']);
  assert.equal((await dav(token, 'GET a.md', { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await dav(token, 'GET a.md', { headers: { range: 'bytes=99-' } })).status, 416);
  assert.equal((await put(token, 'a.md', 'new', { 'if-match': etag })).status, 204);
  assert.equal((await put(token, 'a.md', 'late', { if: `(["${etag.slice(1, -1)}"])` })).status, 412);
  assert.equal((await dav(token, 'HEAD a.md')).headers.get('content-length'), '3');
});

test('whoever overwrites what they have not seen leaves it beside the note, and in its history', async () => {
  const { customer, token, key } = await build();
  const other = await device(customer);
  await put(token, 'a.md', 'one');
  await textAt(other, 'a.md');
  await put(other, 'a.md', 'two, by the other');
  assert.equal((await put(token, 'a.md', 'two, by the first')).status, 204);
  assert.equal(await textAt(token, 'a.md'), 'two, by the first');
  const copies = (await hrefsIn(token, '')).filter((path) => path.startsWith('a (conflict '));
  assert.equal(copies.length, 1);
  assert.equal(await textAt(token, encodeURI(copies[0] ?? '')), 'two, by the other');
  await put(token, 'a.md', 'three');
  assert.equal(
    (await hrefsIn(token, '')).filter((path) => path.startsWith('a (conflict ')).length,
    1,
    'who has seen it is not in conflict',
  );
  const { items } = (await (await send('GET /api/v1/vault/history?path=a.md', { key })).json()) as { items: unknown[] };
  assert.equal(items.length, 4);
  await put(token, 'b.bin', 'one');
  await textAt(other, 'b.bin');
  await put(other, 'b.bin', 'two');
  await put(token, 'b.bin', 'three');
  const files = (await hrefsIn(token, '')).filter((path) => path.startsWith('b'));
  assert.deepEqual([files.length, await textAt(token, 'b.bin')], [2, 'three']);
});

async function buildPending() {
  const one = await build();
  const text = playbook([{ id: 'one', tool: 'pay.it' }]);
  await dav(one.token, 'MKCOL Playbooks');
  assert.equal((await put(one.token, encodeURI('Playbooks/Pay it.md'), text)).status, 201);
  const worker = await platform.startWorker();
  const taskId = await platform.send(one.customer.tenantId, { secret: 'canary' });
  const { approvals } = await platform.until(one.customer.tenantId, taskId, 'waiting');
  await worker.stop();
  const [, path = ''] = await hrefsIn(one.token, 'Pending_Approval');
  const approval = approvals[0]?.approvalId ?? '';
  assert.ok(path.includes(approval));
  const stateOf = async () =>
    ((await (await send(`GET /api/v1/approvals/${approval}`, { key: one.key })).json()) as { state: string; decidedBy: string }).state;
  return { ...one, path, name: path.slice('Pending_Approval/'.length), stateOf };
}

test('moving a pending note to Approved/ is that person’s decision', async () => {
  const { customer, token, path, name, stateOf } = await buildPending();
  const reader = await device(customer, ['vault:read', 'vault:write']);
  const to = (folder: string) => ({ headers: { destination: `/webdav/${folder}/${encodeURIComponent(name)}` } });
  assert.equal((await dav(reader, `MOVE ${encodeURI(path)}`, to('Approved'))).status, 403, 'without approval:decide');
  assert.equal((await dav(token, `MOVE ${encodeURI(path)}`, to('Clients'))).status, 403);
  assert.equal((await dav(token, `DELETE ${encodeURI(path)}`)).status, 403);
  assert.equal(await stateOf(), 'waiting');
  assert.equal((await dav(token, `MOVE ${encodeURI(path)}`, to('Approved'))).status, 201);
  assert.equal(await stateOf(), 'approved');
});

test('a program that moves by writing and deleting decides as well, but never by an altered note', async () => {
  const { token, path, name, stateOf } = await buildPending();
  const text = await textAt(token, encodeURI(path));
  assert.equal((await put(token, encodeURI(path), text)).status, 204, 'as it is: nothing happens');
  assert.equal((await put(token, encodeURI(path), `${text}more`)).status, 403);
  assert.equal(
    (await put(token, `Approved/${encodeURIComponent(name)}`, text.replace('canary', 'other').replace('pending', 'done'))).status,
    409,
  );
  assert.equal(await stateOf(), 'waiting');
  assert.equal((await put(token, `Rejected/${encodeURIComponent(name)}`, text)).status, 201);
  assert.equal(await stateOf(), 'rejected');
  assert.equal((await dav(token, `DELETE ${encodeURI(path)}`)).status, 404);
});

test('nothing comes in without a token, from a foreign page, or by a cookie', async () => {
  const { customer, token } = await build();
  const anonymous = await send('GET /webdav/' as never, {});
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.headers.get('www-authenticate') ?? '', /^Basic/);
  assert.equal((await send('GET /webdav/a.md' as never, { cookie: await customer.signIn() })).status, 401);
  assert.equal((await dav('fdev_wrong', 'GET a.md')).status, 401);
  assert.equal((await dav(token, 'OPTIONS ', { headers: { origin: 'https://evil.example' } })).status, 403);
  const obsidian = await dav(token, 'OPTIONS ', { headers: { origin: 'app://obsidian.md' } });
  assert.equal(obsidian.headers.get('access-control-allow-origin'), 'app://obsidian.md');
  assert.match(obsidian.headers.get('dav') ?? '', /^1, 2/);
  const asked = { origin: 'capacitor://localhost', 'access-control-request-method': 'PROPFIND' };
  const preflight = await send('OPTIONS /webdav/x' as never, { headers: asked });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, 'capacitor://localhost']);
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PROPFIND/);
  assert.equal(
    (await send('GET /api/v1/me', { key: token, headers: { origin: 'app://obsidian.md' } })).headers.get('access-control-allow-origin'),
    null,
  );
  assert.equal(
    (await send('OPTIONS /webdav/x' as never, { headers: { ...asked, origin: 'https://evil.example' } })).headers.get(
      'access-control-allow-origin',
    ),
    null,
  );
});

test('a device that may only read changes nothing, and another tenant’s sees nothing', async () => {
  const { customer, token } = await build();
  await put(token, 'secret.md', 'canary');
  const reader = await device(customer, ['vault:read']);
  for (const line of [
    'PUT a.md',
    'DELETE secret.md',
    'MKCOL x',
    'MOVE secret.md',
    'COPY secret.md',
    'PROPPATCH secret.md',
    'LOCK secret.md',
  ])
    assert.equal((await dav(reader, line, { headers: { destination: '/webdav/b.md' } })).status, 403, line);
  const stranger = (await build()).token;
  assert.equal((await dav(stranger, 'GET secret.md')).status, 404);
  assert.ok(!(await hrefsIn(stranger, '')).includes('secret.md'));
});

test('names and destinations that lead elsewhere, leftovers of programs and protected places are refused', async () => {
  const { token } = await build();
  await put(token, 'a.md', 'x');
  for (const [line, status] of [
    ['PUT .DS_Store', 403],
    ['PUT ._a.md', 403],
    ['PUT desktop.ini', 403],
    ['PUT ~$a.docx', 403],
    ['PUT Logs/x.md', 403],
    ['PUT Done/x.md', 403],
    ['PUT A.md', 409],
    ['PUT con.md', 400],
    ['PUT a%2F..%2Fb.md', 400],
    ['PUT a%5Cb.md', 400],
    ['MKCOL needs_action', 403],
    ['MKCOL a.md', 405],
  ] as const)
    assert.equal((await dav(token, line, line.startsWith('PUT') ? { body: 'x' } : {})).status, status, line);
  for (const [destination, status] of [
    ['http://evil.example/webdav/b.md', 502],
    ['/api/v1/vault/notes/b.md', 502],
    ['/webdav/../api/v1/me', 502],
    ['/webdav/', 403],
    ['/webdav/a.md', 403],
    ['/webdav/none/b.md', 409],
  ] as const)
    assert.equal((await dav(token, 'MOVE a.md', { headers: { destination } })).status, status, destination);
  const decomposed = 'Bu\u0308ro.md';
  assert.equal((await put(token, encodeURI(decomposed), 'x')).status, 201);
  assert.ok((await hrefsIn(token, '')).includes('Büro.md'));
});

test('bodies of XML are small, and nothing in them is followed', async () => {
  const { token } = await build();
  const ask = (body: string) => dav(token, 'PROPFIND ', { body, headers: { depth: '0' } }).then(({ status }) => status);
  const prop = (inside: string) => `<propfind xmlns="DAV:"><prop>${inside}</prop></propfind>`;
  assert.equal(await ask(prop('<getetag/><x:y xmlns:x="urn:x"/>')), 207);
  assert.equal(await ask(`<!DOCTYPE x [<!ENTITY a "b">]>${prop('<getetag/>')}`), 400);
  assert.equal(await ask(prop('<getetag>&a;</getetag>')), 400);
  assert.equal(await ask(prop('<x:getetag/>')), 400);
  assert.equal(await ask(prop('<a>'.repeat(100) + '</a>'.repeat(100))), 400);
  assert.equal(await ask(prop(' '.repeat(70_000))), 413);
  assert.equal(await ask('<propfind'), 400);
});
