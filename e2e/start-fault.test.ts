import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { databasePid, failingServer, removeServer } from './server.ts';

describe('what keeps it from starting is said in one line each, with the setting to change', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'factotum-e2e-'));
  });
  after(() => removeServer({ folder }));

  it('faulty settings: all at once, and code 78', async () => {
    const { code, output } = await failingServer({
      folder,
      environment: {
        FACTOTUM_PROT: '1',
        FACTOTUM_LOG_LEVEL: 'loud',
        FACTOTUM_DATABASE_URL: 'mysql://x',
        FACTOTUM_MODEL_PROVIDER: 'anthropic',
      },
    });
    assert.equal(code, 78);
    const named = output.split('\n').flatMap((line) => /^ {2}([A-Z_]+):/.exec(line)?.[1] ?? []);
    assert.deepEqual(named.toSorted(), ['FACTOTUM_DATABASE_URL', 'FACTOTUM_LOG_LEVEL', 'FACTOTUM_PROT']);
    const model = await failingServer({ folder, environment: { FACTOTUM_MODEL_PROVIDER: 'openai-compatible' } });
    assert.equal(model.code, 78);
    assert.match(model.output, /FACTOTUM_MODEL_URL: .*\n.*FACTOTUM_MODEL_NAME: /);
    const args = await failingServer({ folder, args: ['--prot', '1'] });
    assert.equal(args.code, 78);
    assert.match(args.output, /Use: npm start -- /);
  });

  it('a database that cannot be reached', async () => {
    const { code, output } = await failingServer({ folder, environment: { FACTOTUM_DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/x' } });
    assert.equal(code, 1);
    assert.match(output, /^The database cannot be reached .*FACTOTUM_DATABASE_URL\.\n$/);
    assert.ok(!output.includes('secret'));
  });

  it('a data folder that is no place for data, whoever starts it', async () => {
    await mkdir(join(folder, 'file'));
    await writeFile(join(folder, 'file', 'data'), 'not a folder');
    const file = await failingServer({ folder: join(folder, 'file') });
    assert.equal(file.code, 78);
    assert.match(file.output, /^The data folder \S+ cannot be used: part of its path is a file\. Choose another .*\n$/);
    // Root may write anywhere.
    if (process.getuid?.() === 0) return;
    await mkdir(join(folder, 'closed'), { mode: 0o500 });
    const closed = await failingServer({ folder: join(folder, 'closed') });
    assert.equal(closed.code, 78);
    assert.match(closed.output, /^The data folder \S+ cannot be used: this user may not write there\. Choose another .*\n$/);
  });

  it('a port that another program has, and then nothing is left running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { code, output } = await failingServer({ folder, args: ['--port', String(address.port)] });
    other.close();
    assert.equal(code, 1);
    assert.match(output, new RegExp(`\\nPort ${address.port} of 127\\.0\\.0\\.1 is taken by another program\\. .*FACTOTUM_PORT.*\\n$`));
    assert.doesNotMatch(output, /\n\s+at /, 'no stack');
    assert.equal(await databasePid({ folder }), 0);
  });
});
