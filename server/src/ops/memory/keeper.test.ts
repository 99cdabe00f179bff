import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '#kernel';
import { createMemoryKeeper, thisProcess } from './keeper.ts';

const log = createLogger({ level: 'silent' });

function watched(shares: number[], residentMb = 400) {
  let collected = 0;
  const process = {
    busyShare: () => shares.shift() ?? 0,
    residentBytes: () => residentMb * 1024 ** 2,
    collect: () => {
      collected += 1;
    },
  };
  const keeper = createMemoryKeeper({ log, process });
  return { look: () => keeper.look(), collected: () => collected };
}

test('memory is given back once after each time of work, and not while there is work', () => {
  const { look, collected } = watched([0.9, 0.3, 0.01, 0.9, 0.01, 0.02]);
  for (let at = 0; at < 5; at += 1) look();
  assert.equal(collected(), 0, 'a short pause is no end of work');
  look();
  assert.equal(collected(), 1);
  for (let at = 0; at < 10; at += 1) look();
  assert.equal(collected(), 1);
});

test('a process that is small is left alone', () => {
  const { look, collected } = watched([0.9], 90);
  for (let at = 0; at < 5; at += 1) look();
  assert.equal(collected(), 0);
});

test('the collector of this process is there without a flag, and what a burst has left behind goes back to the system', () => {
  let burst: unknown[] = Array.from({ length: 1_000_000 }, (_, at) => ({ at, text: `${at}` }));
  const full = process.memoryUsage().heapTotal;
  assert.equal(burst.length, 1_000_000);
  burst = [];
  thisProcess().collect();
  assert.ok(process.memoryUsage().heapTotal < full / 2, `${process.memoryUsage().heapTotal} of ${full} bytes are still held`);
});
