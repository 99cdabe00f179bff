import { z } from 'zod';
import { type Job, jobStates, listAllJobs, readAnyJob } from '#trust/job';
import { pageOf, pageQuery } from '../cursor.ts';
import type { HttpDeps } from '../deps.ts';
import { presentJob } from '../job.ts';
import type { Routes } from '../route.ts';
import { page } from '../schema.ts';
import { anyJobSchema } from '../tenant-schema.ts';
import { makeIdCursor, readIdCursor } from './cursor.ts';

/** The long work of all tenants and of the installation. */
export function addOperatorJobRoutes(routes: Routes, { database }: Pick<HttpDeps, 'database'>): void {
  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/jobs',
      summary: 'List long work of all tenants, newest first',
      tag: 'operator',
      query: z.strictObject({
        state: z.enum(jobStates).optional(),
        kind: z.string().max(100).optional(),
        tenantId: z.string().max(100).optional(),
        ...pageQuery,
      }),
      answers: { 200: page(anyJobSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { cursor, limit, ...filter } }) => {
      const jobs = await listAllJobs(database.engine, { ...filter, before: readIdCursor('job', cursor), limit: limit + 1 });
      return { status: 200, body: pageOf(jobs, limit, { present, cursorOf: ({ id }) => makeIdCursor(id) }) };
    },
  );

  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/jobs/{id}',
      summary: 'How far a piece of long work is',
      tag: 'operator',
      params: z.object({ id: z.string() }),
      answers: { 200: anyJobSchema },
      errors: ['job.not_found'],
    },
    async ({ params }) => ({ status: 200, body: present(await readAnyJob(database.engine, params.id)) }),
  );
}

const present = (job: Job) => ({ ...presentJob(job), tenantId: job.tenantId });
