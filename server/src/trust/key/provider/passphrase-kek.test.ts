import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import { conformance } from '../../../../test/kek-conformance.ts';
import { createPassphraseKek } from './passphrase-kek.ts';

const passphrase = 'four short words here';
const noTenants = async () => false;
const someTenants = async () => true;
const binding = { tenantId: newId('tenant'), generation: 1 };
const refused = (words: RegExp) => (error: unknown) =>
  isFactotumError(error, 'key.unavailable') && error.details?.reason === 'refused' && words.test(error.message);

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-passphrase-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

conformance('passphrase', async (t) => {
  const open = async () => createPassphraseKek({ folder: await newFolder(t), tenantsExist: noTenants }, passphrase);
  return { kek: await open(), other: await open(), secrets: [passphrase] };
});

test('a later start with the same passphrase opens what was wrapped, in whichever form its letters are typed', async (t) => {
  const folder = await newFolder(t);
  const seed = randomBytes(32);
  const row = await (await createPassphraseKek({ folder, tenantsExist: noTenants }, 'schöne lange Wörter')).wrap(seed, binding);
  const again = await createPassphraseKek({ folder, tenantsExist: someTenants }, 'schöne lange Wörter'.normalize('NFD'));
  assert.deepEqual(await again.unwrap(row, binding), seed);
  assert.equal((await stat(join(folder, 'kek.passphrase'))).mode & 0o777, 0o600);
});

test('a wrong passphrase is named at the start and not at the first task', async (t) => {
  const folder = await newFolder(t);
  await createPassphraseKek({ folder, tenantsExist: noTenants }, passphrase);
  await assert.rejects(
    createPassphraseKek({ folder, tenantsExist: someTenants }, 'four other words here'),
    refused(/^(?!.*other words).*not the one/),
  );
});

test('a missing file beside existing tenants is an error and never a new key, and so is a damaged one', async (t) => {
  const folder = await newFolder(t);
  await assert.rejects(createPassphraseKek({ folder, tenantsExist: someTenants }, passphrase), refused(/missing/));
  await createPassphraseKek({ folder, tenantsExist: noTenants }, passphrase);
  const path = join(folder, 'kek.passphrase');
  const text = await readFile(path, 'utf8');
  for (const changed of ['', '{}', text.replace('"memoryKiB":65536', '"memoryKiB":1024'), text.slice(0, -10)]) {
    await writeFile(path, changed);
    await assert.rejects(createPassphraseKek({ folder, tenantsExist: someTenants }, passphrase), refused(/damaged/));
  }
});

test('processes that start together end up with one key', async (t) => {
  const folder = await newFolder(t);
  const keks = await Promise.all(Array.from({ length: 4 }, () => createPassphraseKek({ folder, tenantsExist: noTenants }, passphrase)));
  assert.equal(new Set(keks.map(({ kekId }) => kekId)).size, 1);
});

test('a passphrase that is too short protects nothing and is refused', async (t) => {
  const folder = await newFolder(t);
  await assert.rejects(createPassphraseKek({ folder, tenantsExist: noTenants }, 'short'), (error: unknown) =>
    isFactotumError(error, 'key.provider_invalid'),
  );
});
