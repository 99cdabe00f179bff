import type { ToolCatalogue, ToolManifest } from '#flow/tool';
import type { JsonObject } from '#kernel';
import { headlineIn } from '#kernel/words';
import type { TenantKeys } from '#trust/key';
import { displayOf, type Field, presentFields } from './fields.ts';
import { type Answer, type ApprovalBody, answerSchema, approvalBodySchema } from './schema.ts';
import type { StoredApproval } from './store.ts';
import type { ApprovalAbout } from './view.ts';

/** An approval as the outside sees it. Nothing else of the row leaves. */
export interface PresentedApproval {
  readonly id: string;
  readonly taskId: string;
  readonly stepId: string;
  readonly tool: string;
  readonly toolTitle: string;
  readonly headline: string;
  readonly consequence: string;
  readonly args: JsonObject;
  readonly fields: readonly Field[];
  readonly risk: string;
  readonly reversible: boolean;
  readonly reason: string;
  readonly reasons: readonly { readonly rule: string; readonly text: string; readonly args?: readonly string[] | undefined }[];
  readonly policies: readonly { readonly id: string; readonly title: string }[];
  readonly payloadHash: string;
  readonly state: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  readonly comment: string | null;
  readonly assignedTo: string | null;
  /** Who is asked first, by id; anybody who may decide may still decide. */
  readonly assignee: { readonly id: string; readonly until: string | null } | null;
  readonly snoozedUntil: string | null;
  readonly quorum: {
    readonly needed: number;
    readonly given: readonly { readonly by: string; readonly at: string }[];
    readonly mineGiven: boolean;
  };
  readonly stepUp: boolean;
  /** Whether it may be accepted together with others of its tool. */
  readonly bulk: boolean;
  /** Until when the decision can surely be taken back. */
  readonly heldUntil: string | null;
  readonly commentCount: number;
  readonly plannerText: string;
  readonly task: { readonly id: string; readonly title: string; readonly from: string | null };
}

/** What is asked, in one line, for a reader with the locale that it is called with. */
export function headlineOf(
  keys: TenantKeys,
  { approvalId, tool, body }: Pick<StoredApproval, 'approvalId' | 'tool' | 'body'>,
): (locale: string) => string {
  const { headline, args } = keys.openJson({ kind: 'approval', id: approvalId }, body, approvalBodySchema);
  return (locale) => headlineIn(locale, { tool, headline, args: (name) => displayOf(args, name) });
}

/** What is said of an approval to somebody of whom nothing is known. */
const nothingAbout: ApprovalAbout = { assignee: null, snoozedUntil: null, votes: [], commentCount: 0 };

/**
 * Opens an approval and draws it: headline and consequence come from our manifest, never from the planner.
 *
 * @param more.actor - who looks at it.
 */
export function presentApproval(
  keys: TenantKeys,
  catalogue: ToolCatalogue,
  row: StoredApproval,
  { about = nothingAbout, actor }: { readonly about?: ApprovalAbout | undefined; readonly actor?: string | undefined } = {},
): PresentedApproval {
  const body = keys.openJson({ kind: 'approval', id: row.approvalId }, row.body, approvalBodySchema);
  const answer = row.answer === null ? null : keys.openJson({ kind: 'approval.answer', id: row.approvalId }, row.answer, answerSchema);
  const manifest = catalogue.get(row.tool)?.manifest;
  return {
    id: row.approvalId,
    taskId: row.taskId,
    stepId: row.stepId,
    tool: row.tool,
    toolTitle: manifest?.title ?? row.tool,
    headline: body.headline,
    consequence: manifest?.consequence ?? 'This tool is not available any more; approving does nothing.',
    args: body.args,
    fields: presentFields(manifest, body.args, body.labels, body.known),
    risk: row.risk,
    reversible: manifest?.reversible ?? false,
    reason: body.reasons[0]?.text ?? 'Policy asks for a person.',
    reasons: body.reasons,
    policies: body.policies,
    payloadHash: row.payloadHash,
    state: row.state,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    decidedBy: row.decidedBy,
    decidedAt: row.decidedAt?.toISOString() ?? null,
    comment: answer?.comment ?? null,
    assignedTo: row.assignedTo,
    assignee: about.assignee && { id: about.assignee.id, until: about.assignee.until?.toISOString() ?? null },
    snoozedUntil: about.snoozedUntil?.toISOString() ?? null,
    quorum: quorumOf(row, { body, answer, about, actor }),
    stepUp: body.demands.stepUp,
    bulk: manifest !== undefined && mayGoTogether(manifest, row),
    heldUntil: answer?.notBefore ?? null,
    commentCount: about.commentCount,
    plannerText: body.why,
    task: { id: row.taskId, title: body.title, from: body.from ?? null },
  };
}

function quorumOf(
  row: StoredApproval,
  { body, answer, about, actor }: { body: ApprovalBody; answer: Answer | null; about: ApprovalAbout; actor: string | undefined },
): PresentedApproval['quorum'] {
  const last = row.state === 'approved' && row.decidedBy !== null ? [{ by: row.decidedBy, at: row.decidedAt?.toISOString() ?? '' }] : [];
  const given = (row.state === 'waiting' ? about.votes : (answer?.votes ?? last)).map(({ by, at }) => ({ by, at }));
  return { needed: body.demands.approvals, given, mineGiven: given.some(({ by }) => by === actor) };
}

/** Whether one yes may be said to several of them at once: nothing grave, and nothing that stays if it was a mistake. */
export const mayGoTogether = (
  { effect, reversible }: Pick<ToolManifest, 'effect' | 'reversible'>,
  { risk }: Pick<StoredApproval, 'risk'>,
): boolean => reversible && risk !== 'high' && effect !== 'money' && effect !== 'grant' && effect !== 'destroy';
