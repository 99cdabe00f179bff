import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { type Id, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { newPassphraseParameters } from '#trust/key';
import { recountTenant } from '#trust/vault';
import { type TestPlatform, testPlatform } from '../../../test/platform.ts';
import { openArchive, sealArchive } from './codec.ts';
import { type ArchiveKind, newHeader } from './header.ts';
import { makeArchive } from './make.ts';
import type { Part } from './parts.ts';
import { takeIn } from './take-in.ts';

const here = await testPlatform();
const there = await testPlatform();
const key = Buffer.alloc(32, 3);
const keyOf = async () => key as Uint8Array;
const at = new Date();

let names = 0;
async function customer(files: Readonly<Record<string, Uint8Array>>): Promise<Id<'tenant'>> {
  names += 1;
  const { id } = await here.createTenant({ name: `files-${names}`, actor: 'operator:test', ownerEmail: `files-${names}@example.com` });
  for (const [path, bytes] of Object.entries(files))
    await here.vaultFiles.write(id, { path, author: 'user:test', at }, Readable.from([bytes]), undefined);
  await here.sequencer.drained();
  return id;
}

async function archiveOf(tenantId: Id<'tenant'>, kind: ArchiveKind): Promise<Buffer> {
  const header = newHeader({ kind, tenantId, madeAt: at, key: newPassphraseParameters() });
  let made: Buffer = Buffer.alloc(0);
  await makeArchive(here, { header, key }, async (bytes) => {
    made = await buffer(bytes);
  });
  return made;
}

async function* pieces(bytes: Uint8Array) {
  for (let from = 0; from < bytes.length; from += 50_000) yield bytes.subarray(from, from + 50_000);
}

async function partsOf(archive: Buffer): Promise<Map<string, Buffer>> {
  const { parts } = await openArchive(pieces(archive), keyOf);
  const found = new Map<string, Buffer>();
  for await (const { name, body } of parts) found.set(name, await buffer(body));
  return found;
}

/** The same archive with some of its parts changed by somebody who knows the passphrase. */
async function forged(archive: Buffer, change: (parts: Map<string, Buffer>) => void): Promise<Buffer> {
  const { header } = await openArchive(pieces(archive), keyOf);
  const parts = await partsOf(archive);
  change(parts);
  async function* changed(): AsyncGenerator<Part> {
    for (const [name, body] of parts) yield { name, body: [body] };
  }
  return buffer(sealArchive(header, key, changed()));
}

const read = async (platform: TestPlatform, tenantId: Id<'tenant'>, path: string) => {
  const found = await platform.vaultFiles.find(tenantId, path);
  return found && buffer(await platform.vaultFiles.read(tenantId, found.blob));
};
const used = (platform: TestPlatform, tenantId: Id<'tenant'>) =>
  withTenant(platform.database.app.db, tenantId, (tx) =>
    tx.selectFrom('quotaCounter').select('used').where('tenantId', '=', tenantId).where('name', '=', 'vaultBytes').executeTakeFirst(),
  ).then((row) => row?.used);

test('files are in an archive for people as they were stored', async () => {
  const [scan, empty] = [randomBytes(700_000), Buffer.alloc(0)];
  const tenantId = await customer({ 'Scans/One.pdf': scan, 'Empty.bin': empty });
  const parts = await partsOf(await archiveOf(tenantId, 'copy'));
  assert.ok(parts.get('files/Scans/One.pdf')?.equals(scan));
  assert.ok(parts.get('files/Empty.bin')?.equals(empty));
  assert.ok([...parts.keys()].every((name) => !name.startsWith('blobs/')));
});

test('a tenant that comes from elsewhere has its files, and they are counted', async () => {
  const scan = randomBytes(700_000);
  const tenantId = await customer({ 'Scans/One.pdf': scan });
  const deleted = { path: 'Gone.bin', author: 'user:test', at };
  await here.vaultFiles.write(tenantId, deleted, Readable.from([randomBytes(1_000)]), undefined);
  await here.vaultFiles.remove(tenantId, deleted);
  await here.sequencer.drained();
  await takeIn(there, pieces(await archiveOf(tenantId, 'whole')), { keyOf, at });
  assert.ok((await read(there, tenantId, 'Scans/One.pdf'))?.equals(scan));
  assert.equal(await read(there, tenantId, 'Gone.bin'), null);
  await withTenant(here.database.app.db, tenantId, (tx) => recountTenant(tx, tenantId));
  assert.equal(await used(there, tenantId), await used(here, tenantId));
  // It rests until it is released, its files with it.
  const change = { path: 'New.bin', author: 'user:test', at };
  await assert.rejects(there.vaultFiles.write(tenantId, change, Readable.from([scan]), undefined));
  assert.equal(await read(there, tenantId, 'New.bin'), null);
});

test('an archive whose objects are missing, too many or of another length is refused whole', async () => {
  const tenantId = await customer({ 'One.bin': randomBytes(100_000) });
  const archive = await archiveOf(tenantId, 'whole');
  const object = [...(await partsOf(archive)).keys()].find((name) => name.startsWith('blobs/')) ?? '';
  const changes: ((parts: Map<string, Buffer>) => void)[] = [
    (parts) => parts.delete(object),
    (parts) => parts.set(object, (parts.get(object) ?? Buffer.alloc(0)).subarray(1)),
    (parts) => parts.set(object, Buffer.concat([parts.get(object) ?? Buffer.alloc(0), Buffer.of(1)])),
    (parts) => {
      const [first, ...rest] = [...parts];
      parts.clear();
      if (first !== undefined) parts.set(...first);
      parts.set(object, Buffer.of(1));
      for (const one of rest) parts.set(...one);
    },
    (parts) => {
      const entries = [...parts];
      parts.clear();
      for (const [name, body] of entries) {
        parts.set(name, body);
        if (name === object) parts.set('blobs/blb_000000000000000000000000', body);
      }
    },
  ];
  for (const change of changes)
    await assert.rejects(takeIn(there, pieces(await forged(archive, change)), { keyOf, at }), (error) =>
      isFactotumError(error, 'archive.invalid'),
    );
  const { rows } = await there.database.engine.pool.query('select 1 from app.tenant where tenant_id = $1', [tenantId]);
  assert.equal(rows.length, 0);
  await takeIn(there, pieces(archive), { keyOf, at });
});

test('an erasure leaves nothing of a tenant in the storage, and says how many objects there were', async () => {
  const tenantId = await customer({ 'One.bin': randomBytes(1_000), 'Two.bin': randomBytes(1_000) });
  const other = await customer({ 'Three.bin': randomBytes(1_000) });
  assert.equal(await here.blobs.removeTenant(tenantId), 2);
  assert.equal(await here.blobs.removeTenant(tenantId), 0);
  assert.equal((await read(here, other, 'Three.bin'))?.length, 1_000);
});
