import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { systemClock as clock, isFactotumError, newId } from '#kernel';
import { type ObjectStorage, openStorage } from '#kernel/storage';
import { createInstallationKey } from '#trust/key';
import { exactly, pieceBytesMax } from './bound.ts';
import { chunkName, readChunk } from './chunk-store.ts';
import { listKeyBackups, openKeyBackup } from './key-backup.ts';
import { listManifests, manifestName, readManifest } from './manifest.ts';
import { parseRecoveryKey } from './recovery-key.ts';
import { openRepository, openWithRecoveryKey, setUpRepository } from './repository.ts';
import { sealWhole } from './seal.ts';

const root = await mkdtemp(join(tmpdir(), 'factotum-hostile-'));
const storage = await openStorage(join(root, 'backups'), { clock });
after(async () => {
  await storage.close();
  await rm(root, { recursive: true, force: true });
});
const installation = await createInstallationKey({ folder: join(root, 'keys') });
const recoveryText = await setUpRepository({ storage, installation, clock }, { again: false });
const recoveryKey = parseRecoveryKey(recoveryText);
const repository = await openRepository({ storage, installation });

const isInvalid = (error: unknown) => isFactotumError(error, 'backup.invalid');

/** The same place in the hands of somebody who answers without end. */
function endless(byte: string) {
  const given = { bytes: 0, names: 0 };
  function* bytes() {
    for (const part = Buffer.alloc(64 * 1_024, byte); ; given.bytes += part.length) yield part;
  }
  async function* names(prefix: string) {
    for (; ; given.names += 1) yield { name: `${prefix}${newId('backup')}`, bytes: 1, modifiedAt: clock.now() };
  }
  const place: ObjectStorage = { ...storage, get: async () => Readable.from(bytes(), { objectMode: false }), list: names };
  return { place, given };
}

test('a header, a manifest or a piece without end is refused after its first bytes', async () => {
  const { place, given } = endless('x');
  const hostile = { ...repository, storage: place };
  await assert.rejects(openRepository({ storage: place, installation }), isInvalid);
  await assert.rejects(openWithRecoveryKey(place, recoveryKey), isInvalid);
  await assert.rejects(readManifest(hostile, newId('backup')), isInvalid);
  await assert.rejects(readChunk(hostile, 'ab'.repeat(32)), isInvalid);
  assert.ok(given.bytes < 16 * 1_024 * 1_024, `${given.bytes} bytes were taken`);
});

test('a backup of the keys without end is refused and not gathered until memory ends', async () => {
  const { place } = endless('x');
  await assert.rejects(openKeyBackup(place, recoveryKey, newId('backup')), isInvalid);
});

test('a list of backups without end is refused', async () => {
  const { place, given } = endless('x');
  await assert.rejects(listManifests({ storage: place }), isInvalid);
  await assert.rejects(listKeyBackups(place), isInvalid);
  assert.ok(given.names < 250_000, `${given.names} names were taken`);
});

test('who has the key of the repository cannot put a few bytes there that become gigabytes', async () => {
  const { keys } = repository;
  const bomb = await promisify(zstdCompress)(Buffer.alloc(pieceBytesMax + 1));
  const id = keys.nameOf(Buffer.from('anything'));
  await storage.put(chunkName(id), Readable.from([await sealWhole(keys.seal, `factotum/backup-chunk/v1 ${id}`, bomb)]));
  await assert.rejects(readChunk(repository, id), isInvalid);
  const manifest = newId('backup');
  const large = await promisify(zstdCompress)(Buffer.alloc(2 * pieceBytesMax));
  await storage.put(manifestName(manifest), Readable.from([await sealWhole(keys.seal, `factotum/backup-manifest/v1 ${manifest}`, large)]));
  await assert.rejects(readManifest(repository, manifest), isInvalid);
});

test('an object that is not what was backed up never ends as one in the storage', async () => {
  const kept = { name: 'one', bytes: 3, sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' };
  const put = async (text: string) => {
    const checked = exactly(kept);
    await Promise.all([pipeline(Readable.from([Buffer.from(text)]), checked), storage.put('restored/one', checked)]);
  };
  for (const other of ['ab', 'abd', 'abcd']) await assert.rejects(put(other), isInvalid);
  assert.equal(await storage.stat('restored/one'), null);
  await put('abc');
  assert.equal((await storage.stat('restored/one'))?.bytes, 3);
});
