import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createLogger, newId, systemClock } from '#kernel';
import { createContexts } from './context.ts';
import { createNetwork } from './network.ts';

test('a call ends with what it was made for, unless its answer must not be lost', async (t) => {
  const server = createServer((_request, response) => server.emit('asked', response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Of a server that listens at a port it is never text or null.
  const { port } = server.address() as AddressInfo;
  const network = createNetwork([`127.0.0.1:${port}`]);
  t.after(async () => {
    await network.close();
    server.closeAllConnections();
    server.close();
  });
  const contexts = createContexts({ network, clock: systemClock, log: createLogger({ level: 'silent' }) });
  for (const outlives of [true, false]) {
    const over = new AbortController();
    const { fetch } = contexts.network({ tenantId: newId('tenant', 0), connector: { kind: 'mail' }, signal: over.signal });
    const asked = once(server, 'asked');
    const answer = fetch(`http://127.0.0.1:${port}/`, { outlives }).then(
      (response) => response.text(),
      (error: unknown) => String(error),
    );
    const [response]: ServerResponse[] = await asked;
    over.abort(new Error('over'));
    if (outlives) response?.end('once');
    assert.match(await answer, outlives ? /^once$/ : /over/);
  }
});
