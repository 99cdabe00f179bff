import { sql } from 'kysely';
import { z } from 'zod';
import { openTaskDetail, type StoredTask, selectTaskRecord, selectTasks } from '#flow/task';
import { type Id, isFactotumError, type Json } from '#kernel';
import type { Tx } from '#kernel/database';
import { listEntries } from '#trust/audit';
import type { Blobs } from '#trust/blob';
import type { ObjectRef, TenantKeys } from '#trust/key';
import { eachNote } from '#trust/vault';
import { fileParts } from './blobs.ts';
import type { Part } from './parts.ts';

/** What is read of one tenant, in one snapshot. */
export interface Reading {
  readonly tx: Tx;
  readonly tenantId: Id<'tenant'>;
  /** Asked for each thing that is opened: all of it may take longer than a handle lives. */
  readonly keysOf: () => Promise<TenantKeys>;
  readonly blobs: Blobs;
  /** Told after each note, file and task. */
  readonly onItem: () => void;
  /** What cannot be opened, as `kind/id`. It is left out, and said. */
  readonly damaged: string[];
}

const tasksAtOnce = 100;
const entriesOfTask = 1_000;
const mailsAtOnce = 100;

/** Everything that people read, opened: policies, grants, notes, files, tasks, mails as they came. */
export async function* contentParts(reading: Reading): AsyncGenerator<Part> {
  yield* policies(reading);
  yield { name: 'policies/grants.ndjson', body: grants(reading) };
  yield* notes(reading);
  yield* fileParts(reading, reading.blobs);
  yield { name: 'tasks.ndjson', body: tasks(reading) };
  yield* mails(reading);
  if (reading.damaged.length > 0) yield { name: 'damaged.txt', body: reading.damaged.map((what) => `${what}\n`) };
}

async function* policies({ tx, tenantId, keysOf, damaged }: Reading): AsyncGenerator<Part> {
  const { rows } = await sql<{
    version: number;
    body: Buffer;
  }>`select version, body from policy where tenant_id = ${tenantId} order by version`.execute(tx);
  for (const { version, body } of rows) {
    const opened = open(await keysOf(), { kind: 'policy', id: tenantId, version }, body, damaged);
    const text = z.object({ text: z.string() }).safeParse(opened);
    if (text.success) yield { name: `policies/${String(version).padStart(4, '0')}.cedar`, body: [text.data.text] };
  }
}

async function* grants({ tx, tenantId, keysOf, damaged }: Reading): AsyncGenerator<string> {
  const { rows } = await sql<{
    grantId: string;
    tool: string;
    perDay: number;
    state: string;
    author: string;
    createdAt: Date;
    expiresAt: Date | null;
    body: Buffer;
  }>`
    select grant_id, tool, per_day, state, author, created_at, expires_at, body from standing_grant where tenant_id = ${tenantId} order by grant_id`.execute(
    tx,
  );
  for (const { grantId: id, body, ...grant } of rows)
    yield line({ id, ...grant, body: open(await keysOf(), { kind: 'grant', id }, body, damaged) });
}

async function* notes({ tx, tenantId, keysOf, onItem, damaged }: Reading): AsyncGenerator<Part> {
  for await (const note of eachNote(tx, { tenantId, keysOf, onBroken: (noteId) => damaged.push(`note/${noteId}`) })) {
    yield { name: `notes/${note.path}`, body: [note.bytes] };
    onItem();
  }
}

async function* tasks(reading: Reading): AsyncGenerator<string> {
  const { tx, tenantId, onItem } = reading;
  for (let before: string | null = null; ; ) {
    const rows: StoredTask[] = await selectTasks(tx, { tenantId, states: [], before, limit: tasksAtOnce });
    for (const task of rows) {
      yield line(await taskOf(reading, task));
      onItem();
    }
    const last = rows.at(-1);
    if (rows.length < tasksAtOnce || last === undefined) return;
    before = last.taskId;
  }
}

