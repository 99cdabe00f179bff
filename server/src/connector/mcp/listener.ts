import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server as TlsServer } from 'node:tls';
import type { Server as ProtocolServer } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Tool } from '#flow/tool';
import type { Id, Logger } from '#kernel';
import { admissionOf, createRenewedServer, type TlsEnd } from '#trust/certificate';
import { messageBytesMax } from './connection.ts';
import type { Permits } from './permit.ts';
import { toolsPath } from './remote-host.ts';
import { createToolServer } from './server.ts';

interface ListenerOptions {
  readonly end: TlsEnd;
  readonly log: Logger;
  /** How often it looks whether its certificate is to be replaced, in milliseconds. */
  readonly everyMs?: number;
}

export interface ToolListenerOptions extends ListenerOptions {
  readonly tools: readonly Tool[];
  /** What a call that changes something has to show; left out: nothing. */
  readonly permits?: Permits;
}

/** What is served at one address to a caller, whose certificate says for whom it may act; null: nothing. Asked for each request. */
type ServerAt = (path: string, caller: { mayActFor(tenantId: Id<'tenant'>): boolean }) => ProtocolServer | null;

/** Serves tools to workers in other processes. */
export interface ToolListener {
  /** @returns the port. Rejects as `net.Server.listen` does. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /**
   * Asks its callers to go (five seconds at most), then takes no new call and lets those under way end, for as long as `graceMs`; then
   * cuts them off. With 0 at once.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * How long an idle connection is kept, in milliseconds. Clients are told, and undici lets go a second before, so that none is closed
 * under a call that is just being sent: what would have become of that one, nobody could say.
 */
const keepAliveMs = 5_000;
/** Above the longest time-out of a tool. */
const graceMsDefault = 20_000;

/**
 * An MCP server over Streamable HTTP with mutual TLS 1.3, without sessions: every request is whole in itself, so any number of such
 * processes can stand behind one address. Who is no worker of this installation gets no further than its certificate. When a caller
 * hangs up, its call is told to stop: nobody is left to hear what came of it, and whoever takes over asks.
 */
export async function createProtocolListener(serverAt: ServerAt, { end, log, everyMs }: ListenerOptions): Promise<ToolListener> {
  const open = new Set<ServerResponse>();
  let isClosing = false;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    open.add(response);
    response.once('close', () => open.delete(response));
    if (isClosing) response.shouldKeepAlive = false;
    const admission = admissionOf(end, request.socket);
    if (admission.kind === 'refused') {
      log.warn({ peer: request.socket.remoteAddress, reason: admission.reason }, 'a caller of tools was turned away');
      return refuse(response, 403, `Your certificate does not let you in: ${admission.reason}.`);
    }
    const server = serverAt(request.url ?? '', admission);
    if (server === null) return refuse(response, 404, 'There is nothing at this address.');
    if (isForeignPage(request)) return refuse(response, 403, 'This request was made by a page that is not ours.');
    if (request.method !== 'POST') return refuse(response, 405, 'Only POST is served here.', { allow: 'POST' });
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true, maxRequestBodySize: messageBytesMax });
    response.once('close', () => void server.close());
    // The SDK's class implements its own interface, but for how exact it is about what may be undefined.
    await server.connect(transport as Transport);
    await transport.handleRequest(request, response);
  };
  const { server, stop } = await createRenewedServer(
    end,
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        log.error({ err: error }, 'a request for tools failed');
        if (!response.headersSent) refuse(response, 500, 'Something went wrong here.');
        else response.destroy();
      });
    },
    { log, ...(everyMs === undefined ? {} : { everyMs }) },
  );
  server.keepAliveTimeout = keepAliveMs;
  server.on('tlsClientError', (error, socket) =>
    log.info(
      { peer: socket.remoteAddress, code: 'code' in error ? String(error.code) : error.name },
      'a caller of tools had no valid certificate',
    ),
  );
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : port);
        });
      }),
    async close(graceMs = graceMsDefault) {
      stop();
      isClosing = true;
      // Said with the answer: "Connection: close".
      for (const response of open) response.shouldKeepAlive = false;
      // Not `server.close`, which cuts idle connections at once: a call may be on its way over one of them.
      const closed = new Promise<void>((resolve) => TlsServer.prototype.close.call(server, () => resolve()));
      const untilMs = performance.now() + Math.min(keepAliveMs, graceMs);
      while (performance.now() < untilMs && (await connectionsOf(server)) > 0) await sleep(50);
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** Serves our own tools like that. */
export const createToolListener = ({ tools, permits, ...options }: ToolListenerOptions): Promise<ToolListener> =>
  createProtocolListener((path, caller) => {
    const served = toolsAt(tools, path);
    return served === null
      ? null
      : createToolServer('tools', served, options.log, { mayActFor: (tenantId) => caller.mayActFor(tenantId), permits });
  }, options);

/** All tools at `/mcp`, those of one domain at `/mcp/<domain>`; null for an address at which there are none. */
function toolsAt(tools: readonly Tool[], url: string): readonly Tool[] | null {
  if (url === toolsPath) return tools;
  const domain = url.startsWith(`${toolsPath}/`) ? url.slice(toolsPath.length + 1) : '';
  const served = tools.filter(({ manifest }) => domain !== '' && manifest.tool.startsWith(`${domain}.`));
  return served.length === 0 ? null : served;
}

/** No page has any business here; one of this machine, which a developer may have open, is let through to what its certificate allows. */
function isForeignPage({ headers: { origin } }: IncomingMessage): boolean {
  return origin !== undefined && !/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)));

function refuse(response: ServerResponse, status: number, detail: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify({ status, detail }));
}
