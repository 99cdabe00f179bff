import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { Registry } from 'prom-client';
import { type Clock, createLogger, systemClock } from '#kernel';
import { createFigures } from './figures.ts';
import { type ListenOptions, listen } from './listen.ts';
import { paceLimitsDefault } from './pace.ts';

const registry = new Registry();
const figures = createFigures(registry);
const undo: (() => unknown)[] = [];
after(async () => {
  for (const step of undo.reverse()) await step();
});

type Fetch = Parameters<typeof listen>[0];

/** The connections of bodies that were refused, on the server's side. */
const refusedSockets: Socket[] = [];

/** What a route would do: reads no body, all of it, or answers at length. */
const answer: Fetch = async (request, env) => {
  if (typeof env === 'object' && env !== null && 'refusal' in env) return new Response('refused', { status: 503 });
  const { pathname } = new URL(request.url);
  if (pathname === '/read') return new Response(String((await request.arrayBuffer().catch(() => new ArrayBuffer(0))).byteLength));
  if (pathname === '/refuse') {
    // The server hands in the request itself.
    refusedSockets.push((env as { incoming: IncomingMessage }).incoming.socket);
    return new Response('too large', { status: 413 });
  }
  if (pathname === '/long') return new Response(Buffer.alloc(64 * 1_024 * 1_024));
  return new Response('served');
};

async function serve(options: Partial<ListenOptions> = {}, clock: Clock = systemClock): Promise<number> {
  const deps = { clock, log: createLogger({ level: 'silent' }), figures };
  const listening = await listen(answer, { host: '127.0.0.1', port: 0, ...options }, deps);
  undo.push(() => listening.close(0));
  return listening.port;
}

/** A connection with what it has heard so far. */
interface Line {
  readonly socket: Socket;
  readonly ended: Promise<unknown>;
  heard(): string;
  /** Waits until it has heard this so many times. */
  hears(text: string, times?: number): Promise<void>;
}