async function taskOf({ tx, tenantId, keysOf, damaged }: Reading, task: StoredTask) {
  const { taskId: id, tenantId: _tenant, detail: sealed, epoch: _epoch, signals: _signals, ...facts } = task;
  const event = await sql<{ source: string; kind: string; channel: string; receivedAt: Date; body: Buffer }>`
    select source, kind, channel, received_at, body from event where tenant_id = ${tenantId} and event_id = ${task.eventId}`.execute(tx);
  const { plan, steps, attempts, approvals } = await selectTaskRecord(tx, tenantId, id, task.planVersion);
  const said = await commentsOn(
    tx,
    tenantId,
    approvals.map(({ approvalId }) => approvalId),
  );
  const entries = await listEntries(tx, { tenantId, taskId: id, limit: entriesOfTask });
  const keys = await keysOf();
  const opened = (ref: ObjectRef, body: Buffer) => open(keys, ref, body, damaged);
  return {
    id,
    ...facts,
    detail: sealed === null ? null : orNull(`task/${id}`, damaged, () => openTaskDetail(keys, task)),
    event: event.rows.map(({ body, ...row }) => ({ ...row, ...asObject(opened({ kind: 'event', id: task.eventId }, body)) }))[0] ?? null,
    plan: plan === undefined ? null : { ...plan, body: opened({ kind: 'plan', id, version: plan.version }, plan.body) },
    steps: steps.map((step) => ({
      ...step,
      body: opened({ kind: 'step', id: `${id}/${step.stepId}`, version: step.planVersion }, step.body),
    })),
    attempts,
    approvals: approvals.map(({ body, answer, decisionMac: _mac, ...row }) => ({
      ...row,
      body: opened({ kind: 'approval', id: row.approvalId }, body),
      answer: answer === null ? null : opened({ kind: 'approval.answer', id: row.approvalId }, answer),
      comments: said
        .filter(({ approvalId }) => approvalId === row.approvalId)
        .map(({ id: commentId, author, createdAt, body }) => ({
          ...{ id: commentId, author, createdAt },
          body: opened({ kind: 'approval.comment', id: commentId }, body),
        })),
    })),
    timeline: entries
      .toReversed()
      .map(({ seq, at, kind, actor, objectId, state, detail }) => ({ seq, at, kind, actor, objectId, state, detail })),
  };
}

interface StoredComment {
  readonly id: string;
  readonly approvalId: string;
  readonly author: string;
  readonly createdAt: Date;
  readonly body: Buffer;
}

/** What people said about these approvals, oldest first. */
async function commentsOn(tx: Tx, tenantId: Id<'tenant'>, approvalIds: readonly string[]): Promise<readonly StoredComment[]> {
  if (approvalIds.length === 0) return [];
  const { rows } = await sql<StoredComment>`select comment_id as id, approval_id, author, created_at, body from approval_comment
    where tenant_id = ${tenantId} and approval_id = any(${[...approvalIds]}) order by comment_id`.execute(tx);
  return rows;
}

/** Mails as they came, one in memory at a time. */
async function* mails({ tx, tenantId, keysOf, damaged }: Reading): AsyncGenerator<Part> {
  for (let after = ''; ; ) {
    const { rows } = await sql<{
      eventId: Id<'event'>;
    }>`select event_id from event where tenant_id = ${tenantId} and event_id > ${after}
      and raw is not null order by event_id limit ${mailsAtOnce}`.execute(tx);
    for (const { eventId } of rows) {
      const found = await sql<{ raw: Buffer }>`select raw from event where tenant_id = ${tenantId} and event_id = ${eventId}`.execute(tx);
      const raw = found.rows[0]?.raw;
      const keys = await keysOf();
      const mail = raw && orNull(`event/${eventId}`, damaged, () => keys.open('content', { kind: 'event.raw', id: eventId }, raw));
      if (mail) yield { name: `events/${eventId}.eml`, body: [mail] };
    }
    const last = rows.at(-1);
    if (rows.length < mailsAtOnce || last === undefined) return;
    after = last.eventId;
  }
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const asObject = (value: Json): object => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {});

const open = (keys: TenantKeys, ref: ObjectRef, sealed: Buffer, damaged: string[]): Json =>
  orNull(`${ref.kind}/${ref.id}`, damaged, () => keys.openJson(ref, sealed, z.json()));

function orNull<T>(what: string, damaged: string[], work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (!isFactotumError(error, 'seal.broken')) throw error;
    damaged.push(what);
    return null;
  }
}
