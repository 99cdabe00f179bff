import { z } from 'zod';
import { approvalBodySchema, compareWithSource, similarDecisions } from '#flow/approval';
import { eventBodySchema } from '#flow/intake';
import { selectTask } from '#flow/task';
import { FactotumError } from '#kernel';
import { readTenant } from '#trust/tenant';
import { showRead } from './access.ts';
import type { ApprovalDeps } from './approval.ts';
import { approvalIdOf, findApproval } from './approval-around.ts';
import { selectEvent } from './event-store.ts';
import type { Routes } from './route.ts';
import { callShape, list, page, time } from './schema.ts';
import { toolsOf } from './tenant-tools.ts';

const idParams = z.object({ id: z.string() });

const similarSchema = z.object({
  id: z.string(),
  ...callShape,
  state: z.enum(['waiting', 'approved', 'rejected', 'expired', 'superseded', 'cancelled']),
  decidedBy: z.string().nullable(),
  decidedAt: time.nullable(),
  comment: z.string().nullable(),
  differences: list(z.string()).meta({ description: 'Names of the arguments that were others.' }),
});

const comparisonSchema = z.object({
  field: z.string(),
  source: z.object({ kind: z.string(), id: z.string(), path: z.string().nullable(), text: z.string().nullable() }),
  value: z.string().meta({ description: 'What the source says where that is something else, and otherwise what would be done.' }),
  relation: z.enum(['same', 'different', 'absent']),
});

/** What helps to decide: what was decided before, and what the source says. */
export function addApprovalLookRoutes(routes: Routes, { catalogue: own, accessLog }: ApprovalDeps): void {
  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/approvals/{id}/similar',
      summary: 'Up to five earlier decisions about the same tool, most alike first',
      tag: 'approvals',
      params: idParams,
      answers: { 200: page(similarSchema) },
      errors: ['approval.not_found'],
    },
    async (call) => {
      const { keys, tenantId } = call;
      const approvalId = approvalIdOf(call.params.id);
      const found = await call.inSnapshot(async (tx) => {
        const row = await findApproval(tx, tenantId, approvalId);
        return similarDecisions(tx, { keys, tenantId, catalogue: await toolsOf(own, tx, keys) }, row);
      });
      const items = found.map(({ decidedAt, shown, ...decision }) => ({
        ...decision,
        shown: { ...shown },
        decidedAt: decidedAt?.toISOString() ?? null,
      }));
      const read = { objectId: approvalId, detail: { approvals: items.length } };
      return { status: 200, body: { items: await showRead(accessLog, call, read, () => items), nextCursor: null } };
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/approvals/{id}/source',
      summary: 'Field by field: what would be done, held against what arrived',
      tag: 'approvals',
      params: idParams,
      answers: { 200: page(comparisonSchema) },
      errors: ['approval.not_found'],
    },
    async (call) => {
      const { keys, tenantId } = call;
      const approvalId = approvalIdOf(call.params.id);
      const { row, event, settings, catalogue } = await call.inSnapshot(async (tx) => {
        const row = await findApproval(tx, tenantId, approvalId);
        const task = await selectTask(tx, tenantId, row.taskId);
        const event = task && (await selectEvent(tx, tenantId, task.eventId));
        if (event === undefined) throw new FactotumError('task.not_found', 'The task of this approval is not there any more.');
        const { settings } = await readTenant(tx, tenantId);
        return { row, event, settings, catalogue: await toolsOf(own, tx, keys) };
      });
      const compare = () => {
        const { args } = keys.openJson({ kind: 'approval', id: row.approvalId }, row.body, approvalBodySchema);
        const { payload } = keys.openJson({ kind: 'event', id: event.eventId }, event.body, eventBodySchema);
        const { timeZone, locale } = settings;
        return compareWithSource(catalogue.get(row.tool)?.manifest, args, {
          kind: event.source,
          id: event.eventId,
          payload,
          timeZone,
          locale,
        });
      };
      return { status: 200, body: { items: await showRead(accessLog, call, { objectId: approvalId }, compare), nextCursor: null } };
    },
  );
}
