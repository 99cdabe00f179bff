import { z } from 'zod';
import { FactotumError, type Id, isId } from '#kernel';
import { withTenant } from '#kernel/database';
import { parseLimitChanges, type Usage } from '#trust/quota';
import { readTenant } from '#trust/tenant';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { page, quotaLimitSchema, usageSchema } from './schema.ts';

const ofTenant = z.object({ id: z.string() });
const limitsSchema = z.strictObject({ limits: z.record(z.string().max(100), z.number().nullable()) });

/** What a tenant uses of what it may, and for operators: what it may. */
export function addQuotaRoutes(routes: Routes, { quotas, database }: Pick<HttpDeps, 'quotas' | 'database'>): void {
  routes.add(
    'quota:read',
    {
      method: 'get',
      path: '/api/v1/usage',
      summary: 'What is used of each quota',
      tag: 'quotas',
      answers: { 200: page(usageSchema) },
    },
    async ({ tenantId }) => ({ status: 200, body: { items: (await quotas.usage(tenantId)).map(presentUsage), nextCursor: null } }),
  );

  const existing = async (id: string): Promise<Id<'tenant'>> => {
    if (!isId('tenant', id)) throw new FactotumError('tenant.not_found', 'There is no such tenant.');
    await withTenant(database.app.db, id, (tx) => readTenant(tx, id));
    return id;
  };
  const listed = async (tenantId: Id<'tenant'>) => ({ items: (await quotas.usage(tenantId)).map(presentLimit), nextCursor: null });

  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/tenants/{id}/quotas',
      summary: "A tenant's quotas: what is set for it, what holds otherwise, and what is used",
      tag: 'quotas',
      params: ofTenant,
      answers: { 200: page(quotaLimitSchema) },
      errors: ['tenant.not_found'],
    },
    async ({ params }) => ({ status: 200, body: await listed(await existing(params.id)) }),
  );

  routes.addOperator(
    {
      method: 'put',
      path: '/api/v1/operator/tenants/{id}/quotas',
      summary: "Set some of a tenant's limits; null gives the default back",
      tag: 'quotas',
      fresh: true,
      params: ofTenant,
      body: jsonBody(limitsSchema, { bytesMax: 16_384 }),
      answers: { 200: page(quotaLimitSchema) },
      errors: ['tenant.not_found', 'auth.step_up_required'],
    },
    async ({ params, body, operator }) => {
      const tenantId = await existing(params.id);
      await quotas.change(tenantId, parseLimitChanges(body.limits), operator.actor);
      return { status: 200, body: await listed(tenantId) };
    },
  );
}

const presentUsage = ({ quota, title, unit, used, limit, window, resetsAt, alert }: Usage) => ({
  ...{ quota, title, unit, used, limit, window, alert },
  resetsAt: resetsAt?.toISOString() ?? null,
});

const presentLimit = ({ quota, title, unit, used, ownLimit, defaultLimit, window }: Usage) => ({
  ...{ quota, title, unit, used, window },
  limit: ownLimit,
  standard: defaultLimit,
});
