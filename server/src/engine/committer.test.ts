import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLogger, FactotumError, isFactotumError, newId } from '#kernel';
import { createCommitter } from './committer.ts';
import type { Flushable } from './flush.ts';
import type { Committed } from './rows.ts';

const log = createLogger({ level: 'silent' });
const committed: Committed = { kind: 'committed', revision: 1, signals: 0, cancelling: false, overtaken: [] };
const item = (): Flushable => ({
  task: { tenantId: newId('tenant'), taskId: newId('task'), epoch: 1 },
  signalsSeen: 0,
  transition: { audit: [] },
});
const options = { log, batchMax: 100, inFlightMax: 2, retryWindowMs: 200 };

it('what is ready at the same moment shares one commit', async () => {
  const sizes: number[] = [];
  const committer = createCommitter({
    ...options,
    flush: async (items) => {
      sizes.push(items.length);
      return items.map(() => committed);
    },
  });
  await Promise.all(Array.from({ length: 50 }, () => committer.submit(item())));
  assert.deepEqual(sizes, [50]);
});

it('what comes while commits are under way is taken by the next, and never waits for more', async () => {
  const sizes: number[] = [];
  const gates: (() => void)[] = [];
  const committer = createCommitter({
    ...options,
    flush: async (items) => {
      sizes.push(items.length);
      await new Promise<void>((open) => gates.push(open));
      return items.map(() => committed);
    },
  });
  const submit = async () => {
    const done = committer.submit(item());
    await Promise.resolve();
    await Promise.resolve();
    return { done };
  };
  const waiting = [await submit(), await submit(), await submit(), await submit()];
  assert.deepEqual(sizes, [1, 1]);
  gates.shift()?.();
  await waiting[0]?.done;
  await Promise.resolve();
  assert.deepEqual(sizes, [1, 1, 2]);
  while (gates.length > 0) gates.shift()?.();
  await Promise.all(waiting.map(({ done }) => done));
});

it('one transition that the database refuses does not take its neighbours down', async () => {
  const bad = item();
  const committer = createCommitter({
    ...options,
    flush: async (items) => {
      if (items.includes(bad)) throw new TypeError('refused');
      return items.map(() => committed);
    },
  });
  const answers = await Promise.allSettled([committer.submit(item()), committer.submit(bad), committer.submit(item())]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

it('a database that is away for a moment costs nothing but time', async () => {
  let tries = 0;
  const committer = createCommitter({
    ...options,
    retryWindowMs: 10_000,
    flush: async (items) => {
      tries += 1;
      if (tries < 3) throw new FactotumError('database.unavailable', 'away');
      return items.map(() => committed);
    },
  });
  assert.deepEqual(await committer.submit(item()), committed);
  assert.equal(tries, 3);
});

it('a database that stays away is named', async () => {
  const committer = createCommitter({
    ...options,
    flush: async () => {
      throw new FactotumError('database.unavailable', 'away');
    },
  });
  await assert.rejects(committer.submit(item()), (error) => isFactotumError(error, 'database.unavailable'));
});
