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
  { before, limit, without }: { readonly before: string | null; readonly limit: number; readonly without: readonly string[] },
): Promise<ChangeRow[]> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .$if(before !== null, (query) => query.where(sql<boolean>`change_id < ${before}`))
    .$if(without.length > 0, (query) => query.where('topic', 'not in', without))
    .orderBy('changeId', 'desc')
    .limit(limit)
    .execute();

/** Of one topic, newest first: what lies in clear. */
export const limitRows = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { topic, limit }: { readonly topic: string; readonly limit: number },
): Promise<ChangeRow[]> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('topic', '=', topic)
    .where('limits', 'is not', null)
    .orderBy('changeId', 'desc')
    .limit(limit)
    .execute();

/** What one author changed in some topics, newest first, those below `before` where it is given. */
export const ownChangeRows = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  {
    author,
    topics,
    before,
    limit,
  }: { readonly author: string; readonly topics: readonly string[]; readonly before: string | null; readonly limit: number },
): Promise<ChangeRow[]> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('author', '=', author)
    .where('topic', 'in', topics)
    .$if(before !== null, (query) => query.where(sql<boolean>`change_id < ${before}`))
    .orderBy('changeId', 'desc')
    .limit(limit)
    .execute();

export const changeRow = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { changeId, without }: { readonly changeId: string; readonly without: readonly string[] },
): Promise<ChangeRow | undefined> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`change_id = ${changeId}`)
    .where('topic', 'not in', without)
    .executeTakeFirst();

export const ownChangeRow = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  { changeId, author, topics }: { readonly changeId: string; readonly author: string; readonly topics: readonly string[] },
): Promise<ChangeRow | undefined> =>
  tx
    .selectFrom('settingVersion')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where(sql<boolean>`change_id = ${changeId}`)
    .where('author', '=', author)
    .where('topic', 'in', topics)
    .executeTakeFirst();
