import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '#kernel';
import { createLateRefusal, pacedBodies, pacedRefusals } from './late-refusal.ts';

let nowMs = 0;
const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };

/** Whether a refusal is answered before anything else has had a turn. */
async function isAtOnce(refusal: Promise<void>): Promise<boolean> {
  return Promise.race([refusal.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

test('the first refusals are answered at once, and who goes on without waiting is made to wait', async () => {
  const late = createLateRefusal(clock, pacedRefusals);
  for (let at = 0; at < 20; at += 1) assert.equal(await isAtOnce(late.wait('one')), true);
  assert.equal(await isAtOnce(late.wait('one')), false);
  assert.equal(await isAtOnce(late.wait('another')), true, 'nobody waits for somebody else');
  nowMs += 10_000;
  assert.equal(await isAtOnce(late.wait('one')), true, 'who has paused is as everybody');
});

test('who is refused now and then, and goes away each time, never waits', async () => {
  const late = createLateRefusal(clock, pacedRefusals);
  for (let at = 0; at < 200; at += 1) {
    assert.equal(await isAtOnce(late.wait('ten polite programs')), true);
    nowMs += 6_000;
  }
});

test('who pours in bodies that nobody wants waits from the third on, and waiting does not make up for it', async () => {
  const late = createLateRefusal(clock, pacedBodies);
  for (let at = 0; at < 2; at += 1) assert.equal(await isAtOnce(late.wait('one')), true);
  for (let at = 0; at < 40; at += 1) {
    assert.equal(await isAtOnce(late.wait('one')), false);
    nowMs += pacedBodies.lateMsMax;
  }
});

test('a client that asks whether it must sign in before each file is as everybody once the file was taken', async () => {
  const late = createLateRefusal(clock, pacedBodies);
  for (let at = 0; at < 40; at += 1) {
    assert.equal(await isAtOnce(late.wait('one')), true);
    late.forgive('one');
  }
});

test('what is held back is bounded: beyond it refusals are answered at once again', async () => {
  const late = createLateRefusal(clock, pacedRefusals);
  const held = Array.from({ length: 2_020 }, () => late.wait('flood'));
  assert.equal(await isAtOnce(late.wait('flood')), true);
  await Promise.all(held);
});
