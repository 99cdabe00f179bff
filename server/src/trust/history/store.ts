import { sql } from 'kysely';
import type { Id, JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';

export interface ChangeRow {
  readonly tenantId: Id<'tenant'>;
  readonly changeId: Id<'change'>;
  readonly topic: string;
  readonly body: Buffer | null;
  readonly limits: JsonObject | null;
  readonly author: string;
  readonly createdAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    settingVersion: ChangeRow;
  }
}

export async function insertChange(tx: Tx, row: ChangeRow): Promise<void> {
  const limits = row.limits === null ? null : JSON.stringify(row.limits);
  await sql`insert into setting_version (tenant_id, change_id, topic, body, limits, author, created_at)
    values (${row.tenantId}, ${row.changeId}, ${row.topic}, ${row.body}, ${limits}::jsonb, ${row.author}, ${row.createdAt})`.execute(tx);
}

/** Newest first, those below `before` where it is given. */
export const changeRows = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { before, limit }: { readonly before: string | null; readonly limit: number },
): Promise<ChangeRow[]> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .$if(before !== null, (query) => query.where(sql<boolean>`change_id < ${before}`))
    .orderBy('changeId', 'desc')
    .limit(limit)
    .execute();

export const changeRow = (tx: Tx, tenantId: Id<'tenant'>, changeId: string): Promise<ChangeRow | undefined> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`change_id = ${changeId}`)
    .executeTakeFirst();
