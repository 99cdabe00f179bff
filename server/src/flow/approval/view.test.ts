import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { withTenant } from '#kernel/database';
import { testPlatform } from '../../../test/platform.ts';
import { selectDecided } from './store.ts';
import { findApprovals } from './view.ts';

const platform = await testPlatform();
const { database, keyring } = platform;

test('a page of one tool reads no approvals of others, however many have been decided', async () => {
  const { id: tenantId } = await platform.createTenant({ name: 'many-decided', actor: 'operator:test' });
  const taskId = await platform.send(tenantId, {}, { source: 'test' });
  const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
  await sql`insert into app.approval (tenant_id, approval_id, task_id, plan_version, step_id, tool, risk, state, payload_hash, policy_hash,
        tool_schema_hash, policy_ids, body, created_at, expires_at, decided_at)
      select ${tenantId}, 'apr_' || lpad(to_hex(n), 24, '0'), ${taskId}, 1, 's', case when n <= 5 then 'rare.tool' else 'usual.tool' end, 'low',
        case when n % 3 = 0 then 'rejected' else 'approved' end, '', '', '', '{}', '', now(), now(), now() from generate_series(1, 3000) as n`.execute(
    database.engine.db,
  );
  // As autovacuum would before long: until then the database takes a tenant that it does not know for one of few rows.
  const owner = new pg.Client({ connectionString: platform.ownerUrl });
  await owner.connect();
  await owner.query('analyze app.approval');
  await owner.end();
  const keys = await keyring.of(tenantId);
  const query = {
    tenantId,
    view: 'all',
    viewer: { actor: 'system:test', userId: null, teamIds: [] },
    words: [],
    tool: 'rare.tool',
  } as const;
  const { page, decided, read } = await inTenant(async (tx) => {
    const { rows: page } = await findApprovals(tx, keys, {
      ...{ ...query, states: ['approved', 'rejected', 'expired'], before: null, limit: 50, now: new Date() },
      isAssignee: async () => new Set(),
    });
    const decided = await selectDecided(tx, { tenantId, tool: 'rare.tool', limit: 200 });
    // Counted by the database for this connection, which has read no other approvals.
    const { rows } = await sql<{ read: number }>`select (idx_tup_fetch + seq_tup_read)::int as read from pg_stat_xact_user_tables
      where schemaname = 'app' and relname = 'approval'`.execute(tx);
    return { page, decided, read: rows[0]?.read ?? Number.NaN };
  });
  const newestFirst = [5, 4, 3, 2, 1].map((n) => `apr_${n.toString(16).padStart(24, '0')}`);
  assert.deepEqual([page.map(({ approvalId }) => approvalId), decided.map(({ approvalId }) => approvalId)], [newestFirst, newestFirst]);
  assert.ok(read <= 100, `${read} rows were read`);
});
