import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { revokeGrant } from '#trust/policy';
import { deleteNote, noteHistory, readNotes, restoreVersion } from '#trust/vault';

/** What of the demo is still here; ids, and the paths of notes. */
export interface DemoThings {
  readonly tasks: readonly string[];
  readonly approvals: readonly string[];
  readonly notes: readonly string[];
  readonly grants: readonly string[];
}

/** What was taken out. `kept`: notes that somebody has changed since, which are theirs now. */
export interface DemoRemoval {
  readonly tasks: number;
  readonly notes: number;
  readonly grants: number;
  readonly kept: readonly string[];
}

interface DemoRow {
  readonly noteIds: Id<'note'>[];
  readonly noteVersions: number[];
  readonly grantIds: Id<'grant'>[];
}

/** What the demo put into the tenant and what has become of it; null in a tenant without one. */
export async function readDemo(tx: Tx, keys: TenantKeys): Promise<DemoThings | null> {
  const row = await findDemo(tx, keys.tenantId);
  if (row === null) return null;
  const tasks = (await demoTasks(tx, keys.tenantId)).map(({ taskId }) => taskId);
  const notes = [...(await untouchedNotes(tx, keys, row)), ...(await notesOfTasks(tx, keys, tasks))].map(({ path }) => path);
  const approvals = tasks.length === 0 ? [] : await approvalsOf(tx, keys.tenantId, tasks);
  return { tasks, approvals, notes: [...new Set(notes)].sort(), grants: row.grantIds };
}

/**
 * Takes the demo out, all of it or nothing: its tasks with everything that belongs to them, the notes that it wrote and nobody has changed,
 * its standing permission. The audit log stays whole, and says that this was done.
 *
 * @throws FactotumError `demo.not_found`, `demo.busy` while one of its tasks is in the hands of a worker.
 */
export async function removeDemo(tx: Tx, keys: TenantKeys, act: { readonly actor: string; readonly at: Date }): Promise<DemoRemoval> {
  const { tenantId } = keys;
  const row = await findDemo(tx, tenantId);
  if (row === null) throw new FactotumError('demo.not_found', 'There is no demo in this tenant, or it has been removed.');
  const tasks = await demoTasks(tx, tenantId, true);
  if (tasks.some(({ isHeld }) => isHeld))
    throw new FactotumError('demo.busy', 'A task of the demo is being worked on right now. Try again in a moment.');
  const taskIds = tasks.map(({ taskId }) => taskId);
  const change = { author: act.actor, trusted: true, at: act.at };
  const own = await untouchedNotes(tx, keys, row);
  for (const { noteId, version, path } of own) {
    // What was there before the demo wrote over it comes back.
    if (version === 1) await deleteNote(tx, keys, { ...change, path });
    else await restoreVersion(tx, keys, { ...change, noteId, version: version - 1 });
  }
  const made = await notesOfTasks(tx, keys, taskIds);
  for (const { path } of made) await deleteNote(tx, keys, { ...change, path });
  const present = new Set((await readNotes(tx, keys, row.noteIds)).map(({ noteId }) => noteId));
  const gone = new Set(own.map(({ noteId }) => noteId));
  const kept = (
    await readNotes(
      tx,
      keys,
      row.noteIds.filter((id) => present.has(id) && !gone.has(id)),
    )
  )
    .map(({ path }) => path)
    .sort();
  let grants = 0;
  for (const grantId of row.grantIds) if (await revoked(tx, tenantId, grantId, act)) grants += 1;
  await deleteTasks(tx, tenantId, taskIds);
  await sql`delete from app.demo where tenant_id = ${tenantId}`.execute(tx);
  const removal = { tasks: taskIds.length, notes: own.length + made.length, grants, kept };
  const detail = { tasks: removal.tasks, notes: removal.notes, grants, kept: kept.length };
  await recordAudit(tx, tenantId, [{ kind: 'demo.removed', ...act, objectId: tenantId, detail }]);
  return removal;
}

