import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { createLogger, isFactotumError } from '#kernel';
import { createLive } from '#surface/live';
import { createClientAddress } from '#trust/identity';
import type { EdgeOrder } from '../../../../test/edge-process.ts';
import { testHttp } from '../../../../test/http.ts';
import { makeAuthority, type Pair, writePair } from '../../../../test/tls-pair.ts';
import { knownAddresses } from '../addresses.ts';
import type { ListenOptions } from './listen.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-edge-'));
const [authority, edgeAuthority, otherAuthority] = await Promise.all(
  ['our authority', 'edge authority', 'another authority'].map(makeAuthority),
);
const tls = await writePair(folder, await authority!.issue({ name: 'origin', use: 'server' }));
const clientCaFile = join(folder, 'edge-ca.pem');
await writeFile(clientCaFile, edgeAuthority!.certificate);
const edgePair = await edgeAuthority!.issue({ name: 'edge', use: 'client' });

let addresses = knownAddresses({ host: '127.0.0.1', port: 4310, publicUrl: undefined });
const log = createLogger({ level: 'silent' });
const { http, platform, buildCustomer } = await testHttp({
  deps: { log, addresses: () => addresses, clientAddress: createClientAddress(['127.0.0.0/8'], 'cf-connecting-ip') },
});
const live = createLive({ ...platform, isOurs: (name) => addresses.isOurs(name) });
const undo: (() => unknown)[] = [() => live.close(), () => http.close(100), () => rm(folder, { recursive: true })];
after(async () => {
  for (const step of undo) await step();
});
const key = await (await buildCustomer()).key();

async function serve(options: Partial<ListenOptions>): Promise<number> {
  const port = await http.listen({ host: '127.0.0.1', port: 0, onUpgrade: live.onUpgrade, ...options });
  addresses = knownAddresses({ host: '127.0.0.1', port, publicUrl: undefined, tls: options.tls !== undefined });
  return port;
}

/** A real reverse proxy in front of the server. Gives its port. */
async function startEdge(order: EdgeOrder): Promise<number> {
  const child = fork(join(import.meta.dirname, '../../../../test/edge-process.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  undo.unshift(() => child.disconnect());
  child.send(order);
  const [port] = await once(child, 'message');
  return Number(port);
}

interface Asked {
  readonly port: number;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly pair?: Pair;
  readonly plain?: boolean;
}

async function ask({
  port,
  path = '/api/v1/me',
  headers = {},
  pair,
  plain = false,
}: Asked): Promise<{ status: number; code: string | undefined }> {
  const authorization = `Bearer ${key}`;
  // Each over a connection of its own: one that is open lives on with the certificate that it showed.
  const common = { port, path, agent: false, host: '127.0.0.1', headers: { authorization, ...headers } };
  const client = pair === undefined ? {} : { cert: pair.certificate, key: pair.key };
  const asked = plain ? plainRequest(common) : request({ ...common, servername: 'localhost', ca: authority!.certificate, ...client });
  const [answer] = await once(asked.end(), 'response');
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode, code: /"code":"([^"]+)"/.exec(text)?.[1] };
}

/** `open`, or the status with which a WebSocket is refused. */
async function feed(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(`${url}/api/v1/live`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    ca: authority!.certificate,
  });
  socket.on('error', () => undefined);
  try {
    return await Promise.race([
      once(socket, 'open').then(() => 'open'),
      once(socket, 'unexpected-response').then(([, { statusCode }]) => String(statusCode)),
    ]);
  } finally {
    socket.terminate();
  }
}

const aroundIt = { status: 403, code: 'request.not_through_edge' };

test('with an edge that shows a client certificate, all else is refused: no certificate, another authority, one of its own', async () => {
  const port = await serve({ tls, edge: { clientCaFile } });
  const through = await startEdge({
    origin: `https://127.0.0.1:${port}`,
    ca: authority!.certificate,
    ...edgePair,
    headers: { host: `127.0.0.1:${port}`, 'cf-connecting-ip': '198.51.100.7' },
  });
  assert.equal((await ask({ port: through, plain: true })).status, 200);
  assert.equal(await feed(`ws://127.0.0.1:${through}`), 'open');
  assert.equal(
    (await ask({ port: through, plain: true, path: '/metrics', headers: { authorization: 'Bearer scrapers-may-read-this' } })).status,
    200,
  );

  const strangers = {
    nobody: undefined,
    'another authority': await otherAuthority!.issue({ name: 'edge', use: 'client' }),
    'a server, not a client': await edgeAuthority!.issue({ name: 'edge', use: 'server' }),
    expired: await edgeAuthority!.issue({ name: 'edge', use: 'client', validForMs: -60_000 }),
  };
  for (const [who, pair] of Object.entries(strangers))
    for (const path of ['/api/v1/me', '/metrics', '/', '/api/v1/openapi.json', '/api/v1/nothing'])
      assert.deepEqual(await ask({ port, path, ...(pair === undefined ? {} : { pair }) }), aroundIt, `${who} ${path}`);
  assert.equal(await feed(`wss://localhost:${port}`), '403');
  assert.equal((await ask({ port, headers: { 'x-factotum-edge': 'anything' } })).status, 403);
});

