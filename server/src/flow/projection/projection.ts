import { createHash } from 'node:crypto';
import type { ApprovalState, TaskState } from '#engine';
import {
  decideApproval,
  type PresentedApproval,
  presentApproval,
  type StoredApproval,
  selectApproval,
  selectApprovals,
} from '#flow/approval';
import { openTaskDetail, type StoredTask, selectTask, selectTasks } from '#flow/task';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { approvalPath, dashboardPath, generatedFolders, idInPath, taskPath } from './place.ts';
import { renderApproval, renderDashboard, renderTask } from './render.ts';

export interface ProjectionContext {
  readonly tx: Tx;
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  readonly catalogue: ToolCatalogue;
  readonly now: Date;
}

/** A note that is drawn from rows when it is read. */
export interface GeneratedNote {
  readonly path: string;
  readonly content: string;
  readonly etag: string;
  readonly updatedAt: Date;
}

/** Synced views end here: what is older stays in the task list and in the audit log. */
const daysShown = 90;
/** Notes of one folder at most. A vault is for people, and no file manager is happy with more. */
const notesMax = 500;

type Folder = (typeof generatedFolders)[number];

/** Which tasks or approvals a folder shows, by their states. */
const contents: Readonly<Record<Folder, { readonly tasks: readonly TaskState[] } | { readonly approvals: ApprovalState }>> = {
  Needs_Action: { tasks: ['received', 'waiting', 'failed'] },
  In_Progress: { tasks: ['planning', 'running'] },
  Done: { tasks: ['done', 'cancelled'] },
  Pending_Approval: { approvals: 'waiting' },
  Approved: { approvals: 'approved' },
  Rejected: { approvals: 'rejected' },
};

/** Reads a generated note. @returns null when nothing lies at this path now; a note that has moved on lies elsewhere. */
export async function readGenerated(context: ProjectionContext, path: string): Promise<GeneratedNote | null> {
  if (path === dashboardPath) return drawDashboard(context);
  const found = idInPath(path);
  if (found === null) return null;
  if (found.kind === 'approval') {
    const row = await selectApproval(context.tx, context.tenantId, found.id);
    const note = row === undefined ? null : drawApproval(context, row);
    return note?.path === path ? note : null;
  }
  const task = await selectTask(context.tx, context.tenantId, found.id);
  const note = task === undefined ? null : drawTask(context, task);
  return note?.path === path ? note : null;
}

/** The generated notes below a folder (`''` for all), newest first within each folder. */
export async function listGenerated(context: ProjectionContext, prefix: string): Promise<GeneratedNote[]> {
  const wanted = generatedFolders.filter((folder) => `${folder}/`.startsWith(prefix) || prefix.startsWith(`${folder}/`));
  const notes: GeneratedNote[] = dashboardPath.startsWith(prefix) ? [await drawDashboard(context)] : [];
  for (const folder of wanted) notes.push(...(await listFolder(context, folder)));
  return notes.filter((note) => note.path.startsWith(prefix));
}

/** What a move decided. */
export interface MovedNote {
  readonly path: string;
  readonly etag: string;
  readonly decision: 'accept' | 'reject';
  readonly approval: StoredApproval;
}

/**
 * Moving a pending approval's note to `Approved/` or `Rejected/` is that person's decision about exactly the bytes they saw.
 *
 * @param ifMatch - the etag of the note that was moved: proof of what was seen.
 * @returns what was decided; as after `decideApproval`, pass the approval to `refuseAltered` once the transaction is through.
 * @throws `approval.note_changed` when the note is not what we would draw now; `vault.not_found`; whatever `decideApproval` throws;
 * `vault.generated` for every other move of a generated note.
 */
