import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LiveStatus, openLive, type Socket } from './live.ts';
import type { LiveMessage } from './types.ts';

/** A feed whose far side and clock the test moves by hand. */
function openByHand() {
  const sockets: (Socket & { after: number | null; isClosed: boolean })[] = [];
  const messages: LiveMessage[] = [];
  const statuses: LiveStatus[] = [];
  const timers: { delayMs: number; run: () => void; isCancelled: boolean }[] = [];
  const live = openLive({
    connect: (after) => {
      const socket = {
        onopen: null,
        onmessage: null,
        onclose: null,
        after,
        isClosed: false,
        close: () => {
          socket.isClosed = true;
        },
      };
      sockets.push(socket);
      return socket;
    },
    onMessage: (message) => messages.push(message),
    onStatus: (status) => statuses.push(status),
    later: (delayMs, run) => {
      const timer = { delayMs, run, isCancelled: false };
      timers.push(timer);
      return () => {
        timer.isCancelled = true;
      };
    },
    random: () => 1,
  });
  return { live, sockets, messages, statuses, timers };
}

const message = (seq: number) => ({ data: JSON.stringify({ seq, at: '', kind: 'task', id: 'tsk_1', state: 'done' }) });

test('a lost feed resumes after the last message and repeats nothing', () => {
  const { sockets, messages, timers } = openByHand();
  assert.equal(sockets[0]?.after, null);
  sockets[0]?.onopen?.();
  sockets[0]?.onmessage?.(message(7));
  sockets[0]?.onmessage?.(message(8));
  sockets[0]?.onclose?.();
  timers[0]?.run();
  assert.equal(sockets[1]?.after, 8);
  sockets[1]?.onmessage?.(message(8));
  sockets[1]?.onmessage?.(message(9));
  assert.deepEqual(
    messages.map(({ seq }) => seq),
    [7, 8, 9],
  );
});

test('each failure waits longer, to at most 30 seconds, and a success starts over', () => {
  const { sockets, timers, statuses } = openByHand();
  for (let i = 0; i < 10; i += 1) {
    sockets.at(-1)?.onclose?.();
    timers.at(-1)?.run();
  }
  assert.deepEqual(
    timers.map(({ delayMs }) => delayMs),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000],
  );
  assert.equal(statuses.at(-1), 'lost');
  sockets.at(-1)?.onopen?.();
  assert.equal(statuses.at(-1), 'live');
  sockets.at(-1)?.onclose?.();
  assert.equal(timers.at(-1)?.delayMs, 500);
});

test('closing ends it: no retry, no late message', () => {
  const { live, sockets, timers } = openByHand();
  sockets[0]?.onclose?.();
  live.close();
  assert.equal(timers[0]?.isCancelled, true);
  assert.equal(sockets[0]?.isClosed, true);
});

test('coming back online connects at once', () => {
  const { live, sockets, timers } = openByHand();
  sockets[0]?.onclose?.();
  live.retryNow();
  assert.equal(timers[0]?.isCancelled, true);
  assert.equal(sockets.length, 2);
});
