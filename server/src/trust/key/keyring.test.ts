import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Clock, type Id, isFactotumError, newId } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { testDatabase } from '../../../test/database.ts';
import { type KekProvider, onlyKek } from './kek.ts';
import { createKeyring } from './keyring.ts';

const { database, close } = await testDatabase();
after(close);
const { db } = database.app;

const ttlMsLong = 300_000;
const ref = { kind: 'note', id: 'not_1' };

/** A provider that hands the seed through, counts, and can be held or broken. */
function countingKek() {
  const kek = { unwraps: 0, gate: Promise.resolve(), fails: false };
  const provider: KekProvider = {
    provider: 'counting',
    kekId: 'one',
    capabilities: { binds: false, rewrapsInside: false },
    health: async () => ({ kekVersion: '1', latencyMs: 0 }),
    close: async () => undefined,
    rewrap: async (wrapped) => wrapped,
    wrap: async (seed) => ({ kekId: 'one', kekVersion: '1', wrapped: Buffer.from(seed) }),
    async unwrap({ wrapped }) {
      kek.unwraps += 1;
      await kek.gate;
      if (kek.fails) throw new Error('the provider is down');
      return Buffer.from(wrapped);
    },
  };
  return { kek, provider };
}

function buildKeyring({ tenantsMax = 10, ttlMs = ttlMsLong } = {}) {
  const { kek, provider } = countingKek();
  const time = { ms: 1_000 };
  const clock: Clock = { now: () => new Date(), monotonicMs: () => time.ms };
  const keyring = createKeyring({ db, keks: onlyKek(provider), clock, ttlMs, tenantsMax });
  after(() => keyring.close());
  const provision = async (tenantId: Id<'tenant'> = newId('tenant'), more: (tx: Tx) => Promise<void> = async () => undefined) => {
    await withTenant(db, tenantId, async (tx) => {
      await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
      await keyring.provision(tx, tenantId);
      await more(tx);
    });
    return tenantId;
  };
  return { keyring, kek, time, provision };
}

test('keys handed out while a tenant is provisioned are those it has afterwards', async () => {
  const { keyring } = buildKeyring();
  const tenantId = newId('tenant');
  const sealed = await withTenant(db, tenantId, async (tx) => {
    await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
    return (await keyring.provision(tx, tenantId)).seal('content', ref, Buffer.from('hello'));
  });
  assert.deepEqual((await keyring.of(tenantId)).open('content', ref, sealed), Buffer.from('hello'));
});

test('a provisioning that is rolled back leaves no keys behind, in the database or in memory', async () => {
  const { keyring, provision } = buildKeyring();
  const tenantId = newId('tenant');
  const failing = provision(tenantId, async () => {
    throw new Error('later part failed');
  });
  await assert.rejects(failing, /later part/);
  await assert.rejects(keyring.of(tenantId), (error) => isFactotumError(error, 'key.unavailable'));
});

test('callers of one moment share one unwrapping, and later ones find it in memory', async () => {
  const { keyring, kek, provision } = buildKeyring();
  const tenantId = await provision();
  const handles = await Promise.all(Array.from({ length: 20 }, () => keyring.of(tenantId)));
  assert.equal(new Set(handles).size, 1);
  assert.equal(await keyring.of(tenantId), handles[0]);
  assert.equal(kek.unwraps, 1);
});

test('a provider that fails is asked again by the next caller', async () => {
  const { keyring, kek, provision } = buildKeyring();
  const tenantId = await provision();
  kek.fails = true;
  await assert.rejects(keyring.of(tenantId), /the provider is down/);
  kek.fails = false;
  await keyring.of(tenantId);
  assert.equal(kek.unwraps, 2);
});

test('after its time keys are unwrapped again, while a handle in use works on and is then wiped', async () => {
  const { keyring, kek, time, provision } = buildKeyring({ ttlMs: 500 });
  const tenantId = await provision();
  const first = await keyring.of(tenantId);
  const sealed = first.seal('content', ref, Buffer.from('x'));
  time.ms += 501;
  const second = keyring.of(tenantId);
  // From the question on half a second of the real time is left to it.
  assert.deepEqual(first.open('content', ref, sealed), Buffer.from('x'));
  assert.notEqual(await second, first);
  assert.equal(kek.unwraps, 2);
  const isWiped = () => {
    try {
      first.mac('a');
      return false;
    } catch (error) {
      return isFactotumError(error, 'key.unavailable') && error.retry;
    }
  };
  for (let waits = 0; !isWiped() && waits < 1_200; waits += 1) await setTimeout(50);
  assert.ok(isWiped());
});

test('no more tenants than allowed stay in memory', async () => {
  const { keyring, kek, provision } = buildKeyring({ tenantsMax: 2 });
  const tenants = [await provision(), await provision(), await provision()] as const;
  for (const tenantId of tenants) await keyring.of(tenantId);
  await keyring.of(tenants[2]);
  await keyring.of(tenants[1]);
  assert.equal(kek.unwraps, 3);
  await keyring.of(tenants[0]);
  assert.equal(kek.unwraps, 4);
});

test('forget wipes handles in use at once, also older ones, and the next caller unwraps again', async () => {
  const { keyring, kek, time, provision } = buildKeyring();
  const tenantId = await provision();
  const older = await keyring.of(tenantId);
  time.ms += ttlMsLong + 1;
  const newer = await keyring.of(tenantId);
  keyring.forget(tenantId);
  for (const handle of [older, newer])
    assert.throws(
      () => handle.mac('a'),
      (error) => isFactotumError(error, 'key.unavailable'),
    );
  assert.equal((await keyring.of(tenantId)).mac('a').length, 32);
  assert.equal(kek.unwraps, 3);
});

test('keys that were being unwrapped when their tenant was forgotten reach nobody: they are unwrapped again', async () => {
  const { keyring, kek, provision } = buildKeyring();
  const tenantId = await provision();
  const held = Promise.withResolvers<void>();
  kek.gate = held.promise;
  const early = keyring.of(tenantId);
  while (kek.unwraps === 0) await new Promise((done) => setImmediate(done));
  keyring.forget(tenantId);
  held.resolve();
  const late = await keyring.of(tenantId);
  assert.equal(await early, late);
  assert.equal(late.mac('a').length, 32);
  assert.equal(kek.unwraps, 2);
});

test('a tenant whose keys are destroyed is gone for good', async () => {
  const { keyring, provision } = buildKeyring();
  const tenantId = await provision();
  await withTenant(db, tenantId, (tx) =>
    tx.updateTable('tenantKey').set({ state: 'destroyed' }).where('tenantId', '=', tenantId).execute(),
  );
  await assert.rejects(keyring.of(tenantId), (error) => isFactotumError(error, 'key.destroyed'));
});

test("one tenant's unit of work cannot read another's key row", async () => {
  const { provision } = buildKeyring();
  const [ours, theirs] = [await provision(), await provision()];
  const seen = await withTenant(db, ours, (tx) => tx.selectFrom('tenantKey').select('tenantId').execute());
  assert.deepEqual(seen, [{ tenantId: ours }]);
  assert.deepEqual(
    await withTenant(db, ours, (tx) => tx.selectFrom('tenantKey').select('tenantId').where('tenantId', '=', theirs).execute()),
    [],
  );
});
