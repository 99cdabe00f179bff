/** A process of its own that uses a tenant's quotas as fast as it can. Says on stdout, in one line of JSON, what it was allowed. */
import { createLogger, type Id, type RoleUrls, systemClock } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import { countVaultBytes, createModelBudget, createQuotas } from '#trust/quota';

// Written by the test that starts this process.
const { roleUrls, tenantId, rounds } = JSON.parse(process.argv[2] ?? '{}') as {
  roleUrls: RoleUrls;
  tenantId: Id<'tenant'>;
  rounds: number;
};
const database = openDatabase(roleUrls, { log: createLogger({ level: 'silent' }), connectionsMax: { app: 4 } });
const { db } = database.app;
const nobody = async () => 0;
const quotas = createQuotas({
  db,
  clock: systemClock,
  gauges: { maxRunning: nobody, members: nobody, connectors: nobody },
  onChanged: [],
});
const budget = createModelBudget({ db, clock: systemClock });
const allowed = { vaultBytes: 0, micros: 0, lostMicros: 0 };

async function use(index: number): Promise<void> {
  const bytes = 1 + ((index * 7_919) % 400);
  const isKept = await withTenant(db, tenantId, async (tx) => {
    await countVaultBytes(tx, tenantId, { bytes, now: new Date() });
    // Some writers fail after they were counted: nothing of that may stay.
    if (index % 5 === 0) throw new Error('the write failed');
  }).then(
    () => true,
    () => false,
  );
  if (isKept) allowed.vaultBytes += bytes;
  const call = await budget.reserve(tenantId, 900 + index);
  if (call.kind === 'used_up') return;
  if (index % 7 === 0) allowed.lostMicros += 900 + index;
  else {
    await call.settle(index);
    allowed.micros += index;
  }
}

for (let round = 0; round < rounds; round += 1) await Promise.all(Array.from({ length: 4 }, (_, lane) => use(round * 4 + lane)));
const events = await Promise.all(
  // So many that they fill a minute even where another one begins in between.
  Array.from({ length: 400 }, () =>
    quotas
      .take(tenantId, 'eventsPerMinute')
      .then(() => 1)
      .catch(() => 0),
  ),
);
process.stdout.write(`${JSON.stringify({ ...allowed, events: events.reduce<number>((sum, one) => sum + one, 0) })}\n`);
await database.close();
