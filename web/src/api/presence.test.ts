import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPresence } from './presence.ts';

test('somebody is there for a minute after they opened the page or did anything at it, and then nobody is', () => {
  let nowMs = 5;
  const heard = new Map<string, () => void>();
  const isSomebodyThere = createPresence({ listen: (sign, seen) => heard.set(sign, seen), nowMs: () => nowMs, stay: () => undefined });
  assert.equal(isSomebodyThere(), true);
  nowMs += 59_000;
  assert.equal(isSomebodyThere(), true);
  nowMs += 1_000;
  assert.equal(isSomebodyThere(), false);
  heard.get('keydown')?.();
  assert.equal(isSomebodyThere(), true);
  nowMs += 3_600_000;
  assert.equal(isSomebodyThere(), false);
});

test('who does things at a page that asks for nothing is told of, once a minute', () => {
  let nowMs = 5;
  let told = 0;
  const heard = new Map<string, () => void>();
  const isSomebodyThere = createPresence({
    listen: (sign, seen) => heard.set(sign, seen),
    nowMs: () => nowMs,
    stay: () => {
      told += 1;
    },
  });
  isSomebodyThere();
  // Five minutes of writing, a key a second.
  for (let second = 1; second <= 300; second += 1) {
    nowMs += 1_000;
    heard.get(second % 2 === 0 ? 'input' : 'keydown')?.();
  }
  assert.equal(told, 5);
  // What is asked for anyway says so too.
  isSomebodyThere();
  nowMs += 59_000;
  heard.get('click')?.();
  assert.equal(told, 5);
});
