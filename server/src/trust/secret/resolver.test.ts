import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Clock, createLogger, FactotumError, isFactotumError } from '#kernel';
import { redact } from '#kernel/redact';
import { createInstallationKey } from '#trust/key';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import type { SecretScope, SecretStore } from './port.ts';
import { createSecretResolver, type ResolverOptions } from './resolver.ts';
import { createSecret, readSecret } from './secret.ts';
import { createSecretUnits } from './unit.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
const folder = await mkdtemp(join(tmpdir(), 'factotum-resolver-'));
after(async () => {
  await rm(folder, { recursive: true });
  await tenants.close();
  await close();
});
const installation = await createInstallationKey({ folder });
const inUnit = createSecretUnits({ database, keyring: tenants.keyring, installation });
const log = createLogger({ level: 'silent' });

/** A store outside whose answers and silence the test decides, and a clock that it turns. */
function place(options: Partial<ResolverOptions> = {}) {
  let nowMs = 1_000_000;
  const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const values = new Map<string, string>();
  const state = { asked: 0, isAway: false, hold: Promise.resolve() };
  const store: SecretStore = {
    kind: 'vault',
    isWritable: false,
    async get(name) {
      state.asked += 1;
      await state.hold;
      if (state.isAway) throw new FactotumError('secret.unavailable', 'The store does not answer.');
      const value = values.get(name);
      return value === undefined ? null : { value, version: '1' };
    },
    put: () => Promise.reject(new Error('not here')),
    list: async () => [],
    destroy: () => Promise.reject(new Error('not here')),
    close: async () => undefined,
  };
  const resolver = createSecretResolver({
    inUnit,
    openStore: async () => store,
    tenantStores: ['vault/kv/tenants/{tenant}/'],
    clock,
    log,
    ...options,
  });
  return {
    resolver,
    values,
    state,
    pass: (ms: number) => (nowMs += ms),
    ask: (scope: SecretScope = 'installation') => resolver.resolve(scope, 'secret://vault/kv/mail'),
  };
}
const code = (expected: Parameters<typeof isFactotumError>[1]) => (error: unknown) => isFactotumError(error, expected);

test('a value is asked for once however many ask, believed for a minute, and then asked for anew', async () => {
  const { values, state, pass, ask } = place();
  values.set('kv/mail', 'first value');
  assert.deepEqual(
    await Promise.all(Array.from({ length: 20 }, () => ask())),
    Array.from({ length: 20 }, () => 'first value'),
  );
  values.set('kv/mail', 'second value');
  pass(59_999);
  assert.equal(await ask(), 'first value');
  assert.equal(state.asked, 1);
  pass(1);
  assert.equal(await ask(), 'second value');
  assert.equal(state.asked, 2);
});

test('while a store is away its last word is good for a quarter of an hour, and no longer', async () => {
  const { values, state, pass, ask } = place();
  values.set('kv/mail', 'the value');
  await ask();
  state.isAway = true;
  pass(60_000);
  for (let uses = 0; uses < 10; uses += 1) assert.equal(await ask(), 'the value');
  assert.equal(state.asked, 2, 'nobody waits again for what has just not answered');
  pass(14 * 60_000);
  assert.equal(await ask(), 'the value');
  pass(60_000);
  await assert.rejects(ask(), code('secret.unavailable'));
  state.isAway = false;
  assert.equal(await ask(), 'the value');
});

test('a secret that is gone is not used any more, although it was known', async () => {
  const { values, pass, ask, state } = place();
  values.set('kv/mail', 'the value');
  await ask();
  values.delete('kv/mail');
  pass(60_000);
  await assert.rejects(ask(), code('secret.not_found'));
  state.isAway = true;
  await assert.rejects(ask(), code('secret.unavailable'));
});

test('what is forgotten is asked for anew, also what is being read at that moment', async () => {
  const { resolver, values, state, ask } = place();
  values.set('kv/mail', 'the value');
  const held = Promise.withResolvers<void>();
  state.hold = held.promise;
  const asked = ask();
  resolver.forget('installation');
  held.resolve();
  assert.equal(await asked, 'the value');
  values.set('kv/mail', 'another value');
  assert.equal(await ask(), 'another value');
});

