/**
 * The sequencer's statements: for all tenants, prepared by name, one array a column however many rows. Column names come back in
 * camel case, as everywhere.
 *
 * Bodies travel as a JSON list and hashes joined into one value: the driver takes an SQL array apart letter by letter, which with
 * bodies was half of the work there is for an entry (84 µs, now 45; measured).
 */
import type pg from 'pg';
import type { Appended } from './append.ts';
import type { MovingHead } from './open-log.ts';
import type { SequencedEntry } from './sequenced.ts';
import type { HeadRow } from './store.ts';

/** A connection, or a pool for a statement that is its own transaction. */
export type Connection = Pick<pg.ClientBase, 'query'> | pg.Pool;

/** How many rows, and how many entries in them, a batch takes. 2,000 entries keep the event loop for some 40 ms. */
const rowsMax = 2_000;
export const entriesMax = 2_000;

const movingColumns = 'epoch, epoch_started_at as "epochStartedAt", size, chain, frontier, checkpoint';

/** What is pending for a log that is held waits until it is released. There are few of those, at most times none. */
const isNotHeld = 'tenant_id not in (select tenant_id from app.audit_head where held)';

/** Leaves bodies of many tenants, one row a tenant, each tenant's in the order given. For a role that may insert for all tenants. */
export async function insertPendingOfAll(on: Connection, tenantIds: readonly string[], bodies: readonly string[]): Promise<void> {
  await on.query({
    name: 'audit-insert-all',
    text: `insert into app.audit_pending (tenant_id, entries)
      select tenant_id, array_agg(body order by place)
      from rows from (unnest($1::text[]), json_array_elements_text($2::json)) with ordinality as new(tenant_id, body, place)
      group by tenant_id`,
    values: [tenantIds, JSON.stringify(bodies)],
  });
}

/** The tenants of the next rows in order, those of `except` left out, and whether there are more rows behind. */
export async function peekPending(on: Connection, except: readonly string[]): Promise<{ tenantIds: string[]; isMore: boolean }> {
  const { rows } = await on.query<{ tenantId: string; count: number }>({
    name: 'audit-peek',
    text: `select tenant_id as "tenantId", count(*) as count
      from (select tenant_id from app.audit_pending where tenant_id <> all($1::text[]) and ${isNotHeld} order by id limit ${rowsMax}) as next
      group by tenant_id`,
    values: [except],
  });
  return { tenantIds: rows.map((row) => row.tenantId), isMore: rows.reduce((sum, { count }) => sum + count, 0) >= rowsMax };
}

/** What is needed to open these tenants' logs. A tenant without a head is missing in the answer. */
export async function readHeads(on: Connection, tenantIds: readonly string[]) {
  const { rows } = await on.query<MovingHead & Pick<HeadRow, 'tenantId' | 'signingKey' | 'macKey'>>({
    name: 'audit-heads',
    text: `select tenant_id as "tenantId", signing_key as "signingKey", mac_key as "macKey", ${movingColumns}
      from app.audit_head where tenant_id = any($1::text[])`,
    values: [tenantIds],
  });
  return rows;
}

/**
 * Locks the heads that nobody else holds. Who holds a head is the only one to take that tenant's pending rows: so they keep their order,
 * and any number of sequencers share the tenants without waiting for each other.
 */
export async function lockHeads(on: Connection, tenantIds: readonly string[]) {
  const { rows } = await on.query<MovingHead & Pick<HeadRow, 'tenantId'>>({
    name: 'audit-lock',
    text: `select tenant_id as "tenantId", ${movingColumns} from app.audit_head where tenant_id = any($1::text[]) and not held
      order by tenant_id for update skip locked`,
    values: [tenantIds],
  });
  return rows;
}

/**
 * Takes the next pending rows of tenants whose heads are locked: as many as hold `entriesMax` entries, or the next one if it alone holds
 * more. Never "id above the last one seen": a gap in the ids is a transaction still under way, and its entries would be lost.
 */
