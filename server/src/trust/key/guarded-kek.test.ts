import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import { createGuardedKek } from './guarded-kek.ts';
import type { KekOutcome, KekProvider, WrappedSeed } from './kek.ts';
import { type KekFaultReason, kekFault } from './provider/fault.ts';
import { createSecretKek } from './provider/secret-kek.ts';

const binding = { tenantId: newId('tenant'), generation: 1 };
const reasonIs = (reason: KekFaultReason) => (error: unknown) =>
  isFactotumError(error, 'key.unavailable') && error.details?.reason === reason;

/** A provider that does what it is told, behind a guard with a clock that stands still. */
function world(options: { timeoutMs?: number; healthEveryMs?: number } = {}) {
  const inner = createSecretKek({ provider: 'local', key: randomBytes(32), wrongKey: '' });
  const state = { ms: 0, asked: 0, behave: (seed: Promise<Buffer>): Promise<Buffer> => seed };
  const outcomes: KekOutcome[] = [];
  const ups: boolean[] = [];
  const kek: KekProvider = {
    ...inner,
    unwrap(row, bound) {
      state.asked += 1;
      return state.behave(inner.unwrap(row, bound));
    },
    async health() {
      await state.behave(Promise.resolve(randomBytes(32)));
      return inner.health();
    },
  };
  const guarded = createGuardedKek(kek, {
    clock: { now: () => new Date(state.ms), monotonicMs: () => state.ms },
    observer: { kekAsked: (_, outcome) => void outcomes.push(outcome), kekIsUp: (_, isUp) => void ups.push(isUp) },
    ...options,
  });
  return { inner, state, outcomes, ups, guarded };
}
const away = async (): Promise<Buffer> => {
  throw kekFault('unreachable', 'away');
};

test('after three calls without an answer nobody waits for a provider any more, and one call in five seconds tries', async () => {
  const { inner, state, outcomes, guarded } = world();
  const seed = randomBytes(32);
  const row = await inner.wrap(seed, binding);
  state.behave = away;
  for (let time = 0; time < 10; time += 1) await assert.rejects(guarded.unwrap(row, binding), reasonIs('unreachable'));
  assert.equal(state.asked, 3);
  assert.equal(outcomes.filter((outcome) => outcome === 'skipped').length, 7);
  state.ms += 5_000;
  const both = await Promise.allSettled([guarded.unwrap(row, binding), guarded.unwrap(row, binding)]);
  assert.ok(both.every(({ status }) => status === 'rejected'));
  assert.equal(state.asked, 4, 'one tries, the others do not');
  state.behave = (found) => found;
  await assert.rejects(guarded.unwrap(row, binding), reasonIs('unreachable'));
  state.ms += 5_000;
  assert.deepEqual(await guarded.unwrap(row, binding), seed);
  assert.deepEqual(await guarded.unwrap(row, binding), seed);
});

test('a provider that says no, or gives back other bytes, is there: each caller hears it', async () => {
  const { inner, state, outcomes, guarded } = world();
  const row = await inner.wrap(randomBytes(32), binding);
  for (const [behave, reason] of [
    [() => Promise.reject(kekFault('refused', 'no')), 'refused'],
    [async () => randomBytes(31), 'broken'],
    [() => Promise.reject(kekFault('broken', 'other bytes')), 'broken'],
  ] as const) {
    state.behave = behave;
    for (let time = 0; time < 5; time += 1) await assert.rejects(guarded.unwrap(row, binding), reasonIs(reason));
  }
  assert.equal(state.asked, 15);
  assert.ok(!outcomes.includes('skipped'));
});

test('a provider that never answers is given up after the time limit, and a seed that comes later is wiped', async () => {
  const { inner, state, guarded } = world({ timeoutMs: 20 });
  const row = await inner.wrap(randomBytes(32), binding);
  const late = Promise.withResolvers<Buffer>();
  state.behave = () => late.promise;
  await assert.rejects(guarded.unwrap(row, binding), reasonIs('unreachable'));
  const seed = randomBytes(32);
  late.resolve(seed);
  await new Promise(setImmediate);
  assert.ok(seed.every((byte) => byte === 0));
});

test('the provider is asked by itself whether it is there, and no longer once it is closed', async () => {
  const { state, ups, guarded } = world({ healthEveryMs: 5 });
  const until = async (isSo: () => boolean) => {
    for (const end = Date.now() + 30_000; !isSo(); ) {
      assert.ok(Date.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  await until(() => ups.includes(true));
  state.behave = away;
  await until(() => ups.includes(false));
  await guarded.close();
  const asked = ups.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(ups.length <= asked + 1);
});

test('a fault of ours is no fault of the provider and passes as it is', async () => {
  const { guarded } = world();
  await assert.rejects(guarded.wrap(randomBytes(16), binding), RangeError);
  const row: WrappedSeed = await guarded.wrap(randomBytes(32), binding);
  assert.equal((await guarded.unwrap(row, binding)).length, 32);
});
