import { sql } from 'kysely';
import type pg from 'pg';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { Automatic } from './schema.ts';

export interface MessageRow {
  readonly messageMac: Buffer;
  readonly threadId: string;
  readonly direction: 'in' | 'out';
  readonly taskId: string;
}

export async function findMessages(tx: Tx, tenantId: Id<'tenant'>, macs: readonly Buffer[]): Promise<MessageRow[]> {
  const found = await sql<MessageRow>`
    select message_mac, thread_id, direction, task_id from app.mail_message
    where tenant_id = ${tenantId} and message_mac = any(${macs}::bytea[])`.execute(tx);
  return found.rows;
}

/** A mail that has come in, ready to be kept. */
export interface ReceivedRow {
  readonly messageMac: Buffer;
  readonly threadId: string;
  readonly taskId: string;
  readonly eventId: string;
  readonly automatic: Automatic | null;
  readonly peerMacs: readonly Buffer[];
}

/** In the transaction that takes the events in. Of several that claim one id the first stays; in the order of ids, so that two writers cannot block each other. */
export async function insertReceived(client: pg.PoolClient, tenantId: Id<'tenant'>, at: Date, rows: readonly ReceivedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query({
    name: 'correspondence-received',
    // Arrays of arrays cannot differ in length in PostgreSQL, so those of a row travel as one text.
    text: `
      insert into app.mail_message (tenant_id, message_mac, thread_id, direction, task_id, event_id, automatic, peer_macs, at)
      select $1, message_mac, thread_id, 'in', task_id, event_id, automatic,
        coalesce((select array_agg(decode(one, 'hex')) from unnest(string_to_array(peers, ',')) as one where one <> ''), '{}'), $2
      from unnest($3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) as n(message_mac, thread_id, task_id, event_id, automatic, peers)
      order by message_mac on conflict do nothing`,
    values: [
      tenantId,
      at,
      rows.map((row) => row.messageMac),
      rows.map((row) => row.threadId),
      rows.map((row) => row.taskId),
      rows.map((row) => row.eventId),
      rows.map((row) => row.automatic),
      rows.map((row) => row.peerMacs.map((mac) => mac.toString('hex')).join(',')),
    ],
  });
}

/** The mail of this id that came in. */
export async function selectReceived(tx: Tx, tenantId: Id<'tenant'>, mac: Buffer) {
  const found = await sql<{ eventId: Id<'event'>; threadId: string; automatic: Automatic | null }>`
    select event_id, thread_id, automatic from app.mail_message
    where tenant_id = ${tenantId} and message_mac = ${mac} and direction = 'in'`.execute(tx);
  return found.rows[0] ?? null;
}

/** The mails that a task is about: as a rule one, the one that made it. */
export async function selectOfTask(tx: Tx, tenantId: Id<'tenant'>, taskId: Id<'task'>) {
  const found = await sql<{ threadId: string; automatic: Automatic | null; peerMacs: Buffer[] }>`
    select thread_id, automatic, peer_macs from app.mail_message
    where tenant_id = ${tenantId} and task_id = ${taskId} and direction = 'in'`.execute(tx);
  return found.rows;
}

/** How many mails went into a thread, and to any of these addresses, since then. Failed ones do not count. */
export async function countSent(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { threadId, peerMacs, since }: { threadId: string; peerMacs: readonly Buffer[]; since: Date },
) {
  const found = await sql<{ inThread: number; toPeers: number }>`
    select count(*) filter (where thread_id = ${threadId})::int as in_thread, count(*) filter (where peer_macs && ${peerMacs}::bytea[])::int as to_peers
    from app.mail_message where tenant_id = ${tenantId} and direction = 'out' and at > ${since} and state <> 'failed'`.execute(tx);
  return found.rows[0] ?? { inThread: 0, toPeers: 0 };
}

export interface SendingRow {
  readonly tenantId: Id<'tenant'>;
  readonly messageMac: Buffer;
  readonly operationMac: Buffer;
  readonly threadId: string;
  readonly taskId: Id<'task'>;
  readonly peerMacs: readonly Buffer[];
  readonly body: Buffer;
  readonly at: Date;
}

/** @returns false when this call has a row already, or the id is taken. */
export async function insertSending(tx: Tx, row: SendingRow): Promise<boolean> {
  const done = await sql`
    insert into app.mail_message (tenant_id, message_mac, thread_id, direction, task_id, peer_macs, operation_mac, state, body, at)
    values (${row.tenantId}, ${row.messageMac}, ${row.threadId}, 'out', ${row.taskId}, ${row.peerMacs}::bytea[], ${row.operationMac}, 'sending', ${row.body}, ${row.at})
    on conflict do nothing`.execute(tx);
  return done.numAffectedRows === 1n;
}

export async function selectSending(tx: Tx, tenantId: Id<'tenant'>, operationMac: Buffer) {
  const found = await sql<{ messageMac: Buffer; state: 'sending' | 'sent' | 'failed'; threadId: string; body: Buffer }>`
    select message_mac, state, thread_id, body from app.mail_message where tenant_id = ${tenantId} and operation_mac = ${operationMac}`.execute(
    tx,
  );
  return found.rows[0] ?? null;
}

/** Says how a sending ended. @returns false when it is not under way. */
export async function endSending(
  tx: Tx,
  tenantId: Id<'tenant'>,
  operationMac: Buffer,
  { to, body }: { to: 'sent' | 'failed'; body: Buffer },
) {
  const done = await sql`
    update app.mail_message set state = ${to}, body = ${body}
    where tenant_id = ${tenantId} and operation_mac = ${operationMac} and state = 'sending'`.execute(tx);
  return done.numAffectedRows === 1n;
}

/** Takes up a sending that failed, or that nobody has ended since `givenUpBefore`. @returns false when there is none, or somebody was faster. */
export async function resumeSending(
  tx: Tx,
  tenantId: Id<'tenant'>,
  operationMac: Buffer,
  { at, givenUpBefore, body }: { at: Date; givenUpBefore: Date; body: Buffer },
): Promise<boolean> {
  const done = await sql`
    update app.mail_message set state = 'sending', body = ${body}, at = ${at}
    where tenant_id = ${tenantId} and operation_mac = ${operationMac} and (state = 'failed' or (state = 'sending' and at < ${givenUpBefore}))`.execute(
    tx,
  );
  return done.numAffectedRows === 1n;
}
