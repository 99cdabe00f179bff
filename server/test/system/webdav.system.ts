import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createClient } from 'webdav';
import { testWebdav } from '../webdav.ts';

const { buildCustomer, device, url } = await testWebdav();
const folder = await mkdtemp(join(tmpdir(), 'factotum-webdav-'));
after(() => rm(folder, { recursive: true }));

/** Runs a program to its end. */
function run(
  command: string,
  given: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((ended, failed) => {
    const child = spawn(command, given, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += piece.toString('utf8')));
    child.on('error', failed);
    child.on('exit', (code) => ended({ code, output }));
  });
}

/** What of litmus fails, with the reason in docs/vault.md. Nothing else may. */
const misses: Readonly<Record<string, readonly string[]>> = { basic: [], copymove: [], props: [], locks: [], http: [] };

for (const [suite, known] of Object.entries(misses))
  test(`litmus ${suite}: everything passes but what is explained`, async (t) => {
    const token = await device(await buildCustomer());
    const { output } = await run('litmus', ['-k', url, 'somebody', token], { TESTS: suite });
    const lines = output.split(/[\r\n]+/);
    const [, passed, of] =
      lines.map((line) => /(\d+) (?:tests run|skipped|run)?.*?: (\d+) passed/.exec(line)).find((found) => found !== null) ?? [];
    const failed = lines.filter((line) => /FAIL/.test(line)).map((line) => line.replace(/\s+/g, ' ').trim());
    t.diagnostic(`litmus ${suite}: ${of ?? '?'} of ${passed ?? '?'} passed`);
    const unknown = failed.filter((line) => !known.some((name) => line.includes(name)));
    assert.deepEqual(unknown, [], output);
    assert.ok(passed !== undefined, output);
  });

test('rclone puts a folder up, takes it down again, and finds both the same; a change and a deletion go along', async () => {
  const token = await device(await buildCustomer());
  const [here, back] = [join(folder, 'here'), join(folder, 'back')];
  const contents: Record<string, string | Buffer> = {
    'Note.md': '# Ä note\n',
    'Deep/er/Übersicht & more.md': 'x',
    'Deep/scan.pdf': randomBytes(300_000),
    'empty.txt': '',
    'large.bin': randomBytes(20_000_000),
  };
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(join(here, path, '..'), { recursive: true });
    await writeFile(join(here, path), content);
  }
  const { output: obscured } = await run('rclone', ['obscure', token]);
  const env = {
    RCLONE_CONFIG_VAULT_TYPE: 'webdav',
    RCLONE_CONFIG_VAULT_URL: url,
    RCLONE_CONFIG_VAULT_VENDOR: 'other',
    RCLONE_CONFIG_VAULT_USER: 'somebody@example.com',
    RCLONE_CONFIG_VAULT_PASS: obscured.trim(),
  };
  const rclone = async (...given: string[]) => {
    const { code, output } = await run('rclone', given, env);
    assert.equal(code, 0, output);
    return output;
  };
  await rclone('mkdir', 'vault:Mine');
  await rclone('sync', here, 'vault:Mine');
  await rclone('check', '--download', here, 'vault:Mine');
  await rclone('sync', 'vault:Mine', back);
  for (const [path, content] of Object.entries(contents)) assert.ok((await readFile(join(back, path))).equals(Buffer.from(content)), path);
  await writeFile(join(here, 'Note.md'), '# A longer note\n');
  await rm(join(here, 'Deep/scan.pdf'));
  await rclone('sync', here, 'vault:Mine');
  await rclone('check', '--download', here, 'vault:Mine');
  await rclone('moveto', 'vault:Mine/Note.md', 'vault:Mine/Deep/Moved.md');
  assert.match(await rclone('cat', 'vault:Mine/Deep/Moved.md'), /A longer note/);
  await rclone('purge', 'vault:Mine/Deep');
  assert.ok(!(await rclone('lsf', '-R', 'vault:Mine')).includes('Deep'));
});

test('the client that Remotely Save is built on reads, writes, moves, locks and deletes', async () => {
  const token = await device(await buildCustomer());
  const client = createClient(url, { username: 'somebody', password: token });
  assert.equal(await client.exists('/Inbox'), false);
  await client.createDirectory('/Inbox');
  await client.putFileContents('/Inbox/Größe 1.md', 'first', { overwrite: false });
  assert.equal(await client.putFileContents('/Inbox/Größe 1.md', 'second', { overwrite: false }), false);
  assert.equal(await client.putFileContents('/Inbox/Größe 1.md', 'second'), true);
  const pdf = randomBytes(2_000_000);
  await client.putFileContents('/Inbox/scan.pdf', pdf);
  // What the client gives for a binary content is bytes.
  assert.ok(Buffer.from((await client.getFileContents('/Inbox/scan.pdf')) as Buffer).equals(pdf));
  await client.moveFile('/Inbox/Größe 1.md', '/Inbox/Größe 2.md');
  await client.copyFile('/Inbox', '/Copy');
  const listed = (await client.getDirectoryContents('/Copy')) as { basename: string; size: number; type: string }[];
  assert.deepEqual(
    listed.map(({ basename, size, type }) => [basename, size, type]),
    [
      ['Größe 2.md', 6, 'file'],
      ['scan.pdf', pdf.length, 'file'],
    ],
  );
  const lock = await client.lock('/Inbox/Größe 2.md');
  await assert.rejects(client.putFileContents('/Inbox/Größe 2.md', 'third'), /423/);
  await client.unlock('/Inbox/Größe 2.md', lock.token);
  await client.putFileContents('/Inbox/Größe 2.md', 'third');
  assert.equal(await client.getFileContents('/Inbox/Größe 2.md', { format: 'text' }), 'third');
  await client.deleteFile('/Copy');
  assert.equal(await client.exists('/Copy'), false);
  assert.deepEqual(await readdir(folder).then((names) => names.includes('Copy')), false);
});
