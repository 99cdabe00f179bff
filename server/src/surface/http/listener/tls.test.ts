import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Registry } from 'prom-client';
import { createLogger, isFactotumError, systemClock } from '#kernel';
import { makeAuthority, writePair } from '../../../../test/tls-pair.ts';
import { createFigures } from './figures.ts';
import { type Listening, type ListenOptions, listen } from './listen.ts';

const authority = await makeAuthority('test authority');
const folder = await mkdtemp(join(tmpdir(), 'factotum-tls-'));
const files = await writePair(folder, await authority.issue({ name: 'first', use: 'server' }));
const registry = new Registry();
const figures = createFigures(registry);
const open: { close(graceMs?: number): Promise<void> }[] = [];
after(async () => {
  await Promise.all(open.map((listening) => listening.close(100)));
  await rm(folder, { recursive: true });
});

async function serve(options: Partial<ListenOptions> = {}): Promise<Listening> {
  const answer = async () => new Response('served');
  const log = createLogger({ level: 'silent' });
  const listening = await listen(answer, { host: '127.0.0.1', port: 0, tls: files, ...options }, { clock: systemClock, log, figures });
  open.push(listening);
  return listening;
}

/** Whose certificate is shown, and over what. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.certificate, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function nameServed(port: number): Promise<string> {
  const socket = await handshake(port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** One request over the agent's connection. */
async function get(port: number, agent: Agent): Promise<string> {
  const asked = request({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.certificate, agent }).end();
  const [answer] = await once(asked, 'response');
  return Buffer.concat(await answer.toArray()).toString();
}

test('a renewed certificate is served to who comes next, without a restart, and who is connected stays', async () => {
  const { port } = await serve();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  agent.on('free', (socket) => sockets.add(socket));
  assert.equal(await get(port, agent), 'served');
  assert.equal(await nameServed(port), 'first');
  await writePair(folder, await authority.issue({ name: 'second', use: 'server' }));
  // Nobody tells the server: it sees by itself that the files are others.
  for (let tries = 0; (await nameServed(port)) !== 'second'; tries += 1) {
    assert.ok(tries < 600, 'the new certificate is not served');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(await get(port, agent), 'served');
  assert.equal(sockets.size, 1, 'the same connection, across the renewal');
  agent.destroy();
});

test('a new pair that is broken, expired or another key is refused, and the old one stays', async () => {
  const { port, reload } = await serve();
  const before = await nameServed(port);
  const good = await authority.issue({ name: 'third', use: 'server' });
  const other = await authority.issue({ name: 'other', use: 'server' });
  const bad: [why: string, pair: typeof good][] = [
    ['half a file', { ...good, certificate: good.certificate.slice(0, 200) }],
    ['nothing', { certificate: '', key: '' }],
    ['the key of another', { ...good, key: other.key }],
    ['expired', await authority.issue({ name: 'expired', use: 'server', validForMs: -60_000 })],
  ];
  for (const [why, pair] of bad) {
    await writePair(folder, pair);
    await reload();
    assert.equal(await nameServed(port), before, why);
  }
  await writePair(folder, good);
  await chmod(files.keyFile, 0o644);
  await reload();
  assert.equal(await nameServed(port), before, 'a key that everybody may read');
  await chmod(files.keyFile, 0o440);
  await reload();
  assert.equal(await nameServed(port), 'third', 'readable by a group, as Kubernetes mounts it');
});

test('a server does not start on files that cannot be used, and says which setting names them', async () => {
  const good = await authority.issue({ name: 'good', use: 'server' });
  const named = (setting: string) => (error: unknown) =>
    isFactotumError(error, 'config.invalid') && error.message.startsWith(`${setting}:`);
  await assert.rejects(serve({ tls: { ...files, certificateFile: join(folder, 'missing') } }), named('FACTOTUM_TLS_CERT'));
  await writePair(folder, { ...good, key: 'no key' });
  await assert.rejects(serve(), named('FACTOTUM_TLS_KEY'));
  await writePair(folder, good);
  await chmod(files.keyFile, 0o604);
  await assert.rejects(serve(), named('FACTOTUM_TLS_KEY'));
  await writePair(folder, good);
  await writeFile(join(folder, 'ca.pem'), 'no authority');
  await assert.rejects(serve({ edge: { clientCaFile: join(folder, 'ca.pem') } }), named('FACTOTUM_EDGE_CA'));
});

test('old protocols and weak suites are not spoken', async () => {
  await writePair(folder, await authority.issue({ name: 'good', use: 'server' }));
  const { port } = await serve();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake(port, { minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    assert.match(socket.getCipher().name, /GCM|CHACHA20/);
    socket.destroy();
  }
  const weak = '@SECLEVEL=0';
  await assert.rejects(handshake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: `ALL:${weak}` }));
  for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'NULL', 'AES128-GCM-SHA256'])
    await assert.rejects(
      handshake(port, { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:${weak}` }),
      (error) => error instanceof Error,
      ciphers,
    );
});

test('who connects and does not finish the handshake, or speaks plain HTTP, gets nothing', async () => {
  const { port } = await serve();
  const answer = await fetch(`http://127.0.0.1:${port}/livez`).then(
    (response) => response.status,
    () => 'closed',
  );
  assert.equal(answer, 'closed');
});

test('connections over TLS are counted, give way when they are idle, and are forgotten when they end', { timeout: 60_000 }, async () => {
  const count = async () => (await registry.getSingleMetric('factotum_http_connections')?.get())?.values[0]?.value;
  const until = async (wanted: number) => {
    while ((await count()) !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until(0);
  const { port } = await serve({ connections: { max: 2, perAddressMax: 100 } });
  const [first, second] = [await handshake(port), await handshake(port)];
  for (const socket of [first, second]) {
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await once(socket, 'data');
  }
  await until(2);
  const gaveWay = once(first, 'close');
  const third = await handshake(port);
  await gaveWay;
  await until(2);
  for (const socket of [second, third]) socket.destroy();
  await until(0);
});