export async function moveGenerated(
  context: ProjectionContext,
  move: { from: string; to: string; ifMatch: string; actor: string },
): Promise<MovedNote> {
  const found = idInPath(move.from);
  const [source, name] = split(move.from);
  const [target, newName] = split(move.to);
  const decision = target === 'Approved' ? 'accept' : target === 'Rejected' ? 'reject' : null;
  if (found?.kind !== 'approval' || source !== 'Pending_Approval' || decision === null || name !== newName)
    throw new FactotumError(
      'vault.generated',
      'This note is drawn from what happened and cannot be moved there. Only notes in Pending_Approval/ are moved, to Approved/ or Rejected/, under the same name.',
    );
  const row = await selectApproval(context.tx, context.tenantId, found.id);
  // As it was while it could be moved: of one that has been decided since, whoever moves it is told by whom.
  const note = row && drawApproval(context, { ...row, state: 'waiting', decidedBy: null, decidedAt: null });
  if (row === undefined || note?.path !== move.from) throw new FactotumError('vault.not_found', 'There is no such note.');
  if (row.state === 'waiting' && note.etag !== move.ifMatch)
    throw new FactotumError(
      'approval.note_changed',
      'The note that was moved is not the one that stands here now, so nothing was decided. Read it again.',
      { details: { etag: note.etag } },
    );
  const shared = { payloadHash: row.payloadHash };
  const decided = await decideApproval(
    { ...context, actor: move.actor },
    found.id,
    decision === 'accept' ? { decision, ...shared } : { decision, ...shared, comment: 'Moved to Rejected/ in the vault.' },
  );
  const after = drawApproval(context, decided);
  return { path: after?.path ?? move.to, etag: after?.etag ?? '', decision, approval: decided };
}

function split(path: string): [folder: string, name: string] {
  const slash = path.indexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}

async function listFolder(context: ProjectionContext, folder: Folder): Promise<GeneratedNote[]> {
  const oldest = new Date(context.now.getTime() - daysShown * 86_400_000);
  const page = { tenantId: context.tenantId, before: null, limit: notesMax };
  const shown = contents[folder];
  if ('approvals' in shown) {
    const rows = await selectApprovals(context.tx, { ...page, states: [shown.approvals] });
    return rows.filter((row) => row.createdAt >= oldest).flatMap((row) => drawApproval(context, row) ?? []);
  }
  const rows = await selectTasks(context.tx, { ...page, states: shown.tasks });
  return rows.filter((row) => row.createdAt >= oldest).map((row) => drawTask(context, row));
}

function drawTask(context: ProjectionContext, task: StoredTask): GeneratedNote {
  const detail = openTaskDetail(context.keys, task);
  return drawn(taskPath(task, detail.title), renderTask(task, detail), task.updatedAt);
}

function drawApproval(context: ProjectionContext, row: StoredApproval): GeneratedNote | null {
  const approval: PresentedApproval = presentApproval(context.keys, context.catalogue, row);
  const path = approvalPath(row, approval.headline);
  return path === null ? null : drawn(path, renderApproval(approval), row.decidedAt ?? row.createdAt);
}

async function drawDashboard(context: ProjectionContext): Promise<GeneratedNote> {
  const waiting = await selectApprovals(context.tx, { tenantId: context.tenantId, states: ['waiting'], before: null, limit: 50 });
  const recent = await selectTasks(context.tx, { tenantId: context.tenantId, states: [], before: null, limit: 20 });
  const content = renderDashboard({
    waiting: waiting.flatMap((row) => {
      const { headline } = presentApproval(context.keys, context.catalogue, row);
      const path = approvalPath(row, headline);
      return path === null ? [] : [{ path, text: headline }];
    }),
    recent: recent.map((task) => {
      const { title } = openTaskDetail(context.keys, task);
      return { path: taskPath(task, title), text: title, state: task.state };
    }),
  });
  return drawn(dashboardPath, content, recent[0]?.updatedAt ?? context.now);
}

function drawn(path: string, content: string, updatedAt: Date): GeneratedNote {
  return { path, content, etag: createHash('sha256').update(path).update('\0').update(content).digest('hex').slice(0, 32), updatedAt };
}