async function open(port: number, from = '127.0.0.1'): Promise<Line> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  undo.push(() => socket.destroy());
  let heard = '';
  const changed: (() => void)[] = [];
  const tell = () => {
    for (const listener of changed.splice(0)) listener();
  };
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1').slice(0, 1_000);
    tell();
  });
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve())).then(tell);
  await once(socket, 'connect');
  return {
    socket,
    ended,
    heard: () => heard,
    async hears(text, times = 1) {
      while (heard.split(text).length <= times) {
        assert.equal(socket.destroyed, false, `closed after: ${heard}`);
        await new Promise<void>((resolve) => changed.push(resolve));
      }
    },
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

async function counted(reason: string): Promise<number> {
  const metric = await registry.getSingleMetric('factotum_http_connections_ended_total')?.get();
  return metric?.values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

const bound = { timeout: 60_000 };

test('one address has so many connections and no more, and another is not touched by it', bound, async () => {
  const port = await serve({ countsLoopback: true, connections: { max: 1_000, perAddressMax: 3 } });
  const held = await Promise.all([1, 2, 3].map(() => open(port, '127.0.0.9')));
  const fourth = await open(port, '127.0.0.9');
  await fourth.ended;
  assert.equal(await counted('address'), 1);
  const other = await open(port, '127.0.0.10');
  other.socket.write(get('/'));
  await other.hears('served');
  held[0]?.socket.destroy();
  await held[0]?.ended;
  // The server hears of it in its own time.
  for (let tries = 0; ; tries += 1) {
    const again = await open(port, '127.0.0.9');
    again.socket.write(get('/'));
    if (
      await Promise.race([
        again.hears('served').then(
          () => true,
          () => false,
        ),
        again.ended.then(() => false),
      ])
    )
      break;
    assert.ok(tries < 1_000);
  }
});

test('proxies that are trusted, and this machine, have as many connections as there are', bound, async () => {
  const trusted = await serve({ countsLoopback: true, trustedProxies: ['127.0.0.8/32'], connections: { max: 1_000, perAddressMax: 2 } });
  const local = await serve({ connections: { max: 1_000, perAddressMax: 2 } });
  for (const [port, from] of [
    [trusted, '127.0.0.8'],
    [local, '127.0.0.1'],
  ] as const)
    for (const line of await Promise.all(Array.from({ length: 5 }, () => open(port, from)))) {
      line.socket.write(get('/'));
      await line.hears('served');
    }
});

test('who holds every connection idle loses the oldest to whoever comes', bound, async () => {
  const port = await serve({ connections: { max: 5, perAddressMax: 1_000 } });
  const idle: Line[] = [];
  for (let at = 0; at < 5; at += 1) {
    const line = await open(port);
    line.socket.write(get('/'));
    await line.hears('served');
    idle.push(line);
  }
  const [first, second] = idle;
  // In use since: it is no longer the one that has been idle longest.
  first?.socket.write(get('/'));
  await first?.hears('served', 2);
  const comer = await open(port);
  comer.socket.write(get('/'));
  await comer.hears('served');
  await Promise.race(idle.map(({ ended }) => ended));
  assert.equal([first, second].filter((line) => line?.socket.destroyed).length, 1);
});

test('where every connection is in use a probe is answered still, and nothing else is', bound, async () => {
  const port = await serve({ connections: { max: 2, perAddressMax: 1_000 } });
  for (const line of await Promise.all([open(port), open(port)])) {
    line.socket.write('POST /read HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n');
    await line.hears('100 Continue');
  }
  const probe = await open(port);
  probe.socket.write(get('/livez'));
  await probe.hears('served');
  await probe.ended;
  assert.match(probe.heard(), /connection: close/i);
  const other = await open(port);
  other.socket.write(get('/api/v1/me'));
  await other.ended;
  assert.match(other.heard(), /^HTTP\/1\.1 503 /);
  // Who opens one of the spare connections and asks nothing loses it.
  await (await open(port)).ended;
});

test('a body that trickles in is cut, however long it says it will be', bound, async () => {
  const port = await serve({ pace: { ...paceLimitsDefault, graceMs: 1_000 } });
  const line = await open(port);
  line.socket.write('POST /read HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n');
  const drop = setInterval(() => line.socket.write('x'), 100);
  await line.ended;
  clearInterval(drop);
  assert.equal(await counted('slow_body'), 1);
});

test('a body that comes fast enough is read whole, and one that we do not read is not slow', bound, async () => {
  const port = await serve({ pace: { ...paceLimitsDefault, graceMs: 1_000 } });
  const line = await open(port);
  const pieces = 25;
  line.socket.write(`POST /read HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${pieces * 4_096}\r\n\r\n`);
  const piece = Buffer.alloc(4_096);
  let sent = 0;
  const more = setInterval(() => {
    if (sent < pieces) line.socket.write(piece);
    sent += 1;
  }, 100);
  await line.hears(`\r\n\r\n${pieces * 4_096}`);
  clearInterval(more);
});

test('an answer that nobody reads is dropped, with the connection', bound, async () => {
  const port = await serve({ pace: { ...paceLimitsDefault, graceMs: 1_000, answerStallMsMax: 1_000 } });
  const line = await open(port);
  line.socket.write(get('/long'));
  await line.hears('200 OK');
  line.socket.pause();
  while ((await counted('slow_reader')) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  line.socket.resume();
  await line.ended;
  assert.ok(line.socket.bytesRead < 64 * 1_024 * 1_024, `${line.socket.bytesRead} bytes`);
});

test('a body that is refused is not waited for: the answer comes, then the end, while most of it was never sent', bound, async () => {
  const port = await serve();
  for (const head of ['content-length: 1000000000', 'transfer-encoding: chunked']) {
    const line = await open(port);
    line.socket.write(`POST /refuse HTTP/1.1\r\nhost: localhost\r\n${head}\r\n\r\n`);
    const piece = head.startsWith('content') ? Buffer.alloc(65_536) : Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`);
    const push = () => {
      // As fast as it is taken, as a flood would.
      while (!line.socket.destroyed && line.socket.write(piece));
    };
    line.socket.on('drain', push);
    push();
    await line.hears('413');
    await line.hears('too large');
    await line.ended;
    assert.match(line.heard(), /connection: close/i, head);
    // What was under way when it was refused, and no more; the rest lies in the kernel until the end of the connection.
    const taken = refusedSockets.at(-1)?.bytesRead ?? 0;
    assert.ok(taken <= 256 * 1_024, `${head}: ${taken} bytes were read`);
  }
});

test('whoever pours in body after body waits for the next refusal, and nobody waits for them', bound, async () => {
  // However slow this machine is, all of it is within one span.
  const port = await serve({}, { ...systemClock, monotonicMs: () => 0 });
  const pour = async (from: string): Promise<number> => {
    const line = await open(port, from);
    const startedAtMs = performance.now();
    line.socket.write('POST /refuse HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n');
    await line.hears('413');
    const waitedMs = performance.now() - startedAtMs;
    line.socket.destroy();
    return waitedMs;
  };
  await Promise.all(Array.from({ length: 6 }, () => pour('127.0.0.30')));
  const late = pour('127.0.0.30');
  const other = pour('127.0.0.31');
  const first = await Promise.race([late.then(() => 'who pours'), other.then(() => 'another')]);
  assert.equal(first, 'another');
  // Three steps of a second; how much more it becomes is the machine's doing.
  assert.ok((await late) >= 2_900);
});

test('a short rest of a body costs nobody the connection', bound, async () => {
  const port = await serve();
  const line = await open(port);
  line.socket.write('POST /refuse HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n');
  await line.hears('too large');
  line.socket.write(`01234${get('/')}`);
  await line.hears('served');
});

test('who asks whether to send a body is told of a refusal before a byte of it', bound, async () => {
  const port = await serve();
  const ask = (path: string) => `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n`;
  const refused = await open(port);
  refused.socket.write(ask('/refuse'));
  await refused.hears('413');
  assert.ok(!refused.heard().includes('100 Continue'));
  const read = await open(port);
  read.socket.write(ask('/read'));
  await read.hears('100 Continue');
  read.socket.write('abcd');
  await read.hears('200 OK');
  await read.hears('\r\n\r\n4');
});

test('too many header fields, or too long ones, are refused', bound, async () => {
  const port = await serve();
  const many = await open(port);
  many.socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\n${'a: b\r\n'.repeat(128)}\r\n`);
  await many.hears('503');
  const long = await open(port);
  long.socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\na: ${'b'.repeat(20_000)}\r\n\r\n`);
  await long.hears('431');
});

test('beside idle connections, requests that trickle and a flood of bodies everybody else is answered', bound, async () => {
  const port = await serve({ connections: { max: 300, perAddressMax: 1_000 }, pace: { ...paceLimitsDefault, graceMs: 2_000 } });
  const idle = await Promise.all(Array.from({ length: 400 }, () => open(port, '127.0.0.20')));
  const slow = await Promise.all(Array.from({ length: 100 }, () => open(port, '127.0.0.21')));
  const trickles = slow.map(({ socket }, at) => {
    socket.write(`POST /read HTTP/1.1\r\nhost: localhost\r\n${at % 2 === 0 ? '' : 'content-length: 100000\r\n\r\n'}`);
    return setInterval(() => socket.write(at % 2 === 0 ? 'a: b\r\n' : 'x'), 500);
  });
  let isOver = false;
  const flood = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const { socket, ended } = await open(port, '127.0.0.22');
      const push = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.write('POST /refuse HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n\r\n');
      socket.on('drain', push);
      push();
      await ended;
    }
  });
  for (let at = 0; at < 200; at += 1) {
    const line = await open(port);
    line.socket.write(get('/'));
    await line.hears('served');
    line.socket.destroy();
  }
  isOver = true;
  await Promise.all(flood);
  for (const trickle of trickles) clearInterval(trickle);
  assert.ok((await counted('idle')) >= 200, 'the idle ones gave way');
  await Promise.all(slow.filter((_, at) => at % 2 === 1).map(({ ended }) => ended));
  for (const { socket } of [...idle, ...slow]) socket.destroy();
});
