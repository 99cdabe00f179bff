import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import { createAuditorKey } from './auditor-key.ts';
import { createInstallationKey } from './installation-key.ts';
import { createKeyFiles, plainKeyFiles } from './key-file.ts';
import { createSecretKek } from './provider/secret-kek.ts';

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-key-file-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
const newKek = (provider = 'vault-transit') => createSecretKek({ provider, key: randomBytes(32), wrongKey: '' });
const unavailable = (words: RegExp) => (error: unknown) => isFactotumError(error, 'key.unavailable') && words.test(error.message);

test('key files that lay there in plain are wrapped at the first start with a key outside, and stay the same keys', async (t) => {
  const folder = await newFolder(t);
  const keys = { folder, tenantsExist: async () => false };
  const tenantId = newId('tenant');
  const sealed = (await createInstallationKey(keys)).seal('a', Buffer.from('text'));
  const forAuditor = (await createAuditorKey(keys)).sealForAuditor(tenantId, Buffer.from('text'));
  const plain = await readFile(join(folder, 'installation.key'), 'utf8');

  const files = createKeyFiles({ kek: newKek(), former: [], wraps: true });
  for (let start = 0; start < 2; start += 1) {
    assert.equal((await createInstallationKey({ folder, files })).open('a', sealed).toString(), 'text');
    assert.equal((await createAuditorKey({ ...keys, files })).openAsAuditor(tenantId, forAuditor).toString(), 'text');
  }
  assert.deepEqual((await readdir(folder)).sort(), ['auditor.key', 'auditor.pub', 'installation.key']);
  const hex = /[0-9a-f]{64}/.exec(plain)?.[0] ?? '';
  for (const name of ['auditor.key', 'installation.key']) {
    const text = await readFile(join(folder, name), 'utf8');
    assert.match(text, /^factotum-wrapped-v1:/);
    assert.ok(!text.includes(hex) && !text.includes('PRIVATE KEY'));
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  }
});

test('a new installation with a key outside never has a key file in plain', async (t) => {
  const folder = await newFolder(t);
  const files = createKeyFiles({ kek: newKek(), former: [], wraps: true });
  const both = await Promise.all([createInstallationKey({ folder, files }), createInstallationKey({ folder, files })]);
  assert.equal(both[0].signer.verifierKeyText, both[1].signer.verifierKeyText);
  assert.match(await readFile(join(folder, 'installation.key'), 'utf8'), /^factotum-wrapped-v1:/);
});

test('another provider takes the files over from a former one, and a file’s key takes them back in plain', async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, 'session.secret');
  const [first, second, local] = [newKek(), newKek('pkcs11'), newKek('local')];
  await createKeyFiles({ kek: first, former: [], wraps: true }).create(path, 'the secret\n');
  assert.equal(await createKeyFiles({ kek: second, former: [first], wraps: true }).read(path), 'the secret\n');
  assert.equal(await createKeyFiles({ kek: second, former: [], wraps: true }).read(path), 'the secret\n');
  assert.equal(await createKeyFiles({ kek: local, former: [second], wraps: false }).read(path), 'the secret\n');
  assert.equal(await plainKeyFiles.read(path), 'the secret\n');
});

test('without its provider a wrapped file is refused with the provider’s name, and one that was changed or renamed does not open', async (t) => {
  const folder = await newFolder(t);
  const [path, other] = [join(folder, 'installation.key'), join(folder, 'session.secret')];
  const kek = newKek();
  const files = createKeyFiles({ kek, former: [], wraps: true });
  await files.create(path, 'the secret\n');
  const named = unavailable(new RegExp(`${kek.kekId} of vault-transit.*FACTOTUM_KEK`));
  await assert.rejects(plainKeyFiles.read(path), named);
  await assert.rejects(createKeyFiles({ kek: newKek(), former: [], wraps: true }).read(path), named);
  await copyFile(path, other);
  await assert.rejects(files.read(other), unavailable(/damaged/));
  const text = await readFile(path, 'utf8');
  for (const changed of [text.slice(0, 40), text.replace(/"sealed":"(.)/, (_, letter) => `"sealed":"${letter === 'A' ? 'B' : 'A'}`)]) {
    await writeFile(path, changed);
    await assert.rejects(files.read(path), unavailable(/damaged/));
  }
});
