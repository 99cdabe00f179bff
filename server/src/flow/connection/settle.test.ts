import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectorFault, type FaultKind } from '@factotum/connector-sdk';
import { FactotumError } from '#kernel';
import { registerSecret } from '#kernel/redact';
import { told } from './fault.ts';
import { judge, nextPollMs } from './settle.ts';

const fault = (kind: FaultKind, retryAfterMs?: number) =>
  new ConnectorFault(kind, 'It is so.', retryAfterMs === undefined ? {} : { retryAfterMs });

test('the pause grows with failures in a row, has chance in it, and ends at a quarter of an hour', () => {
  for (let failures = 0; failures < 40; failures += 1) {
    const verdict = judge(fault('transient'), failures);
    assert.ok(verdict.kind === 'again' && verdict.counts && !verdict.forgetCursor);
    assert.ok(verdict.inMs >= 2_500 && verdict.inMs <= Math.min(5_000 * 2 ** failures, 900_000), String(verdict.inMs));
  }
});

test('whoever asks us to come back later is believed, for a day at most', () => {
  const waits = (retryAfterMs: number) => {
    const verdict = judge(fault('rate_limited', retryAfterMs), 0);
    return verdict.kind === 'again' ? verdict.inMs : Number.NaN;
  };
  assert.equal(waits(60_000), 60_000);
  assert.equal(waits(10 * 86_400_000), 86_400_000);
  assert.ok(waits(-1) > 0 && waits(0) > 0);
});

test('a quota that is used up is no failure of the connection, and its end is known', () => {
  const verdict = judge(new FactotumError('quota.exceeded', 'Later.', { details: { retryAfterMs: 2_000 } }), 30);
  assert.ok(verdict.kind === 'again');
  assert.deepEqual([verdict.inMs, verdict.counts], [2_000, false]);
});

test('documents that wait their turn put the poll off, each time for longer, and never for less than was asked', () => {
  const pauses = (failures: number, retryAfterMs: number) =>
    Array.from({ length: 50 }, () => {
      const verdict = judge(new FactotumError('document.busy', 'Later.', { details: { retryAfterMs } }), failures);
      assert.ok(verdict.kind === 'again' && verdict.counts && !verdict.forgetCursor);
      return verdict.inMs;
    });
  assert.ok(Math.max(...pauses(30, 2_000)) > 60_000);
  assert.ok(Math.min(...pauses(0, 20_000)) >= 20_000);
});

test('what a person has to see to stops the connection, what is ours does not count, and a cursor is forgotten once at once', () => {
  for (const kind of ['auth', 'permanent'] as const) assert.equal(judge(fault(kind), 0).kind, 'broken');
  for (const code of ['secret.not_found', 'connection.invalid'] as const)
    assert.equal(judge(new FactotumError(code, 'It is so.'), 0).kind, 'broken');
  for (const code of ['database.unavailable', 'key.unavailable', 'tenant.moving', 'tenant.suspended'] as const)
    assert.equal(judge(new FactotumError(code, 'It is so.'), 0).kind, 'ours');
  assert.equal(judge(new FactotumError('secret.unavailable', 'It is so.'), 0).kind, 'again');
  const [first, again] = [judge(fault('cursor_expired'), 0), judge(fault('cursor_expired'), 3)];
  assert.ok(first.kind === 'again' && first.forgetCursor && first.inMs === 0);
  assert.ok(again.kind === 'again' && again.forgetCursor && again.inMs > 0);
});

test('what is told of a failure is short, one line, without secrets, and nothing of what nobody has worded', () => {
  registerSecret('hunter2-hunter2', 'tenant');
  const worded = told(new ConnectorFault('transient', `no\r\nlines hunter2-hunter2 ${'x'.repeat(5_000)}`));
  assert.equal(worded.code, 'transient');
  assert.ok(worded.message.length <= 500 && !/[\r\n]/.test(worded.message) && !worded.message.includes('hunter2'));
  assert.ok(!told(new Error('SELECT body FROM secrets')).message.includes('SELECT'));
});

test('the usual pace is kept within bounds whatever a connector asks for', () => {
  const connector = { everyMs: 60_000 } as Parameters<typeof nextPollMs>[0]; // Nothing else is looked at.
  const within = (ms: number, low: number, high: number) => assert.ok(ms >= low && ms <= high, String(ms));
  within(nextPollMs(connector, { more: false }), 57_000, 63_000);
  within(nextPollMs(connector, { more: false, nextInMs: 1 }), 5_700, 6_300);
  within(nextPollMs(connector, { more: false, nextInMs: 1e12 }), 0.95 * 86_400_000, 1.05 * 86_400_000);
  assert.equal(nextPollMs(connector, { more: true }), 0);
});
