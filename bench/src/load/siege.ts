import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tenant } from '../tenant.ts';
import type { Findings, Job } from './job.ts';

type Siege = Extract<Job, { do: 'siege' }>;

/** Connections that are being opened at the same time: more would wait in the kernel's queue. */
const openingMax = 64;
/** Source addresses, all of this machine: one has about 28,000 ports. */
const addresses = 8;
const trickleMs = 2_000;
/** What each body says it is, and is as far as it is taken. In bytes. */
const oversizedBytes = 1_000_000_000;
const piece = Buffer.alloc(64 * 1_024);
const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);

/**
 * Besieges a server on loopback until it is told to stop: by connections that do nothing, by requests that never end, or by bodies that are
 * too large. A connection that the server ends is opened again, as whoever means harm would.
 *
 * @param onReady - called once, when the siege stands
 */
export async function siege(job: Siege, stopped: AbortSignal, onReady: () => void): Promise<Findings> {
  const { hostname, port } = new URL(job.tenant.url);
  if (!/^127\./.test(hostname)) throw new Error(`${hostname} is not of this machine.`);
  const startedAt = performance.now();
  const sockets = new Set<Socket>();
  let opened = 0;
  let answered = 0;

  const lane = async (at: number) => {
    while (!stopped.aborted && sockets.size < job.connections) {
      const socket = connect({ port: Number(port), host: hostname, localAddress: `127.0.1.${1 + (at % addresses)}` });
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
      if (socket.destroyed) {
        await sleep(50);
        continue;
      }
      opened += 1;
      socket.once('data', () => (answered += 1));
      begin[job.how](socket, job);
    }
  };
  const fill = () => Promise.all(Array.from({ length: openingMax }, (_, at) => lane(at)));
  await fill();
  onReady();
  while (!stopped.aborted) {
    await Promise.race([sleep(250), once(stopped, 'abort')]);
    if (!stopped.aborted) await fill();
  }
  for (const socket of sockets) socket.destroy();
  return {
    latencies: [],
    fromAccepted: [],
    finished: opened,
    completed: answered,
    decided: 0,
    elapsedMs: performance.now() - startedAt,
    errors: [],
    errorCount: 0,
    refused: 0,
    sent: [],
  };
}

const begin: Readonly<Record<Siege['how'], (socket: Socket, job: Siege) => void>> = {
  /** Asks once, and stays for as long as it may. */
  idle: (socket) => {
    socket.resume();
    socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n');
  },
  /** Half of them never finish their head, the others never their body. */
  slowloris: (socket, { tenant }) => {
    socket.resume();
    const isHead = Math.random() < 0.5;
    socket.write(`POST /api/v1/events HTTP/1.1\r\n${known(tenant)}`);
    if (!isHead) socket.write('content-type: application/json\r\ncontent-length: 200000\r\n\r\n');
    const trickle = setInterval(() => socket.write(isHead ? 'x-more: 1\r\n' : ' '), trickleMs);
    socket.once('close', () => clearInterval(trickle));
  },
  /**
   * A gigabyte to a route that takes half a megabyte, as fast as it is taken: half of it announced, half in chunks; half of it with a key,
   * half by somebody who knows nothing but where we listen.
   */
  oversized: (socket, { tenant }) => {
    socket.resume();
    const isChunked = Math.random() < 0.5;
    const who = Math.random() < 0.5 ? known(tenant) : 'host: example.com\r\n';
    const length = isChunked ? 'transfer-encoding: chunked' : `content-length: ${oversizedBytes}`;
    socket.write(`POST /api/v1/events HTTP/1.1\r\n${who}content-type: application/json\r\n${length}\r\n\r\n`);
    let left = oversizedBytes;
    const push = () => {
      while (left > 0 && !socket.destroyed) {
        left -= piece.length;
        if (!socket.write(isChunked ? chunk : piece)) return;
      }
    };
    socket.on('drain', push);
    push();
  },
};

const known = ({ url, key }: Tenant): string => `host: ${new URL(url).host}\r\nauthorization: Bearer ${key}\r\n`;
