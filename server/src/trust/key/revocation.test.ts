import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Clock, createLogger, type Id, isFactotumError, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { testDatabase } from '../../../test/database.ts';
import { eventually } from '../../../test/platform.ts';
import { createKeyGenerations } from './generations.ts';
import { type KekProvider, onlyKek } from './kek.ts';
import { createKeyring } from './keyring.ts';
import { createKeyWatch } from './revocation.ts';

const { database, close } = await testDatabase();
const { db } = database.app;
const ends: (() => Promise<void>)[] = [];
// Whoever listens holds a connection, so that comes first.
after(async () => {
  for (const end of ends) await end();
  await close();
});
const log = createLogger({ level: 'silent' });
const time = { aheadMs: 0 };
const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() + time.aheadMs };

/** A provider that can be away, and that can lie. */
function fickleKek() {
  const mood = { away: false, answer: (seed: Buffer): Buffer => seed };
  const provider: KekProvider = {
    provider: 'fickle',
    kekId: 'one',
    capabilities: { binds: false, rewrapsInside: false },
    health: async () => ({ kekVersion: '1', latencyMs: 0 }),
    close: async () => undefined,
    rewrap: async ({ wrapped }) => ({ kekId: 'one', kekVersion: '2', wrapped: Buffer.concat([Buffer.from('new'), wrapped]) }),
    wrap: async (seed) => ({ kekId: 'one', kekVersion: '1', wrapped: Buffer.from(seed) }),
    async unwrap({ wrapped }) {
      if (mood.away) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      return mood.answer(Buffer.from(wrapped.subarray(wrapped.length - 32)));
    },
  };
  return { mood, provider };
}
const { mood, provider } = fickleKek();
const keks = onlyKek(provider);
const generations = createKeyGenerations({ db, keks });

/** What one process has: a keyring and its watch. */
async function startProcess(engine = database.engine) {
  const keyring = createKeyring({ db, keks, clock });
  const watch = createKeyWatch({ engine, keyring, clock, log, pollMs: 50, blindMsMax: 60_000 });
  await watch.start();
  ends.push(async () => {
    await watch.stop();
    keyring.close();
  });
  return { keyring, watch };
}
const inTenant = <R>(tenantId: Id<'tenant'>, work: Parameters<typeof withTenant<R>>[2]) => withTenant(db, tenantId, work);
const one = await startProcess();
const other = await startProcess();

async function build(): Promise<Id<'tenant'>> {
  const tenantId = newId('tenant');
  await inTenant(tenantId, async (tx) => {
    await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
    await one.keyring.provision(tx, tenantId);
  });
  return tenantId;
}
const isUnavailable = (error: unknown) => isFactotumError(error, 'key.unavailable') && error.retry;

test('a revocation wipes handles in use in every process, and while the provider says no nobody gets them back', async () => {
  const tenantId = await build();
  const handles = [await one.keyring.of(tenantId), await other.keyring.of(tenantId)];
  mood.away = true;
  await inTenant(tenantId, (tx) => generations.revoke(tx, tenantId));
  for (const handle of handles)
    await eventually(async () => {
      try {
        handle.mac('a');
        return undefined;
      } catch (error) {
        return isUnavailable(error) ? true : undefined;
      }
    });
  await assert.rejects(other.keyring.of(tenantId), /away/);
  mood.away = false;
  assert.equal((await other.keyring.of(tenantId)).mac('a').length, 32);
});

test('a generation reaches handles in use in every process before it seals, and its predecessor leaves them when it is destroyed', async () => {
  const tenantId = await build();
  const [mine, theirs] = [await one.keyring.of(tenantId), await other.keyring.of(tenantId)];
  const ref = { kind: 'note', id: 'n' };
  const old = mine.seal('content', ref, Buffer.from('old'));
  const generation = await inTenant(tenantId, (tx) => generations.announce(tx, tenantId));
  await Promise.all([one.watch.look(), other.watch.look()]);
  assert.deepEqual([mine.generation, theirs.generation], [1, 1], 'it only comes');
  await inTenant(tenantId, (tx) => generations.activate(tx, tenantId, generation));
  await one.watch.look();
  const fresh = mine.seal('content', ref, Buffer.from('new'));
  assert.equal(fresh.readUInt32BE(2), 2);
  assert.equal(theirs.open('content', ref, fresh).toString(), 'new', 'also where nobody has looked since');
  await eventually(async () => (theirs.generation === 2 ? true : undefined));
  await inTenant(tenantId, (tx) => generations.destroy(tx, tenantId, 1, new Date()));
  for (const handle of [mine, theirs])
    await eventually(async () => {
      try {
        handle.open('content', ref, old);
        return undefined;
      } catch (error) {
        return isFactotumError(error, 'seal.broken') ? true : undefined;
      }
    });
  assert.equal(theirs.open('content', ref, fresh).toString(), 'new');
});

test('a process that cannot look for revocations keeps no key', async () => {
  const tenantId = await build();
  const keyring = createKeyring({ db, keks, clock });
  let blind = false;
  const engine = {
    ...database.engine,
    pool: new Proxy(database.engine.pool, {
      get(pool, name) {
        if (blind && name === 'query') return async () => Promise.reject(new Error('no connection'));
        const value: unknown = Reflect.get(pool, name);
        return typeof value === 'function' ? value.bind(pool) : value;
      },
    }),
  };
  const watch = createKeyWatch({ engine, keyring, clock, log, pollMs: 20, blindMsMax: 10_000 });
  await watch.start();
  ends.push(() => watch.stop());
  const handle = await keyring.of(tenantId);
  blind = true;
  assert.equal(handle.mac('a').length, 32, 'not at once');
  time.aheadMs += 11_000;
  await eventually(async () => (keyring.stats().size === 0 ? true : undefined));
  assert.throws(() => handle.mac('a'), isUnavailable);
  blind = false;
  await watch.look();
  assert.equal((await keyring.of(tenantId)).mac('a').length, 32);
  keyring.close();
});

test('a provider that gives back another key, or one of another length, is found out before anything is sealed or lost', async () => {
  const tenantId = await build();
  for (const lie of [() => randomBytes(32), () => randomBytes(31), () => Buffer.alloc(0)]) {
    one.keyring.forget(tenantId);
    mood.answer = lie;
    await assert.rejects(
      one.keyring.of(tenantId),
      (error) => isUnavailable(error) && isFactotumError(error) && error.details?.reason === 'broken',
    );
    await assert.rejects(generations.rewrap(tenantId), isUnavailable);
  }
  mood.answer = (seed) => seed;
  assert.equal((await one.keyring.of(tenantId)).mac('a').length, 32);
  assert.equal(await generations.rewrap(tenantId), 1);
  one.keyring.forget(tenantId);
  const [row] = await inTenant(tenantId, (tx) => generations.list(tx, tenantId));
  assert.deepEqual([row?.kekVersion, (await one.keyring.of(tenantId)).generation], ['2', 1]);
});

test('a revocation whose transaction takes long is heard after its commit all the same', async () => {
  const tenantId = await build();
  const handle = await other.keyring.of(tenantId);
  await inTenant(tenantId, async (tx) => {
    await generations.revoke(tx, tenantId);
    // Later ones are committed and heard meanwhile.
    const next = await build();
    await inTenant(next, (later) => generations.revoke(later, next));
    for (let looks = 0; looks < 3; looks += 1) await other.watch.look();
    assert.equal(handle.mac('a').length, 32);
  });
  await other.watch.look();
  assert.throws(() => handle.mac('a'), isUnavailable);
});
