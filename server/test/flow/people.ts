import pg from 'pg';
import { type DecisionContext, type DecisionInput, decideApproval, refuseAltered, type StoredApproval, undoDecision } from '#flow/approval';
import { cancelTask, replanTask, resumeTask, type Settlement } from '#flow/task';
import type { Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { loadPolicy, savePolicy } from '#trust/policy';
import type { LookedTask, TestPlatform } from '../platform.ts';

/** What people do to tasks, as the doors of the product would. */
export function peopleOf(platform: TestPlatform) {
  const { catalogue, database, keyring } = platform;

  async function inTenant<R>(tenantId: Id<'tenant'>, work: (tx: Tx, keys: TenantKeys) => Promise<R>): Promise<R> {
    const keys = await keyring.of(tenantId);
    return withTenant(database.app.db, tenantId, (tx) => work(tx, keys));
  }

  async function decide(
    tenantId: Id<'tenant'>,
    approvalId: string,
    input: DecisionInput,
    actor = 'user:boss',
    more: Pick<DecisionContext, 'proven' | 'mayDecide'> = { mayDecide: async (actors) => new Set(actors) },
  ): Promise<StoredApproval> {
    const row = await inTenant(tenantId, (tx, keys) =>
      decideApproval({ tx, tenantId, keys, catalogue, actor, now: new Date(), ...more }, approvalId, input),
    );
    refuseAltered(row);
    return row;
  }

  return {
    decide,
    accept: (tenantId: Id<'tenant'>, { approvalId, payloadHash }: Pick<StoredApproval, 'approvalId' | 'payloadHash'>, actor?: string) =>
      decide(tenantId, approvalId, { decision: 'accept', payloadHash }, actor),
    /** Takes a decision back, or one's own yes. */
    undo: (tenantId: Id<'tenant'>, approvalId: string, actor = 'user:boss') =>
      inTenant(tenantId, (tx, keys) => undoDecision({ tx, tenantId, keys, actor, now: new Date() }, approvalId)),
    /** Says yes to everything that waits. */
    async acceptAll(tenantId: Id<'tenant'>, { approvals }: LookedTask): Promise<void> {
      for (const { approvalId, payloadHash, state } of approvals)
        if (state === 'waiting') await decide(tenantId, approvalId, { decision: 'accept', payloadHash });
    },
    cancel: (tenantId: Id<'tenant'>, taskId: string) =>
      inTenant(tenantId, (tx, keys) => cancelTask({ tx, tenantId, keys, actor: 'user:boss', now: new Date() }, taskId)),
    resume: (tenantId: Id<'tenant'>, taskId: string, input: { settle?: Record<string, Settlement>; comment?: string } = {}) =>
      inTenant(tenantId, (tx, keys) => resumeTask({ tx, tenantId, keys, actor: 'user:boss', now: new Date() }, taskId, input)),
    replan: (tenantId: Id<'tenant'>, taskId: string, comment: string) =>
      inTenant(tenantId, (tx, keys) => replanTask({ tx, tenantId, keys, actor: 'user:boss', now: new Date() }, taskId, comment)),
    /** Puts what `change` makes of the policy in force. */
    changePolicy: (tenantId: Id<'tenant'>, change: (text: string) => string) =>
      inTenant(tenantId, async (tx, keys) => {
        const { text, version } = await loadPolicy(tx, keys, tenantId);
        const changed = change(text);
        if (changed === text) throw new Error('the change of the policy changes nothing');
        return savePolicy(tx, keys, tenantId, { text: changed, basedOn: version, actor: 'user:boss', at: new Date() });
      }),
  };
}

/**
 * What somebody with the database's own power can do: one statement as the owner of the tables, past row-level security.
 * @throws when it changes nothing.
 */
export async function forge(platform: TestPlatform, table: string, statement: string, ...values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: platform.ownerUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(`alter table app.${table} no force row level security`);
    const { rowCount } = await client.query(statement, values);
    await client.query(`alter table app.${table} force row level security`);
    await client.query('commit');
    if (rowCount === 0) throw new Error(`nothing was changed by: ${statement}`);
  } finally {
    await client.end();
  }
}
