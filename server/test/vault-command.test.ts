import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger, readConfig } from '#kernel';
import { type CommandDeps, createControlServer, runCommand } from '#surface/cli';
import { operatorParts } from '../src/operator.ts';
import { testHttp } from './http.ts';
import { eventually } from './platform.ts';

/** The commands about files of the vault: through the socket of a server, and without one. */
const { platform, http, buildCustomer } = await testHttp();
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

async function run(data: string, argv: readonly string[], fetchAs: typeof http.fetchAs = http.fetchAs) {
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
  const exit = await runCommand([...argv, '--tenant', customer.name, '--data', data, '--json'], deps);
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
