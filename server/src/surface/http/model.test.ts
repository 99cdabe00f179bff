import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testHttp } from '../../../test/http.ts';

const { send, buildCustomer } = await testHttp();

const own = { provider: 'openai-compatible', name: 'small', url: 'https://models.example/v1', key: 'secret://db/bank' };
const codeOf = async (response: Response) =>
  response.ok ? String(response.status) : `${response.status} ${((await response.json()) as { code: string }).code}`;

async function place() {
  const customer = await buildCustomer();
  const all = await customer.key();
  assert.equal((await send('POST /api/v1/secrets', { key: all, json: { name: 'bank', value: 'the key to the bank' } })).status, 201);
  return { all, settings: await customer.key('settings:read', 'settings:write') };
}

test('who changes settings and no secrets sends none to an address of their own', async () => {
  const { settings } = await place();
  assert.equal(await codeOf(await send('PUT /api/v1/model', { key: settings, json: { own } })), '403 auth.forbidden');
  assert.equal(await codeOf(await send('POST /api/v1/model/test', { key: settings, json: { own } })), '403 auth.forbidden');
  // Nor learns which there are.
  const missing = { ...own, key: 'secret://db/no-such-secret' };
  assert.equal(await codeOf(await send('PUT /api/v1/model', { key: settings, json: { own: missing } })), '403 auth.forbidden');
});

test('a model without a key needs the settings alone, one with a key the secrets as well', async () => {
  const { all, settings } = await place();
  assert.equal((await send('PUT /api/v1/model', { key: settings, json: { own: { ...own, key: null } } })).status, 200);
  assert.equal((await send('PUT /api/v1/model', { key: all, json: { own } })).status, 200);
  // The key that somebody else has named goes to no other address.
  const moved = { ...own, url: 'https://elsewhere.example/v1' };
  assert.equal(await codeOf(await send('PUT /api/v1/model', { key: settings, json: { own: moved } })), '403 auth.forbidden');
  assert.equal((await send('PUT /api/v1/model', { key: settings, json: { own: null } })).status, 200);
});
