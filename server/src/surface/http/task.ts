import { z } from 'zod';
import { requestUndo } from '#flow/run';
import { cancelTask, findTasks, replanTask, resumeTask, settlementSchema, taskNames } from '#flow/task';
import { FactotumError, isId } from '#kernel';
import { showRead } from './access.ts';
import { lookAround } from './approval-around.ts';
import { jsonBody } from './body.ts';
import { makeCursor, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { list, page, taskSchema, taskSummarySchema, time } from './schema.ts';
import { filterOf, taskFilterQuery } from './task-filter.ts';
import { loadTask, presentSummary, presentTask } from './task-page.ts';
import { toolsOf } from './tenant-tools.ts';

const idParams = z.object({ id: z.string() });

const foundTasksSchema = page(taskSummarySchema).extend({
  lookedBackTo: time.nullable().meta({
    description:
      'Set where the conditions fit so few tasks that looking stopped here, and not because the page is full. The cursor goes on.',
  }),
});

export function addTaskRoutes(routes: Routes, deps: Pick<HttpDeps, 'catalogue' | 'accessLog' | 'log' | 'onRung' | 'identity'>): void {
  const { catalogue: own, accessLog, log } = deps;

  async function show(call: Call, taskId: string) {
    const { found, catalogue } = await call.inSnapshot(async (tx) => ({
      found: await loadTask(tx, call.tenantId, taskIdOf(taskId)),
      catalogue: await toolsOf(own, tx, call.keys),
    }));
    const around = await lookAround(call, deps.identity.membership, found.record.approvals);
    const read = { objectId: taskId };
    return {
      status: 200,
      body: await showRead(accessLog, call, read, () => presentTask({ keys: call.keys, catalogue, log, around }, found)),
    } as const;
  }

  routes.add(
    'task:read',
    {
      method: 'get',
      path: '/api/v1/tasks',
      summary: 'List tasks, newest first',
      tag: 'tasks',
      query: z.strictObject({ ...taskFilterQuery, ...pageQuery }),
      answers: { 200: foundTasksSchema },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { limit, cursor, ...filter }, keys, tenantId, inSnapshot }) => {
      const before = readCursor(keys, 'tasks', cursor);
      const found = await inSnapshot((tx) => findTasks(tx, keys, { tenantId, filter: filterOf(filter), before, limit }));
      return {
        status: 200,
        body: {
          items: found.rows.map((row) => presentSummary({ keys, log }, row)),
          nextCursor: found.next === null ? null : makeCursor(keys, 'tasks', found.next),
          lookedBackTo: found.lookedBackTo?.toISOString() ?? null,
        },
      };
    },
  );

  routes.add(
    'task:read',
    {
      method: 'get',
      path: '/api/v1/tasks/names',
      summary: 'The sources and playbooks that the list of tasks can be narrowed to, at most 100 of each',
      tag: 'tasks',
      answers: { 200: z.object({ sources: list(z.string()), playbooks: list(z.string()) }) },
    },
    async ({ tenantId, inTenant }) => ({ status: 200, body: await inTenant((tx) => taskNames(tx, tenantId)) }),
  );

  routes.add(
    'task:read',
    {
      method: 'get',
      path: '/api/v1/tasks/{id}',
      summary: 'A task with its event, plan, steps, approvals and timeline',
      tag: 'tasks',
      params: idParams,
      answers: { 200: taskSchema },
      errors: ['task.not_found'],
    },
    (call) => show(call, call.params.id),
  );

  routes.add(
    'task:write',
    {
      method: 'post',
      path: '/api/v1/tasks/{id}/cancel',
      summary: 'Cancel a task: nothing further is begun, what has happened stays',
      tag: 'tasks',
      params: idParams,
      body: jsonBody(z.strictObject({}), { isOptional: true }),
      answers: { 200: taskSchema },
      errors: ['task.not_found', 'task.not_cancellable'],
    },
    async (call) => {
      const { tenantId, keys, principal, now } = call;
      const taskId = taskIdOf(call.params.id);
      await call.inTenant((tx) => cancelTask({ tx, tenantId, keys, actor: principal.actor, now }, taskId));
      deps.onRung(tenantId);
      return show(call, taskId);
    },
  );

  routes.add(
    'task:write',
    {
      method: 'post',
      path: '/api/v1/tasks/{id}/resume',
      summary: 'Let a task go on: after a failure, with an answer, or with what became of a step that nobody could tell',
      tag: 'tasks',
      params: idParams,
      body: jsonBody(
        z.strictObject({
          settle: z.record(z.string().max(31), settlementSchema).optional(),
          comment: z.string().trim().min(1).max(4_000).optional(),
        }),
        { isOptional: true },
      ),
      answers: { 200: taskSchema },
      errors: ['task.not_found', 'task.not_resumable'],
    },
    async (call) => {
      const { tenantId, keys, principal, now } = call;
      const taskId = taskIdOf(call.params.id);
      const { settle, comment } = call.body;
      const input = { ...(settle === undefined ? {} : { settle }), ...(comment === undefined ? {} : { comment }) };
      await call.inTenant((tx) => resumeTask({ tx, tenantId, keys, actor: principal.actor, now }, taskId, input));
      deps.onRung(tenantId);
      return show(call, taskId);
    },
  );

  routes.add(
    'task:write',
    {
      method: 'post',
      path: '/api/v1/tasks/{id}/undo',
      summary: 'Take back what a finished task has done, newest first: all that can be, or one step with what was built upon it',
      tag: 'tasks',
      params: idParams,
      body: jsonBody(z.strictObject({ step: z.string().max(31).optional() }), { isOptional: true }),
      answers: { 200: taskSchema },
      errors: ['task.not_found', 'task.not_undoable'],
    },
    async (call) => {
      const { tenantId, keys, principal, now } = call;
      const taskId = taskIdOf(call.params.id);
      await call.inTenant(async (tx) => {
        const catalogue = await toolsOf(own, tx, keys);
        await requestUndo({ tx, tenantId, keys, catalogue, actor: principal.actor, now }, taskId, call.body.step);
      });
      deps.onRung(tenantId);
      return show(call, taskId);
    },
  );

  routes.add(
    'task:write',
    {
      method: 'post',
      path: '/api/v1/tasks/{id}/replan',
      summary:
        'Ask for another plan of a task that waits or has failed: what was done under the old one is taken back where that is possible',
      tag: 'tasks',
      params: idParams,
      body: jsonBody(z.strictObject({ comment: z.string().trim().min(1).max(4_000) })),
      answers: { 200: taskSchema },
      errors: ['task.not_found', 'task.not_replannable'],
    },
    async (call) => {
      const { tenantId, keys, principal, now } = call;
      const taskId = taskIdOf(call.params.id);
      await call.inTenant((tx) => replanTask({ tx, tenantId, keys, actor: principal.actor, now }, taskId, call.body.comment));
      deps.onRung(tenantId);
      return show(call, taskId);
    },
  );
}

/** What does not look like an id is the id of nothing. */
function taskIdOf(text: string): string {
  if (!isId('task', text)) throw new FactotumError('task.not_found', 'There is no such task.');
  return text;
}
