import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from '#kernel';
import { type CommandDeps, runCommand } from '#surface/cli';
import { operatorParts } from '../../src/operator.ts';
import { echoTool, hostileServer, type Script } from './hostile-server.ts';
import { toolWorld } from './world.ts';

/** Tool servers from the command line, against a server that speaks the protocol over a socket. */
const script: Script = {};
const server = await hostileServer(script);
const { platform, http, buildUser } = await toolWorld({ FACTOTUM_CONNECTION_ALLOW_HOSTS: server.host });
const folder = await mkdtemp(join(tmpdir(), 'factotum-tool-server-command-'));
after(() => rm(folder, { recursive: true }));
const operator = operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1', onTenant: async () => undefined });
const endpoint = { kind: 'http', url: server.url, signIn: { kind: 'none' } };

/** What a tenant's administrator types. */
function terminalOf(tenant: string) {
  return async (...argv: string[]): Promise<{ exit: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const deps = {
      configure: () => readConfig({ ...platform.environment, FACTOTUM_LOG_LEVEL: 'silent' }),
      openAlone: async () => ({ fetch: http.fetchAs, operator, close: async () => undefined }),
      keyFolder: () => join(folder, 'keys'),
      environment: {},
      terminal: {
        out: (text: string) => {
          out += text;
        },
        err: (text: string) => {
          err += text;
        },
      },
      // What the other commands need is not asked for here.
    } as unknown as CommandDeps;
    const exit = await runCommand(['tool-server', ...argv, '--tenant', tenant, '--data', join(folder, 'data')], deps);
    return { exit, out, err };
  };
}

test('a tool is looked at, confirmed, used in a plan, and reported when its server changes its mind', async () => {
  script.tools = [echoTool];
  const user = await buildUser();
  const run = terminalOf(user.customer.name);
  await user.plug('crm', endpoint);
  assert.match((await run('list')).out, /crm +Server crm +active/);
  const looked = await run('test', 'crm');
  assert.equal(looked.exit, 0, looked.err);
  assert.match(looked.out, /mcp\.crm\.echo +proposed +destroy +high/);
  const confirmed = await run('confirm', 'mcp.crm.echo', '--effect', 'read', '--risk', 'low', '--title', 'Say it again');
  assert.equal(confirmed.exit, 0, confirmed.err);
  assert.match(confirmed.out, /can be used in plans: read, risk low/);
  await user.playbook('say', 'mcp.crm.echo', { text: '$event.text' });
  assert.equal((await user.run('say', { text: 'hello' })).outcome, 'completed');
  script.tools = [{ ...echoTool, description: 'Says it to everybody.' }];
  const changed = await run('test', 'crm');
  assert.equal(changed.exit, 1);
  assert.match(changed.out, /mcp\.crm\.echo +quarantined +read +low +description/);
  const again = await run('confirm', 'mcp.crm.echo');
  assert.equal(again.exit, 0, again.err);
  assert.match(again.out, /description: "Says it again\." is now "Says it to everybody\."/);
  assert.equal((await run('test', 'crm')).exit, 0);
});

test('a manifest from a file says all of a tool, and one that does not fit is refused', async () => {
  script.tools = [echoTool];
  const user = await buildUser();
  const run = terminalOf(user.customer.name);
  const id = await user.plug('files', endpoint);
  await run('test', 'files');
  const { manifest } = await user.tool(id, 'echo');
  const file = join(folder, 'manifest.json');
  await writeFile(file, JSON.stringify({ ...manifest, title: 'From a file', effect: 'egress' }));
  assert.equal((await run('confirm', 'mcp.files.echo', '--manifest', file)).exit, 0);
  const said = (await user.tool(id, 'echo')).manifest;
  assert.deepEqual([said.title, said.effect], ['From a file', 'egress']);
  await writeFile(file, JSON.stringify({ ...manifest, args: { other: manifest.args.text } }));
  const odd = await run('confirm', 'mcp.files.echo', '--manifest', file);
  assert.notEqual(odd.exit, 0);
  assert.match(odd.err, /has no argument other/);
  assert.notEqual((await run('confirm', 'mcp.files.echo', '--effect', 'harmless')).exit, 0);
  await writeFile(file, 'token: canary');
  const none = await run('confirm', 'mcp.files.echo', '--manifest', file);
  assert.equal(none.exit, 2);
  assert.ok(!none.err.includes('canary'));
});

test('a server that cannot be reached ends with 1, names that are none with 2, and the servers of others are none', async () => {
  const user = await buildUser();
  const run = terminalOf(user.customer.name);
  await user.plug('away', { ...endpoint, url: `http://${server.host}/nothing-here` });
  script.before = (request, response) => {
    if (request.url !== '/nothing-here') return false;
    response.writeHead(503).end();
    return true;
  };
  const away = await run('test', 'away');
  script.before = () => false;
  assert.equal(away.exit, 1, away.err);
  assert.match(away.out, /status 503/);
  assert.equal((await run('confirm', 'echo')).exit, 2);
  assert.equal((await run('confirm', 'mcp.away.echo')).exit, 2);
  const stranger = terminalOf((await buildUser()).customer.name);
  assert.equal((await stranger('test', 'away')).exit, 2);
  assert.ok(!(await stranger('list')).out.includes('away'));
});
