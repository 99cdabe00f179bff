import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import { createAuditorKey } from './auditor-key.ts';

const made: string[] = [];
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true }))));
async function newFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-auditor-'));
  made.push(folder);
  return folder;
}
const noTenants = async () => false;
const someTenants = async () => true;
const tenantId = newId('tenant');
const isCode = (code: 'key.unavailable' | 'seal.broken') => (error: unknown) => isFactotumError(error, code);

test('what is sealed for the auditor opens with the private key, and again after a restart', async () => {
  const folder = await newFolder();
  const auditor = await createAuditorKey({ folder, tenantsExist: noTenants });
  assert.deepEqual((await readdir(folder)).sort(), ['auditor.key', 'auditor.pub']);
  assert.equal((await stat(join(folder, 'auditor.key'))).mode & 0o777, 0o600);
  const sealed = auditor.sealForAuditor(tenantId, Buffer.from('first MAC key'));
  const again = await createAuditorKey({ folder, tenantsExist: someTenants });
  assert.deepEqual(again.openAsAuditor(tenantId, sealed), Buffer.from('first MAC key'));
});

test('with the private key moved away the installation goes on sealing and cannot open any more', async () => {
  const [folder, kept] = [await newFolder(), await newFolder()];
  await createAuditorKey({ folder, tenantsExist: noTenants });
  await rename(join(folder, 'auditor.key'), join(kept, 'auditor.key'));
  const server = await createAuditorKey({ folder, tenantsExist: someTenants });
  const sealed = server.sealForAuditor(tenantId, randomBytes(32));
  assert.throws(() => server.openAsAuditor(tenantId, sealed), isCode('key.unavailable'));
  assert.deepEqual(await readdir(folder), ['auditor.pub']);
  // The private key alone is enough for the auditor: the public one follows from it.
  const auditor = await createAuditorKey({ folder: kept, tenantsExist: noTenants });
  assert.equal(auditor.openAsAuditor(tenantId, sealed).length, 32);
});

test('it opens for its tenant and its auditor only, and no bit of it can be flipped', async () => {
  const auditor = await createAuditorKey({ folder: await newFolder(), tenantsExist: noTenants });
  const other = await createAuditorKey({ folder: await newFolder(), tenantsExist: noTenants });
  const sealed = auditor.sealForAuditor(tenantId, randomBytes(32));
  assert.throws(() => auditor.openAsAuditor(newId('tenant'), sealed), isCode('seal.broken'));
  assert.throws(() => other.openAsAuditor(tenantId, sealed), isCode('seal.broken'));
  for (const length of [0, 31, 32, sealed.length - 1])
    assert.throws(() => auditor.openAsAuditor(tenantId, sealed.subarray(0, length)), isCode('seal.broken'));
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => auditor.openAsAuditor(tenantId, changed), isCode('seal.broken'), `bit ${bit}`);
  }
});

test('missing, foreign or readable keys are refused and never replaced', async () => {
  const [folder, other] = [await newFolder(), await newFolder()];
  await assert.rejects(createAuditorKey({ folder, tenantsExist: someTenants }), isCode('key.unavailable'));
  assert.deepEqual(await readdir(folder), []);
  await createAuditorKey({ folder, tenantsExist: noTenants });
  await createAuditorKey({ folder: other, tenantsExist: noTenants });
  await chmod(join(folder, 'auditor.key'), 0o644);
  await assert.rejects(createAuditorKey({ folder, tenantsExist: noTenants }), /chmod 600/);
  await chmod(join(folder, 'auditor.key'), 0o600);
  await copyFile(join(other, 'auditor.pub'), join(folder, 'auditor.pub'));
  await assert.rejects(createAuditorKey({ folder, tenantsExist: noTenants }), /do not belong together/);
});

test('processes that start together end up with one pair', async () => {
  const folder = await newFolder();
  const auditors = await Promise.all(Array.from({ length: 6 }, () => createAuditorKey({ folder, tenantsExist: noTenants })));
  for (const auditor of auditors)
    assert.equal(auditors[0]!.openAsAuditor(tenantId, auditor.sealForAuditor(tenantId, Buffer.of(1))).length, 1);
  assert.deepEqual((await readdir(folder)).sort(), ['auditor.key', 'auditor.pub']);
});

test('the key files are standard ones that openssl reads', async (t) => {
  const folder = await newFolder();
  await createAuditorKey({ folder, tenantsExist: noTenants });
  const ran = spawnSync('openssl', ['pkey', '-in', join(folder, 'auditor.key'), '-noout', '-text'], { timeout: 10_000 });
  if (ran.error !== undefined) return t.skip('openssl is not here');
  assert.match(ran.stdout.toString(), /X25519/);
});
