import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { takeoverOf, tryLock } from './lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-lock-'));
after(() => rm(folder, { recursive: true }));
const file = join(folder, 'lock');

test('a lock is held once, and free again after its release', async () => {
  const first = await tryLock(file);
  assert.ok(first);
  assert.equal(await tryLock(file), undefined);
  await first.release();
  const second = await tryLock(file);
  assert.ok(second);
  await second.release();
});

test('a killed holder leaves a lock that exactly one of many gets, and no litter', async () => {
  const script = `import { takeoverOf, tryLock } from ${JSON.stringify(new URL('lock.ts', import.meta.url).href)};
    console.log((await tryLock(${JSON.stringify(file)})) !== undefined); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said).trim(), 'true');
  assert.equal(await tryLock(file), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const locks = (await Promise.all(Array.from({ length: 20 }, () => tryLock(file)))).filter((lock) => lock !== undefined);
  assert.equal(locks.length, 1);
  await locks[0]?.release();
  assert.deepEqual(await readdir(folder), []);
});

test('of many who find a dead holder at the same moment one gets its lock, again and again', async () => {
  for (let round = 0; round < 20; round += 1) {
    // A number that this process never was: the next tick of another start.
    await writeFile(file, `${process.pid} ${round}`);
    const locks = (await Promise.all(Array.from({ length: 20 }, () => tryLock(file)))).filter((lock) => lock !== undefined);
    assert.equal(locks.length, 1, `round ${round}`);
    await locks[0]?.release();
    assert.deepEqual(await readdir(folder), []);
  }
});

test('who died while taking a dead holder over holds nobody up', async () => {
  const [dead, alsoDead] = [`${process.pid} 1`, `${process.pid} 2`];
  await writeFile(file, dead);
  await writeFile(takeoverOf(file, dead), alsoDead);
  const lock = await tryLock(file);
  assert.ok(lock);
  await lock.release();
  assert.deepEqual(await readdir(folder), []);
});

test("a process that got the dead holder's number does not hold its lock", {
  skip: process.platform !== 'linux' && 'start times are read on Linux only',
}, async () => {
  await writeFile(file, `${process.pid} 1`);
  const lock = await tryLock(file);
  assert.ok(lock);
  await lock.release();
});
