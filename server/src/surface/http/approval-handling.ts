import { z } from 'zod';
import { commentLettersMax, commentOn, delegateApproval, listComments, snoozeApproval, undoDecision, wakeApproval } from '#flow/approval';
import { showRead } from './access.ts';
import type { ApprovalDeps } from './approval.ts';
import { approvalIdOf, asApproval, assigneeOf, decisionContext, findApproval, lookAround, requirePerson } from './approval-around.ts';
import { jsonBody } from './body.ts';
import type { Call, Routes } from './route.ts';
import { approvalSchema, named, page, time } from './schema.ts';
import { toolsOf } from './tenant-tools.ts';

const idParams = z.object({ id: z.string() });
const comment = z.string().trim().min(1).max(commentLettersMax);
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** Somebody that something is put before. */
export const assigneeInput = z.strictObject({ kind: z.enum(['member', 'team']), id: z.string().max(100) });
/** A time as it comes in. */
export const momentInput = moment;
export const assigneeErrors = ['approval.assignee_invalid', 'member.not_found', 'team.not_found'] as const;

const commentSchema = named(z.object({ id: z.string(), by: z.string(), at: time, text: z.string() }), {
  id: 'ApprovalComment',
  description: 'What somebody said about an approval. No planner reads it.',
});

/** What people do about an approval besides deciding it: put it before somebody, put it off, talk about it, take a decision back. */
export function addApprovalHandlingRoutes(routes: Routes, deps: ApprovalDeps): void {
  const members = deps.identity.membership;

  /** The approval as it is after what has just been done. */
  async function shown(call: Call, approvalId: string) {
    const { row, catalogue } = await call.inTenant(async (tx) => ({
      row: await findApproval(tx, call.tenantId, approvalId),
      catalogue: await toolsOf(deps.catalogue, tx, call.keys),
    }));
    const around = await lookAround(call, members, [row]);
    // What was done says nothing about having seen it: putting something off is in no log at all.
    const read = { objectId: approvalId };
    return { status: 200, body: await showRead(deps.accessLog, call, read, () => asApproval(call.keys, catalogue, row, around)) } as const;
  }
  const contextOf = (call: Call) => ({ tenantId: call.tenantId, keys: call.keys, actor: call.principal.actor, now: call.now });

  routes.add(
    'approval:decide',
    {
      method: 'post',
      path: '/api/v1/approvals/{id}/delegation',
      summary: 'Put an approval before one member or team, until a time or for good',
      tag: 'approvals',
      params: idParams,
      body: jsonBody(z.strictObject({ to: assigneeInput, until: moment.optional(), comment: comment.optional() })),
      answers: { 200: approvalSchema },
      errors: ['approval.not_found', 'approval.already_decided', ...assigneeErrors],
    },
    async (call) => {
      const { tenantId, body } = call;
      const approvalId = approvalIdOf(call.params.id);
      await call.inTenant(async (tx) => {
        await findApproval(tx, tenantId, approvalId);
        const { id } = await assigneeOf(members, { tenantId, to: body.to });
        await delegateApproval({ tx, ...contextOf(call) }, approvalId, { to: id, until: body.until ?? null, comment: body.comment });
      });
      return shown(call, approvalId);
    },
  );

  routes.add(
    'approval:decide',
    {
      method: 'delete',
      path: '/api/v1/approvals/{id}/delegation',
      summary: 'Make an approval everybody’s again',
      tag: 'approvals',
      params: idParams,
      answers: { 200: approvalSchema },
      errors: ['approval.not_found', 'approval.already_decided'],
    },
    async (call) => {
      const approvalId = approvalIdOf(call.params.id);
      await call.inTenant((tx) => delegateApproval({ tx, ...contextOf(call) }, approvalId, { to: null, until: null }));
      return shown(call, approvalId);
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'post',
      path: '/api/v1/approvals/{id}/snooze',
      summary: 'Put an approval off for oneself: it comes back then, when something happens to it, or an hour before it expires',
      tag: 'approvals',
      params: idParams,
      body: jsonBody(z.strictObject({ until: moment })),
      answers: { 200: approvalSchema },
      errors: ['approval.not_found'],
    },
    async (call) => {
      const { tenantId, now } = call;
      const approvalId = approvalIdOf(call.params.id);
      await call.inTenant(async (tx) => {
        await findApproval(tx, tenantId, approvalId);
        await snoozeApproval(tx, { tenantId, userId: requirePerson(call.principal), approvalId, until: call.body.until, now });
      });
      return shown(call, approvalId);
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'delete',
      path: '/api/v1/approvals/{id}/snooze',
      summary: 'Take an approval back into one’s own view',
      tag: 'approvals',
      params: idParams,
      answers: { 200: approvalSchema },
      errors: ['approval.not_found'],
    },
    async (call) => {
      const { tenantId } = call;
      const approvalId = approvalIdOf(call.params.id);
      await call.inTenant(async (tx) => {
        await findApproval(tx, tenantId, approvalId);
        await wakeApproval(tx, { tenantId, userId: requirePerson(call.principal), approvalId });
      });
      return shown(call, approvalId);
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/approvals/{id}/comments',
      summary: 'What people said about an approval, oldest first',
      tag: 'approvals',
      params: idParams,
      answers: { 200: page(commentSchema) },
      errors: ['approval.not_found'],
    },
    async (call) => {
      const { keys, tenantId } = call;
      const approvalId = approvalIdOf(call.params.id);
      const comments = await call.inTenant(async (tx) => {
        await findApproval(tx, tenantId, approvalId);
        return listComments(tx, keys, tenantId, approvalId);
      });
      const items = comments.map(({ at, ...said }) => ({ ...said, at: at.toISOString() }));
      const read = { objectId: approvalId, detail: { comments: items.length } };
      return { status: 200, body: { items: await showRead(deps.accessLog, call, read, () => items), nextCursor: null } };
    },
  );

  routes.add(
    'approval:decide',
    {
      method: 'post',
      path: '/api/v1/approvals/{id}/comments',
      summary: 'Say something about an approval to the others',
      tag: 'approvals',
      params: idParams,
      body: jsonBody(z.strictObject({ text: comment })),
      answers: { 201: commentSchema },
      errors: ['approval.not_found', 'quota.exceeded'],
    },
    async (call) => {
      const approvalId = approvalIdOf(call.params.id);
      const { at, ...said } = await call.inTenant((tx) => commentOn({ tx, ...contextOf(call) }, approvalId, call.body.text));
      return { status: 201, body: { ...said, at: at.toISOString() } };
    },
  );

  routes.add(
    'approval:decide',
    {
      method: 'post',
      path: '/api/v1/approvals/{id}/undo',
      summary: 'Take a decision back that nothing has come of: the task asks anew',
      tag: 'approvals',
      params: idParams,
      body: jsonBody(z.strictObject({ comment: comment.optional() }), { isOptional: true }),
      answers: { 200: approvalSchema },
      errors: ['approval.not_found', 'approval.not_undoable'],
    },
    async (call) => {
      const approvalId = approvalIdOf(call.params.id);
      await call.inTenant((tx) =>
        undoDecision(decisionContext(call, { tx, catalogue: deps.catalogue, members }), approvalId, call.body.comment),
      );
      deps.onRung(call.tenantId);
      return shown(call, approvalId);
    },
  );
}
