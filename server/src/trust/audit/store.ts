import { type RawBuilder, sql } from 'kysely';
import type { Tx } from '#kernel/database';

export interface EntryRow {
  tenantId: string;
  seq: number;
  at: Date;
  kind: string;
  objectId: string | null;
  taskId: string | null;
  state: string | null;
  live: boolean;
  body: string;
  chain: Buffer;
  mac: Buffer;
  epoch: number;
}

export interface HeadRow {
  tenantId: string;
  origin: string;
  verifierKey: string;
  /** Sealed, as are the two MAC keys; `auditorMacKey` for the auditor alone. */
  signingKey: Buffer;
  macKey: Buffer;
  auditorMacKey: Buffer;
  epoch: number;
  epochStartedAt: Date;
  size: number;
  chain: Buffer;
  frontier: Buffer;
  checkpoint: string;
  checkpointAt: Date;
  /** Nothing is appended here: the log goes on elsewhere, or has not been released by where it comes from. */
  held: boolean;
  /** The first MAC key is sealed for the auditor of the installation that the log came from. */
  foreignAuditor: boolean;
}

/** What of a head never moves once the log has begun. */
export type FixedHead = 'origin' | 'verifierKey' | 'signingKey' | 'auditorMacKey' | 'held' | 'foreignAuditor';

declare module '#kernel/database' {
  interface Tables {
    auditPending: { tenantId: string; entries: string[] };
    auditEntry: EntryRow;
    auditHead: HeadRow;
    auditTile: { tenantId: string; level: number; index: number; hashes: Buffer; root: Buffer };
  }
}

export async function insertPending(tx: Tx, tenantId: string, entries: string[]): Promise<void> {
  await insertingPending(tenantId, entries).execute(tx);
}

export const insertingPending = (tenantId: string, entries: string[]): RawBuilder<unknown> =>
  sql`insert into app.audit_pending (tenant_id, entries) values (${tenantId}, ${entries})`;

/** Times are the database's: nothing is decided by them before the first entry, which sets its own. */
export async function insertHead(
  tx: Tx,
  row: Omit<HeadRow, 'epoch' | 'epochStartedAt' | 'size' | 'checkpointAt' | 'held' | 'foreignAuditor'>,
): Promise<void> {
  const now = sql<Date>`now()`;
  await tx
    .insertInto('auditHead')
    .values({ ...row, epoch: 0, epochStartedAt: now, size: 0, checkpointAt: now, held: false, foreignAuditor: false })
    .execute();
}

export const findHead = (tx: Tx, tenantId: string): Promise<HeadRow | undefined> =>
  tx.selectFrom('auditHead').selectAll().where('tenantId', '=', tenantId).executeTakeFirst();

/** The head and the highest entry there is, in one snapshot: between two statements the log may grow. */
export const findHeadAndLast = (tx: Tx, tenantId: string): Promise<(HeadRow & { lastSeq: number | null }) | undefined> =>
  tx
    .selectFrom('auditHead as head')
    .selectAll('head')
    .select((eb) =>
      eb
        .selectFrom('auditEntry')
        .select(({ fn }) => fn.max('seq').as('seq'))
        .whereRef('auditEntry.tenantId', '=', 'head.tenantId')
        .as('lastSeq'),
    )
    .where('head.tenantId', '=', tenantId)
    .executeTakeFirst();

export const findEntry = (tx: Tx, tenantId: string, seq: number) =>
  tx.selectFrom('auditEntry').select(['seq', 'body']).where('tenantId', '=', tenantId).where('seq', '=', seq).executeTakeFirst();

/** The bodies of entries `start` to `end - 1`, in order; fewer where some are missing. */
export async function listBodies(tx: Tx, tenantId: string, start: number, end: number): Promise<string[]> {
  const rows = await tx
    .selectFrom('auditEntry')
    .select('body')
    .where('tenantId', '=', tenantId)
    .where('seq', '>=', start)
    .where('seq', '<', end)
    .orderBy('seq')
    .execute();
  return rows.map(({ body }) => body);
}

/** An entry as exports and checks want it: hashes in hex as the database writes them, which saves turning them around twice. */
export interface LinkedRow {
  readonly seq: number;
  readonly body: string;
  readonly chain: string;
  readonly mac: string;
  readonly epoch: number;
}

/** Up to `limit` entries from `start` on, below `end`, in order. */
export async function listLinked(
  tx: Tx,
  tenantId: string,
  { start, end, limit }: { start: number; end: number; limit: number },
): Promise<LinkedRow[]> {
  const { rows } = await sql<LinkedRow>`
    select seq, body, encode(chain, 'hex') as chain, encode(mac, 'hex') as mac, epoch from audit_entry
    where tenant_id = ${tenantId} and seq >= ${start} and seq < ${end} order by seq limit ${limit}`.execute(tx);
  return rows;
}

export const findTile = (tx: Tx, tenantId: string, level: number, index: number) =>
  tx
    .selectFrom('auditTile')
    .select('hashes')
    .where('tenantId', '=', tenantId)
    .where('level', '=', level)
    .where('index', '=', index)
    .executeTakeFirst();

/** The roots of the full tiles `start` to `end - 1` of a level, in order. */
export async function listTileRoots(
  tx: Tx,
  tenantId: string,
  level: number,
  { start, end }: { start: number; end: number },
): Promise<Buffer[]> {
  const rows = await tx
    .selectFrom('auditTile')
    .select('root')
    .where('tenantId', '=', tenantId)
    .where('level', '=', level)
    .where('index', '>=', start)
    .where('index', '<', end)
    .orderBy('index')
    .execute();
  return rows.map(({ root }) => root);
}
