import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { ConnectionState } from './schema.ts';

interface ConnectionTable {
  tenantId: Id<'tenant'>;
  connectionId: Id<'connection'>;
  connector: string;
  state: ConnectionState;
  version: number;
  body: Buffer;
  cursor: Buffer | null;
  hookHash: Buffer | null;
  runAt: Date;
  wake: boolean;
  owner: string | null;
  fence: number;
  failures: number;
  faultCode: string | null;
  fault: Buffer | null;
  brokenAt: Date | null;
  progressDone: number | null;
  progressOf: number | null;
  lastPolledAt: Date | null;
  lastSuccessAt: Date | null;
  lastArrivalAt: Date | null;
  arrivals: number;
  author: string;
  createdAt: Date;
  updatedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    connection: ConnectionTable;
  }
}

export type ConnectionRow = Omit<ConnectionTable, 'cursor' | 'owner' | 'wake' | 'author' | 'brokenAt'>;

const columns = [
  'tenantId',
  'connectionId',
  'connector',
  'state',
  'version',
  'body',
  'hookHash',
  'runAt',
  'fence',
  'failures',
  'faultCode',
  'fault',
  'progressDone',
  'progressOf',
  'lastPolledAt',
  'lastSuccessAt',
  'lastArrivalAt',
  'arrivals',
  'createdAt',
  'updatedAt',
] as const;

const inTenant = (tx: Tx, tenantId: Id<'tenant'>) => tx.selectFrom('connection').select(columns).where('tenantId', '=', tenantId);

/** Oldest first: ids sort by the time they were made. */
export const selectConnections = (tx: Tx, tenantId: Id<'tenant'>): Promise<ConnectionRow[]> =>
  inTenant(tx, tenantId).orderBy('connectionId').execute();

export const selectConnection = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<ConnectionRow | undefined> =>
  inTenant(tx, tenantId).where('connectionId', '=', id).executeTakeFirst();

export const lockConnection = (tx: Tx, tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<ConnectionRow | undefined> =>
  inTenant(tx, tenantId).where('connectionId', '=', id).forNoKeyUpdate().executeTakeFirst();

/** The oldest active one of a connector, or the one that is named. */
export const selectActive = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  which: { readonly connector: string; readonly id?: Id<'connection'> | undefined },
): Promise<ConnectionRow | undefined> =>
  inTenant(tx, tenantId)
    .where('connector', '=', which.connector)
    .where('state', '=', 'active')
    .$if(which.id !== undefined, (query) => query.where('connectionId', '=', which.id ?? ('' as Id<'connection'>)))
    .orderBy('connectionId')
    .limit(1)
    .executeTakeFirst();

export const countConnections = (tx: Tx, tenantId: Id<'tenant'>): Promise<number> =>
  tx
    .selectFrom('connection')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('tenantId', '=', tenantId)
    .executeTakeFirstOrThrow()
    .then(({ count }) => Number(count));

/** Whoever adds a connection locks this first, so that two who add at once do not both find room for one. */
export async function lockRoom(tx: Tx, tenantId: Id<'tenant'>): Promise<void> {
  await sql`select 1 from tenant_queue where tenant_id = ${tenantId} for no key update`.execute(tx);
}

export async function insertConnection(
  tx: Tx,
  row: Pick<
    ConnectionTable,
    'tenantId' | 'connectionId' | 'connector' | 'version' | 'body' | 'hookHash' | 'runAt' | 'author' | 'createdAt'
  >,
): Promise<void> {
  await tx
    .insertInto('connection')
    .values({ ...row, state: 'active', wake: false, fence: 0, failures: 0, arrivals: 0, updatedAt: row.createdAt })
    .execute();
}

/** Changes a row that the caller has locked. Whoever watches it looks at it anew. */
export async function updateConnection(
  tx: Tx,
  { tenantId, id, now }: { readonly tenantId: Id<'tenant'>; readonly id: Id<'connection'>; readonly now: Date },
  change: Partial<Pick<ConnectionTable, 'version' | 'body' | 'cursor' | 'state' | 'failures' | 'lastSuccessAt' | 'runAt'>>,
): Promise<void> {
  await tx
    .updateTable('connection')
    .set({ ...change, wake: true, updatedAt: now })
    .where('tenantId', '=', tenantId)
    .where('connectionId', '=', id)
    .execute();
}

/** Replaces what is sealed in a row that the caller has locked, and nothing else: nobody has to look at it anew. */
export async function putBody(
  tx: Tx,
  { tenantId, id }: { readonly tenantId: Id<'tenant'>; readonly id: Id<'connection'> },
  body: Buffer,
): Promise<void> {
  await tx.updateTable('connection').set({ body }).where('tenantId', '=', tenantId).where('connectionId', '=', id).execute();
}

export async function deleteConnection(tx: Tx, tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<void> {
  await tx.deleteFrom('connection').where('tenantId', '=', tenantId).where('connectionId', '=', id).execute();
}

/** What a poll needs of the row: there only for the one that holds it, under this fence, while it is active. */
export const selectHeld = (
  tx: Tx,
  held: { readonly tenantId: Id<'tenant'>; readonly connectionId: Id<'connection'>; readonly fence: number; readonly owner: string },
) =>
  tx
    .selectFrom('connection')
    .select(['connectionId', 'connector', 'version', 'body', 'cursor', 'failures', 'brokenAt', 'lastSuccessAt'])
    .where('tenantId', '=', held.tenantId)
    .where('connectionId', '=', held.connectionId)
    .where('owner', '=', held.owner)
    .where('fence', '=', held.fence)
    .where('state', '=', 'active')
    .executeTakeFirst();
