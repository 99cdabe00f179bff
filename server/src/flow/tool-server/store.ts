import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

interface ToolServerTable {
  tenantId: Id<'tenant'>;
  serverId: Id<'toolServer'>;
  slug: string;
  kind: 'http' | 'program';
  state: 'active' | 'paused' | 'broken';
  version: number;
  body: Buffer;
  login: Buffer | null;
  loginVersion: number;
  authorisation: Buffer | null;
  authorisationHash: Buffer | null;
  faultCode: string | null;
  fault: Buffer | null;
  lastWords: Buffer | null;
  checkedAt: Date | null;
  author: string;
  createdAt: Date;
  updatedAt: Date;
}
interface PluggedToolTable {
  tenantId: Id<'tenant'>;
  serverId: Id<'toolServer'>;
  tool: string;
  state: 'proposed' | 'confirmed' | 'quarantined';
  version: number;
  pin: string | null;
  body: Buffer;
  author: string;
  updatedAt: Date;
}
export type ServerRow = Selectable<ToolServerTable>;
export type ToolRow = Selectable<PluggedToolTable>;

declare module '#kernel/database' {
  interface Tables {
    toolServer: ToolServerTable;
    pluggedTool: PluggedToolTable;
  }
}

export const selectServers = (tx: Tx, tenantId: Id<'tenant'>): Promise<ServerRow[]> =>
  tx.selectFrom('toolServer').selectAll().where('tenantId', '=', tenantId).orderBy('serverId', 'desc').execute();

export const findServer = (tx: Tx, tenantId: Id<'tenant'>, serverId: Id<'toolServer'>): Promise<ServerRow | undefined> =>
  tx.selectFrom('toolServer').selectAll().where('tenantId', '=', tenantId).where('serverId', '=', serverId).executeTakeFirst();

export const findServerBySlug = (tx: Tx, tenantId: Id<'tenant'>, slug: string): Promise<ServerRow | undefined> =>
  tx.selectFrom('toolServer').selectAll().where('tenantId', '=', tenantId).where('slug', '=', slug).executeTakeFirst();

/** For as long as the transaction lasts nobody else changes it. */
export const lockServer = (tx: Tx, tenantId: Id<'tenant'>, serverId: Id<'toolServer'>): Promise<ServerRow | undefined> =>
  tx.selectFrom('toolServer').selectAll().where('tenantId', '=', tenantId).where('serverId', '=', serverId).forUpdate().executeTakeFirst();

/** False when its short name is taken. */
export const insertServer = (tx: Tx, row: Insertable<ToolServerTable>): Promise<boolean> =>
  tx
    .insertInto('toolServer')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenantId', 'slug']).doNothing())
    .executeTakeFirst()
    .then(({ numInsertedOrUpdatedRows }) => numInsertedOrUpdatedRows === 1n);

export const updateServer = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  serverId: Id<'toolServer'>,
  change: Updateable<ToolServerTable>,
): Promise<unknown> => tx.updateTable('toolServer').set(change).where('tenantId', '=', tenantId).where('serverId', '=', serverId).execute();

/** False when another login has been kept since. */
export const updateLogin = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  serverId: Id<'toolServer'>,
  { login, basedOn }: { login: Buffer | null; basedOn: number },
): Promise<boolean> =>
  tx
    .updateTable('toolServer')
    .set({ login, loginVersion: basedOn + 1 })
    .where('tenantId', '=', tenantId)
    .where('serverId', '=', serverId)
    .where('loginVersion', '=', basedOn)
    .executeTakeFirst()
    .then(({ numUpdatedRows }) => numUpdatedRows === 1n);

/** Takes a sign-in that was begun: it is had once. */
export async function takeAuthorisation(tx: Tx, tenantId: Id<'tenant'>, hash: Buffer): Promise<ServerRow | undefined> {
  const found = await tx
    .selectFrom('toolServer')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('authorisationHash', '=', hash)
    .forUpdate()
    .executeTakeFirst();
  if (found !== undefined) await updateServer(tx, tenantId, found.serverId, { authorisation: null, authorisationHash: null });
  return found;
}

export const deleteServer = (tx: Tx, tenantId: Id<'tenant'>, serverId: Id<'toolServer'>): Promise<unknown> =>
  tx.deleteFrom('toolServer').where('tenantId', '=', tenantId).where('serverId', '=', serverId).execute();

export const countServers = (tx: Tx, tenantId: Id<'tenant'>): Promise<number> =>
  tx
    .selectFrom('toolServer')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('tenantId', '=', tenantId)
    .executeTakeFirstOrThrow()
    .then(({ count }) => Number(count));

export const selectTools = (tx: Tx, tenantId: Id<'tenant'>, serverId: Id<'toolServer'>): Promise<ToolRow[]> =>
  tx.selectFrom('pluggedTool').selectAll().where('tenantId', '=', tenantId).where('serverId', '=', serverId).orderBy('tool').execute();

export const findTool = (tx: Tx, key: Pick<ToolRow, 'tenantId' | 'serverId' | 'tool'>): Promise<ToolRow | undefined> =>
  tx
    .selectFrom('pluggedTool')
    .selectAll()
    .where('tenantId', '=', key.tenantId)
    .where('serverId', '=', key.serverId)
    .where('tool', '=', key.tool)
    .forUpdate()
    .executeTakeFirst();

export const saveTool = (tx: Tx, row: Insertable<PluggedToolTable>): Promise<unknown> => {
  const { tenantId: _t, serverId: _s, tool: _n, ...rest } = row;
  return tx
    .insertInto('pluggedTool')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenantId', 'serverId', 'tool']).doUpdateSet(rest))
    .execute();
};

export const deleteTools = (tx: Tx, tenantId: Id<'tenant'>, serverId: Id<'toolServer'>, tools: readonly string[]): Promise<unknown> =>
  tx
    .deleteFrom('pluggedTool')
    .where('tenantId', '=', tenantId)
    .where('serverId', '=', serverId)
    .where('tool', '=', sql<string>`any(${tools})`)
    .execute();

/** Every tool of the tenant's with the state of its server. Most tenants have none, so this is one look at an empty index. */
export const selectAllTools = (tx: Tx, tenantId: Id<'tenant'>) =>
  tx
    .selectFrom('pluggedTool')
    .innerJoin('toolServer', (join) =>
      join.onRef('toolServer.tenantId', '=', 'pluggedTool.tenantId').onRef('toolServer.serverId', '=', 'pluggedTool.serverId'),
    )
    .selectAll('pluggedTool')
    .select(['toolServer.state as serverState'])
    .where('pluggedTool.tenantId', '=', tenantId)
    .orderBy('pluggedTool.tool')
    .execute();
