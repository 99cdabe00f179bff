import { insertReceived, type ReceivedRow } from '#flow/correspondence';
import type { TaskWords } from '#flow/task';
import type { Id } from '#kernel';
import { inTransaction, isRetryable, type RoleDatabase } from '#kernel/database';

/** One event ready to be stored: everything that has content is sealed or a MAC. */
export interface EventRecord {
  readonly eventId: Id<'event'>;
  readonly taskId: Id<'task'>;
  readonly source: string;
  readonly kind: string;
  readonly channel: string;
  readonly externalMac: Buffer;
  readonly payloadMac: Buffer;
  readonly sizeBytes: number;
  readonly occurredAt: Date | null;
  readonly body: Buffer;
  readonly raw: Buffer | null;
  readonly detail: Buffer;
  readonly isHistory: boolean;
  /** What its task is found by. */
  readonly words: TaskWords;
  /** Committed with it, if it is new. */
  readonly also?: ((client: Client) => Promise<void>) | undefined;
  /** What is kept of a mail so that later ones find it. */
  readonly mail: Omit<ReceivedRow, 'taskId' | 'eventId'> | null;
  /** The audit entry that says the task was made, and the one for the case that it conflicts. */
  readonly createdAudit: string;
  readonly conflictAudit: () => string;
}

/** What became of a record: stored, known before, or the same external id with another payload. */
export type Stored = { readonly kind: 'created' | 'known' | 'conflict'; readonly eventId: string; readonly taskId: string };

/** What is committed together with events: told what became of them; what it throws rolls all of it back. */
export type Also = (client: Client, outcomes: readonly Stored[]) => Promise<void>;

/**
 * Stores a tenant's events with their tasks and audit entries in one transaction.
 *
 * The unique index decides what is new, so two doors that bring the same mail at the same moment make one task.
 */
export async function storeEvents(
  app: RoleDatabase,
  tenantId: Id<'tenant'>,
  receivedAt: Date,
  records: readonly EventRecord[],
  also: Also = async () => undefined,
): Promise<Stored[]> {
  return inTransaction(
    app,
    async (client) => {
      const outcomes = records.length === 0 ? [] : await store(client);
      await also(client, outcomes);
      return outcomes;
    },
    tenantId,
  );

  async function store(client: Client): Promise<Stored[]> {
    const insert = { client, tenantId, receivedAt };
    const created = await insertEvents(
      insert,
      records.map((record) => ({ ...record, conflictOf: null, audit: record.createdAudit })),
    );
    const fresh = records.filter((record) => created.has(record.eventId));
    const others = records.filter((record) => !created.has(record.eventId));
    const known = others.length === 0 ? [] : await findKnown(client, tenantId, others);
    const outcomes = records.map((record): Stored => outcomeOf(record, created, known));
    // Both are kept: which of the two is true is for a person to find out. One that conflicts makes no task.
    const conflicts = records.flatMap((record, at) => {
      const outcome = outcomes[at];
      return outcome?.kind === 'conflict' ? [{ ...record, taskId: null, conflictOf: outcome.eventId, audit: record.conflictAudit() }] : [];
    });
    if (conflicts.length > 0) await insertEvents(insert, conflicts);
    for (const { also: own } of fresh) if (own !== undefined) await within(client, own);
    const mails = fresh.flatMap(({ mail, taskId, eventId }) => (mail === null ? [] : [{ ...mail, taskId, eventId }]));
    await insertReceived(client, tenantId, receivedAt, mails);
    return outcomes;
  }
}

/** What cannot be done for one mail must not keep it, and those that came with it, out. A database that is away ends the transaction. */
async function within(client: Client, work: (client: Client) => Promise<void>): Promise<void> {
  await client.query('savepoint beside');
  try {
    await work(client);
  } catch (error) {
    if (isRetryable(error)) throw error;
    await client.query('rollback to savepoint beside');
  }
  await client.query('release savepoint beside');
}

export type Client = Parameters<Parameters<typeof inTransaction>[1]>[0];

interface Insert {
  readonly client: Client;
  readonly tenantId: Id<'tenant'>;
  readonly receivedAt: Date;
}

/** An event's row: first of its external id, or in conflict with the first, and then without a task. With what happened for the audit log. */
type EventRow = Omit<EventRecord, 'taskId'> & {
  readonly taskId: Id<'task'> | null;
  readonly conflictOf: string | null;
  readonly audit: string;
};

/**
 * Events with their tasks, words and audit entries, of those that are new. Each of the two unique indexes lets a row in once. In the order of
 * their keys, so that two processes that bring the same events wait for each other instead of each for the other; within equal keys the first
 * that came is the first.
 */
