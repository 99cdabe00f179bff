import { stringify } from 'yaml';
import type { PresentedApproval } from '#flow/approval';
import type { StoredTask, TaskDetail } from '#flow/task';
import { plainWords } from './place.ts';

/** A task as a note, in the front matter that the predecessor's vaults use. */
export function renderTask(task: StoredTask, detail: TaskDetail): string {
  const head = {
    type: task.source === 'mail' ? 'email' : 'event',
    task_id: task.taskId,
    ...(detail.from === undefined ? {} : { from: detail.from }),
    subject: detail.title,
    received: task.createdAt.toISOString(),
    priority: task.risk ?? 'low',
    status: task.state,
    ...(task.outcome === null ? {} : { outcome: task.outcome }),
    ...(task.playbook === null ? {} : { playbook: task.playbook }),
  };
  const parts = [
    `# ${heading(detail.title)}`,
    detail.summary && escapeMarkdown(detail.summary),
    detail.question && `**Question:** ${escapeMarkdown(detail.question)}`,
    detail.note && escapeMarkdown(detail.note),
    detail.error && `**Error:** ${escapeMarkdown(detail.error)}`,
  ];
  return `---\n${stringify(head)}---\n\n${parts.filter(Boolean).join('\n\n')}\n`;
}

/** An approval as a note. Moving it is the decision about exactly the bytes that `payloadHash` names. */
export function renderApproval(approval: PresentedApproval): string {
  const amount = approval.fields.find(({ name }) => name === 'amountMinor')?.display;
  const recipient = approval.fields.find(({ role, name }) => role === 'steering' && (name === 'creditor' || name === 'to'))?.display;
  const head = {
    type: 'approval_request',
    action: approval.tool,
    ...(amount === undefined ? {} : { amount }),
    ...(recipient === undefined ? {} : { recipient }),
    reason: approval.reason,
    created: approval.createdAt,
    expires: approval.expiresAt,
    status: approval.state === 'waiting' ? 'pending' : approval.state,
    approval: approval.id,
    task_id: approval.taskId,
    payloadHash: approval.payloadHash,
    ...(approval.decidedBy === null ? {} : { decided_by: approval.decidedBy, decided_at: approval.decidedAt }),
  };
  const rows = approval.fields.map(({ title, display, origins, integrity }) => {
    const from = origins.map(({ kind, text }) => heading(`${kind} ${text}`)).join(', ');
    return `| ${heading(title)} | ${heading(display)} | ${from}${integrity === 'untrusted' ? ' (untrusted)' : ''} |`;
  });
  const how =
    approval.state === 'waiting'
      ? ['Move this note to `Approved/` to allow exactly this, or to `Rejected/` to refuse it. Changing the note decides nothing.']
      : [];
  const parts = [
    `# ${heading(approval.headline)}`,
    escapeMarkdown(approval.consequence),
    ['| What | Value | From |', '| --- | --- | --- |', ...rows].join('\n'),
    approval.reasons.map(({ text }) => `- ${heading(text)}`).join('\n'),
    ...how,
  ];
  return `---\n${stringify(head)}---\n\n${parts.filter(Boolean).join('\n\n')}\n`;
}

/** The front page: what waits for somebody, and what happened last. */
export function renderDashboard(input: {
  waiting: readonly { path: string; text: string }[];
  recent: readonly { path: string; text: string; state: string }[];
}): string {
  // Inside a wiki link nothing is escaped, so its words are those of the file's name.
  const link = ({ path, text }: { path: string; text: string }) =>
    `[[${path.replace(/\.md$/, '')}|${plainWords(text).replaceAll('_', ' ') || 'Untitled'}]]`;
  const waiting = input.waiting.map((entry) => `- ${link(entry)}`);
  const recent = input.recent.map((entry) => `- ${link(entry)} (${entry.state})`);
  return `# Dashboard\n\n## Waiting for you\n\n${waiting.join('\n') || 'Nothing waits for you.'}\n\n## Latest\n\n${recent.join('\n') || 'Nothing has happened yet.'}\n`;
}

/** A text from outside on one line: in a heading, a list or a cell. */
const heading = (text: string): string => escapeMarkdown(text.replace(/\s+/g, ' ').trim());

/**
 * A text from outside stays text: no link, image, HTML, mathematics or comment comes alive in Obsidian, and above all nothing is hidden by
 * them from whoever decides. An address that programs would make a link of by themselves is broken up.
 */
function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_[\]<>!#|~$%&=^{}]/g, (mark) => `\\${mark}`)
    .replace(/:\/\//g, ':\\/\\/')
    .replace(/\bwww\./gi, (start) => `${start.slice(0, -1)}\\.`);
}
