import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { isFactotumError, systemClock } from '#kernel';
import { openStorage } from '#kernel/storage';
import { storageConformance } from '../../../test/storage-conformance.ts';

const folders: string[] = [];
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-storage-'));
  folders.push(folder);
  return folder;
};
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const open = (folder: string) => openStorage(folder, { clock: systemClock });

storageConformance('folder', async () => open(await newFolder()));

/** Stores 3 MB in a process of its own and prints the error's code and what is left in the folder. */
const storing = `
  import { readdir } from 'node:fs/promises';
  import { Readable } from 'node:stream';
  import { systemClock } from '#kernel';
  import { openStorage } from '#kernel/storage';
  const storage = await openStorage(process.argv[1], { clock: systemClock });
  const code = await storage.put('a/b', Readable.from(Array.from({ length: 30 }, () => Buffer.alloc(100_000, 1)))).then(() => 'stored', (error) => error.code);
  console.log(code, (await readdir(process.argv[1] + '/.incoming')).length, await storage.stat('a/b'));
`;
const run = promisify(execFile);
const shell = (script: string, folder: string) =>
  run('sh', ['-c', script, 'sh', process.execPath, storing, folder], { cwd: join(import.meta.dirname, '../../..') });

describe('a storage in a folder', () => {
  test('no room for the file is storage.full, and no part of it stays', async () => {
    // The limit of a process, in blocks of 512 bytes: refused by the kernel, and needs nobody's permission.
    const { stdout } = await shell('ulimit -f 2000; "$1" --input-type=module -e "$2" "$3"', await newFolder());
    assert.equal(stdout.trim(), 'storage.full 0 null');
  });

  test('a full disk is storage.full, and no part of the object stays', async (t) => {
    const script = 'mount -t tmpfs -o size=2m none "$3" && "$1" --input-type=module -e "$2" "$3"';
    const folder = await newFolder();
    const isAllowed = await run('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', folder]).then(
      () => true,
      () => false,
    );
    if (!isAllowed) return t.skip('this user may not mount');
    const { stdout } = await shell(`exec unshare -m sh -c '${script}' sh "$1" "$2" "$3"`, folder);
    assert.equal(stdout.trim(), 'storage.full 0 null');
  });

  test('whoever reads an object while it is replaced or removed reads it to its end', async () => {
    const storage = await open(await newFolder());
    const first = Buffer.alloc(3_000_000, 1);
    await storage.put('read', Readable.from([first]));
    const [one, two] = [await storage.get('read'), await storage.get('read', { start: 1_000_000 })];
    await storage.put('read', Readable.from([Buffer.alloc(3_000_000, 2)]));
    assert.ok((await buffer(one)).equals(first));
    await storage.remove('read');
    assert.ok((await buffer(two)).equals(first.subarray(1_000_000)));
  });

  test('what a killed process left half written is no object, and goes once it is old', async () => {
    const folder = await newFolder();
    await open(folder);
    const [old, young] = [join(folder, '.incoming', 'old'), join(folder, '.incoming', 'young')];
    await writeFile(old, 'half');
    await writeFile(young, 'half');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(old, longAgo, longAgo);
    const storage = await open(folder);
    assert.deepEqual(await Array.fromAsync(storage.list('')), []);
    assert.deepEqual(await readdir(join(folder, '.incoming')), ['young']);
  });

  test('a folder that is gone, as of a disk that is no longer mounted, is not made anew', async () => {
    const folder = await newFolder();
    const storage = await open(folder);
    await rm(folder, { recursive: true });
    for (const act of [
      () => storage.put('a/b', Readable.from([Buffer.of(1)])),
      () => storage.health(),
      () => Array.fromAsync(storage.list('')),
    ])
      await assert.rejects(act, (error) => isFactotumError(error, 'storage.unavailable') && error.message.includes('it is not there'));
    await assert.rejects(readdir(folder), { code: 'ENOENT' });
  });

  test('a path through a file cannot be opened, and says why', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(open(join(folder, 'file', 'sub')), (error) => isFactotumError(error, 'storage.unavailable'));
  });

  test('the last object of a folder takes the folder with it', async () => {
    const folder = await newFolder();
    const storage = await open(folder);
    await storage.put('blobs/ten_1/a', Readable.from([Buffer.of(1)]));
    await storage.put('blobs/ten_2/a', Readable.from([Buffer.of(1)]));
    await storage.remove('blobs/ten_1/a');
    assert.deepEqual(await readdir(join(folder, 'blobs')), ['ten_2']);
    await mkdir(join(folder, 'blobs', 'empty'));
    assert.deepEqual(
      (await Array.fromAsync(storage.list(''))).map(({ name }) => name),
      ['blobs/ten_2/a'],
    );
  });
});
