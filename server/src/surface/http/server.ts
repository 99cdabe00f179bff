import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { FactotumError, newId } from '#kernel';
import { problemResponse } from './problem.ts';
import type { App } from './route.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Connections at once, from everywhere and from one address. A reverse proxy is one address. */
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  /** Takes over connections that want to become WebSockets. Without it, they are requests like any other. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface Listening {
  readonly port: number;
  /** Takes nothing new, lets requests under way finish for up to `graceMs`, then cuts what is left. */
  close(graceMs?: number): Promise<void>;
}

/** Each open connection costs about 20 KB. */
const connectionsMaxDefault = 5_000;
const connectionsPerAddressMaxDefault = 1_000;
const graceMsDefault = 5_000;

/** Serves over HTTP/1.1. @throws what `listen` does, for instance EADDRINUSE. */
export async function listen(fetch: App['fetch'], options: ListenOptions): Promise<Listening> {
  const server = createServer({
    // Who sends a request drop by drop holds a connection; 25 MiB of mail over a slow line take a minute and a half.
    headersTimeout: 15_000,
    requestTimeout: 120_000,
    // Above the minute that load balancers keep an idle connection, so that it is they who end it.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: 16 * 1024,
  });
  server.maxConnections = options.connectionsMax ?? connectionsMaxDefault;
  limitPerAddress(server, options.connectionsPerAddressMax ?? connectionsPerAddressMaxDefault);
  // Over HTTP/1.1 alone, what comes in is an IncomingMessage.
  const answer = getRequestListener((request, env) => fetch(request, { incoming: env.incoming as IncomingMessage }), {
    errorHandler: refuse,
  });
  server.on('request', answer);
  if (options.onUpgrade !== undefined) server.on('upgrade', options.onUpgrade);
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(options.port, options.host, () => {
      server.off('error', failed);
      listening();
    });
  });
  // Listening on a port, the address is one.
  const { port } = server.address() as AddressInfo;
  return { port, close: (graceMs = graceMsDefault) => close(server, graceMs) };
}

/** What never became a request: an address or a Host header that cannot be read. */
function refuse(): Response {
  return problemResponse(new FactotumError('request.invalid', 'The request line or the Host header cannot be read.'), newId('request'));
}

function limitPerAddress(server: Server, max: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    if (count > max) return socket.destroy();
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    return undefined;
  });
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
