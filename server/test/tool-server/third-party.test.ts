import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { eventually } from '../platform.ts';
import { freePort } from '../port.ts';
import { toolWorld } from './world.ts';

/** Servers that others wrote, plugged in as they come from npm. */
const require = createRequire(import.meta.url);
const scriptOf = (name: string) => join(dirname(require.resolve(`@modelcontextprotocol/${name}/package.json`)), 'dist', 'index.js');
const folder = await mkdtemp(join(tmpdir(), 'factotum-shared-'));
after(() => rm(folder, { recursive: true, force: true }));

const everythingPort = await freePort();
const programs = {
  everything: { command: 'node', args: [scriptOf('server-everything'), 'stdio'] },
  files: { title: 'A folder', command: 'node', args: [scriptOf('server-filesystem'), `${folder}/{tenant}`], folder: `${folder}/{tenant}` },
};
const world = await toolWorld({
  FACTOTUM_TOOL_PROGRAMS: JSON.stringify(programs),
  FACTOTUM_CONNECTION_ALLOW_HOSTS: `127.0.0.1:${everythingPort}`,
});

test('server-filesystem as a program: a playbook writes a file into the tenant’s folder, once a person has agreed', async () => {
  const user = await world.buildUser();
  const id = await user.plug('files', { kind: 'program', program: 'files' });
  const looked = await user.look(id);
  assert.ok(looked.ok, JSON.stringify(looked));
  assert.ok(looked.proposed.includes('mcp.files.write_file'));
  const write = await user.tool(id, 'write_file');
  assert.equal(write.state, 'proposed');
  assert.equal(write.manifest.effect, 'destroy');
  assert.deepEqual(
    Object.values(write.manifest.args).map(({ role }) => role),
    ['steering', 'steering'],
  );
  const path = join(folder, user.tenantId, 'note.txt');
  await user.playbook('keep', 'mcp.files.write_file', { path, content: '$event.text' });
  const early = await user.until(await user.event('keep', { text: 'too early' }), 'waiting');
  assert.match(early.question ?? '', /no administrator has confirmed what it does/);
  await user.confirm(id, 'write_file', {
    title: 'Write a file',
    effect: 'write',
    args: { ...write.manifest.args, content: { role: 'content', slot: 'text', title: 'Text' } },
  });
  const done = await user.run('keep', { text: 'from a stranger' });
  assert.equal(done.outcome, 'completed', JSON.stringify(done));
  assert.equal(done.approvals.length, 1);
  assert.match(done.approvals[0]?.headline ?? '', /^Write a file: path .*note\.txt$/);
  assert.equal(await readFile(path, 'utf8'), 'from a stranger');
});

test('a program reads nothing but its own files and its folder', async () => {
  const user = await world.buildUser();
  const id = await user.plug('files', { kind: 'program', program: 'files' });
  assert.ok((await user.look(id)).ok);
  const secret = join(folder, 'of-the-operator.txt');
  await writeFile(secret, 'not for tenants');
  await user.confirm(id, 'read_text_file', { effect: 'read', visibleOutside: false });
  await user.playbook('peek', 'mcp.files.read_text_file', { path: secret });
  const task = await user.run('peek', {});
  assert.equal(task.state, 'failed', JSON.stringify(task));
  assert.ok(!JSON.stringify(task).includes('not for tenants'));
});

test('server-everything over stdio and over HTTP: its tools are used in a plan, and its result is nobody’s word', async (t) => {
  const running = spawn(process.execPath, [scriptOf('server-everything'), 'streamableHttp'], {
    env: { PATH: process.env.PATH, PORT: String(everythingPort) },
    stdio: 'ignore',
  });
  t.after(() => running.kill());
  const url = `http://127.0.0.1:${everythingPort}/mcp`;
  await eventually(async () => ((await fetch(url).catch(() => undefined)) === undefined ? undefined : true));
  const user = await world.buildUser();
  const places = { near: { kind: 'program', program: 'everything' }, far: { kind: 'http', url, signIn: { kind: 'none' } } };
  for (const [slug, endpoint] of Object.entries(places)) {
    const id = await user.plug(slug, endpoint);
    const looked = await user.look(id);
    assert.ok(looked.ok, JSON.stringify(looked));
    assert.ok(looked.offered >= 5);
    await user.confirm(id, 'get-sum', { effect: 'read', risk: 'low', visibleOutside: false, readsPrivate: false });
    await user.playbook(slug, `mcp.${slug}.get-sum`, { a: '$event.a', b: 2 });
    const done = await user.run(slug, { a: 40 });
    assert.equal(done.outcome, 'completed', JSON.stringify(done));
    assert.match(String(done.steps[0]?.result?.text), /42/);
    const listed = await user.ask<{ items: { tool: string; server: string | null }[] }>('GET /api/v1/tools');
    assert.ok(listed.items.some(({ tool, server }) => tool === `mcp.${slug}.get-sum` && server === slug));
    assert.ok(!listed.items.some(({ tool }) => tool === `mcp.${slug}.echo`), 'what nobody confirmed is no tool');
  }
});
