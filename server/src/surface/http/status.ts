import { z } from 'zod';
import { readTenantStatus } from '#flow/status';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named, time } from './schema.ts';

const count = z.int();
const statusSchema = named(
  z.object({
    at: time,
    tasks: z.object({
      due: count.meta({ description: 'Waiting for a worker.' }),
      running: count.meta({ description: 'In the hands of a worker.' }),
      oldestAt: time.nullable().meta({ description: 'When the oldest of those that are due was.' }),
      waiting: z.object({ approval: count, question: count, unknown: count, quota: count }),
      line: list(count).meta({ description: 'Due and running over the last hour, a point each half a minute, newest last.' }),
      received: count.meta({ description: 'Within the last hour.' }),
      ended: count.meta({ description: 'Of those received within the last hour.' }),
      failed: count.meta({ description: 'Of those received within the last hour.' }),
    }),
    planning: z.object({
      plans: count.meta({ description: 'Of tasks received within the last hour.' }),
      byModel: count,
      lastModelAt: time.nullable(),
      modelFaults: count.meta({ description: 'Tasks of the last hour that a fault of the model holds up or has ended.' }),
    }),
    audit: z.object({
      pending: count.meta({ description: 'Transactions whose entries have no number in the log yet.' }),
      lagMs: count.meta({ description: 'For how long the oldest of them has waited.' }),
    }),
  }),
  { id: 'Status', description: "How the tenant's work is doing right now." },
);

/** How a tenant's work is doing. What its connections are doing is told with them. */
export function addStatusRoutes(routes: Routes, { database }: Pick<HttpDeps, 'database'>): void {
  routes.add(
    'task:read',
    { method: 'get', path: '/api/v1/status', summary: "How the tenant's work is doing", tag: 'status', answers: { 200: statusSchema } },
    async ({ tenantId, inSnapshot }) => {
      const { at, tasks, planning, audit } = await inSnapshot((tx) => readTenantStatus(tx, database, tenantId));
      return {
        status: 200,
        body: {
          at: at.toISOString(),
          tasks: { ...tasks, oldestAt: tasks.oldestAt?.toISOString() ?? null },
          planning: { ...planning, lastModelAt: planning.lastModelAt?.toISOString() ?? null },
          audit,
        },
      };
    },
  );
}