async function findDemo(tx: Tx, tenantId: Id<'tenant'>): Promise<DemoRow | null> {
  const { rows } = await sql<DemoRow>`select note_ids, note_versions, grant_ids from app.demo where tenant_id = ${tenantId}`.execute(tx);
  return rows[0] ?? null;
}

async function demoTasks(tx: Tx, tenantId: Id<'tenant'>, isLocked = false): Promise<{ taskId: Id<'task'>; isHeld: boolean }[]> {
  const { rows } = await sql<{ taskId: Id<'task'>; isHeld: boolean }>`select t.task_id, t.owner is not null as is_held
    from app.demo d join app.event e on e.tenant_id = d.tenant_id and e.source = 'mail' and e.external_mac = any (d.event_macs) and e.conflict_of is null
    join app.task t on t.tenant_id = e.tenant_id and t.task_id = e.task_id
    where d.tenant_id = ${tenantId} order by t.task_id ${isLocked ? sql`for update of t` : sql``}`.execute(tx);
  return rows;
}

async function approvalsOf(tx: Tx, tenantId: Id<'tenant'>, taskIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select approval_id as id from app.approval
    where tenant_id = ${tenantId} and task_id = any (${taskIds})`.execute(tx);
  return rows.map(({ id }) => id);
}

/** The demo's own notes as it wrote them: whatever somebody has changed since is theirs. */
async function untouchedNotes(tx: Tx, keys: TenantKeys, { noteIds, noteVersions }: DemoRow) {
  const written = new Map(noteIds.map((id, at) => [id, noteVersions[at]]));
  return (await readNotes(tx, keys, noteIds)).filter(({ noteId, version }) => written.get(noteId) === version);
}

/** Notes that tasks of the demo wrote, by the audit log, and that nobody else has changed since. */
async function notesOfTasks(tx: Tx, keys: TenantKeys, taskIds: readonly string[]) {
  if (taskIds.length === 0) return [];
  const { rows } = await sql<{ id: Id<'note'> }>`select distinct object_id as id from app.audit_entry
    where tenant_id = ${keys.tenantId} and task_id = any (${taskIds}) and kind = 'note.written' and object_id is not null`.execute(tx);
  const notes = await readNotes(
    tx,
    keys,
    rows.map(({ id }) => id),
  );
  const made = [];
  for (const note of notes) {
    const history = await noteHistory(tx, keys, note.noteId);
    if (history.every(({ author }) => author === 'system:engine')) made.push(note);
  }
  return made;
}

async function revoked(tx: Tx, tenantId: Id<'tenant'>, grantId: Id<'grant'>, act: { actor: string; at: Date }): Promise<boolean> {
  const { rows } =
    await sql`select 1 from app.standing_grant where tenant_id = ${tenantId} and grant_id = ${grantId} and state = 'active'`.execute(tx);
  if (rows.length === 0) return false;
  await revokeGrant(tx, tenantId, { grantId, ...act });
  return true;
}

/** The policies of the database let go of the demo's rows alone. The event goes last: it is what says that the others are of the demo. */
async function deleteTasks(tx: Tx, tenantId: Id<'tenant'>, taskIds: readonly string[]): Promise<void> {
  if (taskIds.length === 0) return;
  const approvals = await approvalsOf(tx, tenantId, taskIds);
  for (const table of ['approval_vote', 'approval_comment', 'approval_snooze'])
    await sql`delete from ${sql.table(`app.${table}`)} where tenant_id = ${tenantId} and approval_id = any (${approvals})`.execute(tx);
  await sql`delete from app.notice where tenant_id = ${tenantId} and object_id = any (${[...approvals, ...taskIds]})`.execute(tx);
  for (const table of ['approval', 'attempt', 'step', 'plan', 'mail_message', 'task_word', 'task', 'event'])
    await sql`delete from ${sql.table(`app.${table}`)} where tenant_id = ${tenantId} and task_id = any (${taskIds})`.execute(tx);
}