export async function takePending(on: Connection, tenantIds: readonly string[]) {
  const { rows } = await on.query<{ tenantId: string; id: number; entries: string[] }>({
    name: 'audit-take',
    text: `delete from app.audit_pending pending using (
        select tenant_id, id, sum(cardinality(entries)) over (order by id) - cardinality(entries) as before
        from (select tenant_id, id, entries from app.audit_pending where tenant_id = any($1::text[]) order by id limit ${rowsMax}) as next
      ) as counted
      where counted.before < ${entriesMax} and pending.tenant_id = counted.tenant_id and pending.id = counted.id
      returning pending.tenant_id as "tenantId", pending.id, array_to_json(pending.entries) as entries`,
    values: [tenantIds],
  });
  return rows.sort((a, b) => a.id - b.id); // RETURNING promises no order
}

/** Whether rows up to this id are still pending, those of `except` left out. */
export async function isPending(on: Connection, upToId: number, except: readonly string[]): Promise<boolean> {
  const { rowCount } = await on.query({
    name: 'audit-is-pending',
    text: `select from app.audit_pending where id <= $1 and tenant_id <> all($2::text[]) and ${isNotHeld} limit 1`,
    values: [upToId, except],
  });
  return rowCount !== 0;
}

/** The id of the newest committed pending row; 0 when there is none. */
export async function lastPendingId(on: Connection): Promise<number> {
  const { rows } = await on.query<{ id: number }>('select coalesce(max(id), 0) as id from app.audit_pending');
  return rows[0]?.id ?? 0;
}

/** Entries and heads in one statement. A number that is there already is a unique violation: two writers, or a forged entry. */
export async function writeAppended(on: Connection, appended: readonly Appended[]): Promise<void> {
  const entries = appended.flatMap((one) => one.entries);
  const heads = appended.map((one) => one.head);
  await on.query({
    name: 'audit-write',
    text: `with written as (
        insert into app.audit_entry (tenant_id, seq, at, kind, object_id, task_id, state, live, body, chain, mac, epoch)
        select tenant_id, seq, at, kind, object_id, task_id, state, live, body,
          substr($10::bytea, 32 * place::int - 31, 32), substr($11::bytea, 32 * place::int - 31, 32), epoch
        from rows from (
          unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $12::integer[]),
          json_array_elements_text($9::json)
        ) with ordinality as new(tenant_id, seq, at, kind, object_id, task_id, state, live, epoch, body, place)
      )
      update app.audit_head head set mac_key = coalesce(new.mac_key, head.mac_key), epoch = new.epoch, epoch_started_at = new.epoch_started_at,
        size = new.size, chain = new.chain, frontier = new.frontier, checkpoint = new.checkpoint, checkpoint_at = new.checkpoint_at
      from unnest($13::text[], $14::bytea[], $15::integer[], $16::timestamptz[], $17::bigint[], $18::bytea[], $19::bytea[], $20::text[],
        $21::timestamptz[]) as new(tenant_id, mac_key, epoch, epoch_started_at, size, chain, frontier, checkpoint, checkpoint_at)
      where head.tenant_id = new.tenant_id`,
    values: [
      entries.map((entry) => entry.tenantId),
      entries.map((entry) => entry.seq),
      entries.map((entry) => entry.at.toISOString()),
      entries.map((entry) => entry.kind),
      entries.map((entry) => entry.objectId),
      entries.map((entry) => entry.taskId),
      entries.map((entry) => entry.state),
      entries.map((entry) => entry.live),
      JSON.stringify(entries.map((entry) => entry.body)),
      Buffer.concat(entries.map((entry) => entry.chain)),
      Buffer.concat(entries.map((entry) => entry.mac)),
      entries.map((entry) => entry.epoch),
      heads.map((head) => head.tenantId),
      heads.map((head) => head.macKey),
      heads.map((head) => head.epoch),
      heads.map((head) => head.epochStartedAt.toISOString()),
      heads.map((head) => head.size),
      heads.map((head) => head.chain),
      heads.map((head) => head.frontier),
      heads.map((head) => head.checkpoint),
      heads.map((head) => head.checkpointAt.toISOString()),
    ],
  });
}

