import { z } from 'zod';
import { FactotumError, type Id, isId, type Json } from '#kernel';
import { withTenant } from '#kernel/database';
import { type ConfigurationChange, listLimitChanges } from '#trust/history';
import { parseLimitChanges, type Usage } from '#trust/quota';
import { readTenant } from '#trust/tenant';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named, page, quotaLimitSchema, time, usageSchema } from './schema.ts';

const ofTenant = z.object({ id: z.string() });
const limitsSchema = z.strictObject({ limits: z.record(z.string().max(100), z.number().nullable()) });

const changeSchema = named(
  z.object({
    id: z.string(),
    at: time,
    author: z.string(),
    changes: list(z.object({ name: z.string(), before: z.number().nullable(), after: z.number().nullable() })),
  }),
  { id: 'QuotaChange', description: 'Limits that were set, from what to what. Setting `before` again puts them back.' },
);
/** More changes than anybody looks back over. */
const changesMax = 50;

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

  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/tenants/{id}/quotas/history',
      summary: 'The newest changes of its limits',
      tag: 'quotas',
      params: ofTenant,
      answers: { 200: page(changeSchema) },
      errors: ['tenant.not_found'],
    },
    async ({ params }) => {
      const tenantId = await existing(params.id);
      const found = await withTenant(database.app.db, tenantId, (tx) =>
        listLimitChanges(tx, tenantId, { topic: 'quotas', limit: changesMax }),
      );
      return { status: 200, body: { items: found.map(presentChange), nextCursor: null } };
    },
  );
}

function presentChange({ id, author, createdAt, before, after }: ConfigurationChange) {
  const changes = Object.keys(after).map((name) => ({ name, before: numberOf(before[name]), after: numberOf(after[name]) }));
  return { id, author, at: createdAt.toISOString(), changes };
}

const numberOf = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);

const presentUsage = ({ quota, title, unit, used, limit, window, resetsAt, alert }: Usage) => ({
  ...{ quota, title, unit, used, limit, window, alert },
  resetsAt: resetsAt?.toISOString() ?? null,
});

const presentLimit = ({ quota, title, unit, used, ownLimit, defaultLimit, window }: Usage) => ({
  ...{ quota, title, unit, used, window },
  limit: ownLimit,
  standard: defaultLimit,
});
