import { z } from 'zod';
import { addDays, isDayText, selectVolumes } from '#flow/analytics';
import { FactotumError } from '#kernel';
import { readFromDirectory } from '#trust/tenant';
import { volumesSchema } from '../analytics-schema.ts';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';

const day = z.string().refine(isDayText, 'must be a day like 2026-11-23');
/** Tenants in one answer: the costliest. */
const tenantsMax = 200;

/** How much each tenant does and what models cost for it: numbers, and nothing of what is done. */
export function addOperatorAnalyticsRoutes(routes: Routes, { database }: Pick<HttpDeps, 'database'>): void {
  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/analytics',
      summary: 'Volume and model cost by tenant, the costliest first; days are those of each tenant',
      tag: 'operator',
      query: z.strictObject({ from: day.optional(), to: day.optional() }),
      answers: { 200: volumesSchema },
    },
    async ({ query, now }) => {
      const to = query.to ?? now.toISOString().slice(0, 10);
      const days = { from: query.from ?? addDays(to, -29), to };
      if (days.from > days.to) throw new FactotumError('request.invalid', 'The period ends before it begins.', { details: days });
      const volumes = (await selectVolumes(database.engine, days)).slice(0, tenantsMax);
      const items = await Promise.all(
        volumes.map(async ({ tenantId, ...volume }) => {
          const { id, name, title } = await readFromDirectory(database.engine, tenantId);
          return { tenant: { id, name, title }, ...volume };
        }),
      );
      return { status: 200, body: { days, items } };
    },
  );
}
