import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '#kernel';
import { createLateRefusal } from './late-refusal.ts';

let nowMs = 0;
const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };

/** Whether a refusal is answered before anything else has had a turn. */
async function isAtOnce(refusal: Promise<void>): Promise<boolean> {
  return Promise.race([refusal.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

test('the first refusals are answered at once, and who goes on without waiting is made to wait', async () => {
  const late = createLateRefusal(clock);
  for (let at = 0; at < 20; at += 1) assert.equal(await isAtOnce(late.wait('one')), true);
  assert.equal(await isAtOnce(late.wait('one')), false);
  assert.equal(await isAtOnce(late.wait('another')), true, 'nobody waits for somebody else');
  nowMs += 10_000;
  assert.equal(await isAtOnce(late.wait('one')), true, 'who has paused is as everybody');
});

test('what is held back is bounded: beyond it refusals are answered at once again', async () => {
  const late = createLateRefusal(clock);
  const held = Array.from({ length: 2_020 }, () => late.wait('flood'));
  assert.equal(await isAtOnce(late.wait('flood')), true);
  await Promise.all(held);
});
