import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '#kernel';
import { withTenant } from '#kernel/database';
import { until } from '../../../test/audit.ts';
import { testPlatform } from '../../../test/platform.ts';
import { holdApproval } from './store.ts';

const platform = await testPlatform();
const { database } = platform;

test('whoever had to wait for an approval sees it and its task as they were left', async () => {
  const { id: tenantId } = await platform.createTenant({ name: 'held', actor: 'operator:test' });
  const taskId = await platform.send(tenantId, {}, { source: 'test' });
  const approvalId = newId('approval', Date.now());
  await sql`insert into app.approval (tenant_id, approval_id, task_id, plan_version, step_id, tool, risk, state, payload_hash, policy_hash,
      tool_schema_hash, policy_ids, body, created_at, expires_at)
    values (${tenantId}, ${approvalId}, ${taskId}, 1, 's', 'any.tool', 'low', 'waiting', '', '', '', '{}', '', now(), now())`.execute(
    database.engine.db,
  );
  const other = await database.engine.pool.connect();
  try {
    await other.query('begin');
    await other.query('select from app.task where tenant_id = $1 and task_id = $2 for no key update', [tenantId, taskId]);
    const waiting = withTenant(database.app.db, tenantId, (tx) => holdApproval(tx, tenantId, approvalId));
    await until(async () => {
      const { rows } = await other.query('select from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))');
      return rows.length > 0;
    });
    await other.query(`update app.approval set state = 'superseded' where tenant_id = $1 and approval_id = $2`, [tenantId, approvalId]);
    await other.query(`update app.task set state = 'cancelled' where tenant_id = $1 and task_id = $2`, [tenantId, taskId]);
    await other.query('commit');
    const held = await waiting;
    assert.deepEqual(
      [held?.approval.state, held?.approval.approvalId, held?.task],
      ['superseded', approvalId, { state: 'cancelled', isInHand: false }],
    );
  } finally {
    other.release(true);
  }
});
