import { createServer } from 'node:http';
import { testConnector } from '@factotum/connector-sdk/test';
import { jsonFeed } from './json-feed.ts';

testConnector({ connector: jsonFeed, start: startFeed });

/** A small server that speaks what the connector reads: yours speaks your protocol. */
async function startFeed() {
  const items: { id: string; title: string; content_text: string; date_published: string }[] = [];
  let retryAfter: number | null = null;
  let isSilent = false;
  const server = createServer((request, response) => {
    if (isSilent) return;
    const etag = `"${items.length}"`;
    if (retryAfter !== null) response.writeHead(429, { 'retry-after': String(retryAfter) }).end();
    else if (request.headers.authorization !== 'Bearer right-token') response.writeHead(401).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else {
      response.writeHead(200, { 'content-type': 'application/feed+json', etag });
      response.end(JSON.stringify({ version: 'https://jsonfeed.org/version/1.1', title: 'News', items: items.toReversed() }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    settings: { url: `http://127.0.0.1:${port}/feed.json`, history: 10 },
    credentials: { token: 'right-token' },
    badCredentials: { token: 'wrong-token' },
    async add(count: number) {
      for (let at = 0; at < count; at += 1) {
        const id = String(items.length + 1);
        items.push({ id, title: `Item ${id}`, content_text: 'What happened.', date_published: '2026-03-02T10:00:00Z' });
      }
    },
    async limit(seconds: number | null) {
      retryAfter = seconds;
    },
    async hang(hangs: boolean) {
      isSilent = hangs;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
