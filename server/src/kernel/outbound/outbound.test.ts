import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer, type RequestListener, type Server } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { BlockList } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isFactotumError } from '#kernel';
import { guardedAgent, mayDial, type OutboundLimits, outboundFetch, unguardedAgent } from './index.ts';

/** On a machine that is busy with other tests nothing may fail for being slow. */
const timeoutMs = 30_000;
const limits: OutboundLimits = {
  connectTimeoutMs: timeoutMs,
  headersTimeoutMs: timeoutMs,
  bodyTimeoutMs: timeoutMs,
  responseBytesMax: 64 * 1_024,
};
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

test('an agent for foreign addresses never dials loopback, private, link-local or otherwise special addresses, however they are written', async () => {
  const port = await serve((_request, response) => response.end('reached'));
  const guarded = guardedAgent(limits);
  const call = outboundFetch(guarded, limits);
  const hosts = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f000001',
    '[::ffff:127.0.0.1]',
    '[::1]',
    '0.0.0.0',
    '169.254.169.254',
    '100.64.0.1',
  ];
  for (const host of [...hosts, '10.0.0.1', '192.168.1.1', '[64:ff9b::7f00:1]', '[fd00::1]', '[fe80::1]', '224.0.0.1'])
    await assert.rejects(call(`http://${host}:${port}/`), (error) => causedBy(error, 'outbound.address_refused'), host);
  await assert.rejects(call('file:///etc/passwd'));
  await assert.rejects(call(`http://name:word@127.0.0.1:${port}/`));
  await guarded.close();
});

test('an allow list opens exactly the addresses it names', async () => {
  const port = await serve((_request, response) => response.end('reached'));
  const allow = new BlockList();
  allow.addAddress('127.0.0.1');
  const agent = guardedAgent(limits, allow);
  assert.equal(await (await outboundFetch(agent, limits)(`http://127.0.0.1:${port}/`)).text(), 'reached');
  await assert.rejects(outboundFetch(agent, limits)(`http://127.0.0.2:${port}/`), (error) => causedBy(error, 'outbound.address_refused'));
  await agent.close();
});

test('a redirect is handed back, not followed, so credentials stay where they were sent', async () => {
  const port = await serve((_request, response) => response.writeHead(307, { location: 'http://169.254.169.254/' }).end());
  const agent = unguardedAgent(limits);
  assert.equal((await outboundFetch(agent, limits)(`http://127.0.0.1:${port}/`)).status, 307);
  await agent.close();
});

test('an endless body and a small one that unpacks to an endless one both stop at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(20 * 1_024 * 1_024));
  assert.ok(bomb.byteLength < limits.responseBytesMax, 'the packed body passes the limit on the wire');
  const packed = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  const endless = await serve((request, response) => {
    const more = () => response.write('x'.repeat(16_384));
    response.on('drain', more);
    request.on('close', () => response.destroy());
    while (more());
  });
  const agent = unguardedAgent(limits);
  const call = outboundFetch(agent, limits);
  await assert.rejects(
    async () => (await call(`http://127.0.0.1:${packed}/`)).text(),
    (error) => isFactotumError(error, 'outbound.too_large'),
  );
  await assert.rejects(async () => (await call(`http://127.0.0.1:${endless}/`)).text());
  await agent.destroy();
});

test('a name is judged by every address it has, each time it is called: another answer of its name server changes nothing', async (t) => {
  const port = await serve((_request, response) => response.setHeader('connection', 'close').end('reached'));
  let answers: { address: string; family: number }[] = [];
  t.mock.method(dns, 'lookup', (_host: string, _options: object, done: (error: null, found: typeof answers) => void) =>
    done(null, answers),
  );
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const allow = new BlockList();
  allow.addAddress('127.0.0.1');
  const agent = guardedAgent(limits, allow);
  const call = () => outboundFetch(agent, limits)(`http://rebinding.example:${port}/`);
  answers = [{ address: '127.0.0.1', family: 4 }];
  assert.equal(await (await call()).text(), 'reached');
  for (const [address, family] of [
    ['127.0.0.2', 4],
    ['169.254.169.254', 4],
    ['0.0.0.0', 4],
    ['::ffff:169.254.169.254', 6],
    ['::ffff:a9fe:a9fe', 6],
    ['fe80::1', 6],
    ['fd00:ec2::254', 6],
    ['::', 6],
  ] as const) {
    answers = [{ address, family }];
    await assert.rejects(call(), (error) => causedBy(error, 'outbound.address_refused'), address);
    answers = [
      { address: '127.0.0.1', family: 4 },
      { address, family },
    ];
    await assert.rejects(call(), (error) => causedBy(error, 'outbound.address_refused'), `${address} beside a good one`);
  }
  await agent.close();
});

test('only public unicast addresses count as public', () => {
  for (const address of ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8']) assert.equal(mayDial(address), true, address);
  for (const address of ['', 'localhost', '127.0.0.1', '::', '255.255.255.255', '192.0.2.1', '2001:db8::1', '2002:7f00:1::'])
    assert.equal(mayDial(address), false, address);
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

function causedBy(error: unknown, code: 'outbound.address_refused'): boolean {
  return isFactotumError(error, code) || (error instanceof Error && causedBy(error.cause, code));
}
