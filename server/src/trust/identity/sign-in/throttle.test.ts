import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testDatabase } from '../../../../test/database.ts';
import { authDb } from '../store.ts';
import { countAttempt, forgive, type Limit } from './throttle.ts';

const { database, close } = await testDatabase();
after(close);
const db = authDb(database.auth);

let keys = 0;
const limit = (more: Partial<Limit> = {}): Limit => ({ key: `key ${++keys}`, freeAttempts: 5, delaySecondsMax: 900, ...more });
const start = new Date('2026-03-01T12:00:00Z');
const at = (seconds: number) => new Date(start.getTime() + seconds * 1_000);

test('of fifty attempts at once exactly the free ones are looked at', async () => {
  const its = limit();
  const answers = await Promise.all(Array.from({ length: 50 }, () => countAttempt(db, [its], start)));
  assert.equal(answers.filter((seconds) => seconds === null).length, 5);
});

test('attempts that count on two keys at once neither dead-lock nor get past either', async () => {
  const [shared, ...own] = [limit({ freeAttempts: 8 }), ...Array.from({ length: 20 }, () => limit())];
  const answers = await Promise.all(own.map((its, index) => countAttempt(db, index % 2 === 0 ? [its, shared] : [shared, its], start)));
  assert.equal(answers.filter((seconds) => seconds === null).length, 8);
});

test('the wait doubles with each failure, up to a quarter of an hour, and never ends in a lock', async () => {
  const its = limit();
  const waits: number[] = [];
  let now = 0;
  for (let failures = 0; failures < 20; failures++) {
    assert.equal(await countAttempt(db, [its], at(now)), null, `attempt ${failures}`);
    const wait = await countAttempt(db, [its], at(now));
    if (wait === null) continue;
    waits.push(wait);
    now += wait;
  }
  assert.deepEqual(waits.slice(0, 12), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
});

test('a process whose clock is behind waits for nobody while attempts are free', async () => {
  const its = limit();
  assert.equal(await countAttempt(db, [its], at(5)), null);
  assert.equal(await countAttempt(db, [its], at(0)), null);
});

test('what is refused is not counted on what others use', async () => {
  const [own, shared] = [limit({ freeAttempts: 1 }), limit()];
  await countAttempt(db, [own, shared], start);
  await countAttempt(db, [own, shared], at(1));
  for (let attempt = 0; attempt < 10; attempt++) assert.notEqual(await countAttempt(db, [own, shared], at(1)), null);
  const { rows } = await database.auth.pool.query('select count from "signInFailure" where key = $1', [shared.key]);
  assert.deepEqual(rows, [{ count: 2 }]);
});

test('who gets it right starts anew, and takes one off what others use, so that their own success buys no guesses', async () => {
  const [own, shared] = [limit({ freeAttempts: 3 }), limit({ freeAttempts: 3 })];
  for (const _ of [1, 2, 3]) await countAttempt(db, [own, shared], start);
  await forgive(db, { own: [own], shared: [shared], now: at(10) });
  const { rows } = await database.auth.pool.query('select key, count from "signInFailure" where key = any($1)', [[own.key, shared.key]]);
  assert.deepEqual(rows, [{ key: shared.key, count: 2 }]);
});

test('after a day without a failure everything is forgotten, and the rows go', async () => {
  const its = limit({ freeAttempts: 1 });
  for (const seconds of [0, 2, 5, 20]) await countAttempt(db, [its], at(seconds));
  assert.equal(await countAttempt(db, [its], at(25 * 3_600)), null);
  assert.equal(await countAttempt(db, [its], at(25 * 3_600)), null, 'one free, and no wait before the second');
  await forgive(db, { own: [], shared: [], now: at(60 * 3_600) });
  const { rows } = await database.auth.pool.query('select count(*)::int as count from "signInFailure"');
  assert.deepEqual(rows, [{ count: 0 }]);
});
