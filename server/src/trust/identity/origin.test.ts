import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFromForeignPage, isSameOrigin } from './origin.ts';

const ours = ['https://factotum.example', 'http://127.0.0.1:4310'];
const head = (method: string, headers: Record<string, string>) => ({ method, headers: new Headers(headers) });
const cookie = { cookie: 'factotum.session_token=x' };

const cases: [string, ReturnType<typeof head>, boolean][] = [
  ['our page posts', head('POST', { ...cookie, origin: 'https://factotum.example' }), true],
  ['our other address posts', head('POST', { ...cookie, origin: 'http://127.0.0.1:4310' }), true],
  ['a foreign page posts', head('POST', { ...cookie, origin: 'https://evil.example' }), false],
  ['a foreign page reads', head('GET', { ...cookie, origin: 'https://evil.example' }), false],
  ['a look-alike posts', head('POST', { ...cookie, origin: 'https://factotum.example.evil.example' }), false],
  ['another port posts', head('POST', { ...cookie, origin: 'https://factotum.example:8443' }), false],
  ['another scheme posts', head('POST', { ...cookie, origin: 'http://factotum.example' }), false],
  ['a sandboxed frame posts', head('POST', { ...cookie, origin: 'null' }), false],
  ['a page that hides its origin posts', head('POST', { ...cookie, 'sec-fetch-site': 'cross-site' }), false],
  ['a neighbour domain posts', head('POST', { ...cookie, 'sec-fetch-site': 'same-site' }), false],
  ['our page posts without Origin', head('POST', { ...cookie, 'sec-fetch-site': 'same-origin' }), true],
  ['somebody with a cookie and nothing else posts', head('POST', cookie), false],
  ['our page reads', head('GET', cookie), true],
  ['a link from a mail is followed', head('GET', { ...cookie, 'sec-fetch-site': 'cross-site' }), true],
  ['a foreign page opens a WebSocket', head('GET', { ...cookie, upgrade: 'websocket', origin: 'https://evil.example' }), false],
  ['a WebSocket is opened without Origin', head('GET', { ...cookie, upgrade: 'websocket' }), false],
  ['our page opens a WebSocket', head('GET', { ...cookie, upgrade: 'websocket', origin: 'https://factotum.example' }), true],
  ['a program posts with a key', head('POST', { authorization: 'Bearer fct_x' }), true],
  [
    'a program posts with a key from somewhere',
    head('POST', { ...cookie, authorization: 'Bearer fct_x', origin: 'https://evil.example' }),
    true,
  ],
  ['nobody posts', head('POST', {}), true],
];
for (const [name, request, expected] of cases)
  test(`the cookie ${expected ? 'counts' : 'does not count'} when ${name}`, () => assert.equal(isSameOrigin(request, ours), expected));

test('a foreign page cannot sign its visitor in, while programs and our own page can', () => {
  assert.equal(isFromForeignPage(head('POST', { origin: 'https://evil.example' }), ours), true);
  assert.equal(isFromForeignPage(head('POST', { 'sec-fetch-site': 'cross-site' }), ours), true);
  assert.equal(isFromForeignPage(head('POST', { origin: 'null' }), ours), true);
  assert.equal(isFromForeignPage(head('POST', { origin: 'https://factotum.example' }), ours), false);
  assert.equal(isFromForeignPage(head('POST', {}), ours), false);
});
