import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from './turns.ts';

/** Work that begins when it is let through and ends when the test says so. */
function place({ waitingMax, ...options }: { atOnceMax: number; eachMax: number; waitingMax: number }) {
  const inTurn = createTurns<string>({ ...options, waiting: { max: waitingMax, busy: () => new Error('busy') } });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const outcomes = new Map<string, string>();
  return {
    begun,
    outcomes,
    bring(holder: string, name: string, signal?: AbortSignal) {
      const work = () =>
        new Promise<void>((done) => {
          begun.push(name);
          ends.set(name, done);
        });
      void inTurn(holder, work, signal).then(
        () => outcomes.set(name, 'done'),
        (error: Error) => outcomes.set(name, error.message),
      );
    },
    async end(name: string) {
      ends.get(name)?.();
      await settled();
    },
  };
}

/** What follows from what has happened has happened. */
const settled = () => new Promise<void>((done) => setImmediate(done));

test('holders take turns, however many one of them brings, and each one keeps its own order', async () => {
  const { begun, bring, end } = place({ atOnceMax: 1, eachMax: 1, waitingMax: 10 });
  for (const n of [1, 2, 3, 4]) bring('flood', `flood ${n}`);
  bring('one', 'one 1');
  bring('one', 'one 2');
  bring('other', 'other 1');
  await settled();
  for (let at = 0; at < 7; at += 1) await end(begun[at] ?? assert.fail('nobody has begun'));
  assert.deepEqual(begun, ['flood 1', 'flood 2', 'one 1', 'other 1', 'flood 3', 'one 2', 'flood 4']);
});

test('one place is never taken by a holder that has all the others', async () => {
  const { begun, bring, end } = place({ atOnceMax: 3, eachMax: 2, waitingMax: 10 });
  for (const n of [1, 2, 3, 4]) bring('flood', `flood ${n}`);
  await settled();
  assert.deepEqual(begun, ['flood 1', 'flood 2']);
  bring('one', 'one 1');
  await settled();
  assert.deepEqual(begun.slice(2), ['one 1']);
  await end('one 1');
  assert.equal(begun.length, 3);
  await end('flood 1');
  assert.deepEqual(begun.slice(3), ['flood 3']);
});

test('who has too many waiting is told so, others are not, and there is room again once one has begun', async () => {
  const { bring, end, outcomes } = place({ atOnceMax: 1, eachMax: 1, waitingMax: 2 });
  for (const n of [1, 2, 3, 4]) bring('flood', `flood ${n}`);
  bring('one', 'one 1');
  await settled();
  assert.deepEqual([...outcomes], [['flood 4', 'busy']]);
  await end('flood 1');
  bring('flood', 'flood 5');
  await settled();
  assert.equal(outcomes.has('flood 5'), false);
});

test('who gives up while waiting leaves the queue; what fails makes room like what succeeds', async () => {
  const { begun, bring, end, outcomes } = place({ atOnceMax: 1, eachMax: 1, waitingMax: 2 });
  const giving = new AbortController();
  bring('one', 'one 1');
  bring('one', 'one 2', giving.signal);
  bring('one', 'one 3');
  giving.abort(new Error('given up'));
  bring('one', 'one 4', giving.signal);
  await settled();
  assert.deepEqual([outcomes.get('one 2'), outcomes.get('one 4')], ['given up', 'given up']);
  await end('one 1');
  assert.deepEqual(begun, ['one 1', 'one 3']);
  const inTurn = createTurns<string>({ atOnceMax: 1, eachMax: 1 });
  const both = await Promise.allSettled([inTurn('one', () => Promise.reject(new Error('broken'))), inTurn('one', async () => 'next')]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
});
