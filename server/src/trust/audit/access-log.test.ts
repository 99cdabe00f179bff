import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLogger, isFactotumError } from '#kernel';
import { openDatabase, withTenant } from '#kernel/database';
import { auditSetup, draft } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';
import { createAccessLog } from './access-log.ts';
import { listEntries } from './read.ts';

const { database, roleUrls, close } = await testDatabase();
const setup = await auditSetup(database);
const log = createLogger({ level: 'silent' });
after(async () => {
  await setup.close();
  await close();
});

test('accesses of one moment share a commit, are durable when told so, and keep their order in each tenant', async () => {
  const tenants = [await setup.buildTenant(), await setup.buildTenant()];
  let flushes = 0;
  // Little room, so that most callers have to wait for it.
  const accessLog = createAccessLog({ database, log, waitingMax: 50, onFlushed: () => (flushes += 1) });
  await Promise.all(
    Array.from({ length: 600 }, (_, number) =>
      accessLog.append(tenants[number % 2]!, draft({ kind: 'access.read', objectId: String(number) })),
    ),
  );
  assert.ok(flushes < 60, `${flushes} commits for 600 accesses`);
  await setup.createSequencer().drained();
  for (const [index, tenantId] of tenants.entries()) {
    const entries = await withTenant(database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, afterSeq: -1, limit: 1_000 }));
    assert.deepEqual(
      entries.map(({ objectId }) => Number(objectId)),
      Array.from({ length: 300 }, (_, number) => 2 * number + index),
    );
  }
});

test('an access that cannot be recorded is refused', async () => {
  const tenantId = await setup.buildTenant();
  const gone = openDatabase(roleUrls, { log });
  await gone.close();
  await assert.rejects(createAccessLog({ database: gone, log }).append(tenantId, draft({ kind: 'access.read' })));
});

test('closing keeps what was taken and takes no more', async () => {
  const tenantId = await setup.buildTenant();
  const accessLog = createAccessLog({ database, log });
  const taken = Array.from({ length: 20 }, () => accessLog.append(tenantId, draft({ kind: 'access.read' })));
  await accessLog.close();
  await Promise.all(taken);
  await assert.rejects(accessLog.append(tenantId, draft({ kind: 'access.read' })), (error) => isFactotumError(error, 'server.busy'));
});
