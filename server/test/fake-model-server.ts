import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

/** How a fake model answers one request. Everything but the first three is what real endpoints do on a bad day. */
export type ModelReply =
  /** The value as JSON text: a structured answer. */
  | { readonly kind: 'json'; readonly value: unknown }
  /** Words, whole, cut off, or refused. */
  | { readonly kind: 'text'; readonly text: string; readonly end?: 'whole' | 'cut' | 'refused' }
  | { readonly kind: 'tool'; readonly name: string; readonly input: Readonly<Record<string, unknown>> }
  | { readonly kind: 'status'; readonly status: number; readonly message?: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'raw'; readonly contentType: string; readonly body: string }
  /** Never goes on: before the headers, or in the middle of the body. */
  | { readonly kind: 'hang'; readonly at: 'headers' | 'body' }
  /** Never ends. */
  | { readonly kind: 'endless'; readonly contentType: 'application/json' | 'text/event-stream' }
  /** Breaks off: before the headers, or in the middle of the body. */
  | { readonly kind: 'reset'; readonly at: 'headers' | 'body' };

export interface ModelRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came, for looking for words in it. */
  readonly text: string;
  // The tests of a protocol look into a request as it was sent.
  readonly body: Readonly<Record<string, unknown>>;
}

/** Replies in order, the last one for good; or made from the request, so that a test can play any model. */
export type ModelScript = readonly ModelReply[] | ((request: ModelRequest, index: number) => ModelReply);

export interface FakeModel {
  /** What the product is configured with. */
  readonly url: string;
  /** Every request that came, faulty ones included. */
  readonly requests: readonly ModelRequest[];
  /** What was wrong with requests: a strict endpoint answered 400 or 401. */
  readonly faults: readonly string[];
  /** Bytes written by `endless` replies. */
  endlessBytes(): number;
  close(): Promise<void>;
}

/** The words of one protocol. */
export interface ModelProtocol {
  /** What a strict endpoint would refuse, or null. */
  check(request: ModelRequest): { readonly status: number; readonly fault: string } | null;
  error(status: number, message: string): unknown;
  /** A whole answer. */
  whole(request: ModelRequest, reply: Extract<ModelReply, { kind: 'json' | 'text' | 'tool' }>): unknown;
  /** The same answer as server-sent events, each already encoded. */
  events(request: ModelRequest, reply: Extract<ModelReply, { kind: 'json' | 'text' | 'tool' }>): readonly string[];
}

/** Serves one protocol on a free port of the loopback interface. */
export async function serveModel(protocol: ModelProtocol, script: ModelScript): Promise<FakeModel> {
  const requests: ModelRequest[] = [];
  const faults: string[] = [];
  let endless = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const request: ModelRequest = { path: incoming.url ?? '', headers: incoming.headers, text, body: bodyOf(text) };
      requests.push(request);
      const refusal = protocol.check(request);
      if (refusal !== null) {
        faults.push(refusal.fault);
        sendJson(response, refusal.status, protocol.error(refusal.status, refusal.fault));
        return;
      }
      const index = requests.length - 1;
      const reply = typeof script === 'function' ? script(request, index) : script[Math.min(index, script.length - 1)];
      assert.ok(reply !== undefined, 'the script has a reply');
      perform(protocol, request, reply, response, (bytes) => {
        endless += bytes;
      });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    requests,
    faults,
    endlessBytes: () => endless,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function perform(
  protocol: ModelProtocol,
  request: ModelRequest,
  reply: ModelReply,
  response: ServerResponse,
  count: (bytes: number) => void,
): void {
  switch (reply.kind) {
    case 'json':
    case 'text':
    case 'tool':
      if (request.body.stream === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const event of protocol.events(request, reply)) response.write(event);
        response.end();
      } else sendJson(response, 200, protocol.whole(request, reply));
      return;
    case 'status':
      for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
      sendJson(response, reply.status, protocol.error(reply.status, reply.message ?? 'no'));
      return;
    case 'raw':
      response.writeHead(200, { 'content-type': reply.contentType }).end(reply.body);
      return;
    case 'hang':
      if (reply.at === 'body') response.writeHead(200, { 'content-type': 'application/json' }).write('{"id": "');
      return;
    case 'endless':
      response.writeHead(200, { 'content-type': reply.contentType });
      flood(
        response,
        reply.contentType === 'application/json' ? ' '.repeat(16_384) : `event: ping\ndata: ${'{"type": "ping"}'}\n\n`.repeat(400),
        count,
      );
      return;
    case 'reset':
      if (reply.at === 'headers') response.socket?.resetAndDestroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).write('{"id": "', () => response.socket?.resetAndDestroy());
  }
}

function flood(response: ServerResponse, piece: string, count: (bytes: number) => void): void {
  const more = () => {
    while (!response.destroyed) {
      count(piece.length);
      if (!response.write(piece)) return;
    }
  };
  response.on('drain', more);
  more();
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    // Checked to be an object; what its members are is for the protocol to check.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * What vendors' structured output refuses or silently empties: an object that is open, or has optional members.
 * @returns the place of the first one, or null.
 */
export function openObjectIn(schema: unknown, place = '#'): string | null {
  if (typeof schema !== 'object' || schema === null) return null;
  const node = schema as Readonly<Record<string, unknown>>; // An object; its members are looked at one by one.
  if (node.type === 'object') {
    const names = Object.keys(typeof node.properties === 'object' && node.properties !== null ? node.properties : {});
    if (node.additionalProperties !== false || names.length === 0) return place;
    if (!Array.isArray(node.required) || names.some((name) => !(node.required as unknown[]).includes(name))) return place;
  }
  for (const [name, member] of Object.entries(node)) {
    const found = openObjectIn(member, `${place}/${name}`);
    if (found !== null) return found;
  }
  return null;
}
