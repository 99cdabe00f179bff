import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger } from '#kernel';
import { registerSecret } from '#kernel/redact';
import { eventually } from '../../../test/platform.ts';
import { type Program, readPrograms } from './confinement.ts';
import { createProgramTransport } from './program.ts';
import { openSession } from './session.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-program-'));
after(() => rm(folder, { recursive: true, force: true }));
process.env.SECRET_OF_THE_SERVER = 'must not be inherited';

/** A server of a few lines: answers what it is asked, and does `deed` when a tool is called. */
async function program(name: string, deed: string, more: object = {}): Promise<Program> {
  const script = join(folder, `${name}.mjs`);
  const source = `
    import { createInterface } from 'node:readline';
    const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, method, params } = JSON.parse(line);
      if (method === 'initialize') send({ id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } } });
      else if (method === 'tools/call') { const say = (text) => send({ id, result: { content: [{ type: 'text', text: String(text) }] } }); ${deed} }
    }`;
  await writeFile(script, source);
  const [found] = readPrograms(JSON.stringify({ [name]: { command: 'node', args: [script], ...more } }));
  assert.ok(found);
  return found;
}

async function call(of: Program, env: Record<string, string> = {}) {
  const transport = createProgramTransport({
    program: of,
    tenant: 'ten_1',
    env,
    onListChanged: () => undefined,
    log: createLogger({ level: 'silent' }),
  });
  const session = await openSession(transport, AbortSignal.timeout(60_000));
  after(() => session.close());
  const ask = () =>
    session.call('x', {}, { timeoutMs: 60_000, signal: new AbortController().signal }).then(({ content }) => String(content[0]?.text));
  return { session, ask };
}

test('a program inherits nothing, and has a HOME of its own that goes with it', async () => {
  const { session, ask } = await call(
    await program('env', 'say(JSON.stringify({ env: process.env, cwd: process.cwd() }));', { set: { MINE: 'a' }, env: ['KEY'] }),
    { KEY: 'b' },
  );
  const { env, cwd } = JSON.parse(await ask()) as { env: Record<string, string>; cwd: string }; // What the script above says.
  assert.deepEqual(Object.keys(env).sort(), ['HOME', 'KEY', 'LANG', 'MINE', 'NODE_ENV', 'PATH', 'TMPDIR']);
  assert.equal(env.HOME, cwd);
  await session.close();
  await eventually(async () =>
    (await import('node:fs/promises')).access(cwd).then(
      () => undefined,
      () => true,
    ),
  );
});

test('it reads no file of ours, starts no process and loads no native code', async () => {
  const deed = `
    const said = [];
    const fs = await import('node:fs'); const { spawnSync } = await import('node:child_process');
    for (const attempt of [() => fs.readFileSync('/etc/passwd'), () => fs.readdirSync('/'), () => fs.writeFileSync('${join(folder, 'out')}', 'x'), () => spawnSync('/bin/true').error ?? 0, () => new (process.getBuiltinModule('node:worker_threads').Worker)('1', { eval: true })])
      try { const got = attempt(); said.push(got instanceof Error ? got.code : 'done'); } catch (error) { said.push(error.code); }
    say(said.join());`;
  const { ask } = await call(await program('reach', deed));
  assert.equal(await ask(), Array(5).fill('ERR_ACCESS_DENIED').join());
});

test('it is ended when it takes too much memory', async () => {
  const { session, ask } = await call(
    await program(
      'memory',
      'const kept = []; for (;;) { kept.push(Buffer.alloc(8_000_000, 1)); await new Promise((r) => setTimeout(r, 5)); }',
      { memoryMb: 128 },
    ),
  );
  await assert.rejects(ask(), /Connection closed|has ended/);
  assert.ok(session.isClosed);
});

test('it is ended when it prints without end, and noise between answers is dropped', async () => {
  const noisy = await call(
    await program(
      'noise',
      `for (let n = 0; n < 1000; n += 1) { console.log('just text'); send({ method: 'notifications/message', params: { level: 'info', data: n } }); } say('heard');`,
    ),
  );
  assert.equal(await noisy.ask(), 'heard');
  const endless = await call(
    await program(
      'endless',
      `const line = 'x'.repeat(60_000); for (;;) if (!process.stdout.write(line)) await new Promise((r) => process.stdout.once('drain', r));`,
    ),
  );
  await assert.rejects(endless.ask());
  const flooding = await call(
    await program(
      'flooding',
      `const line = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { text: 'x'.repeat(60_000) } }) + '\\n'; for (;;) if (!process.stdout.write(line)) await new Promise((r) => process.stdout.once('drain', r));`,
    ),
  );
  await assert.rejects(flooding.ask());
});

test('one that ends in the middle of a call is noticed at once', async () => {
  const { ask } = await call(await program('crash', 'process.exit(3);'));
  await assert.rejects(ask(), /Connection closed/);
});

test('programs that nothing can confine are not run unless the operator says so, and every fault is named', () => {
  assert.throws(() => readPrograms('{'), /is not JSON/);
  assert.throws(
    () => readPrograms(JSON.stringify({ a: { command: 'relative', memoryMb: 1 } })),
    /a\.command: must be node, or the absolute path.*a\.memoryMb/,
  );
  const bare = { command: '/bin/sh', args: ['-c', 'cat'] };
  const [unconfined] = readPrograms(JSON.stringify({ shell: { ...bare, unconfined: true } }));
  if (unconfined?.confinement === 'process only') assert.throws(() => readPrograms(JSON.stringify({ shell: bare })), /bubblewrap/);
});

test('what it says on standard error is its tenant’s: the last lines, without secrets; the operator’s log has a count', async () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', to: { write: (line) => lines.push(line) } });
  const secret = 'canary-of-the-tenant-1';
  registerSecret(secret, 'tenant');
  const deed = `
    for (let n = 1; n <= 1000; n += 1) console.error('line ' + n);
    console.error('the token is ' + process.env.KEY + '\\u202e and \\u0007 more');
    console.error('x'.repeat(5_000) + process.env.KEY);
    process.stderr.write('the end, without a line of its own', () => process.exit(3));`;
  const transport = createProgramTransport({
    ...{ program: await program('talker', deed, { env: ['KEY'] }), tenant: 'ten_1', env: { KEY: secret }, log },
    onListChanged: () => undefined,
  });
  const session = await openSession(transport, AbortSignal.timeout(60_000));
  after(() => session.close());
  assert.deepEqual(await transport.lastWords(), []);
  await assert.rejects(session.call('x', {}, { timeoutMs: 60_000, signal: new AbortController().signal }));
  const said = await transport.lastWords();
  assert.deepEqual(said.slice(-3), [
    'the token is [secret] and more',
    '(a line of more than 4000 characters)',
    'the end, without a line of its own',
  ]);
  assert.equal(said.length, 20);
  assert.equal(said[0], 'line 984');
  const logged = lines.find((line) => line.includes('a tool program was ended')) ?? '';
  assert.match(logged, /it ended with 3/);
  assert.ok(!logged.includes('line 1') && !logged.includes('the end,'), logged);
});
