import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import { conformance } from '../../../test/kek-conformance.ts';
import { createLocalKek } from './local-kek.ts';

const made: string[] = [];
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true }))));
async function newFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-kek-'));
  made.push(folder);
  return folder;
}
const noTenants = async () => false;
const someTenants = async () => true;
const unavailable = (words: RegExp) => (error: unknown) => isFactotumError(error, 'key.unavailable') && words.test(error.message);
const binding = { tenantId: newId('tenant'), generation: 1 };

test('the first start makes a random key that only its owner can read, and later starts use it', async () => {
  const folder = join(await newFolder(), 'not', 'yet', 'there');
  const kek = await createLocalKek({ folder, tenantsExist: noTenants });
  assert.deepEqual(await readdir(folder), ['kek.key']);
  assert.equal((await stat(join(folder, 'kek.key'))).mode & 0o777, 0o600);
  const seed = randomBytes(32);
  const wrapped = await kek.wrap(seed, binding);
  const again = await createLocalKek({ folder, tenantsExist: someTenants });
  assert.deepEqual(await again.unwrap(wrapped, binding), seed);
  const other = await createLocalKek({ folder: await newFolder(), tenantsExist: noTenants });
  await assert.rejects(other.unwrap(wrapped, binding), unavailable(/right key file/));
});

test('processes that start together end up with one key', async () => {
  const folder = await newFolder();
  const keks = await Promise.all(Array.from({ length: 8 }, () => createLocalKek({ folder, tenantsExist: noTenants })));
  const ids = await Promise.all(keks.map(async (kek) => (await kek.wrap(randomBytes(32), binding)).kekId));
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(await readdir(folder), ['kek.key']);
});

test('a missing key beside existing tenants is an error and never a new key', async () => {
  const folder = await newFolder();
  await assert.rejects(createLocalKek({ folder, tenantsExist: someTenants }), unavailable(/missing.*No new one is made/));
  assert.deepEqual(await readdir(folder), []);
});

test('a key that others may read or change is refused, with the command that mends it', async () => {
  const folder = await newFolder();
  await createLocalKek({ folder, tenantsExist: noTenants });
  const path = join(folder, 'kek.key');
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    await chmod(path, mode);
    await assert.rejects(
      createLocalKek({ folder, tenantsExist: someTenants }),
      unavailable(new RegExp(`mode ${mode.toString(8)}.*chmod 600 '${path}'`)),
    );
  }
  await chmod(path, 0o400);
  await createLocalKek({ folder, tenantsExist: someTenants });
});

test('a damaged key file is refused and left as it is', async () => {
  const folder = await newFolder();
  const path = join(folder, 'kek.key');
  for (const text of [
    '',
    'default-key',
    `factotum-kek-v1:${'0'.repeat(63)}`,
    `factotum-kek-v1:${'0'.repeat(64)}\n\n`,
    'x'.repeat(10_000),
  ]) {
    await writeFile(path, text, { mode: 0o600 });
    await assert.rejects(createLocalKek({ folder, tenantsExist: noTenants }), unavailable(/damaged|not a key file/));
    assert.equal(await readFile(path, 'utf8'), text);
  }
});

test('a link in place of the key file is not followed', async () => {
  const [folder, elsewhere] = [await newFolder(), await newFolder()];
  await createLocalKek({ folder: elsewhere, tenantsExist: noTenants });
  await symlink(join(elsewhere, 'kek.key'), join(folder, 'kek.key'));
  await assert.rejects(createLocalKek({ folder, tenantsExist: noTenants }), unavailable(/no link/));
});

test('a wrapped seed opens only for its tenant and generation, and no bit of it can be flipped', async () => {
  const kek = await createLocalKek({ folder: await newFolder(), tenantsExist: noTenants });
  const row = await kek.wrap(randomBytes(32), binding);
  await assert.rejects(kek.unwrap(row, { ...binding, tenantId: newId('tenant') }), unavailable(/changed or belongs/));
  await assert.rejects(kek.unwrap(row, { ...binding, generation: 2 }), unavailable(/changed or belongs/));
  for (let bit = 0; bit < row.wrapped.length * 8; bit += 1) {
    const wrapped = Buffer.from(row.wrapped);
    wrapped[bit >> 3]! ^= 1 << (bit & 7);
    await assert.rejects(kek.unwrap({ ...row, wrapped }, binding), unavailable(/changed or belongs/));
  }
  for (const length of [0, 5, 27, 59])
    await assert.rejects(kek.unwrap({ ...row, wrapped: row.wrapped.subarray(0, length) }, binding), unavailable(/changed/));
});

conformance('local', async () => {
  const [kek, other] = await Promise.all(
    [await newFolder(), await newFolder()].map((folder) => createLocalKek({ folder, tenantsExist: noTenants })),
  );
  assert.ok(kek !== undefined && other !== undefined);
  return { kek, other, secrets: [] };
});
