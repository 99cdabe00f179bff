import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { Agent, fetch } from 'undici';
import { createLogger, newId } from '#kernel';
import { holdDataFolder, isServed } from './hold.ts';
import type { OperatorParts } from './operator.ts';
import { createControlServer } from './server.ts';
import { findSocket } from './socket-path.ts';

const root = await mkdtemp(join(tmpdir(), 'factotum-control-'));
after(() => rm(root, { recursive: true }));

const tenant = { id: newId('tenant'), name: 'acme', createdAt: new Date() };
const operator = { findTenant: async (name: string) => (name === 'acme' ? tenant : null), listTenants: async () => [tenant] };
const parts = {
  log: createLogger({ level: 'silent' }),
  // The routes that these tests use need no more.
  operator: operator as unknown as OperatorParts,
  fetch: (request: Request, principal: { tenantId: string; actor: string }) =>
    Response.json({ path: new URL(request.url).pathname, tenantId: principal.tenantId, actor: principal.actor }),
};

async function serve(name: string) {
  const dataFolder = join(root, name);
  const hold = await holdDataFolder(dataFolder);
  assert.equal(hold.kind, 'ours');
  const server = createControlServer({ ...parts, dataFolder });
  const path = await server.start();
  const agent = new Agent({ connect: { socketPath: path } });
  const ask = (at: string, headers: Record<string, string> = {}) => fetch(`http://factotum${at}`, { headers, dispatcher: agent });
  const stop = async () => {
    await agent.close();
    await server.stop();
    if (hold.kind === 'ours') await hold.release();
  };
  return { dataFolder, path, ask, stop };
}

test('who opens the socket is the operator of the tenant they name, and of no tenant without a name', async () => {
  const { ask, stop } = await serve('operator');
  const answer = await ask('/api/v1/tasks', { 'factotum-tenant': 'acme', 'factotum-operator': 'jane' });
  assert.deepEqual(await answer.json(), { path: '/api/v1/tasks', tenantId: tenant.id, actor: 'operator:jane' });
  assert.equal((await ask('/api/v1/tasks')).status, 400);
  assert.equal((await ask('/api/v1/tasks', { 'factotum-tenant': 'globex' })).status, 404);
  assert.equal((await ask('/operator/anything', { 'factotum-tenant': 'acme' })).status, 404);
  const odd = await ask('/api/v1/tasks', { 'factotum-tenant': 'acme', 'factotum-operator': 'user:usr_1 "x' });
  assert.deepEqual(await odd.json(), { path: '/api/v1/tasks', tenantId: tenant.id, actor: 'operator:unknown' });
  await stop();
});

test('the socket and its folder are open to nobody else, and are gone when the server is', async () => {
  const { path, dataFolder, stop } = await serve('modes');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
  assert.equal((await stat(dataFolder)).mode & 0o777, 0o711, "the database's user passes through, nobody looks around");
  await stop();
  await assert.rejects(stat(path));
  assert.equal(await isServed(dataFolder), false);
});

test('a data path too long for a socket moves it to a short folder of our own, which is found and removed again', async () => {
  const { path, dataFolder, ask, stop } = await serve('long'.repeat(40));
  assert.ok(Buffer.byteLength(path) < 104);
  assert.equal(await findSocket(dataFolder), path);
  assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
  assert.equal((await ask('/operator/tenants')).status, 200);
  await stop();
  await assert.rejects(stat(dirname(path)));
});

test('what a killed server leaves behind stops nobody', async () => {
  const dataFolder = join(root, 'killed');
  await mkdir(join(dataFolder, 'run'), { recursive: true });
  await writeFile(join(dataFolder, 'run', 'lock'), '999999999 1');
  // A socket file that nobody listens at.
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(root, 'dead.sock'), resolve));
  await writeFile(join(dataFolder, 'run', 'socket.path'), join(root, 'dead.sock'));
  await new Promise((resolve) => dead.close(resolve));
  const hold = await holdDataFolder(dataFolder);
  assert.equal(hold.kind, 'ours');
  if (hold.kind === 'ours') await hold.release();
});

test('beside a running server nobody else takes the data folder', async () => {
  const { dataFolder, stop } = await serve('served');
  assert.deepEqual(await holdDataFolder(dataFolder), { kind: 'served' });
  await stop();
});

test('while another process holds the data folder without serving, one waits, says so, and gives up in the end', async () => {
  const dataFolder = join(root, 'held');
  const first = await holdDataFolder(dataFolder);
  const told: string[] = [];
  await assert.rejects(holdDataFolder(dataFolder, { waitMs: 1_300, onWait: () => told.push('waiting') }), { code: 'server.busy' });
  assert.deepEqual(told, ['waiting']);
  const second = holdDataFolder(dataFolder);
  if (first.kind === 'ours') await first.release();
  const held = await second;
  assert.equal(held.kind, 'ours');
  assert.match(await readFile(join(dataFolder, 'run', 'lock'), 'utf8'), new RegExp(`^${process.pid}`));
  if (held.kind === 'ours') await held.release();
});
