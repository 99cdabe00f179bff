import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { withTenant } from '#kernel/database';
import { createLive } from '#surface/live';
import { listEntries } from '#trust/audit';
import { testHttp } from '../http.ts';

const { platform, http, send, buildCustomer } = await testHttp();
const live = createLive({ ...platform, isOurs: () => true });
const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade });
after(() => http.close(100));
after(() => live.close());

async function told(tenantId: Awaited<ReturnType<typeof buildCustomer>>['tenantId'], kind: string) {
  await platform.sequencer.drained();
  const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 100 }));
  return entries.filter((entry) => entry.kind === kind).length;
}

test('who is refused at the live feed is in the log, as at any other address', async () => {
  const customer = await buildCustomer();
  const key = await customer.key('quota:read');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers: { authorization: `Bearer ${key}` } });
  const [, response] = await once(socket, 'unexpected-response');
  assert.equal(response.statusCode, 403);
  socket.on('error', () => undefined).terminate();
  assert.equal(await told(customer.tenantId, 'access.refused'), 1);
});

test('who guesses at a confirmation in a session that they found open is in the log', async () => {
  const customer = await buildCustomer();
  const cookie = await customer.signIn();
  assert.equal((await send('POST /api/v1/session/step-up', { cookie, json: { password: 'a guess' } })).status, 401);
  assert.equal((await send('POST /api/v1/session/step-up', { cookie, json: { code: '123456' } })).status, 401);
  assert.equal(await told(customer.tenantId, 'session.refused'), 2);
});
