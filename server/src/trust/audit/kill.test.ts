import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { withTenant } from '#kernel/database';
import { auditSetup } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';
import { verifyTenantLog } from './verify-log.ts';

const { database, roleUrls, close } = await testDatabase();
const setup = await auditSetup(database);
after(async () => {
  await setup.close();
  await close();
});

const script = join(import.meta.dirname, '../../../test/sequencer-process.ts');

/** A sequencer in a process of its own, at work when this resolves. */
async function spawnSequencer() {
  const child = spawn(process.execPath, [script, JSON.stringify({ roleUrls, folder: setup.folder })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('sequencers killed at any moment, again and again, lose no entry and number none twice', async () => {
  const tenants = [await setup.buildTenant(), await setup.buildTenant()];
  const [kills, seed] = [8, Date.now() % 1_000];
  console.log(`seed ${seed}`);
  let written = 0;
  let isOver = false;
  const write = async () => {
    while (!isOver) {
      const number = written++;
      await setup.record(tenants[number % 2]!, { objectId: `${number}` }, { objectId: `${number}` });
    }
  };
  const writers = Array.from({ length: 4 }, write);
  for (let kill = 0; kill < kills; kill += 1) {
    const child = await spawnSequencer();
    // Some batches' length, spread over where a batch can be.
    await new Promise((resolve) => setTimeout(resolve, (seed * (kill + 1) * 7) % 90));
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  isOver = true;
  await Promise.all(writers);
  await setup.createSequencer().drained();

  let entries = 0;
  for (const [index, tenantId] of tenants.entries()) {
    const report = await verifyTenantLog(database, setup.keyring, tenantId, { auditorKey: setup.auditorKey });
    assert.equal(report.fault, null);
    const { rows } = await withTenant(database.app.db, tenantId, (tx) =>
      sql<{ count: number; objects: number; twice: number }>`
        select sum(count)::int as count, count(*)::int as objects, (count(*) filter (where count = 2))::int as twice
        from (select count(*) from audit_entry where tenant_id = ${tenantId} group by object_id) as each`.execute(tx),
    );
    const expected = Math.ceil((written - index) / 2);
    assert.deepEqual(rows[0], { count: 2 * expected, objects: expected, twice: expected });
    entries += report.entries;
  }
  assert.equal(entries, 2 * written);
});
