import type { Id } from '#kernel';
import { inTransaction, type RoleDatabase } from '#kernel/database';

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
  /** The audit entry that says the task was made, and the one for the case that it conflicts. */
  readonly createdAudit: string;
  readonly conflictAudit: string;
}

/** What became of a record: stored, known before, or the same external id with another payload. */
export type Stored = { readonly kind: 'created' | 'known' | 'conflict'; readonly eventId: string; readonly taskId: string };

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
): Promise<Stored[]> {
  return inTransaction(app, async (client) => {
    await client.query({ name: 'set-tenant', text: "select set_config('app.tenant_id', $1, true)", values: [tenantId] });
    const columns = [
      records.map((r) => r.eventId),
      records.map((r) => r.taskId),
      records.map((r) => r.source),
      records.map((r) => r.kind),
      records.map((r) => r.channel),
      records.map((r) => r.externalMac),
      records.map((r) => r.payloadMac),
      records.map((r) => r.sizeBytes),
      records.map((r) => r.occurredAt),
      records.map((r) => r.body),
      records.map((r) => r.raw),
    ];
    const inserted = await client.query<{ event_id: string }>({
      name: 'intake-events',
      text: insertEvents,
      values: [tenantId, receivedAt, ...columns],
    });
    const created = new Set(inserted.rows.map((row) => row.event_id));
    const fresh = records.filter((record) => created.has(record.eventId));
    const others = records.filter((record) => !created.has(record.eventId));
    const known = others.length === 0 ? [] : await findKnown(client, tenantId, others);
    const outcomes = records.map((record): Stored => outcomeOf(record, created, known));
    const conflicts = records.filter((_, at) => outcomes[at]?.kind === 'conflict');
    const newConflicts = new Set(conflicts.length === 0 ? [] : await keepConflicts(client, tenantId, receivedAt, conflicts, known));
    const audit = [
      ...fresh.map((record) => record.createdAudit),
      ...conflicts.filter((record) => newConflicts.has(record.eventId)).map((record) => record.conflictAudit),
    ];
    if (fresh.length > 0 || audit.length > 0)
      await client.query({
        name: 'intake-tasks',
        text: insertTasks,
        values: [
          tenantId,
          receivedAt,
          fresh.map((r) => r.taskId),
          fresh.map((r) => r.eventId),
          fresh.map((r) => r.source),
          fresh.map((r) => r.kind),
          fresh.map((r) => r.detail),
          audit,
        ],
      });
    return outcomes;
  });
}

type Client = Parameters<Parameters<typeof inTransaction>[1]>[0];
interface Known {
  readonly event_id: string;
  readonly task_id: string;
  readonly source: string;
  readonly external_mac: Buffer;
  readonly payload_mac: Buffer;
}

const recordRows = `unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::bytea[], $10::int[], $11::timestamptz[], $12::bytea[], $13::bytea[])
  as n(event_id, task_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, body, raw)`;

const insertEvents = `
  insert into app.event (tenant_id, event_id, task_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, received_at, body, raw)
  select $1, event_id, task_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, $2, body, raw from ${recordRows}
  on conflict (tenant_id, source, external_mac) where conflict_of is null do nothing returning event_id`;

const insertTasks = `
  with audited as (insert into app.audit_pending (tenant_id, entries) select $1, $8::text[] where cardinality($8::text[]) > 0)
  insert into app.task (tenant_id, task_id, event_id, source, kind, state, run_at, detail, created_at, updated_at)
  select $1, task_id, event_id, source, kind, 'received', $2, detail, $2, $2 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[]) as n(task_id, event_id, source, kind, detail)`;

async function findKnown(client: Client, tenantId: string, records: readonly EventRecord[]): Promise<Known[]> {
  const found = await client.query<Known>({
    name: 'intake-known',
    text: `select e.event_id, e.task_id, e.source, e.external_mac, e.payload_mac from app.event e
      join (select distinct source, external_mac from unnest($2::text[], $3::bytea[]) as n(source, external_mac)) n on n.source = e.source and n.external_mac = e.external_mac
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

/** Both are kept: which of the two is true is for a person to find out. */
async function keepConflicts(
  client: Client,
  tenantId: string,
  receivedAt: Date,
  records: readonly EventRecord[],
  known: readonly Known[],
): Promise<string[]> {
  const firsts = records.map(
    (record) => known.find((row) => row.source === record.source && row.external_mac.equals(record.externalMac))?.event_id ?? null,
  );
  const kept = await client.query<{ event_id: string }>({
    name: 'intake-conflicts',
    text: `insert into app.event (tenant_id, event_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, received_at, body, raw, conflict_of)
      select $1, event_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, $2, body, raw, conflict_of
      from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::int[], $10::timestamptz[], $11::bytea[], $12::bytea[], $13::text[])
        as n(event_id, source, kind, channel, external_mac, payload_mac, size_bytes, occurred_at, body, raw, conflict_of)
      on conflict (tenant_id, source, external_mac, payload_mac) where conflict_of is not null do nothing returning event_id`,
    values: [
      tenantId,
      receivedAt,
      records.map((r) => r.eventId),
      records.map((r) => r.source),
      records.map((r) => r.kind),
      records.map((r) => r.channel),
      records.map((r) => r.externalMac),
      records.map((r) => r.payloadMac),
      records.map((r) => r.sizeBytes),
      records.map((r) => r.occurredAt),
      records.map((r) => r.body),
      records.map((r) => r.raw),
      firsts,
    ],
  });
  return kept.rows.map((row) => row.event_id);
}
