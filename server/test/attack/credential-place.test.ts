import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { createLive } from '#surface/live';
import { testHttp } from '../http.ts';

const { platform, http, send, buildCustomer } = await testHttp();
const live = createLive({ ...platform, isOurs: () => true });
const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade });
after(() => http.close(100));
after(() => live.close());

test('a credential in an address counts for nothing, at no door: addresses end in logs and histories', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const issued = await send('POST /api/v1/token', { key, json: {} });
  const { token } = (await issued.json()) as { token: string }; // as the route declares
  for (const secret of [key, token])
    for (const name of ['access_token', 'token', 'key', 'api_key', 'authorization']) {
      const query = new URLSearchParams({ [name]: secret });
      assert.equal((await send(`GET /api/v1/me?${query}`)).status, 401, name);
      const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live?${query}`);
      const [, response] = await once(socket, 'unexpected-response');
      assert.equal(response.statusCode, 401, name);
      socket.on('error', () => undefined).terminate();
    }
});

test('of credentials in other headers none counts, and two at once are the one in Authorization', async () => {
  const [one, two] = [await buildCustomer(), await buildCustomer()];
  const key = await one.key();
  for (const name of ['x-api-key', 'x-authorization', 'proxy-authorization', 'x-forwarded-user', 'x-remote-user', 'x-tenant-id'])
    assert.equal((await send('GET /api/v1/me', { headers: { [name]: `Bearer ${key}` } })).status, 401, name);
  const both = await send('GET /api/v1/me', { key, cookie: await two.signIn(), headers: { 'x-tenant-id': two.tenantId } });
  assert.equal(((await both.json()) as { tenant: { id: string } }).tenant.id, one.tenantId); // as the route declares
});
