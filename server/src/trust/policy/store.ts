import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

declare module '#kernel/database' {
  interface Tables {
    policy: { tenantId: Id<'tenant'>; version: number; body: Buffer; author: string; createdAt: Date };
    standingGrant: {
      tenantId: Id<'tenant'>;
      grantId: Id<'grant'>;
      tool: string;
      body: Buffer;
      perDay: number;
      state: 'active' | 'revoked';
      author: string;
      expiresAt: Date | null;
      createdAt: Date;
    };
  }
}

export const newestPolicy = (tx: Tx, tenantId: Id<'tenant'>) =>
  tx
    .selectFrom('policy')
    .select(['version', 'body'])
    .where('tenantId', '=', tenantId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Versions from newest to oldest, those below `before` where it is given. */
export const policyRows = (tx: Tx, tenantId: Id<'tenant'>, page: { readonly before: number | null; readonly limit: number }) =>
  tx
    .selectFrom('policy')
    .select(['version', 'author', 'createdAt'])
    .where('tenantId', '=', tenantId)
    .$if(page.before !== null, (query) => query.where('version', '<', page.before ?? 0))
    .orderBy('version', 'desc')
    .limit(page.limit)
    .execute();

export const policyRow = (tx: Tx, tenantId: Id<'tenant'>, version: number) =>
  tx
    .selectFrom('policy')
    .select(['version', 'body', 'author', 'createdAt'])
    .where('tenantId', '=', tenantId)
    .where('version', '=', version)
    .executeTakeFirst();

/** False when this version exists already: somebody else was faster. */
export const insertPolicy = (tx: Tx, row: { tenantId: Id<'tenant'>; version: number; body: Buffer; author: string; createdAt: Date }) =>
  tx
    .insertInto('policy')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenantId', 'version']).doNothing())
    .returning('version')
    .executeTakeFirst()
    .then((inserted) => inserted !== undefined);

export interface GrantRow {
  readonly tenantId: Id<'tenant'>;
  readonly grantId: Id<'grant'>;
  readonly tool: string;
  readonly body: Buffer;
  readonly perDay: number;
  readonly expiresAt: Date | null;
  readonly author: string;
  readonly createdAt: Date;
}

const grantColumns = ['tenantId', 'grantId', 'tool', 'body', 'perDay', 'expiresAt', 'author', 'createdAt'] as const;

export const activeGrants = (tx: Tx, tenantId: Id<'tenant'>, limit: number): Promise<GrantRow[]> =>
  tx
    .selectFrom('standingGrant')
    .select(grantColumns)
    .where('tenantId', '=', tenantId)
    .where('state', '=', 'active')
    .orderBy('grantId')
    .limit(limit)
    .execute();

/** How many there are that nobody has revoked. Whoever adds one waits here for whoever is adding one: so the number stays true until they commit. */
export async function countActiveGrants(tx: Tx, tenantId: Id<'tenant'>): Promise<number> {
  await sql`select from tenant where tenant_id = ${tenantId} for no key update`.execute(tx);
  const { rows } = await sql<{
    count: number;
  }>`select count(*)::int as count from standing_grant where tenant_id = ${tenantId} and state = 'active'`.execute(tx);
  return rows[0]?.count ?? 0;
}

export const insertGrant = (tx: Tx, row: GrantRow) =>
  tx
    .insertInto('standingGrant')
    .values({ ...row, state: 'active' })
    .execute();

/** False when there is no such active grant. */
export const revokeActiveGrant = (tx: Tx, tenantId: Id<'tenant'>, grantId: Id<'grant'>) =>
  tx
    .updateTable('standingGrant')
    .set({ state: 'revoked' })
    .where('tenantId', '=', tenantId)
    .where('grantId', '=', grantId)
    .where('state', '=', 'active')
    .returning('grantId')
    .executeTakeFirst()
    .then((row) => row !== undefined);

/**
 * The uses a day of a grant that is in force now, its row held against a revocation until the transaction ends. The share lock lets
 * several uses run side by side; their number is kept exact by the counter.
 */
export const holdGrant = (tx: Tx, tenantId: Id<'tenant'>, grantId: Id<'grant'>, now: Date): Promise<number | null> =>
  tx
    .selectFrom('standingGrant')
    .select('perDay')
    .where('tenantId', '=', tenantId)
    .where('grantId', '=', grantId)
    .where('state', '=', 'active')
    .where((is) => is.or([is('expiresAt', 'is', null), is('expiresAt', '>', now)]))
    .forShare()
    .executeTakeFirst()
    .then((row) => row?.perDay ?? null);
