import { z } from 'zod';
import type { ApprovalState } from '#engine';
import { approvalViews, decideApproval, decisionInputSchema, findApprovals, refuseAltered } from '#flow/approval';
import { showRead } from './access.ts';
import { aboutIn, approvalIdOf, asApproval, assigneeOf, decisionContext, findApproval, nameAround, viewerOf } from './approval-around.ts';
import { jsonBody } from './body.ts';
import { makeCursor, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { approvalSchema, page } from './schema.ts';
import { presentApprovals } from './task-page.ts';
import { toolsNamed, toolsOf } from './tenant-tools.ts';

const approvalStates = [
  'waiting',
  'approved',
  'rejected',
  'expired',
  'superseded',
  'cancelled',
] as const satisfies readonly ApprovalState[];

const listQuery = z.strictObject({
  state: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? given : given.join(',')).split(','))
    .pipe(z.array(z.enum(approvalStates)).max(approvalStates.length))
    .optional()
    .meta({ description: `States to show, separated by commas: ${approvalStates.join(', ')}.` }),
  view: z.enum(approvalViews).default('all').meta({
    description: 'mine: what may wait for whoever asks; delegated: what waits for somebody else; snoozed: what they have put off.',
  }),
  risk: z.enum(['low', 'medium', 'high']).optional(),
  tool: z.string().min(1).max(200).optional(),
  q: z.string().trim().min(1).max(200).optional().meta({ description: 'Words of the headline, the task or its sender; all of them.' }),
  ...pageQuery,
});

export type ApprovalDeps = Pick<HttpDeps, 'catalogue' | 'accessLog' | 'log' | 'onRung' | 'identity'>;

/** The list of approvals, one of them, and the decision about it. */
export function addApprovalRoutes(routes: Routes, deps: ApprovalDeps): void {
  const { catalogue: own, accessLog, log } = deps;
  const members = deps.identity.membership;

  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/approvals',
      summary: 'List approvals, newest first',
      tag: 'approvals',
      query: listQuery,
      answers: { 200: page(approvalSchema) },
      errors: ['request.cursor_invalid'],
    },
    async (call) => {
      const { keys, tenantId, query, now } = call;
      const { state, view, risk, tool, q, limit } = query;
      const viewer = await viewerOf(call, members);
      const before = readCursor(keys, 'approvals', query.cursor);
      const { rows, next, about, catalogue } = await call.inTenant(async (tx) => {
        const found = await findApprovals(tx, keys, {
          ...{ tenantId, view, viewer, risk, tool, before, limit, now },
          states: state ?? approvalStates,
          words: q?.split(/\s+/) ?? [],
          isAssignee: async (ids) => {
            const found = await members.findAssignable({ tenantId, ids });
            return new Set(found.filter(({ mayDecide }) => mayDecide).map(({ id }) => id));
          },
        });
        const tools = found.rows.map(({ tool }) => tool);
        return { ...found, about: await aboutIn(tx, call, found.rows), catalogue: await toolsNamed(own, tx, keys, tools) };
      });
      const around = await nameAround(call, members, about);
      const shown = () => presentApprovals({ keys, catalogue, log, around }, rows);
      const items = await showRead(accessLog, call, { detail: { approvals: rows.length } }, shown);
      return { status: 200, body: { items, nextCursor: next === null ? null : makeCursor(keys, 'approvals', next) } };
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
      const { row, about, catalogue } = await call.inTenant(async (tx) => {
        const row = await findApproval(tx, call.tenantId, approvalId);
        return { row, about: await aboutIn(tx, call, [row]), catalogue: await toolsNamed(own, tx, call.keys, [row.tool]) };
      });
      const around = await nameAround(call, members, about);
      const read = { objectId: row.approvalId };
      return { status: 200, body: await showRead(accessLog, call, read, () => asApproval(call.keys, catalogue, row, around)) };
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
      errors: [
        'approval.not_found',
        'approval.already_decided',
        'approval.changed',
        'approval.edit_invalid',
        'approval.person_required',
        'approval.own_request',
        'approval.already_agreed',
        'auth.step_up_required',
        'approval.assignee_invalid',
        'member.not_found',
        'team.not_found',
      ],
    },
    async (call) => {
      const { tenantId, keys } = call;
      const approvalId = approvalIdOf(call.params.id);
      const to = call.body.decision === 'delegate' ? namedAssignee(call.body.to) : null;
      const { row, about, catalogue } = await call.inTenant(async (tx) => {
        // Only what is edited has to fit a tool.
        const tools = call.body.decision === 'edit' ? await toolsOf(own, tx, keys) : own;
        // Whose approval it is comes before who it is given to: of another tenant's nothing is said.
        if (to !== null) await findApproval(tx, tenantId, approvalId).then(() => assigneeOf(members, { tenantId, to }));
        const row = await decideApproval(decisionContext(call, { tx, catalogue: tools, members }), approvalId, call.body);
        return { row, about: await aboutIn(tx, call, [row]), catalogue: await toolsNamed(tools, tx, keys, [row.tool]) };
      });
      deps.onRung(tenantId);
      refuseAltered(row);
      // The log says already that they had this approval before them: they decided it.
      return { status: 200, body: asApproval(keys, catalogue, row, await nameAround(call, members, about)) };
    },
  );
}

/** A member or team that is named by its id, also as an actor; null for words of somebody’s own. */
function namedAssignee(to: string): { kind: 'member' | 'team'; id: string } | null {
  const id = /^(?:user:)?((?:usr|tem)_[0-9a-f]{24})$/.exec(to)?.[1];
  return id === undefined ? null : { kind: id.startsWith('tem_') ? 'team' : 'member', id };
}
