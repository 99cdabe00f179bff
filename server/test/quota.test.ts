import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { z } from 'zod';
import { newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { writeLimits } from '#trust/quota';
import { testDatabase } from './database.ts';

const { database, roleUrls, close } = await testDatabase();
after(close);
const { db } = database.app;
const run = promisify(execFile);
const script = join(import.meta.dirname, 'quota-process.ts');
const toldSchema = z.object({ vaultBytes: z.int(), micros: z.int(), lostMicros: z.int(), events: z.int() });

test('four processes that use a tenant as fast as they can never pass a limit, and what is counted is what they were allowed, to the unit', async () => {
  const tenantId = newId('tenant');
  const limits = { vaultBytes: 30_000, modelMicrosPerDay: 40_000, modelMicrosPerMonth: 1_000_000, eventsPerMinute: 500 };
  await withTenant(db, tenantId, async (tx) => {
    await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
    await writeLimits(tx, tenantId, limits, { by: 'operator:test', at: new Date() });
  });
  const input = JSON.stringify({ roleUrls, tenantId, rounds: 25 });
  const told = await Promise.all(
    Array.from({ length: 4 }, async () => toldSchema.parse(JSON.parse((await run(process.execPath, [script, input])).stdout))),
  );
  const total = (name: keyof z.infer<typeof toldSchema>) => told.reduce((sum, one) => sum + one[name], 0);
  const counters = await withTenant(db, tenantId, (tx) => tx.selectFrom('quotaCounter').select(['name', 'used']).execute());
  const counted = (name: string) => counters.filter((row) => row.name === name).reduce((sum, { used }) => sum + used, 0);
  assert.equal(counted('vaultBytes'), total('vaultBytes'));
  assert.ok(total('vaultBytes') <= limits.vaultBytes && total('vaultBytes') > limits.vaultBytes - 400, `${total('vaultBytes')} bytes`);
  assert.equal(counted('modelMicrosPerDay'), total('micros') + total('lostMicros'));
  assert.equal(counted('modelMicrosPerMonth'), total('micros') + total('lostMicros'));
  assert.ok(counted('modelMicrosPerDay') <= limits.modelMicrosPerDay);
  // The minute may turn between two of the processes; within a minute no more than the limit.
  const minutes = counters.filter((row) => row.name === 'eventsPerMinute').length;
  assert.ok(
    total('events') <= limits.eventsPerMinute * minutes && total('events') > 400,
    `${total('events')} events in ${minutes} minutes`,
  );
  const alerts = await database.sequencer.pool.query<{ entry: string }>(
    'select unnest(entries) as entry from app.audit_pending where tenant_id = $1',
    [tenantId],
  );
  const given = alerts.rows.map(({ entry }) => /"percent":(\d+),"quota":"(\w+)"/.exec(entry)?.slice(1).join(' ')).sort();
  assert.deepEqual(given, [...new Set(given)], 'each alert is told once');
  for (const expected of ['80 vaultBytes', '80 eventsPerMinute', '100 eventsPerMinute'])
    assert.ok(given.includes(expected), `${expected} in ${given.join(', ')}`);
});
