import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a test's edge is told: where the origin is, and what it shows there. */
export interface EdgeOrder {
  readonly origin: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** Headers that the edge sets anew, whatever the client sent. */
  readonly headers: Readonly<Record<string, string>>;
}

// A reverse proxy in a process of its own, as an edge is: it knows the origin by its address alone, and tells its port to its parent.
const [message] = await once(process, 'message');
// Only the test that started it talks to this process.
const order = message as EdgeOrder;
const origin = new URL(order.origin);
const ask = origin.protocol === 'https:' ? secureRequest : plainRequest;

const optionsFor = ({ method, url, headers, socket }: IncomingMessage): RequestOptions => ({
  host: origin.hostname,
  port: origin.port,
  servername: 'localhost',
  method: method ?? 'GET',
  path: url ?? '/',
  headers: { ...forwarded(headers, socket.remoteAddress ?? ''), ...order.headers },
  ...(order.ca === undefined ? {} : { ca: order.ca }),
  ...(order.certificate === undefined ? {} : { cert: order.certificate, key: order.key }),
});

const forwarded = (headers: IncomingHttpHeaders, address: string): IncomingHttpHeaders => ({
  ...headers,
  'x-forwarded-for': [headers['x-forwarded-for'], address].filter((part) => part !== undefined).join(', '),
});

const server = createServer((incoming, outgoing) => {
  const asked = ask(optionsFor(incoming), (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  asked.on('error', () => outgoing.writeHead(502).end());
  incoming.pipe(asked);
});
server.on('upgrade', (incoming, client, head) => {
  const asked = ask(optionsFor(incoming));
  asked.on('upgrade', (answer, upstream, rest) => {
    const lines = answer.rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${answer.rawHeaders[at + 1]}`] : []));
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    client.write(rest);
    upstream.write(head);
    upstream.pipe(client).pipe(upstream);
    for (const [socket, other] of [[upstream, client] as const, [client, upstream] as const]) socket.on('error', () => other.destroy());
  });
  asked.on('response', (answer) => client.end(`HTTP/1.1 ${answer.statusCode} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`));
  asked.on('error', () => client.destroy());
  asked.end();
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit(0));
