import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readOrMakeSecret } from './secret.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-secret-'));
after(() => rm(folder, { recursive: true }));

test('the secret is made at the first start, for its owner only, and is the same at the next', async () => {
  const file = join(folder, 'first', 'session.secret');
  const made = await readOrMakeSecret(file);
  assert.match(made, /^[A-Za-z0-9_-]{43}$/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, 'first'))).mode & 0o777, 0o700);
  assert.equal(await readOrMakeSecret(file), made);
});

test('two installations never share a secret', async () => {
  assert.notEqual(await readOrMakeSecret(join(folder, 'a', 'secret')), await readOrMakeSecret(join(folder, 'b', 'secret')));
});

test('first starts at the same moment agree on one secret and leave nothing else behind', async () => {
  const file = join(folder, 'race', 'session.secret');
  const secrets = await Promise.all(Array.from({ length: 20 }, () => readOrMakeSecret(file)));
  assert.equal(new Set(secrets).size, 1);
  assert.deepEqual(await readdir(join(folder, 'race')), ['session.secret']);
});

test('a secret that others may read is refused', async () => {
  const file = join(folder, 'loose', 'session.secret');
  await readOrMakeSecret(file);
  await chmod(file, 0o640);
  await assert.rejects(readOrMakeSecret(file), { code: 'key.unavailable' });
});

test('a file that holds no secret is refused, never used and never replaced', async () => {
  const file = join(folder, 'empty.secret');
  await writeFile(file, '', { mode: 0o600 });
  await assert.rejects(readOrMakeSecret(file), { code: 'key.unavailable' });
});
