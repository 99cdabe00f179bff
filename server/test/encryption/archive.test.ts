import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { readAnyJob } from '#trust/job';
import { readNote, writeNote } from '#trust/vault';
import { startJobs } from '../jobs.ts';
import { eventually, testPlatform } from '../platform.ts';

const rotation = { settleMs: 20, pace: { rowsPerSecondMax: 50_000, share: 0.9 } };
const [from, to] = [await testPlatform({ rotation }), await testPlatform()];
startJobs(from);
const passphrase = 'plover quartz lantern tundra';

async function rotate(tenantId: Id<'tenant'>, destroyOld: boolean): Promise<void> {
  const keys = await from.keyring.of(tenantId);
  const act = { actor: 'operator:test', at: new Date(), destroyOld };
  const id = await withTenant(from.database.app.db, tenantId, (tx) => from.encryption.rotate(tx, keys, act));
  await eventually(
    async () => {
      const { state, error } = await readAnyJob(from.database.engine, id);
      assert.ok(state !== 'failed', JSON.stringify(error));
      return state === 'done' ? true : undefined;
    },
    () => 'the rotation did not end',
    60_000,
  );
}

test('a tenant whose keys were rotated, the first ones destroyed, moves elsewhere, where everything opens and is found', async () => {
  const { id: tenantId } = await from.createTenant({ name: 'mover', actor: 'operator:test' });
  const write = async (path: string) => {
    const keys = await from.keyring.of(tenantId);
    await withTenant(from.database.app.db, tenantId, (tx) =>
      writeNote(tx, keys, { path, content: `In ${path}`, trusted: true, author: 'user:test', at: new Date() }),
    );
  };
  await write('First.md');
  await rotate(tenantId, true);
  await write('Second.md');
  await rotate(tenantId, false);
  await write('Third.md');
  await from.sequencer.drained();
  const mac = (await from.keyring.of(tenantId)).mac('note.path', 'x');

  const archive = from.archives.depart({ tenantId, passphrase, actor: 'operator:test' });
  await to.archives.take(archive, passphrase);
  const release = await from.archives.finish(tenantId, 'operator:test', 'https://elsewhere.example');
  await to.archives.arrive(tenantId, 'operator:test', release);

  const keys = await to.keyring.of(tenantId);
  assert.equal(keys.generation, 3);
  assert.deepEqual(keys.mac('note.path', 'x'), mac);
  for (const path of ['First.md', 'Second.md', 'Third.md'])
    assert.equal((await withTenant(to.database.app.db, tenantId, (tx) => readNote(tx, keys, path)))?.content, `In ${path}`);
  const { generations } = await to.encryption.status(tenantId);
  assert.deepEqual(
    generations.map(({ generation, state }) => [generation, state]),
    [
      [2, 'retired'],
      [3, 'active'],
    ],
  );
});