const insertStatement = `
  with created as (
    insert into app.event (tenant_id, received_at, event_id, task_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, body, raw, conflict_of)
    select $1, $2, event_id, task_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, body, raw, conflict_of
    from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::bytea[], $10::int[], $11::timestamptz[], $12::bytea[], $13::bytea[], $14::text[])
      with ordinality as n(event_id, task_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, body, raw, conflict_of, position)
    order by source, external_mac, case when conflict_of is not null then payload_mac end, position
    on conflict do nothing returning event_id, task_id
  ), audited as (
    insert into app.audit_pending (tenant_id, entries)
    select $1, array_agg(entry order by position)
    from rows from (unnest($3::text[]), json_array_elements_text($15::json)) with ordinality as n(event_id, entry, position) join created using (event_id)
    having count(*) > 0
  ), worded as (
    insert into app.task_word (tenant_id, segment, word, task_id)
    select $1, segment, word, task_id from unnest($18::text[], $19::int[], $20::int[]) as w(task_id, segment, word) join created using (task_id)
  ), tasks as (
    insert into app.task (tenant_id, task_id, event_id, source, kind, state, outcome, run_at, finished_at, detail, created_at, updated_at)
    select $1, task_id, event_id, source, kind, case when is_history then 'done' else 'received' end, case when is_history then 'completed' end,
      case when not is_history then $2::timestamptz end, case when is_history then $2::timestamptz end, detail, $2, $2
    from unnest($3::text[], $5::text[], $6::text[], $16::bytea[], $17::boolean[]) as n(event_id, source, kind, detail, is_history)
      join created using (event_id) where task_id is not null
  )
  select event_id from created`;

/** @returns the ids of those that were not there yet. */
async function insertEvents({ client, tenantId, receivedAt }: Insert, rows: readonly EventRow[]): Promise<ReadonlySet<string>> {
  const words = rows.flatMap(({ taskId, words: { segment, words } }) =>
    taskId === null ? [] : words.map((word) => ({ taskId, segment, word })),
  );
  const inserted = await client.query<{ event_id: string }>({
    name: 'intake-events',
    text: insertStatement,
    values: [
      tenantId,
      receivedAt,
      rows.map((row) => row.eventId),
      rows.map((row) => row.taskId),
      rows.map((row) => row.source),
      rows.map((row) => row.kind),
      rows.map((row) => row.channel),
      rows.map((row) => row.externalMac),
      rows.map((row) => row.payloadMac),
      rows.map((row) => row.sizeBytes),
      rows.map((row) => row.occurredAt),
      rows.map((row) => row.body),
      rows.map((row) => row.raw),
      rows.map((row) => row.conflictOf),
      // One JSON text: as elements of an array, pg would escape each quote of the entries' own JSON, one by one.
      JSON.stringify(rows.map((row) => row.audit)),
      rows.map((row) => row.detail),
      rows.map((row) => row.isHistory),
      words.map(({ taskId }) => taskId),
      words.map(({ segment }) => segment),
      words.map(({ word }) => word),
    ],
  });
  return new Set(inserted.rows.map((row) => row.event_id));
}

interface Known {
  readonly event_id: string;
  readonly task_id: string;
  readonly source: string;
  readonly external_mac: Buffer;
  readonly payload_mac: Buffer;
}

async function findKnown(client: Client, tenantId: string, records: readonly EventRecord[]): Promise<Known[]> {
  const found = await client.query<Known>({
    name: 'intake-known',
    text: `
      select e.event_id, e.task_id, e.source, e.external_mac, e.payload_mac from app.event e
      join (select distinct source, external_mac from unnest($2::text[], $3::bytea[]) as n(source, external_mac)) n
        on n.source = e.source and n.external_mac = e.external_mac
      where e.tenant_id = $1 and e.conflict_of is null`,
    values: [tenantId, records.map((r) => r.source), records.map((r) => r.externalMac)],
  });
  return found.rows;
}

function outcomeOf(record: EventRecord, created: ReadonlySet<string>, known: readonly Known[]): Stored {
  if (created.has(record.eventId)) return { kind: 'created', eventId: record.eventId, taskId: record.taskId };
  const before = known.find((row) => row.source === record.source && row.external_mac.equals(record.externalMac));
  if (before === undefined) throw new Error('an event was neither stored nor found');
  return { kind: before.payload_mac.equals(record.payloadMac) ? 'known' : 'conflict', eventId: before.event_id, taskId: before.task_id };
}
