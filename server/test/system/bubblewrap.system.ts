import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger } from '#kernel';
import { readPrograms } from '../../src/connector/tool-server/confinement.ts';
import { createProgramTransport } from '../../src/connector/tool-server/program.ts';
import { openSession } from '../../src/connector/tool-server/session.ts';
import { eventually } from '../platform.ts';

/** What bubblewrap keeps a tool program from, asked of the program itself. */
const folder = await mkdtemp(join(tmpdir(), 'factotum-bubblewrap-'));
after(() => rm(folder, { recursive: true, force: true }));
await writeFile(join(folder, 'secret-of-the-server'), 'canary');

let callers = 0;
const neighbour = createServer((socket) => {
  callers += 1;
  socket.end();
});
await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
after(() => neighbour.close());
const address = neighbour.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;

/** A program of the operator's that is not `node` to us (though Node.js runs it), so that bubblewrap alone confines it. */
async function start(name: string, deed: string, more: object = {}) {
  const own = join(folder, name);
  const script = join(own, 'program.mjs');
  await mkdir(own);
  await writeFile(
    script,
    `import { createInterface } from 'node:readline';
    const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, method } = JSON.parse(line);
      if (method === 'initialize') send({ id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } } });
      else if (method === 'tools/call') { const say = (said) => send({ id, result: { content: [{ type: 'text', text: JSON.stringify(said) }] } }); ${deed} }
    }`,
  );
  const given = { command: process.execPath, args: [script], read: [own], unconfined: true, ...more };
  const [program] = readPrograms(JSON.stringify({ [name]: given }));
  assert.ok(program);
  if (program.confinement !== 'bubblewrap') return null;
  const log = createLogger({ level: 'silent' });
  const transport = createProgramTransport({ program, tenant: 'ten_1', env: {}, onListChanged: () => undefined, log });
  const session = await openSession(transport, AbortSignal.timeout(60_000));
  after(() => session.close());
  return {
    session,
    async ask<T>(): Promise<T> {
      const { content } = await session.call('x', {}, { timeoutMs: 60_000, signal: new AbortController().signal });
      return JSON.parse(String(content[0]?.text)) as T; // Each caller names what its own program says.
    },
  };
}
const none = 'bubblewrap is not installed, or this machine lets nobody make the namespaces that it needs';

test('the file system is closed: of the machine only what programs need, to be read; of ours nothing', async (t) => {
  const program = await start(
    'files',
    `const fs = await import('node:fs');
    const attempt = (work) => { try { work(); return 'done'; } catch (error) { return error.code; } };
    say({
      secret: attempt(() => fs.readFileSync(${JSON.stringify(join(folder, 'secret-of-the-server'))})),
      passwords: attempt(() => fs.readFileSync('/etc/passwd')),
      self: attempt(() => fs.readFileSync(${JSON.stringify(import.meta.filename)})),
      system: attempt(() => fs.writeFileSync('/usr/mine', 'x')),
      own: attempt(() => fs.writeFileSync(${JSON.stringify(join(folder, 'files', 'mine'))}, 'x')),
      home: attempt(() => fs.writeFileSync(process.env.HOME + '/mine', 'x')),
      processes: fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
    });`,
  );
  if (program === null) return t.skip(none);
  const { processes, ...said } = await program.ask<Record<string, string | number>>();
  const closed = { secret: 'ENOENT', passwords: 'ENOENT', self: 'ENOENT', system: 'EROFS', own: 'EROFS' };
  assert.deepEqual(said, { ...closed, home: 'done' });
  // Itself, and what bubblewrap leaves to wait for it.
  assert.ok(Number(processes) <= 3, `it sees ${processes} processes`);
});

test('the network is closed where the operator says so, and only there', async (t) => {
  const deed = `
    const { connect } = await import('node:net');
    const { networkInterfaces } = await import('node:os');
    const outcome = await new Promise((resolve) => connect(${port}, '127.0.0.1').once('connect', () => resolve('connected')).once('error', (error) => resolve(error.code)));
    say({ outcome, interfaces: Object.keys(networkInterfaces()).filter((name) => name !== 'lo') });`;
  const alone = await start('alone', deed, { network: false });
  if (alone === null) return t.skip(none);
  assert.deepEqual(await alone.ask(), { outcome: 'ECONNREFUSED', interfaces: [] });
  assert.equal(callers, 0);
  const open = await start('open', deed);
  assert.equal((await open?.ask<{ outcome: string }>())?.outcome, 'connected');
  await eventually(async () => (callers === 1 ? true : undefined));
});

test('it is ended with everything it has started, and what it has started counts towards its memory', async (t) => {
  const mark = `mark-${randomUUID()}`;
  const holding = (megabytes: number) =>
    `/* ${mark} */ const kept = []; for (let n = 0; n < ${megabytes}; n += 8) kept.push(Buffer.alloc(8_000_000, 1)); process.stdout.write('x'); setInterval(() => kept.length, 1_000);`;
  const deed = `
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, ['-e', process.env.CHILD], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => say('started'));`;
  const small = await start('small', deed, { set: { CHILD: holding(8) }, memoryMb: 1_024 });
  if (small === null) return t.skip(none);
  assert.equal(await small.ask(), 'started');
  assert.equal(await countMarked(mark), 1);
  await small.session.close();
  await eventually(async () => ((await countMarked(mark)) === 0 ? true : undefined));
  const large = await start('large', deed, { set: { CHILD: holding(400) }, memoryMb: 300 });
  assert.ok(large);
  // It says that the child has started, or is ended before that.
  await large.ask().catch(() => undefined);
  await eventually(async () => (large.session.isClosed && (await countMarked(mark)) === 0 ? true : undefined));
});

/** Processes of this machine that have the mark in their command line. */
async function countMarked(mark: string): Promise<number> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(mark)).length;
}
