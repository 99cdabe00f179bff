import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { Agent } from 'undici';
import { type OutboundLimits, outboundFetch } from '#kernel/outbound';

/**
 * How a service behaves: `well`; `down` takes connections and drops them; `silent` never answers; `throttling` asks for fewer calls;
 * `failing` answers 500; `lying` says yes and sends something else.
 */
export type Mood = 'well' | 'down' | 'silent' | 'throttling' | 'failing' | 'lying';

export interface FarRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface FarAnswer {
  readonly status: number;
  readonly json: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FarSide {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly port: number;
  /** Every request that was answered, oldest first. */
  readonly requests: readonly FarRequest[];
  mood: Mood;
  /** For this many requests the mood holds, then all is well. Infinity unless set. */
  moodLasts: number;
}

/** A service of somebody else on a port of its own; ends with the test. */
export async function startFarSide(
  t: TestContext,
  service: {
    readonly answer: (request: FarRequest, isLying: boolean) => FarAnswer | Promise<FarAnswer>;
    readonly throttled: FarAnswer;
    readonly failed: FarAnswer;
  },
): Promise<FarSide> {
  const sockets = new Set<Socket>();
  const requests: FarRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const body = await buffer(incoming);
    const request: FarRequest = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '', `http://${incoming.headers.host}`),
      headers: incoming.headers,
      body,
    };
    const mood = far.moodLasts > 0 ? far.mood : 'well';
    far.moodLasts -= 1;
    requests.push(request);
    if (mood === 'down') return void incoming.socket.destroy();
    if (mood === 'silent') return;
    const answer =
      mood === 'throttling' ? service.throttled : mood === 'failing' ? service.failed : await service.answer(request, mood === 'lying');
    const text = JSON.stringify(answer.json);
    response.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...answer.headers });
    response.end(text);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const far: FarSide = {
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    mood: 'well',
    moodLasts: Number.POSITIVE_INFINITY,
  };
  return far;
}

const limits: OutboundLimits = { connectTimeoutMs: 5_000, headersTimeoutMs: 30_000, bodyTimeoutMs: 30_000, responseBytesMax: 1_048_576 };

/**
 * A `fetch` for which the hosts of the vendors lie at stand-ins: what is sent, host names included, is what the vendor would get, except that
 * there is no TLS. Every other host is refused.
 */
export function fetchTo(t: TestContext, hosts: Readonly<Record<string, FarSide>>): typeof globalThis.fetch {
  const agent = new Agent({
    connect: (options, done) => {
      const far = hosts[options.hostname];
      if (far === undefined) return done(new Error(`no stand-in for ${options.hostname}`), null);
      const socket = connect(far.port, '127.0.0.1');
      socket.once('connect', () => done(null, socket)).once('error', (error) => done(error, null));
    },
  });
  t.after(() => agent.destroy());
  return outboundFetch(agent, limits);
}
