import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openNote, parseVerifierKey, signNote } from '@factotum/tlog';
import { createInstallationKey } from './installation-key.ts';

const root = await mkdtemp(join(tmpdir(), 'factotum-installation-'));
after(() => rm(root, { recursive: true }));
let made = 0;
const newFolder = () => {
  made += 1;
  return join(root, String(made));
};

test('processes that start together have one key, which only its owner may read', async () => {
  const folder = newFolder();
  const keys = await Promise.all(Array.from({ length: 6 }, () => createInstallationKey({ folder })));
  assert.equal(new Set(keys.map(({ signer }) => signer.verifierKeyText)).size, 1);
  assert.equal((await stat(join(folder, 'installation.key'))).mode & 0o777, 0o600);
  const [one, other] = keys;
  const sealed = one?.seal('job.input 1', Buffer.from('secret')) ?? Buffer.alloc(0);
  assert.equal(other?.open('job.input 1', sealed).toString(), 'secret');
  assert.throws(() => other?.open('job.input 2', sealed), { code: 'seal.broken' });
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  assert.throws(() => other?.open('job.input 1', sealed), { code: 'seal.broken' });
});

test('what it signs is checked with its public key, and holds under no other', async () => {
  const [ours, theirs] = [await createInstallationKey({ folder: newFolder() }), await createInstallationKey({ folder: newFolder() })];
  const note = signNote('a statement\n', [ours.signer]);
  assert.deepEqual(openNote(note, [parseVerifierKey(ours.signer.verifierKeyText)]).text, 'a statement\n');
  assert.throws(() => openNote(note, [parseVerifierKey(theirs.signer.verifierKeyText)]), { code: 'tlog.note_unsigned' });
});

test('a key file that others may read, or that is damaged, is refused with the fix', async () => {
  const folder = newFolder();
  await createInstallationKey({ folder });
  const path = join(folder, 'installation.key');
  await chmod(path, 0o644);
  await assert.rejects(createInstallationKey({ folder }), /chmod 600/);
  await chmod(path, 0o600);
  await writeFile(path, 'factotum-installation-v1:short\n');
  await assert.rejects(createInstallationKey({ folder }), /damaged/);
});
