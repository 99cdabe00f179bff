import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { isFactotumError, newId, systemClock } from '#kernel';
import { createPkcs11Kek } from '../../src/trust/key/provider/pkcs11.ts';
import { parsePkcs11Key } from '../../src/trust/key/provider/pkcs11-uri.ts';
import { conformance } from '../kek-conformance.ts';
import { startSoftHsm } from './softhsm.ts';

const hsm = await startSoftHsm();
after(() => hsm.remove());

const binding = { tenantId: newId('tenant'), generation: 1 };
const clock = systemClock;
let keys = 0;
function newKey(options?: Parameters<typeof hsm.makeKey>[1]): string {
  keys += 1;
  const label = `seeds-${keys}`;
  hsm.makeKey(label, options);
  return label;
}
const parse = (key: string) => parsePkcs11Key(hsm.address(key).slice('pkcs11:'.length));
async function open(t: TestContext, key: string) {
  const kek = await createPkcs11Kek({ ...parse(key), clock, modulesFrom: hsm.modulesFrom });
  t.after(() => kek.close());
  return kek;
}
const failed =
  (reason: string, words = /./) =>
  (error: unknown) =>
    isFactotumError(error, 'key.unavailable') && error.details?.reason === reason && words.test(error.message);

conformance('pkcs11 with SoftHSM', async (t) => {
  const key = newKey();
  const [kek, other] = [await open(t, key), await open(t, newKey())];
  return { kek, other, secrets: [hsm.pin], refuse: async () => hsm.deleteKey(key) };
});

test('another process with the same token opens what was wrapped', async (t) => {
  const key = newKey();
  const seed = randomBytes(32);
  const first = await open(t, key);
  const row = await first.wrap(seed, binding);
  assert.equal(row.wrapped.length, 60);
  await first.close();
  assert.deepEqual(await (await open(t, key)).unwrap(row, binding), seed);
});

test('a token that was taken out and put back is signed in to again, and nobody notices', async (t) => {
  const kek = await open(t, newKey());
  const seed = randomBytes(32);
  const row = await kek.wrap(seed, binding);
  // What a token that was taken out leaves behind: sessions and the login are gone.
  const { PKCS11 } = createRequire(join(hsm.modulesFrom, 'package.json'))('pkcs11js') as {
    PKCS11: new () => { load(path: string): void; C_GetSlotList(present: boolean): Buffer[]; C_CloseAllSessions(slot: Buffer): void };
  }; // as declared in pkcs11js
  const beside = new PKCS11();
  beside.load(hsm.modulePath);
  for (let time = 0; time < 3; time += 1) {
    for (const slot of beside.C_GetSlotList(true)) beside.C_CloseAllSessions(slot);
    const opened = await Promise.all(Array.from({ length: 8 }, () => kek.unwrap(row, binding)));
    for (const one of opened) assert.deepEqual(one, seed);
  }
});

test('a wrong PIN is tried once, so that the token does not lock itself', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-pin-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const pinFile = join(folder, 'pin');
  await writeFile(pinFile, 'not-the-pin', { mode: 0o600 });
  const kek = await createPkcs11Kek({ ...parse(newKey()), pinFile, clock, modulesFrom: hsm.modulesFrom });
  t.after(() => kek.close());
  for (let time = 0; time < 20; time += 1)
    await assert.rejects(kek.health(), failed('refused', /^(?!.*not-the-pin).*does not take the PIN/));
  await writeFile(pinFile, hsm.pin, { mode: 0o600 });
  assert.equal((await kek.health()).kekVersion, '1');
});

test('a key that could be taken out of the token, or is too short, is not used', async (t) => {
  for (const [options, words] of [
    [{ isExtractable: true }, /can be read from its token/],
    [{ bytes: 16 }, /AES key of 256 bits/],
  ] as const) {
    const kek = await open(t, newKey(options));
    await assert.rejects(
      kek.wrap(randomBytes(32), binding),
      (error: unknown) => isFactotumError(error, 'key.provider_invalid') && words.test(error.message),
    );
  }
});

test('a token that is not there is named as unreachable, and a library that is not there as well', async (t) => {
  const absent = await createPkcs11Kek({ ...parse('any'), token: 'another', clock, modulesFrom: hsm.modulesFrom });
  t.after(() => absent.close());
  await assert.rejects(absent.health(), failed('unreachable', /No slot holds the token another/));
  await assert.rejects(
    createPkcs11Kek({ ...parse('any'), modulePath: '/nowhere/lib.so', clock, modulesFrom: hsm.modulesFrom }),
    failed('unreachable', /cannot be loaded/),
  );
});
