import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LiveStatus, openLive, type Socket } from './live.ts';
import type { LiveMessage } from './types.ts';

/** A feed whose far side and clock the test moves by hand. */
function openByHand(startSeq: number | null = null) {
  const sockets: (Socket & { after: number | null; isClosed: boolean })[] = [];
  const messages: LiveMessage[] = [];
  const statuses: LiveStatus[] = [];
  const events: string[] = [];
  const timers: { delayMs: number; run: () => void; isCancelled: boolean }[] = [];
  const live = openLive({
    startSeq,
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
    onGap: () => events.push('gap'),
    onSignedOut: () => events.push('signed out'),
    later: (delayMs, run) => {
      const timer = { delayMs, run, isCancelled: false };
      timers.push(timer);
      return () => {
        timer.isCancelled = true;
      };
    },
    random: () => 1,
  });
  return { live, sockets, messages, statuses, timers, events };
}

const message = (seq: number) => ({ data: JSON.stringify({ seq, at: '', kind: 'task', id: 'tsk_1', state: 'done' }) });

test('a lost feed resumes after the last message and repeats nothing', () => {
  const { sockets, messages, timers } = openByHand();
  assert.equal(sockets[0]?.after, null);
  sockets[0]?.onopen?.();
  sockets[0]?.onmessage?.(message(7));
  sockets[0]?.onmessage?.(message(8));
  sockets[0]?.onclose?.({ code: 1006 });
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
    sockets.at(-1)?.onclose?.({ code: 1006 });
    timers.at(-1)?.run();
  }
  assert.deepEqual(
    timers.map(({ delayMs }) => delayMs),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000],
  );
  assert.equal(statuses.at(-1), 'lost');
  sockets.at(-1)?.onopen?.();
  assert.equal(statuses.at(-1), 'live');
  sockets.at(-1)?.onclose?.({ code: 1006 });
  assert.equal(timers.at(-1)?.delayMs, 500);
});

test('closing ends it: no retry, no late message', () => {
  const { live, sockets, timers } = openByHand();
  sockets[0]?.onclose?.({ code: 1006 });
  live.close();
  assert.equal(timers[0]?.isCancelled, true);
  assert.equal(sockets[0]?.isClosed, true);
});

test('coming back online connects at once', () => {
  const { live, sockets, timers } = openByHand();
  sockets[0]?.onclose?.({ code: 1006 });
  live.retryNow();
  assert.equal(timers[0]?.isCancelled, true);
  assert.equal(sockets.length, 2);
});

test('what was missed is known: the first hello and one that does not continue are gaps, one that continues is none', () => {
  const { sockets, timers, events, messages } = openByHand();
  const hello = (seq: number) => ({ data: JSON.stringify({ seq, at: '', kind: 'hello', id: '', state: '' }) });
  sockets[0]?.onmessage?.(hello(5));
  assert.deepEqual(events, ['gap']);
  sockets[0]?.onmessage?.(message(6));
  sockets[0]?.onclose?.({ code: 1006 });
  timers[0]?.run();
  assert.equal(sockets[1]?.after, 6);
  sockets[1]?.onmessage?.(hello(6));
  assert.deepEqual(events, ['gap']);
  sockets[1]?.onclose?.({ code: 1006 });
  timers[1]?.run();
  sockets[2]?.onmessage?.(hello(9_000));
  assert.deepEqual(events, ['gap', 'gap']);
  sockets[2]?.onmessage?.(message(9_001));
  assert.equal(messages.length, 2);
});

test('when the session ended nothing is retried', () => {
  const { sockets, timers, events } = openByHand();
  sockets[0]?.onclose?.({ code: 4401 });
  assert.deepEqual(events, ['signed out']);
  assert.equal(timers.length, 0);
});

test('a first feed that begins where the page was read says that nothing was missed, and one that cannot says so', () => {
  for (const [seq, gaps] of [
    [41, []],
    [44, ['gap']],
  ] as const) {
    const { sockets, events, messages } = openByHand(41);
    assert.equal(sockets[0]?.after, 41);
    sockets[0]?.onmessage?.({ data: JSON.stringify({ seq, at: '', kind: 'hello', id: '', state: '' }) });
    sockets[0]?.onmessage?.(message(45));
    assert.deepEqual(events, gaps);
    assert.deepEqual(
      messages.map((one) => one.seq),
      [45],
    );
  }
});
