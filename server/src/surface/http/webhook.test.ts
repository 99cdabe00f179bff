import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testHttp } from '../../../test/http.ts';

const { send, buildCustomer } = await testHttp();

/** The caller says what the route declares. */
const jsonOf = async <T>(response: Response, status = 200): Promise<T> => {
  assert.equal(response.status, status, await response.clone().text());
  return (await response.json()) as T;
};

test('what a webhook was told is shown to who may read the audit log; others see that it was, and what came of it', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  const json = { url: 'https://hooks.example.com/told', description: '', kinds: ['task.*'] };
  const { id } = await jsonOf<{ id: string }>(await send('POST /api/v1/webhooks', { cookie, json }), 201);
  const { deliveryId } = await jsonOf<{ deliveryId: string }>(await send(`POST /api/v1/webhooks/${id}/test`, { cookie }), 202);
  const look = async (key: string) => {
    const { items } = await jsonOf<{ items: { id: string; kind: string; payload: string | null }[] }>(
      await send(`GET /api/v1/webhooks/${id}/deliveries`, { key }),
    );
    return items.map(({ id: of, kind, payload }) => [of, kind, payload === null ? null : (JSON.parse(payload) as { type: string }).type]);
  };
  assert.deepEqual(await look(await customer.key('connection:read')), [[deliveryId, 'webhook.test', null]]);
  assert.deepEqual(await look(await customer.key('connection:read', 'audit:read')), [[deliveryId, 'webhook.test', 'webhook.test']]);
  assert.equal((await send(`POST /api/v1/webhooks/${id}/test`, { key: await customer.key('connection:read') })).status, 403);
});
