import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '#kernel';
import { movedClock, testIdentity, unageing } from '../../../../test/identity.ts';
import { permissionsOf } from '../permissions.ts';

const clock = movedClock();

const { identity, database, another, buildTenant, close } = await testIdentity(clock);
after(close);
const { machines } = identity;
const { pool } = database.auth;
const { tenantId } = await buildTenant();

const bearer = (key: string) => new Headers({ authorization: `Bearer ${key}` });
const whoSends = (key: string) => identity.principalOf(bearer(key));
const hourMs = 3_600_000;

async function buildAccount(...permissions: string[]) {
  const id = await machines.createServiceAccount(tenantId, { name: `robot ${newId('request')}`, permissions });
  const makeKey = (...its: string[]) =>
    identity.createApiKey({ tenantId, name: 'k', permissions: its.length === 0 ? permissions : its, serviceAccountId: id });
  return { id, makeKey };
}

test('a rotated key and its successor are both good until the overlap ends, to the millisecond', async () => {
  clock.aheadMs = 0;
  const made = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read', 'event:write'], perMinute: 7 });
  assert.ok(await whoSends(made.key));
  const { id, key, oldEndsAt } = await machines.rotateApiKey({ tenantId, id: made.id, overlapMs: 24 * hourMs });
  const [before, now] = [await whoSends(made.key), await whoSends(key)];
  assert.equal(before?.actor, `key:${made.id}`);
  assert.deepEqual(now, { ...before, actor: `key:${id}`, keyId: id });
  assert.equal(now?.perMinute, 7);
  assert.ok(Math.abs(oldEndsAt.getTime() - Date.now() - 24 * hourMs) < 60_000);
  await clock.standing(async () => {
    clock.aheadMs += oldEndsAt.getTime() - clock.now().getTime() - 1;
    assert.ok(await whoSends(made.key), 'a millisecond before its end');
    clock.aheadMs += 1;
    assert.equal(await whoSends(made.key), null, 'at its end, although it is cached');
  });
  assert.ok(await whoSends(key));
  const old = (await identity.listApiKeys(tenantId)).find((row) => row.id === made.id);
  assert.deepEqual([old?.state, old?.replacedBy], ['expired', id]);
  clock.aheadMs = 0;
});

