import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger, readConfig } from '#kernel';
import { type CommandDeps, createControlServer, runCommand } from '#surface/cli';
import { operatorParts } from '../src/operator.ts';
import { testHttp } from './http.ts';
import { eventually } from './platform.ts';

/** The commands about files of the vault: through the socket of a server, and without one. */
const { platform, http, send, buildCustomer } = await testHttp();
const folder = await mkdtemp(join(tmpdir(), 'factotum-vault-command-'));
after(() => rm(folder, { recursive: true }));
const customer = await buildCustomer();
const operator = operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1', onTenant: async () => undefined });
const log = createLogger({ level: 'silent' });
const served = join(folder, 'served');
const control = createControlServer({ fetch: http.fetchAs, operator, log, dataFolder: served });
await mkdir(join(served, 'run'), { recursive: true, mode: 0o700 });
await control.start();
after(() => control.stop());
const alone = join(folder, 'alone');

async function run(data: string, argv: readonly string[], fetchAs: typeof http.fetchAs = http.fetchAs, tenant = customer.name) {
  let [out, err] = ['', ''];
  const deps = {
    configure: () => readConfig({ ...platform.environment, FACTOTUM_DATA: data, FACTOTUM_LOG_LEVEL: 'silent' }),
    openAlone: async () => ({ fetch: fetchAs, operator, close: async () => undefined }),
    environment: {},
    terminal: {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        err += text;
      },
      input: async () => Buffer.alloc(0),
    },
    // What the other commands need is not asked for here.
  } as unknown as CommandDeps;
  const exit = await runCommand([...argv, '--tenant', tenant, '--data', data, '--json'], deps);
  const json: unknown = JSON.parse(out);
  return { exit, json, err };
}

for (const [way, data] of [
  ['through the socket of a server', served],
  ['without a server', alone],
] as const)
  test(`a file goes in, is shown, is replaced by who knows its etag, and comes out as it was, ${way}`, async () => {
    const path = `Bills/${way}/März 100%.bin`;
    const [file, copy] = [join(folder, 'in.bin'), join(folder, 'out.bin')];
    const bytes = randomBytes(5_000_001);
    await writeFile(file, bytes);
    const put = await run(data, ['vault', 'put', file, path]);
    assert.equal(put.exit, 0, put.err);
    const { etag, sizeBytes } = put.json as { etag: string; sizeBytes: number };
    assert.equal(sizeBytes, bytes.length);
    assert.deepEqual((await run(data, ['vault', 'files', `Bills/${way}`])).json, [put.json]);
    assert.deepEqual((await run(data, ['vault', 'files', 'Letters'])).json, []);

    const got = await run(data, ['vault', 'get', path, '--out', copy]);
    assert.deepEqual([got.exit, got.json], [0, { path, file: copy, bytes: bytes.length }]);
    assert.ok((await readFile(copy)).equals(bytes));
    assert.equal((await stat(copy)).mode & 0o777, 0o600);

    await writeFile(file, 'short');
    assert.equal((await run(data, ['vault', 'put', file, path])).exit, 1, 'what is there is not written over by mistake');
    assert.equal((await run(data, ['vault', 'put', file, path, '--replace', 'another'])).exit, 1);
    assert.equal((await run(data, ['vault', 'put', file, path, '--replace', etag])).exit, 0);
    assert.equal((await run(data, ['vault', 'get', path, '--out', copy])).exit, 0);
    assert.equal(await readFile(copy, 'utf8'), 'short');
  });

test('a file that is not there is refused, and nothing is left of it here', async () => {
  const copy = join(folder, 'nothing.bin');
  const refused = await run(served, ['vault', 'get', 'Nowhere.bin', '--out', copy]);
  assert.equal(refused.exit, 1);
  assert.equal((refused.json as { error: { code: string } }).error.code, 'file.not_found');
  for (const name of [copy, `${copy}.part`]) await assert.rejects(stat(name), { code: 'ENOENT' });
});

test('a file that is too large is refused before it is sent', async () => {
  const file = join(folder, 'large.bin');
  await writeFile(file, '');
  // Nothing but a length: three gigabytes that take no room.
  await truncate(file, 3 * 2 ** 30);
  for (const data of [served, alone]) {
    const refused = await run(data, ['vault', 'put', file, 'Large.bin']);
    assert.deepEqual([refused.exit, (refused.json as { error: { code: string } }).error.code], [1, 'request.too_large'], refused.err);
  }
});

test('words that lead out of the vault, or to no file, are wrong usage', async () => {
  const file = join(folder, 'in.bin');
  for (const words of [
    ['put', file, '../notes/A.md'],
    ['put', file, '/A.bin'],
    ['put', join(folder, 'missing'), 'A.bin'],
    ['put', folder, 'A.bin'],
    ['get', 'a/./b'],
    ['files', '--limit', 'many'],
  ])
    assert.equal((await run(alone, ['vault', ...words])).exit, 2, words.join(' '));
});

