import { z } from 'zod';
import { recordAudit } from '#trust/audit';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { page, serviceAccountSchema } from './schema.ts';

const accountBody = jsonBody(
  z.strictObject({
    name: z.string().max(200),
    description: z.string().max(2_000).optional(),
    permissions: z.array(z.string().max(100)).max(100),
  }),
  { bytesMax: 16_384 },
);

/** Programs with names of their own. What an account may do bounds what its keys may, from the moment that it is said. */
export function addServiceAccountRoutes(routes: Routes, { identity: { machines } }: Pick<HttpDeps, 'identity'>): void {
  routes.add(
    'key:admin',
    {
      method: 'get',
      path: '/api/v1/service-accounts',
      summary: 'List service accounts, by name',
      tag: 'machines',
      answers: { 200: page(serviceAccountSchema) },
    },
    async ({ tenantId }) => {
      const accounts = await machines.listServiceAccounts(tenantId);
      const items = accounts.map(({ createdAt, updatedAt, ...account }) => ({
        ...account,
        createdAt: createdAt.toISOString(),
        updatedAt: updatedAt.toISOString(),
      }));
      return { status: 200, body: { items, nextCursor: null } };
    },
  );

  routes.add(
    'key:admin',
    {
      method: 'post',
      path: '/api/v1/service-accounts',
      summary: 'Make a service account',
      tag: 'machines',
      fresh: true,
      body: accountBody,
      answers: { 201: z.object({ id: z.string() }) },
      errors: ['auth.step_up_required', 'service_account.name_taken'],
    },
    async ({ body, principal, tenantId, now, inTenant }) => {
      const id = await machines.createServiceAccount(tenantId, { ...body, within: principal.permissions });
      const entry = { kind: 'service_account.created', actor: principal.actor, at: now, objectId: id } as const;
      await inTenant((tx) => recordAudit(tx, tenantId, [{ ...entry, detail: { permissions: body.permissions } }]));
      return { status: 201, body: { id } };
    },
  );

  routes.add(
    'key:admin',
    {
      method: 'put',
      path: '/api/v1/service-accounts/{id}',
      summary: 'Say anew what a service account is called and may do',
      tag: 'machines',
      fresh: true,
      params: z.object({ id: z.string() }),
      body: accountBody,
      answers: { 204: null },
      errors: ['auth.step_up_required', 'service_account.not_found', 'service_account.name_taken'],
    },
    async ({ params, body, principal, tenantId, now, inTenant }) => {
      const { id } = await machines.changeServiceAccount(tenantId, params.id, { ...body, within: principal.permissions });
      const entry = { kind: 'service_account.changed', actor: principal.actor, at: now, objectId: id } as const;
      await inTenant((tx) => recordAudit(tx, tenantId, [{ ...entry, detail: { permissions: body.permissions } }]));
      return { status: 204 };
    },
  );

  routes.add(
    'key:admin',
    {
      method: 'delete',
      path: '/api/v1/service-accounts/{id}',
      summary: 'Delete a service account and revoke its keys',
      tag: 'machines',
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['service_account.not_found'],
    },
    async ({ params, principal, tenantId, now, inTenant }) => {
      const { id, revokedKeys } = await machines.deleteServiceAccount(tenantId, params.id);
      const by = { actor: principal.actor, at: now };
      await inTenant((tx) =>
        recordAudit(tx, tenantId, [
          { ...by, kind: 'service_account.deleted', objectId: id },
          ...revokedKeys.map((key) => ({ ...by, kind: 'key.revoked' as const, objectId: key, detail: { serviceAccount: id } })),
        ]),
      );
      return { status: 204 };
    },
  );
}
