import { z } from 'zod';
import type { ApprovalState } from '#engine';
import {
  decideApproval,
  decisionInputSchema,
  presentApproval,
  refuseAltered,
  type StoredApproval,
  selectApproval,
  selectApprovals,
} from '#flow/approval';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError, isId } from '#kernel';
import { showRead } from './access.ts';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { approvalSchema, page } from './schema.ts';
import { asApproval, presentApprovals } from './task-page.ts';
import { toolsOf } from './tenant-tools.ts';

const approvalStates = [
  'waiting',
  'approved',
  'rejected',
  'expired',
  'superseded',
  'cancelled',
] as const satisfies readonly ApprovalState[];

export function addApprovalRoutes(routes: Routes, deps: Pick<HttpDeps, 'catalogue' | 'accessLog' | 'log' | 'onRung'>): void {
  const { catalogue: own, accessLog, log } = deps;

  const present = (call: Call, catalogue: ToolCatalogue, row: StoredApproval) => asApproval(presentApproval(call.keys, catalogue, row));

  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/approvals',
      summary: 'List approvals, newest first',
      tag: 'approvals',
      query: z.strictObject({ state: z.enum(approvalStates).optional(), ...pageQuery }),
      answers: { 200: page(approvalSchema) },
      errors: ['request.cursor_invalid'],
    },
    async (call) => {
      const { keys, tenantId, query } = call;
      const { state, limit } = query;
      const before = readCursor(keys, 'approvals', query.cursor);
      const states = state === undefined ? approvalStates : [state];
      const { rows, catalogue } = await call.inTenant(async (tx) => ({
        rows: await selectApprovals(tx, { tenantId, states, before, limit: limit + 1 }),
        catalogue: await toolsOf(own, tx, keys),
      }));
      const { items, nextCursor } = pageOf(rows, limit, {
        present: (row) => row,
        cursorOf: ({ approvalId }) => makeCursor(keys, 'approvals', approvalId),
      });
      const shown = () => presentApprovals({ keys, catalogue, log }, items);
      return { status: 200, body: { items: await showRead(accessLog, call, { detail: { approvals: items.length } }, shown), nextCursor } };
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/approvals/{id}',
      summary: 'An approval: what would be done, and where each part of it comes from',
      tag: 'approvals',
      params: z.object({ id: z.string() }),
      answers: { 200: approvalSchema },
      errors: ['approval.not_found'],
    },
    async (call) => {
      const approvalId = approvalIdOf(call.params.id);
      const { row, catalogue } = await call.inTenant(async (tx) => ({
        row: await selectApproval(tx, call.tenantId, approvalId),
        catalogue: await toolsOf(own, tx, call.keys),
      }));
      if (row === undefined) throw notFound();
      const read = { objectId: row.approvalId };
      return { status: 200, body: await showRead(accessLog, call, read, () => present(call, catalogue, row)) };
    },
  );

  routes.add(
    'approval:decide',
    {
      method: 'post',
      path: '/api/v1/approvals/{id}/decision',
      summary: 'Decide, once, about exactly the bytes that `payloadHash` names',
      tag: 'approvals',
      params: z.object({ id: z.string() }),
      body: jsonBody(decisionInputSchema),
      answers: { 200: approvalSchema },
      errors: ['approval.not_found', 'approval.already_decided', 'approval.changed', 'approval.edit_invalid'],
    },
    async (call) => {
      const { tenantId, keys, principal, now, body } = call;
      const approvalId = approvalIdOf(call.params.id);
      const { row, catalogue } = await call.inTenant(async (tx) => {
        const tools = await toolsOf(own, tx, keys);
        const context = { tx, tenantId, keys, catalogue: tools, actor: principal.actor, now };
        return { row: await decideApproval(context, approvalId, body), catalogue: tools };
      });
      deps.onRung(tenantId);
      refuseAltered(row);
      // The log says already that they had this approval before them: they decided it.
      return { status: 200, body: present(call, catalogue, row) };
    },
  );
}

/** What does not look like an id is the id of nothing. */
function approvalIdOf(text: string): string {
  if (!isId('approval', text)) throw notFound();
  return text;
}

const notFound = () => new FactotumError('approval.not_found', 'There is no such approval.');