test('a file is sent while it is read, and written while it comes', async () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  let seen = '';
  const sent = run(alone, ['vault', 'put', fifo, 'Streamed.bin'], async (request) => {
    for await (const piece of request.body ?? []) seen += Buffer.from(piece).toString();
    const at = new Date(0).toISOString();
    return Response.json({ path: 'Streamed.bin', etag: 'x', sizeBytes: seen.length, createdAt: at, updatedAt: at }, { status: 201 });
  });
  const writer = await open(fifo, 'w');
  await writer.write('first ');
  await eventually(
    async () => (seen === 'first ' ? true : undefined),
    () => 'the first piece waits for the second',
    30_000,
  );
  await writer.write('second');
  await writer.close();
  assert.deepEqual([(await sent).exit, seen], [0, 'first second']);

  const copy = join(folder, 'streamed.bin');
  const written = await run(alone, ['vault', 'get', 'Streamed.bin', '--out', copy], async () => {
    async function* pieces() {
      yield Buffer.alloc(200_000, 1);
      const isWritten = async () => ((await stat(`${copy}.part`).catch(() => undefined))?.size === 200_000 ? true : undefined);
      await eventually(isWritten, () => 'the first piece is not on disk before the second comes', 30_000);
      yield Buffer.alloc(100, 2);
    }
    return new Response(ReadableStream.from(pieces()));
  });
  assert.deepEqual([written.exit, (await stat(copy)).size], [0, 200_100]);
});

test('a folder of notes is imported once, nothing of it decides unless somebody vouches for it, and a dry run writes nothing', async () => {
  const one = await buildCustomer();
  const vault = join(folder, 'obsidian');
  const put = async (path: string, content: string | Buffer) => {
    await mkdir(join(vault, path, '..'), { recursive: true });
    await writeFile(join(vault, path), content);
  };
  await put('Clients/Müller.md', '---\ntags: [client]\n---\n# Müller');
  await put('Clients/scan.pdf', randomBytes(70_000));
  await put('Playbooks/Pay.md', '---\nwhen: {}\n---');
  await put('Company_Handbook.md', '# Ours');
  await put('Pending_Approval/Old.md', 'by the predecessor');
  await put('.obsidian/app.json', '{}');
  await put('.trash/gone.md', 'x');
  await put('bad:name.md', 'x');
  await symlink('/etc/passwd', join(vault, 'link.md'));
  const importing = async (...options: string[]) => {
    const { json, exit, err } = await run(served, ['vault', 'import', vault, ...options], http.fetchAs, one.name);
    assert.equal(exit, 0, err);
    return json as { notes: number; files: number; same: number; differ: string[]; failed: unknown[]; skipped: { path: string }[] };
  };
  const key = await one.key();
  const pathsIn = async () => {
    const list = async (kind: string) =>
      ((await (await send(`GET /api/v1/vault/${kind}?limit=200`, { key })).json()) as { items: { path: string; trusted?: boolean }[] })
        .items;
    return [...(await list('notes')), ...(await list('files'))];
  };
  const dry = await importing('--dry-run');
  assert.deepEqual(
    [dry.notes, dry.files, dry.skipped.map(({ path }) => path).sort()],
    [4, 1, ['.obsidian', '.trash', 'bad:name.md', 'link.md']],
  );
  assert.ok(!(await pathsIn()).some(({ path }) => path.startsWith('Clients/')));
  const first = await importing();
  assert.deepEqual([first.notes, first.files, first.failed], [4, 1, []]);
  const imported = new Map((await pathsIn()).map(({ path, trusted }) => [path, trusted]));
  for (const path of ['Clients/Müller.md', 'Imported/Playbooks/Pay.md', 'Imported/Company_Handbook.md', 'Imported/Pending_Approval/Old.md'])
    assert.equal(imported.get(path), false, path);
  assert.ok(imported.has('Clients/scan.pdf'));
  const again = await importing();
  assert.deepEqual([again.notes, again.files, again.same], [0, 0, 5]);
  const trusted = await importing('--trust');
  assert.deepEqual([trusted.notes, trusted.differ], [1, ['Company_Handbook.md']]);
  assert.equal((await importing('--trust', '--replace')).notes, 1);
  const handbook = await send('GET /api/v1/vault/notes/Company_Handbook.md', { key });
  assert.equal(await handbook.text(), '# Ours');
  assert.equal((await pathsIn()).find(({ path }) => path === 'Playbooks/Pay.md')?.trusted, true);
});