test('a member of a JSON object is found, and no failure repeats what lies there', async () => {
  const { resolver, values } = place();
  values.set('kv/mail', '{"user":"robot","password":"the-password-in-json","port":465,"empty":""}');
  const ask = (field: string) => resolver.resolve('installation', `secret://vault/kv/mail#${field}`);
  assert.equal(await ask('password'), 'the-password-in-json');
  assert.equal(await ask('port'), '465');
  values.set('kv/text', 'the-text-that-is-no-json');
  for (const asked of [ask('nothing'), ask('empty'), ask('toString'), resolver.resolve('installation', 'secret://vault/kv/text#user')])
    await assert.rejects(
      asked,
      (error: unknown) => isFactotumError(error, 'secret.not_found') && !/the-(password|text)/.test(error.message),
    );
  assert.ok(!redact('it is the-password-in-json').includes('the-password'));
});

test('tenants refer to their own secrets, to places that bear their id, and nowhere else', async () => {
  const [one, other] = [await tenants.build(), await tenants.build()];
  const { resolver, values } = place();
  values.set(`kv/tenants/${one.tenantId}/mail`, 'of tenant one');
  const ask = (reference: string) => resolver.resolve(one.tenantId, reference);
  assert.equal(await ask(`secret://vault/kv/tenants/${one.tenantId}/mail`), 'of tenant one');
  for (const reference of [
    `secret://vault/kv/tenants/${other.tenantId}/mail`,
    `secret://vault/kv/tenants/${one.tenantId}x/mail`,
    'secret://vault/kv/mail',
    'secret://aws/mail',
    'secret://file/run/secrets/mail',
  ])
    await assert.rejects(ask(reference), code('auth.forbidden'), reference);
  await inUnit(other.tenantId, (unit) =>
    createSecret(unit, { name: 'mail', content: { value: 'of the other' }, actor: 'operator:test', at: new Date() }),
  );
  await assert.rejects(ask('secret://db/mail'), code('secret.not_found'));
});

test('a secret of ours that lies elsewhere leads there, within what tenants may', async () => {
  const { tenantId } = await tenants.build();
  const { resolver, values } = place();
  values.set(`kv/tenants/${tenantId}/mail`, 'the value there');
  values.set('kv/mail', 'not for tenants');
  const by = { actor: 'operator:test', at: new Date() };
  await inUnit(tenantId, (unit) =>
    createSecret(unit, { name: 'allowed', content: { reference: `secret://vault/kv/tenants/${tenantId}/mail` }, ...by }),
  );
  await inUnit(tenantId, (unit) => createSecret(unit, { name: 'refused', content: { reference: 'secret://vault/kv/mail' }, ...by }));
  assert.equal(await resolver.resolve(tenantId, 'secret://db/allowed'), 'the value there');
  await assert.rejects(resolver.resolve(tenantId, 'secret://db/refused'), code('auth.forbidden'));
  await assert.rejects(
    inUnit(tenantId, (unit) => createSecret(unit, { name: 'chain', content: { reference: 'secret://db/allowed' }, ...by })),
    code('secret.reference_invalid'),
  );
});

test('when a secret was used last is noted, once a minute at most', async () => {
  const { tenantId } = await tenants.build();
  const { resolver, pass } = place();
  const at = new Date(0);
  const { id } = await inUnit(tenantId, (unit) =>
    createSecret(unit, { name: 'used', content: { value: 'the value' }, actor: 'operator:test', at }),
  );
  const usedAt = async () => {
    await resolver.close();
    return (await inUnit(tenantId, (unit) => readSecret(unit, id))).lastUsedAt?.getTime();
  };
  assert.equal(await usedAt(), undefined);
  await resolver.resolve(tenantId, 'secret://db/used');
  const first = await usedAt();
  assert.equal(first, 1_000_000);
  pass(30_000);
  resolver.forget();
  await resolver.resolve(tenantId, 'secret://db/used');
  assert.equal(await usedAt(), first);
  pass(30_000);
  resolver.forget();
  await resolver.resolve(tenantId, 'secret://db/used');
  assert.equal(await usedAt(), 1_060_000);
});

test('before there is a database what lies in it is refused, with where it may lie instead', async () => {
  const { resolver } = place({ inUnit: null });
  await assert.rejects(resolver.resolve('installation', 'secret://db/url'), /cannot lie in the database.*secret:\/\/file/);
});