/** A log's whole head, held or not, locked until the transaction ends. */
export async function lockWholeHead(on: Connection, tenantId: string): Promise<HeadRow | undefined> {
  const { rows } = await on.query<HeadRow>({
    name: 'audit-lock-whole',
    text: `select tenant_id as "tenantId", origin, verifier_key as "verifierKey", signing_key as "signingKey", mac_key as "macKey",
      auditor_mac_key as "auditorMacKey", checkpoint_at as "checkpointAt", held, foreign_auditor as "foreignAuditor", ${movingColumns}
      from app.audit_head where tenant_id = $1 for update`,
    values: [tenantId],
  });
  return rows[0];
}

export async function setHeld(on: Connection, tenantId: string, held: boolean): Promise<void> {
  await on.query({ name: 'audit-hold', text: 'update app.audit_head set held = $2 where tenant_id = $1', values: [tenantId, held] });
}

/** The bodies of entries `start` to `end - 1`, in order. */
export async function readBodies(on: Connection, tenantId: string, start: number, end: number): Promise<string[]> {
  const { rows } = await on.query<{ body: string }>({
    name: 'audit-bodies',
    text: 'select body from app.audit_entry where tenant_id = $1 and seq >= $2 and seq < $3 order by seq',
    values: [tenantId, start, end],
  });
  return rows.map(({ body }) => body);
}

/** The roots of the full tiles `start` to `end - 1` of a level, in order. */
export async function readTileRoots(on: Connection, tenantId: string, level: number, { start, end }: { start: number; end: number }) {
  const { rows } = await on.query<{ root: Buffer }>({
    name: 'audit-tile-roots',
    text: 'select root from app.audit_tile where tenant_id = $1 and level = $2 and index >= $3 and index < $4 order by index',
    values: [tenantId, level, start, end],
  });
  return rows.map(({ root }) => root);
}

/** A full tile, ready to be stored. */
export interface FullTile {
  readonly tenantId: string;
  readonly level: number;
  readonly index: number;
  /** 256 hashes of 32 bytes. */
  readonly hashes: Buffer;
  readonly root: Buffer;
}

export async function writeTiles(on: Connection, tiles: readonly FullTile[]): Promise<void> {
  await on.query({
    name: 'audit-tiles',
    text: `insert into app.audit_tile (tenant_id, level, index, hashes, root)
      select * from unnest($1::text[], $2::smallint[], $3::bigint[], $4::bytea[], $5::bytea[])`,
    values: [
      tiles.map((tile) => tile.tenantId),
      tiles.map((tile) => tile.level),
      tiles.map((tile) => tile.index),
      tiles.map((tile) => tile.hashes),
      tiles.map((tile) => tile.root),
    ],
  });
}

/** Up to `limit` entries of a tenant from `start` on, as listeners are told of them. */
export async function readSequenced(on: Connection, tenantId: string, start: number, limit: number): Promise<SequencedEntry[]> {
  const { rows } = await on.query<SequencedEntry>({
    name: 'audit-sequenced',
    text: `select seq, at, kind, object_id as "objectId", task_id as "taskId", state, live from app.audit_entry
      where tenant_id = $1 and seq >= $2 order by seq limit $3`,
    values: [tenantId, start, limit],
  });
  return rows;
}

/** The size of every log that has grown at or after `since`. */
export async function readSizes(on: Connection, since: Date) {
  const { rows } = await on.query<{ tenantId: string; size: number; checkpointAt: Date }>({
    name: 'audit-sizes',
    text: `select tenant_id as "tenantId", size, checkpoint_at as "checkpointAt" from app.audit_head where checkpoint_at >= $1`,
    values: [since.toISOString()],
  });
  return rows;
}

export async function notify(on: Connection, channel: string, payload: string): Promise<void> {
  await on.query({ name: 'audit-notify', text: 'select pg_notify($1, $2)', values: [channel, payload] });
}
