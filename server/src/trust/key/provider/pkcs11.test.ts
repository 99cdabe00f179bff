import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFactotumError, systemClock } from '#kernel';
import { createPkcs11Kek } from './pkcs11.ts';
import { parsePkcs11Key, pkcs11KeyId } from './pkcs11-uri.ts';

test('an address of RFC 7512 names token, key, library and the file of the PIN', () => {
  const key = parsePkcs11Key('token=Our%20HSM;object=seeds%3Bone;type=secret-key?module-path=/usr/lib/hsm.so&pin-source=file:/etc/pin');
  assert.deepEqual(key, { token: 'Our HSM', object: 'seeds;one', modulePath: '/usr/lib/hsm.so', pinFile: '/etc/pin' });
  assert.equal(pkcs11KeyId(key), 'pkcs11:token=Our%20HSM;object=seeds%3Bone');
  for (const source of ['file:/etc/pin', 'file:///etc/pin', '/etc/pin'])
    assert.equal(parsePkcs11Key(`token=a;serial=7;object=b?module-path=/m.so&pin-source=${source}`).pinFile, '/etc/pin');
});

test('an address that names less, more or the PIN itself is refused with the form, and the PIN is not repeated', () => {
  for (const text of [
    '',
    'token=a;object=b',
    'token=a?module-path=/m.so&pin-source=/p',
    'token=a;object=b?module-path=m.so&pin-source=/p',
    'token=a;object=b?module-path=/m.so&pin-source=pin',
    'token=a;object=b?module-path=/m.so&pin-value=98765432',
    'token=a;object=b;type=private?module-path=/m.so&pin-source=/p',
    'token=a;object=b;slot=1?module-path=/m.so&pin-source=/p',
    'token=a%;object=b?module-path=/m.so&pin-source=/p',
  ])
    assert.throws(
      () => parsePkcs11Key(text),
      (error: unknown) => isFactotumError(error, 'key.provider_invalid') && !error.message.includes('98765432'),
      text,
    );
});

test('without its package a key in an HSM says how to install it', async (t) => {
  const modulesFrom = await mkdtemp(join(tmpdir(), 'factotum-no-modules-'));
  t.after(() => rm(modulesFrom, { recursive: true, force: true }));
  const key = parsePkcs11Key('token=a;object=b?module-path=/m.so&pin-source=/p');
  await assert.rejects(
    createPkcs11Kek({ ...key, clock: systemClock, modulesFrom }),
    (error: unknown) => isFactotumError(error, 'key.provider_missing') && /npm install pkcs11js@2\.1\.7/.test(error.message),
  );
});
