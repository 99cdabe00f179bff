import type { ApprovalState, TaskState } from '#engine';
import { type Id, isId } from '#kernel';

/** The folders that are drawn from rows. Nobody stores a note below them. */
export const generatedFolders = ['Needs_Action', 'In_Progress', 'Pending_Approval', 'Approved', 'Rejected', 'Done'] as const;

export const dashboardPath = 'Dashboard.md';

/** Whether a path lies in a folder, or is a note, that we draw ourselves, in any case: no file system keeps the two apart. */
export function isGeneratedPath(path: string): boolean {
  const folded = fold(path);
  return folded === fold(dashboardPath) || generatedFolders.some((folder) => `${folded}/`.startsWith(`${fold(folder)}/`));
}

/** Upper case first: it joins what lower case alone keeps apart (the long s). */
const fold = (path: string): string => path.toUpperCase().toLowerCase();

/** Where a task's note lies in its present state. */
export function taskPath(task: { taskId: string; state: TaskState; createdAt: Date }, title: string): string {
  return `${taskFolder(task)}/${fileName(title, task.taskId)}`;
}

function taskFolder({ state, createdAt }: { state: TaskState; createdAt: Date }): string {
  if (state === 'done' || state === 'cancelled') return `Done/${createdAt.toISOString().slice(0, 7)}`;
  if (state === 'running' || state === 'planning') return 'In_Progress';
  return 'Needs_Action';
}

/** Where an approval's note lies in its present state; null when it is history and has no note of its own. */
export function approvalPath(approval: { approvalId: string; state: ApprovalState }, headline: string): string | null {
  const folder =
    approval.state === 'waiting'
      ? 'Pending_Approval'
      : approval.state === 'approved'
        ? 'Approved'
        : approval.state === 'rejected'
          ? 'Rejected'
          : null;
  return folder === null ? null : `${folder}/${fileName(headline, approval.approvalId)}`;
}

/** The task or approval that a path's file name ends in, or null. Only the id counts; the words before it are for people. */
export function idInPath(path: string): { kind: 'task'; id: Id<'task'> } | { kind: 'approval'; id: Id<'approval'> } | null {
  const id = /(?:^|[ /])((?:tsk|apr)_[0-9a-f]{24})\.md$/.exec(path)?.[1];
  if (id === undefined) return null;
  if (isId('task', id)) return { kind: 'task', id };
  return isId('approval', id) ? { kind: 'approval', id } : null;
}

/** A title as a file name: what no file system or Markdown link minds, short, then the id. */
function fileName(title: string, id: string): string {
  const words = title
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\\/:*?"<>|#^[\]{}$%`]/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[ .]+|[ .]+$/g, '');
  const short = [...words].slice(0, 60).join('').trim();
  return short === '' ? `${id}.md` : `${short} ${id}.md`;
}
