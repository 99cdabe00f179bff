import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { createLogger, newId, systemClock } from '#kernel';
import { createConnection } from './connection.ts';

/** As much of a socket as a connection uses; what is done to it is kept. */
function testConnection(bufferedAmount = 0) {
  const done: string[] = [];
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    bufferedAmount,
    send: () => done.push('send'),
    ping: () => done.push('ping'),
    terminate: () => done.push('terminate'),
    close: (code: number, reason: string) => done.push(`close ${code} ${reason}`),
  });
  const connection = createConnection(
    // Never asked for what these tests do.
    { clock: systemClock, log: createLogger({ level: 'silent' }) } as Parameters<typeof createConnection>[0],
    {
      webSocket: socket as unknown as WebSocket, // all of it that is used is there
      principal: {
        kind: 'key',
        actor: 'key:a',
        tenantId: newId('tenant'),
        permissions: new Set(['task:read']),
        name: 'a',
        allowedAddresses: [],
      },
      headers: new Headers(),
      address: undefined,
    },
  );
  return { connection, socket, done };
}

test('who gives no sign of life between two pings loses the connection', () => {
  const { connection, socket, done } = testConnection();
  connection.ping();
  socket.emit('pong');
  connection.ping();
  assert.deepEqual(done, ['ping', 'ping']);
  connection.ping();
  assert.deepEqual(done, ['ping', 'ping', 'terminate']);
});

test('who reads slower than is told is sent away, to come back where they were', async () => {
  // The greeting is the first message that is sent; it finds the buffer full.
  const slow = testConnection(300 * 1024);
  await slow.connection.begin(null, async () => 0);
  const quick = testConnection(1024);
  await quick.connection.begin(null, async () => 0);
  const isTooSlow = (what: string) => what === 'close 1013 reading too slowly; come back with after';
  assert.deepEqual([slow.done.some(isTooSlow), quick.done.some(isTooSlow)], [true, false]);
});
