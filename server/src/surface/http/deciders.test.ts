import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sent } from '../../../test/http.ts';
import { testMembers } from '../../../test/members.ts';

const { platform, send, ask, buildCustomer, join } = await testMembers();

test('who has lost the permission, was removed or revoked is not among those whose yes counts', async () => {
  const customer = await buildCustomer();
  const { tenantId } = customer;
  const cookie = await customer.signIn();
  const actorOf = async (sent: Sent) => (await ask<{ principal: { actor: string } }>('GET /api/v1/me', sent)).principal.actor;
  const [removed, lessened] = [await join(customer, ['approver']), await join(customer, ['approver'])];
  const made = await platform.identity.createApiKey({ tenantId, name: 'decides', permissions: ['approval:decide'] });
  const idle = await platform.identity.createApiKey({ tenantId, name: 'reads', permissions: ['approval:read'] });
  const elsewhere = `user:${(await join(await buildCustomer(), ['approver'])).userId}`;
  const [one, two, keyed] = [`user:${removed.userId}`, `user:${lessened.userId}`, await actorOf({ key: made.key })];
  const asked = [one, two, keyed, `key:${idle.id}`, elsewhere, 'operator:root', 'system:engine'];
  const may = async () => [...(await platform.runTools.whoMayDecide(tenantId, asked))].sort();
  assert.deepEqual(await may(), [one, two, keyed, 'operator:root'].sort());
  await send(`DELETE /api/v1/members/${removed.userId}`, { cookie });
  await send(`PUT /api/v1/members/${lessened.userId}`, { cookie, json: { roles: ['auditor'] } });
  await platform.identity.revokeApiKey(tenantId, made.id);
  assert.deepEqual(await may(), ['operator:root']);
});
