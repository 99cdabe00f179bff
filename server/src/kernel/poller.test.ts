import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createPoller, type PollerOptions } from './poller.ts';

/** A poller whose looks end when the test says so. Its timer is the test's. */
function place(options: Partial<PollerOptions<number>> = {}) {
  const looks: (PromiseWithResolvers<number> & { signal: AbortSignal })[] = [];
  const errors: unknown[] = [];
  const look = (signal: AbortSignal) => {
    const one = { ...Promise.withResolvers<number>(), signal };
    looks.push(one);
    return one.promise;
  };
  const poller = createPoller({ look, everyMs: 1_000, onError: (error) => errors.push(error), ...options });
  const end = async (at: number, error?: Error) => {
    if (error === undefined) looks[at]?.resolve(at);
    else looks[at]?.reject(error);
    await settled();
  };
  return { poller, looks, errors, end };
}

/** What follows from what has happened has happened. */
const settled = () => new Promise<void>((done) => setImmediate(done));

test('no two looks are under way at once, and the next comes when its time does', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { poller, looks, end } = place();
  poller.start();
  poller.start();
  assert.equal(looks.length, 0);
  mock.timers.tick(3_000);
  assert.equal(looks.length, 1);
  await end(0);
  mock.timers.tick(1_000);
  assert.equal(looks.length, 2);
});

test('a first look comes with the start where that is asked for', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { poller, looks } = place({ isAtOnce: true });
  poller.start();
  assert.equal(looks.length, 1);
});

test('who asks during a look shares it, with what it finds and with its error', async () => {
  const { poller, looks, end } = place();
  const both = [poller.look(), poller.look()];
  await end(0);
  assert.deepEqual([await Promise.all(both), looks.length], [[0, 0], 1]);
  const failing = Promise.allSettled([poller.look(), poller.look()]);
  await end(1, new Error('broken'));
  assert.deepEqual([(await failing).map(({ status }) => status), looks.length], [['rejected', 'rejected'], 2]);
});

test('a stop tells the look that it had better end, waits for it, and none begins from there on', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { poller, looks, end } = place();
  poller.start();
  mock.timers.tick(1_000);
  let isStopped = false;
  const stopped = poller.stop().then(() => {
    isStopped = true;
  });
  await settled();
  assert.deepEqual([looks[0]?.signal.aborted, isStopped], [true, false]);
  await end(0, new Error('broken off'));
  await stopped;
  poller.start();
  mock.timers.tick(5_000);
  await assert.rejects(poller.look(), { name: 'AbortError' });
  assert.equal(looks.length, 1);
});

test('why a look of the timer failed is told once, and the next look comes in its time', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { poller, looks, errors, end } = place();
  poller.start();
  mock.timers.tick(4_000);
  const broken = new Error('broken');
  await end(0, broken);
  assert.deepEqual(errors, [broken]);
  mock.timers.tick(1_000);
  assert.equal(looks.length, 2);
});

test('its timer does not keep a process alive', async () => {
  const program = `import { createPoller } from ${JSON.stringify(new URL('./poller.ts', import.meta.url).href)};
    createPoller({ look: async () => {}, everyMs: 3_600_000, isAtOnce: true, onError: () => {} }).start();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { timeout: 60_000 });
});
