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

const approvalFolders: Readonly<Partial<Record<ApprovalState, string>>> = {
  waiting: 'Pending_Approval',
  approved: 'Approved',
  rejected: 'Rejected',
};

/** Where an approval's note lies in its present state; null when it is history and has no note of its own. */
export function approvalPath(approval: { approvalId: string; state: ApprovalState }, headline: string): string | null {
  const folder = approvalFolders[approval.state];
  return folder === undefined ? null : `${folder}/${fileName(headline, approval.approvalId)}`;
}

/** The task or approval that a path's file name ends in, or null. Only the id counts; the words before it are for people. */
export function idInPath(path: string): { kind: 'task'; id: Id<'task'> } | { kind: 'approval'; id: Id<'approval'> } | null {
  const id = /(?:^|[ /])((?:tsk|apr)_[0-9a-f]{24})\.md$/.exec(path)?.[1];
  if (id === undefined) return null;
  if (isId('task', id)) return { kind: 'task', id };
  return isId('approval', id) ? { kind: 'approval', id } : null;
}

/** A title as a file name: its words, then the id. */
function fileName(title: string, id: string): string {
  const words = plainWords(title);
  return words === '' ? `${id}.md` : `${words} ${id}.md`;
}

/** With the id behind it, inside the 200 bytes that a part of a path may have. */
const wordsBytesMax = 150;

/**
 * The start of a title in characters that no file system, address or Markdown link minds: what vault paths may hold, less what is
 * mark-up. Empty when nothing of it is left.
 */
export function plainWords(title: string): string {
  const plain = title
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}\\/:*?"<>|#^[\]{}$%`=~&!]/gu, ' ')
    .replace(/\s+/g, ' ');
  let words = '';
  for (const character of plain) {
    if (Buffer.byteLength(words + character) > wordsBytesMax) break;
    words += character;
  }
  words = words.replace(/^[ .]+|[ .]+$/g, '');
  // Windows takes these for devices also with an ending.
  return /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin|conout)(?:\.|$)/i.test(words) ? `_${words}` : words;
}
