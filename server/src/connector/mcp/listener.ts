import type { IncomingMessage, ServerResponse } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Tool } from '#flow/tool';
import type { Logger } from '#kernel';
import { admissionOf, createRenewedServer, type TlsEnd } from '#trust/certificate';
import { messageBytesMax } from './connection.ts';
import { toolsPath } from './remote-host.ts';
import { createToolServer } from './server.ts';

export interface ToolListenerOptions {
  readonly tools: readonly Tool[];
  readonly end: TlsEnd;
  readonly log: Logger;
}

/** Serves tools to workers in other processes. */
export interface ToolListener {
  /** @returns the port. Rejects as `net.Server.listen` does. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>;
  /** Takes no new call, lets those under way end, for as long as `graceMs`; then cuts them off. */
  close(graceMs?: number): Promise<void>;
}

/** Longer than any client of ours keeps an idle connection, so that none is closed under a call that is just being sent. In milliseconds. */
const keepAliveMs = 75_000;
/** Above the longest time-out of a tool. */
const graceMsDefault = 20_000;

/**
 * An MCP server over Streamable HTTP with mutual TLS 1.3, without sessions: every request is whole in itself, so any number of such
 * processes can stand behind one address. Who is no worker of this installation gets no further than its certificate. When a caller
 * hangs up, its call is told to stop: nobody is left to hear what came of it, and whoever takes over asks.
 */
export async function createToolListener({ tools, end, log }: ToolListenerOptions): Promise<ToolListener> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const admission = admissionOf(end, request.socket);
    if (admission.kind === 'refused') {
      log.warn({ peer: request.socket.remoteAddress, reason: admission.reason }, 'a caller of tools was turned away');
      return refuse(response, 403, `Your certificate does not let you in: ${admission.reason}.`);
    }
    if (request.url !== toolsPath) return refuse(response, 404, 'There is nothing at this address.');
    if (request.method !== 'POST') return refuse(response, 405, 'Only POST is served here.', { allow: 'POST' });
    const server = createToolServer('tools', tools, log, (tenantId) => admission.mayActFor(tenantId));
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
    { log },
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
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function refuse(response: ServerResponse, status: number, detail: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify({ status, detail }));
}