test('without an overlap the old key ends at once, in another process as well', async () => {
  const second = await another(unageing(clock));
  await second.start();
  const made = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  assert.ok(await whoSends(made.key));
  assert.ok(await second.principalOf(bearer(made.key)));
  await machines.rotateApiKey({ tenantId, id: made.id, overlapMs: 0 });
  assert.equal(await whoSends(made.key), null);
  const from = performance.now();
  while ((await second.principalOf(bearer(made.key))) !== null) {
    assert.ok(performance.now() - from < 60_000, 'heard of it, as its cache does not run out');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await second.stop();
});

test('a successor lives as long as the key that it replaces, which never gets older than it would have', async () => {
  const made = await identity.createApiKey({
    ...{ tenantId, name: 'k', permissions: ['task:read'] },
    expiresAt: new Date(Date.now() + 2 * hourMs),
  });
  const { id, oldEndsAt } = await machines.rotateApiKey({ tenantId, id: made.id, overlapMs: 24 * hourMs });
  const rows = await identity.listApiKeys(tenantId);
  const [old, fresh] = [made.id, id].map((each) => rows.find((row) => row.id === each));
  assert.ok(Math.abs(oldEndsAt.getTime() - Date.now() - 2 * hourMs) < 60_000);
  assert.equal(old?.expiresAt?.getTime(), oldEndsAt.getTime());
  assert.ok(Math.abs((fresh?.expiresAt?.getTime() ?? 0) - Date.now() - 2 * hourMs) < 60_000);
});

test('of many rotations at once one makes a successor, and the rest are told of it', async () => {
  const made = await identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'] });
  const tried = await Promise.allSettled(
    Array.from({ length: 8 }, () => machines.rotateApiKey({ tenantId, id: made.id, overlapMs: hourMs })),
  );
  assert.equal(tried.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const one of tried) if (one.status === 'rejected') assert.equal(one.reason.code, 'key.replaced');
  assert.equal((await identity.listApiKeys(tenantId)).filter((row) => row.replacedBy !== null && row.id === made.id).length, 1);
});

test('nobody rotates a key that is not there, is over, is of another tenant, or may do more than they may', async () => {
  const other = await buildTenant();
  const made = await identity.createApiKey({ tenantId, name: 'k', permissions: ['approval:decide'] });
  const rotation = { tenantId, id: made.id, overlapMs: hourMs };
  await assert.rejects(machines.rotateApiKey({ ...rotation, tenantId: other.tenantId }), { code: 'key.not_found' });
  await assert.rejects(machines.rotateApiKey({ ...rotation, id: newId('apiKey') }), { code: 'key.not_found' });
  await assert.rejects(machines.rotateApiKey({ ...rotation, id: "x' or 1=1" }), { code: 'key.not_found' });
  await assert.rejects(machines.rotateApiKey({ ...rotation, within: permissionsOf(['admin']) }), { code: 'auth.forbidden' });
  for (const overlapMs of [-1, 0.5, 721 * hourMs, Number.NaN])
    await assert.rejects(machines.rotateApiKey({ ...rotation, overlapMs }), { code: 'request.invalid' });
  await identity.revokeApiKey(tenantId, made.id);
  await assert.rejects(machines.rotateApiKey(rotation), { code: 'key.not_found' });
});

test('a key of a service account acts as the account, with what both may', async () => {
  const account = await buildAccount('task:read', 'event:write');
  const made = await account.makeKey('task:read');
  const principal = await whoSends(made.key);
  assert.equal(principal?.kind, 'service');
  assert.equal(principal?.actor, `service:${account.id}`);
  assert.equal(principal?.keyId, made.id);
  assert.deepEqual(principal?.permissions, new Set(['task:read']));
  await assert.rejects(account.makeKey('vault:write'), { code: 'auth.forbidden' });
});

test('what an account loses its keys lose at once, here and in another process', async () => {
  const second = await another(unageing(clock));
  await second.start();
  const account = await buildAccount('task:read', 'event:write');
  const { key } = await account.makeKey();
  for (const each of [identity, second]) assert.equal((await each.principalOf(bearer(key)))?.permissions.size, 2);
  await machines.changeServiceAccount(tenantId, account.id, { name: 'narrow', permissions: ['event:write'] });
  assert.deepEqual((await whoSends(key))?.permissions, new Set(['event:write']));
  const from = performance.now();
  while ((await second.principalOf(bearer(key)))?.permissions.size !== 1) {
    assert.ok(performance.now() - from < 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(await machines.deleteServiceAccount(tenantId, account.id).then(({ revokedKeys }) => revokedKeys.length), 1);
  assert.equal(await whoSends(key), null);
  await second.stop();
});

test('a key whose account is deleted is none, whatever its own row says', async () => {
  const account = await buildAccount('task:read');
  const { key, id } = await account.makeKey();
  await machines.deleteServiceAccount(tenantId, account.id);
  await pool.query('update apikey set enabled = true where id = $1', [id]);
  assert.equal(await whoSends(key), null);
  await assert.rejects(account.makeKey(), { code: 'service_account.not_found' });
  await assert.rejects(machines.deleteServiceAccount(tenantId, account.id), { code: 'service_account.not_found' });
});

test('nobody gives an account what they may not do, by making it, by changing it, or by the key of another', async () => {
  const within = permissionsOf(['admin']);
  await assert.rejects(machines.createServiceAccount(tenantId, { name: 'strong', permissions: ['approval:decide'], within }), {
    code: 'auth.forbidden',
  });
  const account = await buildAccount('approval:decide', 'task:read');
  // What it has already stays, whoever renames it; more is refused.
  const change = { name: `renamed ${account.id}`, permissions: ['approval:decide', 'task:read'], within };
  await machines.changeServiceAccount(tenantId, account.id, change);
  await assert.rejects(
    machines.changeServiceAccount(tenantId, account.id, { ...change, permissions: [...change.permissions, 'tenant:close'] }),
    { code: 'auth.forbidden' },
  );
  await assert.rejects(
    identity.createApiKey({ tenantId, name: 'k', permissions: ['approval:decide'], serviceAccountId: account.id, within }),
    { code: 'auth.forbidden' },
  );
});

test("an account has a name of its own in its tenant, and is no other tenant's", async () => {
  const other = await buildTenant();
  const name = `Bridge ${newId('request')}`;
  const made = await Promise.allSettled(
    Array.from({ length: 5 }, () => machines.createServiceAccount(tenantId, { name, permissions: ['task:read'] })),
  );
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const one of made) if (one.status === 'rejected') assert.equal(one.reason.code, 'service_account.name_taken');
  const id = await machines.createServiceAccount(other.tenantId, { name: name.toUpperCase(), permissions: ['task:read'] });
  assert.deepEqual(
    (await machines.listServiceAccounts(other.tenantId)).map((row) => [row.id, row.keys]),
    [[id, 0]],
  );
  for (const work of [
    () => machines.deleteServiceAccount(tenantId, id),
    () => machines.changeServiceAccount(tenantId, id, { name: 'x', permissions: ['task:read'] }),
    () => identity.createApiKey({ tenantId, name: 'k', permissions: ['task:read'], serviceAccountId: id }),
  ])
    await assert.rejects(work, { code: 'service_account.not_found' });
  // A deleted one's name is free again.
  await machines.deleteServiceAccount(other.tenantId, id);
  await machines.createServiceAccount(other.tenantId, { name, permissions: ['task:read'] });
});

test('a list of keys goes on where it was', async () => {
  const own = await buildTenant();
  for (let count = 0; count < 5; count++)
    await identity.createApiKey({ tenantId: own.tenantId, name: `k${count}`, permissions: ['task:read'] });
  const first = await identity.listApiKeys(own.tenantId, { limit: 3 });
  const rest = await identity.listApiKeys(own.tenantId, { limit: 3, before: first.at(-1)?.id });
  assert.deepEqual(
    [...first, ...rest].map(({ name }) => name),
    (await identity.listApiKeys(own.tenantId)).map(({ name }) => name),
  );
  assert.equal(rest.length, 2);
});
