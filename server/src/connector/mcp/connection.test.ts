import assert from 'node:assert/strict';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { after, test } from 'node:test';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createLogger, newId } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { testCertificates, testInstallationKey } from '../../../test/internal-ca.ts';
import { openMcpConnection, withoutWaiting } from './connection.ts';
import { createToolListener } from './listener.ts';

const { database, close } = await testDatabase();
const ends: (() => Promise<unknown>)[] = [close];
after(async () => {
  for (const end of ends.reverse()) await end();
});
const certificates = testCertificates(database.auth, await testInstallationKey());
const tools = await createToolListener({ tools: [], end: certificates.toolsEnd(), log: createLogger({ level: 'silent' }) });
const toolsUrl = `https://127.0.0.1:${await tools.listen({ host: '127.0.0.1', port: 0 })}/mcp`;
ends.push(() => tools.close(0));

/** Serves until the tests are over. Gives the address. */
async function listen(server: HttpsServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `https://127.0.0.1:${address.port}/mcp`;
}

test('an address that a tenant chose is dialled only on the public internet', async () => {
  const connection = openMcpConnection({ url: toolsUrl, end: certificates.workerEnd(newId('tenant')), chosenBy: 'tenant' });
  await assert.rejects(connection.client(AbortSignal.timeout(30_000)), (error) => /address_refused/.test(JSON.stringify(codesOf(error))));
  await connection.close();
});

test('what is asked now or not at all does not wait for the introductions of others', async () => {
  const turn = Promise.withResolvers<void>();
  const connection = openMcpConnection({
    ...{ url: toolsUrl, end: certificates.workerEnd(newId('tenant')), chosenBy: 'operator' },
    inTurn: async (introduce) => {
      await turn.promise;
      return introduce();
    },
  });
  const waiting = connection.client(AbortSignal.timeout(60_000));
  const client = await withoutWaiting(() => connection.client(AbortSignal.timeout(60_000)));
  turn.resolve();
  assert.equal(await waiting, client, 'whoever waited is introduced by then');
  await connection.close();
});

test('a server that falls silent in the middle of being introduced is left, and holds up no one', async () => {
  const { cert, key, ca } = await certificates.toolsEnd().current();
  const silent = createHttpsServer({ cert, key, ca: [...ca], requestCert: true }, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.once('end', () => {
      if (!body.includes('"initialize"')) return;
      const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'silent', version: '1' } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id, result }));
    });
  });
  const url = await listen(silent);
  let isOver = false;
  const connection = openMcpConnection({
    ...{ url, end: certificates.workerEnd(newId('tenant')), chosenBy: 'operator' },
    introductionMsMax: 2_000,
    inTurn: (introduce) =>
      introduce().finally(() => {
        isOver = true;
      }),
  });
  await assert.rejects(connection.client(new AbortController().signal));
  assert.ok(isOver);
  await connection.close();
});

test('a server with sessions is told when a call is given up', async () => {
  const aborted = Promise.withResolvers<void>();
  const { cert, key, ca } = await certificates.toolsEnd().current();
  const mcp = new Server({ name: 'foreign', version: '1.0.0' }, { capabilities: { tools: {} } });
  mcp.setRequestHandler(CallToolRequestSchema, async (_, { signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    aborted.resolve();
    return { content: [] };
  });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => 'one' });
  await mcp.connect(transport as Transport);
  const foreign = createHttpsServer({ cert, key, ca: [...ca], requestCert: true }, (request, response) => {
    void transport.handleRequest(request, response);
  });
  const url = await listen(foreign);
  ends.push(() => mcp.close());
  const connection = openMcpConnection({ url, end: certificates.workerEnd(newId('tenant')), chosenBy: 'operator' });
  const client = await connection.client(AbortSignal.timeout(30_000));
  await assert.rejects(client.callTool({ name: 'x', arguments: {} }, undefined, { timeout: 2_000 }));
  await aborted.promise;
  await connection.close();
});

function codesOf(error: unknown): string[] {
  return error instanceof Error ? [...('code' in error ? [String(error.code)] : []), ...codesOf(error.cause)] : [];
}
