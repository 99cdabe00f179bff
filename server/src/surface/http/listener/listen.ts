import { constants } from 'node:crypto';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type Clock, FactotumError, type Logger } from '#kernel';
import { plainAddress, trustedProxies } from '#trust/identity';
import { addressBlock } from '#trust/quota';
import { createLateRefusal, pacedBodies } from '../late-refusal.ts';
import type { App } from '../route.ts';
import { continueWhenRead, endEarly, hasLongBody } from './body-end.ts';
import { type CertificateHolder, openCertificate } from './certificate.ts';
import { type ConnectionLimits, limitConnections } from './connections.ts';
import { type Edge, openEdge } from './edge.ts';
import type { Figures } from './figures.ts';
import { keepPace, type PaceLimits, paceLimitsDefault } from './pace.ts';
import { isLoopback, isProbe } from './probe.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Files of a certificate and its key: served over TLS alone. */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** What shows that a request came through the edge; without either it may come from anywhere. */
  readonly edge?: { readonly clientCaFile?: string | undefined; readonly secretFile?: string | undefined };
  /** Connections at once, from everywhere and from one address. */
  readonly connections?: { readonly max: number; readonly perAddressMax: number };
  /** Networks of proxies: an address there stands for many people. */
  readonly trustedProxies?: readonly string[];
  /** Whether loopback counts as any other address, which it does nowhere but in tests: a proxy on this machine comes from there. */
  readonly countsLoopback?: boolean;
  readonly pace?: PaceLimits;
  /** Takes over connections that want to become WebSockets. Without it, they are requests like any other. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface ListenDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly figures: Figures;
}

export interface Listening {
  readonly port: number;
  /** Looks now whether the files of certificate and edge have changed. */
  reload(): Promise<void>;
  /** Takes nothing new, lets requests under way finish for up to `graceMs`, then cuts what is left. */
  close(graceMs?: number): Promise<void>;
}

const connectionsDefault = { max: 10_000, perAddressMax: 256 };
const graceMsDefault = 5_000;
/** A browser sends about 20; a proxy adds ten. */
const headersMax = 128;

const serverOptions: ServerOptions = {
  // Who sends a request drop by drop holds a connection.
  headersTimeout: 10_000,
  // A file of two gigabytes over a slow line; who sends too slowly for its size is cut long before (pace.ts).
  requestTimeout: 3_600_000,
  // Above the minute that load balancers keep an idle connection, so that it is they who end it.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
};
/** Connections are renewed now and then, so that new ones spread over new processes. */
const requestsPerConnectionMax = 10_000;
const handshakeTimeoutMs = 10_000;