test('while the authority of the edge changes, the old one and the new one are both good', async () => {
  const file = join(folder, 'changing-ca.pem');
  await writeFile(file, edgeAuthority!.certificate);
  const port = await serve({ tls, edge: { clientCaFile: file } });
  const next = await otherAuthority!.issue({ name: 'edge', use: 'client' });
  const seen = async () => [(await ask({ port, pair: edgePair })).status, (await ask({ port, pair: next })).status];
  assert.deepEqual(await seen(), [200, 403]);
  await writeFile(file, `${edgeAuthority!.certificate}\n${otherAuthority!.certificate}\n`);
  await http.reload();
  assert.deepEqual(await seen(), [200, 200]);
  await writeFile(file, otherAuthority!.certificate);
  await http.reload();
  assert.deepEqual(await seen(), [403, 200]);
});

test('probes of this machine need not go through the edge', async () => {
  const port = await serve({ tls, edge: { clientCaFile } });
  for (const path of ['/livez', '/readyz']) assert.equal((await ask({ port, path })).status, 200, path);
  for (const path of ['/livez/', '/livez?x=1', '//livez', '/readyz/../api/v1/me'])
    assert.deepEqual(await ask({ port, path }), aroundIt, path);
});

test('an edge that knows a secret is let in, and while it changes the old one and the new one are both good', async () => {
  const secretFile = join(folder, 'edge-secret');
  const [first, second] = ['first-secret-of-the-edge-0123456789', 'second-secret-of-the-edge-012345678'] as const;
  const put = (...secrets: string[]) => writeFile(secretFile, `${secrets.join('\n')}\n`).then(() => chmod(secretFile, 0o600));
  await put(first);
  const port = await serve({ edge: { secretFile } });
  const withSecret = (...secrets: string[]) => ask({ port, plain: true, headers: { 'x-factotum-edge': secrets } });
  const through = await startEdge({
    origin: `http://127.0.0.1:${port}`,
    headers: { host: `127.0.0.1:${port}`, 'x-factotum-edge': first, 'cf-connecting-ip': '198.51.100.7' },
  });
  const guess = { 'x-factotum-edge': 'guess' };
  assert.equal((await ask({ port: through, plain: true, headers: guess })).status, 200, 'the edge writes over what clients send');
  assert.equal(await feed(`ws://127.0.0.1:${through}`), 'open');
  assert.equal(await feed(`ws://127.0.0.1:${port}`), '403');
  assert.equal((await ask({ port, plain: true, path: '/livez' })).status, 200);
  for (const wrong of [[], [''], [second], [first.slice(0, -1)], [`${first}x`], [first, first], [first.toUpperCase()]])
    assert.deepEqual(await withSecret(...wrong), aroundIt, wrong.join());

  await put(first, second);
  await http.reload();
  assert.deepEqual([(await withSecret(first)).status, (await withSecret(second)).status], [200, 200]);
  await put(second);
  await http.reload();
  assert.deepEqual([(await withSecret(first)).status, (await withSecret(second)).status], [403, 200]);
  for (const useless of ['', 'short']) {
    await writeFile(secretFile, useless);
    await http.reload();
    assert.equal((await withSecret(second)).status, 200, 'a file without a good secret changes nothing');
  }
  const named = (error: unknown) => isFactotumError(error, 'config.invalid') && error.message.startsWith('FACTOTUM_EDGE_SECRET_FILE:');
  await assert.rejects(serve({ edge: { secretFile } }), named);
  await put(second);
  await chmod(secretFile, 0o644);
  await assert.rejects(serve({ edge: { secretFile } }), named);
});

test('with certificate and secret, both are asked for', async () => {
  const secretFile = join(folder, 'both-secret');
  const secret = 'a-secret-beside-a-certificate-0123456';
  await writeFile(secretFile, secret, { mode: 0o600 });
  const port = await serve({ tls, edge: { clientCaFile, secretFile } });
  const headers = { 'x-factotum-edge': secret };
  assert.equal((await ask({ port, pair: edgePair, headers })).status, 200);
  assert.deepEqual(await ask({ port, pair: edgePair }), aroundIt);
  assert.deepEqual(await ask({ port, headers }), aroundIt);
});
