import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toolWorld } from './world.ts';

/** What a program says on standard error: its tenant sees the end of it beside the server. */
const folder = await mkdtemp(join(tmpdir(), 'factotum-last-words-'));
after(() => rm(folder, { recursive: true, force: true }));
const script = join(folder, 'program.mjs');
await writeFile(
  script,
  `console.error('reading the settings');
  console.error('the key is ' + process.env.KEY);
  if (process.env.KEY.startsWith('bad-')) { process.stderr.write('this key is not accepted', () => process.exit(1)); await new Promise(() => undefined); }
  const { createInterface } = await import('node:readline');
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line);
    const result = method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } } : { tools: [] };
    if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
  }`,
);
const world = await toolWorld({
  FACTOTUM_TOOL_PROGRAMS: JSON.stringify({ talker: { command: 'node', args: [script], env: ['KEY'] } }),
});
interface Shown {
  readonly lastWords: { readonly lines: readonly string[]; readonly at: string } | null;
  readonly version: number;
}

async function plugged(key: string) {
  const user = await world.buildUser();
  await user.ask('POST /api/v1/secrets', { name: 'key', value: key });
  const id = await user.plug('talker', { kind: 'program', program: 'talker', env: { KEY: 'secret://db/key' } });
  const shown = () => user.ask<Shown>(`GET /api/v1/tool-servers/${id}`);
  assert.equal((await shown()).lastWords, null);
  return { user, id, shown };
}

test('of a program that works and of one that ends at once its tenant sees the last lines, and no secret', async () => {
  const [good, bad] = [await plugged('good-canary-of-one-tenant'), await plugged('bad-canary-of-another')];
  const looked = await good.user.look(good.id);
  assert.ok(looked.ok, JSON.stringify(looked));
  assert.deepEqual((await good.shown()).lastWords?.lines, ['reading the settings', 'the key is [secret]']);
  assert.equal((await bad.user.look(bad.id)).ok, false);
  const after = await bad.shown();
  assert.deepEqual(after.lastWords?.lines, ['reading the settings', 'the key is [secret]', 'this key is not accepted']);
  // At another place it is another server, which has said nothing.
  const endpoint = { kind: 'http', url: 'https://elsewhere.example/mcp', signIn: { kind: 'none' } };
  for (const { user, id, shown } of [good, bad]) {
    const moved = await user.ask<Shown>(`PUT /api/v1/tool-servers/${id}`, { version: (await shown()).version, endpoint });
    assert.equal(moved.lastWords, null);
    // The program that was running has been ended by now, and what it said is nothing of the new server's.
    assert.equal((await shown()).lastWords, null);
  }
});
