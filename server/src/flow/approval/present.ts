import type { ToolCatalogue } from '#flow/tool';
import type { JsonObject } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { type Field, presentFields } from './fields.ts';
import { answerSchema, approvalBodySchema } from './schema.ts';
import type { StoredApproval } from './store.ts';

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
  readonly plannerText: string;
  readonly task: { readonly id: string; readonly title: string; readonly from: string | null };
}

/** What is asked, in one line, as it was drawn when it was asked. */
export const headlineOf = (keys: TenantKeys, { approvalId, body }: Pick<StoredApproval, 'approvalId' | 'body'>): string =>
  keys.openJson({ kind: 'approval', id: approvalId }, body, approvalBodySchema).headline;

/** Opens an approval and draws it: headline and consequence come from our manifest, never from the planner. */
export function presentApproval(keys: TenantKeys, catalogue: ToolCatalogue, row: StoredApproval): PresentedApproval {
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
    plannerText: body.why,
    task: { id: row.taskId, title: body.title, from: body.from ?? null },
  };
}
