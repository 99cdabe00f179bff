import { stringify } from 'yaml';
import type { PresentedApproval } from '#flow/approval';
import type { StoredTask, TaskDetail } from '#flow/task';

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
    detail.summary,
    detail.question === undefined ? undefined : `**Question:** ${detail.question}`,
    detail.note,
    detail.error === undefined ? undefined : `**Error:** ${detail.error}`,
  ];
  return `---\n${stringify(head)}---\n\n${parts
    .filter((part) => part !== undefined)
    .map((part, at) => (at === 0 ? part : escapeMarkdown(part)))
    .join('\n\n')}\n`;
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
  const rows = approval.fields.map(
    (field) =>
      `| ${cell(field.title)} | ${cell(field.display)} | ${cell(field.origins.map(({ kind, text }) => `${kind} ${text}`.trim()).join(', '))}${field.integrity === 'untrusted' ? ' (untrusted)' : ''} |`,
  );
  const how =
    approval.state === 'waiting'
      ? 'Move this note to `Approved/` to allow exactly this, or to `Rejected/` to refuse it. Changing the note decides nothing.'
      : '';
  return `---\n${stringify(head)}---\n\n# ${heading(approval.headline)}\n\n${escapeMarkdown(approval.consequence)}\n\n| | | from |\n| --- | --- | --- |\n${rows.join('\n')}\n\n${approval.reasons.map(({ text }) => `- ${escapeMarkdown(text)}`).join('\n')}\n\n${how}\n`;
}

/** The front page: what waits for somebody, and what happened last. */
export function renderDashboard(input: {
  waiting: readonly { path: string; text: string }[];
  recent: readonly { path: string; text: string; state: string }[];
}): string {
  const link = ({ path, text }: { path: string; text: string }) =>
    `[[${path.replace(/\.md$/, '')}|${heading(text).replace(/[|\]]/g, ' ')}]]`;
  const waiting = input.waiting.map((entry) => `- ${link(entry)}`);
  const recent = input.recent.map((entry) => `- ${link(entry)} (${entry.state})`);
  return `# Dashboard\n\n## Waiting for you\n\n${waiting.join('\n') || 'Nothing waits for you.'}\n\n## Latest\n\n${recent.join('\n') || 'Nothing has happened yet.'}\n`;
}

const heading = (text: string): string => escapeMarkdown(text.replace(/\s+/g, ' ').trim());

const cell = (text: string): string => escapeMarkdown(text.replace(/\s+/g, ' ')).replaceAll('|', '\\|');

/** Text from outside stays text: no images, links or HTML come alive in Obsidian. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>!#]/g, (mark) => `\\${mark}`);
}
