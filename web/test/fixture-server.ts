import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import type { LiveMessage } from '../src/api/types.ts';
import { type Answer, problem } from './fixture/answer.ts';
import { answer, answerOpen } from './fixture/routes.ts';
import { createWorld, type Scenario, type World } from './fixture/world.ts';

/** The policy the pages must live with: nothing inline, nothing from elsewhere, no text turned into markup by script. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const dist = join(import.meta.dirname, '..', 'dist');
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const cookie = 'fixture_session=1';

export interface FixtureServer {
  origin: string;
  world: World;
  /** Answers the next request whose path begins like this with a failure. */
  failNext: (path: string, status: number, code: string) => void;
  /** Fails requests below the path until what it returns is called: also for a page that asks for the same again in its own time. */
  fail: (path: string, status: number, code: string) => () => void;
  /** Cuts all live feeds and refuses new ones until told otherwise. */
  setLive: (isOpen: boolean) => void;
  close: () => Promise<void>;
}

const failureOf = (status: number, code: string): Answer => problem(status, code, 'A failure made by the test');

/** Serves the built pages and an API over fixtures on a free port. The sign-in token is `good`. */
export async function startFixtureServer(scenario: Scenario): Promise<FixtureServer> {
  const world = createWorld(scenario);
  const failures = new Map<string, { answer: Answer; isOnce: boolean }>();
  let isLiveOpen = true;

  const api = async (request: IncomingMessage, url: URL): Promise<Answer> => {
    const path = url.pathname.slice('/api/v1'.length);
    const body = await readBody(request);
    const failing = [...failures].find(([prefix]) => path.startsWith(prefix));
    if (failing) {
      const [prefix, { answer: failure, isOnce }] = failing;
      if (isOnce) failures.delete(prefix);
      return failure;
    }
    const call = { method: request.method ?? 'GET', path, query: url.searchParams, body, headers: request.headers };
    const open = answerOpen(world, call);
    if (open) return open;
    if (!isSignedIn(request)) return problem(401, 'auth.required', 'Sign in or send an API key');
    return answer(world, call);
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response);
    const { status, body, text, etag, session } = await api(request, url);
    if (etag !== undefined) response.setHeader('etag', `"${etag}"`);
    if (session) response.setHeader('set-cookie', `${cookie}${session === 'end' ? '; Max-Age=0' : ''}; Path=/; HttpOnly; SameSite=Strict`);
    const type = text === undefined ? 'application/json' : 'text/markdown; charset=utf-8';
    response.writeHead(status, text === undefined && body === undefined ? {} : { 'content-type': type });
    response.end(text ?? (body === undefined ? undefined : JSON.stringify(body)));
  });

  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (!isLiveOpen || !isSignedIn(request)) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const listener = (message: LiveMessage) => client.send(JSON.stringify(message));
      const after = new URL(request.url ?? '/', 'http://localhost').searchParams.get('after');
      const seq = after === null ? world.log.entries.length - 1 : Number(after);
      listener({ seq, at: new Date().toISOString(), kind: 'hello', id: '', state: '' });
      for (const message of world.messages.filter((sent) => sent.seq > seq)) listener(message);
      world.listeners.add(listener);
      client.on('close', () => world.listeners.delete(listener));
    });
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens on a TCP port, so the address is one.
  const cut = () => {
    for (const client of sockets.clients) client.terminate();
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    world,
    failNext: (path, status, code) => failures.set(path, { answer: failureOf(status, code), isOnce: true }),
    fail: (path, status, code) => {
      failures.set(path, { answer: failureOf(status, code), isOnce: false });
      return () => failures.delete(path);
    },
    setLive: (isOpen) => {
      isLiveOpen = isOpen;
      if (!isOpen) cut();
    },
    close: () => {
      cut();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const isSignedIn = (request: IncomingMessage): boolean => request.headers.cookie?.includes(cookie) ?? false;

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const type = request.headers['content-type'];
  if (type?.startsWith('text/')) return Buffer.concat(chunks).toString();
  return chunks.length === 0 || type !== 'application/json' ? {} : JSON.parse(Buffer.concat(chunks).toString());
}

async function serveFile(path: string, response: ServerResponse): Promise<void> {
  const file = extname(path) === '' ? 'index.html' : normalize(path).replace(/^\/+/, '');
  const content = await readFile(join(dist, file)).catch(() => null);
  response.writeHead(content === null ? 404 : 200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
  });
  response.end(content);
}
