import { z } from 'zod';
import { type Job, jobStates, listTenantJobs, readTenantJob } from '#trust/job';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { Routes } from './route.ts';
import { page } from './schema.ts';
import { jobSchema } from './tenant-schema.ts';

/** The tenant's long work, and how far it is. */
export function addJobRoutes(routes: Routes): void {
  routes.add(
    'settings:read',
    {
      method: 'get',
      path: '/api/v1/jobs',
      summary: 'List long work, newest first',
      tag: 'jobs',
      query: z.strictObject({ state: z.enum(jobStates).optional(), kind: z.string().max(100).optional(), ...pageQuery }),
      answers: { 200: page(jobSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ tenantId, keys, query, inTenant }) => {
      const { state, kind, limit } = query;
      const before = readCursor(keys, 'jobs', query.cursor);
      const jobs = await inTenant((tx) => listTenantJobs(tx, tenantId, { state, kind, before, limit: limit + 1 }));
      return { status: 200, body: pageOf(jobs, limit, { present: presentJob, cursorOf: ({ id }) => makeCursor(keys, 'jobs', id) }) };
    },
  );

  routes.add(
    'settings:read',
    {
      method: 'get',
      path: '/api/v1/jobs/{id}',
      summary: 'How far a piece of long work is',
      tag: 'jobs',
      params: z.object({ id: z.string() }),
      answers: { 200: jobSchema },
      errors: ['job.not_found'],
    },
    async ({ tenantId, params, inTenant }) => ({
      status: 200,
      body: presentJob(await inTenant((tx) => readTenantJob(tx, tenantId, params.id))),
    }),
  );
}

/** As everybody sees it who may see it. */
export const presentJob = ({ id, kind, state, progress, result, error, createdBy, createdAt, runAt, startedAt, finishedAt }: Job) => ({
  ...{ id, kind, state, progress, result, error, createdBy },
  createdAt: createdAt.toISOString(),
  runAt: runAt.toISOString(),
  startedAt: startedAt?.toISOString() ?? null,
  finishedAt: finishedAt?.toISOString() ?? null,
});