/** Serves over HTTP/1.1, with TLS or without. @throws what `listen` does, for instance EADDRINUSE; FactotumError `config.invalid` about files. */
export async function listen(fetch: App['fetch'], options: ListenOptions, { clock, log, figures }: ListenDeps): Promise<Listening> {
  const { tls, edge: { clientCaFile, secretFile } = {} } = options;
  const certificate = tls === undefined ? undefined : await openCertificate({ ...tls, clientCaFile }, log);
  const needsCertificate = clientCaFile !== undefined;
  const edge = needsCertificate || secretFile !== undefined ? await openEdge({ needsCertificate, secretFile }, log) : undefined;
  const server = createServer(certificate, needsCertificate);
  const connections = limitConnections(server, connectionLimits(options), figures.ended);
  const pace = keepPace(options.pace ?? paceLimitsDefault, figures.ended);
  const lateRefusal = createLateRefusal(clock, pacedBodies);
  const isProxy = trustedProxies(options.trustedProxies ?? []);

  const answer = getRequestListener(
    async (request, env) => {
      // Over HTTP/1.1 alone, what comes in is an IncomingMessage and what goes out a ServerResponse.
      const [incoming, outgoing] = [env.incoming as IncomingMessage, env.outgoing as ServerResponse];
      const { isSpare } = connections.used(incoming);
      const refusal = refusalOf(incoming, isSpare, edge);
      if (isSpare) outgoing.shouldKeepAlive = false;
      if (refusal !== undefined) figures.refused(refusal.code);
      pace.watch(incoming, outgoing);
      outgoing.once('close', () => {
        pace.unwatch(incoming);
        connections.freed(incoming);
      });
      const response = await fetch(request, refusal === undefined ? { incoming } : { incoming, refusal });
      const from = plainAddress(incoming.socket.remoteAddress ?? '');
      // The connection is taken and not read meanwhile: whoever pours bodies in waits, at no cost to us, from wherever and for whatever
      // reason. An address of a proxy stands for many people; who of them is refused too often is for the rate limits.
      if (endEarly(incoming, outgoing)) {
        if (!isProxy(from)) await lateRefusal.wait(addressBlock(from));
      } else if (response.ok && incoming.complete && hasLongBody(incoming)) lateRefusal.forgive(addressBlock(from));
      return response;
    },
    // What never became a request: an address or a Host header that cannot be read.
    { errorHandler: () => fetch(new Request('http://localhost/'), { refusal: unreadable('The request line or the Host header') }) },
  );
  server.on('request', answer);
  server.on('checkContinue', (incoming, outgoing) => {
    continueWhenRead(incoming, outgoing);
    void answer(incoming, outgoing);
  });
  const { onUpgrade } = options;
  if (onUpgrade !== undefined)
    server.on('upgrade', (request, socket, head) => {
      const refusal = refusalOf(request, connections.used(request).isSpare, edge);
      if (refusal === undefined) return onUpgrade(request, socket, head);
      figures.refused(refusal.code);
      socket.on('error', () => socket.destroy());
      return socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    });

  const forget = figures.add({ connections: () => connections.count, certificateExpiresAt: () => certificate?.current.expiresAt });
  const release = () => {
    forget();
    certificate?.close();
    edge?.close();
    pace.stop();
  };
  try {
    return { port: await bind(server, options), reload, close: async (graceMs) => close(server, graceMs).finally(release) };
  } catch (error) {
    release();
    throw error;
  }

  async function reload(): Promise<void> {
    await Promise.all([certificate?.reload(), edge?.reload()]);
  }
}

function createServer(certificate: CertificateHolder | undefined, needsCertificate: boolean): Server {
  const server = certificate === undefined ? createPlainServer(serverOptions) : createSecure(certificate, needsCertificate);
  server.maxRequestsPerSocket = requestsPerConnectionMax;
  // One more than are taken, so that too many are seen and not silently left out.
  server.maxHeadersCount = headersMax + 1;
  return server;
}

function createSecure(certificate: CertificateHolder, needsCertificate: boolean): SecureServer {
  const server = createSecureServer({
    ...serverOptions,
    ...certificate.current.context,
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: needsCertificate,
    // Who shows none is refused by the request, in words: a probe from this machine has none.
    rejectUnauthorized: false,
    // A session that is taken up again was checked once, maybe against an authority that has been replaced.
    ...(needsCertificate ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
  });
  certificate.watch(({ context }) => server.setSecureContext(context));
  return server;
}

function connectionLimits(options: ListenOptions): ConnectionLimits {
  const isProxy = trustedProxies(options.trustedProxies ?? []);
  return {
    ...(options.connections ?? connectionsDefault),
    blockOf: (address) => addressBlock(plainAddress(address)),
    isExempt: (address) => (isLoopback(address) && options.countsLoopback !== true) || isProxy(plainAddress(address)),
  };
}

/** What is refused whatever it asks for. */
function refusalOf(request: IncomingMessage, isSpare: boolean, edge: Edge | undefined): FactotumError | undefined {
  if (request.rawHeaders.length > 2 * headersMax) return unreadable(`More than ${headersMax} header fields`);
  if (isSpare && !isProbe(request))
    return new FactotumError('server.overloaded', 'The server has as many connections as it can hold. Try again in a moment.');
  if (edge?.admits(request) === false)
    return new FactotumError('request.not_through_edge', 'This server is reached through its public address only.');
  return undefined;
}

const unreadable = (what: string) => new FactotumError('request.invalid', `${what} cannot be read.`);

async function bind(server: Server, { port, host }: ListenOptions): Promise<number> {
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      listening();
    });
  });
  // Listening on a port, the address is one.
  return (server.address() as AddressInfo).port;
}

async function close(server: Server, graceMs = graceMsDefault): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
