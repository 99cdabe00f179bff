import { z } from 'zod';
import { decideApproval, graceSecondsSchema, mayGoTogether, refuseAltered, selectApproval } from '#flow/approval';
import type { ToolCatalogue } from '#flow/tool';
import { errorCatalogue, FactotumError, isFactotumError, isId } from '#kernel';
import type { ApprovalDeps } from './approval.ts';
import { aboutIn, approvalIdOf, asApproval, decisionContext, nameAround } from './approval-around.ts';
import { jsonBody } from './body.ts';
import type { Call, Routes } from './route.ts';
import { approvalSchema, list } from './schema.ts';
import { toolsNamed, toolsOf } from './tenant-tools.ts';

const decisionsMax = 100;
const seen = { id: z.string().max(100), payloadHash: z.string().regex(/^[0-9a-f]{64}$/) };

const bulkInput = z.strictObject({
  decisions: z
    .array(
      z.discriminatedUnion('decision', [
        z.strictObject({ ...seen, decision: z.literal('accept'), comment: z.string().max(4_000).optional() }),
        z.strictObject({ ...seen, decision: z.literal('reject'), comment: z.string().trim().min(1).max(4_000) }),
      ]),
    )
    .min(1)
    .max(decisionsMax)
    .refine((decisions) => new Set(decisions.map(({ id }) => id)).size === decisions.length, 'must name each approval once'),
  graceSeconds: graceSecondsSchema.optional(),
});
type BulkDecision = z.output<typeof bulkInput>['decisions'][number];

const outcomeSchema = z.object({
  id: z.string(),
  approval: approvalSchema.nullable().meta({ description: 'As it is now; null when it was not decided.' }),
  error: z.object({ code: z.string(), title: z.string(), detail: z.string() }).nullable().meta({ description: 'Why it was not decided.' }),
});

/** Several decisions in one request. Each is one of its own: its own transaction, its own hash, its own entry. */
export function addApprovalBulkRoutes(routes: Routes, deps: ApprovalDeps): void {
  const members = deps.identity.membership;

  async function decide(call: Call, { id, ...decision }: BulkDecision, graceSeconds: number | undefined) {
    const { row, about, catalogue } = await call.inTenant(async (tx) => {
      // Nothing is edited here, so no tool is asked whether it fits.
      const context = decisionContext(call, { tx, catalogue: deps.catalogue, members });
      const input = { ...decision, ...(graceSeconds === undefined ? {} : { graceSeconds }) };
      const row = await decideApproval(context, approvalIdOf(id), input);
      return { row, about: await aboutIn(tx, call, [row]), catalogue: await toolsNamed(deps.catalogue, tx, call.keys, [row.tool]) };
    });
    refuseAltered(row);
    return asApproval(call.keys, catalogue, row, await nameAround(call, members, about));
  }

  routes.add(
    'approval:decide',
    {
      method: 'post',
      path: '/api/v1/approvals/decisions',
      summary: 'Decide about up to 100 approvals; those that are accepted together are of one tool, reversible and not grave',
      tag: 'approvals',
      body: jsonBody(bulkInput, { bytesMax: 1024 * 1024 }),
      answers: { 200: z.object({ items: list(outcomeSchema) }) },
      errors: ['approval.not_alike'],
    },
    async (call) => {
      const { decisions, graceSeconds } = call.body;
      await refuseUnlike(call, deps.catalogue, decisions);
      const items: z.input<typeof outcomeSchema>[] = [];
      for (const decision of decisions) {
        const { id } = decision;
        try {
          items.push({ id, approval: await decide(call, decision, graceSeconds), error: null });
        } catch (error) {
          // What is not about this one approval would befall the next one as well.
          if (!isFactotumError(error) || errorCatalogue[error.code].status >= 500) throw error;
          items.push({ id, approval: null, error: { code: error.code, title: errorCatalogue[error.code].title, detail: error.message } });
        }
      }
      deps.onRung(call.tenantId);
      return { status: 200, body: { items } };
    },
  );
}

/** One yes to many is one look: they have to be of one kind, and none that is grave. @throws FactotumError `approval.not_alike`. */
async function refuseUnlike({ inTenant, tenantId, keys }: Call, own: ToolCatalogue, decisions: readonly BulkDecision[]): Promise<void> {
  const accepted = decisions.filter(({ decision }) => decision === 'accept').map(({ id }) => id);
  if (accepted.length === 0) return;
  const { rows, catalogue } = await inTenant(async (tx) => {
    const rows = [];
    for (const id of accepted) if (isId('approval', id)) rows.push(await selectApproval(tx, tenantId, id));
    return { rows: rows.filter((row) => row !== undefined), catalogue: await toolsOf(own, tx, keys) };
  });
  const tools = new Set(rows.map(({ tool }) => tool));
  const grave = rows.filter((row) => {
    const known = catalogue.get(row.tool);
    return known === null || !mayGoTogether(known.manifest, row);
  });
  if (tools.size <= 1 && grave.length === 0) return;
  throw new FactotumError(
    'approval.not_alike',
    'Only approvals of one tool that can be undone and are of no high risk are accepted together; payments never. Decide the others one by one.',
    { details: { tools: [...tools].sort(), grave: grave.map(({ approvalId }) => approvalId) } },
  );
}
