import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Registry } from 'prom-client';
import { createLogger, readConfig } from '#kernel';
import { addConnectionMetrics } from '#ops/telemetry';
import { type CommandDeps, runCommand } from '#surface/cli';
import { operatorParts } from '../src/operator.ts';
import { openPlatform } from '../src/platform.ts';
import { until } from './connections.ts';
import { feed, withFeeds } from './connector-module.ts';
import { testHttp } from './http.ts';

/** Connections from the command line, beside a watcher; and connectors that an operator installs. */
const { platform, http, buildCustomer } = await testHttp({ environment: withFeeds });
const folder = await mkdtemp(join(tmpdir(), 'factotum-connection-command-'));
after(() => rm(folder, { recursive: true }));
const watcher = platform.createWatcher();
await watcher.start();
after(() => watcher.stop());
const { name: tenant } = await buildCustomer();
const operator = operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1', onTenant: async () => undefined });

async function run(...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
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
  const exit = await runCommand(['connection', ...argv, '--tenant', tenant, '--data', join(folder, 'data')], deps);
  return { exit, out, err };
}

async function file(name: string, content: object | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('a connection is added from a file, tried out, polled, paused, shown and deleted by its name', async () => {
  feed('command').items = [{ id: '1' }];
  const ours = { connector: 'feed', name: 'News', settings: { feed: 'command' }, credentials: { password: 'right' } };
  const added = await run('add', await file('feed.json', ours));
  assert.equal(added.exit, 0, added.err);
  assert.match((await run('test', 'News')).out, /It works/);
  // The items of `connection list --json` are those of the API.
  const listed = async () => JSON.parse((await run('list', '--json')).out) as { health: { arrivals: number } }[];
  await until(async () => (await listed())[0]?.health.arrivals === 1);
  assert.match((await run('list')).out, /News/);
  assert.match((await run('pause', 'News')).out, /paused/);
  assert.match((await run('resume', 'News')).out, /active/);
  assert.equal((await run('poll', 'News')).exit, 0);
  const shown = await run('show', 'News');
  assert.match(shown.out, /credentials\.password +set/);
  assert.ok(!`${added.out}${shown.out}`.includes('right'));
  assert.equal((await run('delete', 'News')).exit, 0);
  assert.equal((await run('show', 'News')).exit, 2);
});

test('what does not work ends with 1 and says why, and a file that is none is not repeated', async () => {
  const wrong = { connector: 'feed', name: 'Wrong', settings: { feed: 'wrong' }, credentials: { password: 'not-right' } };
  assert.equal((await run('add', await file('wrong.json', wrong))).exit, 0);
  const tried = await run('test', 'Wrong');
  assert.equal(tried.exit, 1);
  assert.match(tried.out, /auth.*not right/);
  const odd = await run('add', await file('odd.json', 'password: canary'));
  assert.equal(odd.exit, 2);
  assert.ok(!odd.err.includes('canary'));
});

test('figures tell how connections are doing, and name nobody', async () => {
  const registry = new Registry();
  addConnectionMetrics(registry, platform.watcherFigures);
  await until(async () => /factotum_connections\{state="broken"\} 1/.test(await registry.metrics()));
  const text = await registry.metrics();
  assert.match(text, /factotum_connection_polls_total\{connector="feed",outcome="done"\} [1-9]/);
  assert.match(text, /factotum_connection_polls_total\{connector="feed",outcome="broken"\} 1/);
  assert.match(text, /factotum_connection_arrivals_total\{connector="feed"\} 1/);
  assert.ok(!text.includes('con_') && !text.includes('ten_'));
});

test('a package of connectors that is no package, is made for another interface, or brings a kind twice ends the start with its name', async () => {
  const other = await file('other.mjs', 'export const interfaceVersion = 99; export const connectors = [];');
  const empty = await file('empty.mjs', '');
  const config = readConfig({ ...platform.environment, FACTOTUM_CONNECTORS: [other, empty, '/nowhere/at-all.mjs'].join(',') });
  const log = createLogger({ level: 'silent' });
  await assert.rejects(
    openPlatform({ config, log, onProgress: () => undefined, publicOrigins: () => ['http://127.0.0.1'], onWork: () => undefined }),
    (error: Error) => ['other.mjs: interfaceVersion', 'empty.mjs', 'at-all.mjs'].every((part) => error.message.includes(part)),
  );
  const twice = readConfig({
    ...platform.environment,
    FACTOTUM_CONNECTORS: `${withFeeds.FACTOTUM_CONNECTORS},${withFeeds.FACTOTUM_CONNECTORS}`,
  });
  await assert.rejects(
    openPlatform({ config: twice, log, onProgress: () => undefined, publicOrigins: () => ['http://127.0.0.1'], onWork: () => undefined }),
    /there is a connector feed already/,
  );
});
