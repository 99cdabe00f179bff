import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { packForPage } from './pack.ts';

const long = JSON.stringify({ items: Array.from({ length: 100 }, (_, at) => ({ title: `Order ${at}` })) });
const json = (body: string, headers: Record<string, string> = {}) =>
  new Response(body, { headers: { 'content-type': 'application/json', ...headers } });
const asked = (headers: Record<string, string>, method = 'GET') => new Request('http://localhost/api/v1/tasks', { method, headers });
const ownPage = { 'sec-fetch-site': 'same-origin', 'accept-encoding': 'gzip, deflate, br, zstd' };

test('what our own page asks for is packed and says the same', async () => {
  const response = await packForPage(asked(ownPage), json(long));
  assert.equal(response.headers.get('content-encoding'), 'br');
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.ok(bytes.length < long.length / 4, `${bytes.length} of ${long.length}`);
  assert.equal(brotliDecompressSync(bytes).toString(), long);
});

test('what any other page, program or method asks for goes as it is', async () => {
  const others = [
    asked({ ...ownPage, 'sec-fetch-site': 'cross-site' }),
    asked({ ...ownPage, 'sec-fetch-site': 'same-site' }),
    asked({ ...ownPage, 'sec-fetch-site': 'none' }),
    asked({ 'accept-encoding': 'br' }),
    asked({ 'sec-fetch-site': 'same-origin' }),
    asked(ownPage, 'POST'),
  ];
  for (const request of others) {
    const response = await packForPage(request, json(long));
    assert.equal(response.headers.get('content-encoding'), null);
    assert.equal(await response.text(), long);
  }
});

test('short answers, failures, downloads, what holds a credential and what is no JSON go as they are', async () => {
  const answers = [
    json('{"a":1}'),
    new Response(long, { status: 403, headers: { 'content-type': 'application/json' } }),
    json(long, { 'content-disposition': 'attachment' }),
    json(long, { etag: '"a"' }),
    json(long, { 'cache-control': 'no-store, no-transform' }),
    new Response(long, { headers: { 'content-type': 'application/problem+json' } }),
    new Response(long, { headers: { 'content-type': 'text/markdown' } }),
  ];
  for (const answer of answers) {
    const expected = await answer.clone().text();
    const response = await packForPage(asked(ownPage), answer);
    assert.equal(response.headers.get('content-encoding'), null);
    assert.equal(await response.text(), expected);
  }
});
