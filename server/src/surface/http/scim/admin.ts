import { z } from 'zod';
import type { ScimToken } from '#trust/identity';
import { recordActs } from '../act.ts';
import { jsonBody } from '../body.ts';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { page, time } from '../schema.ts';
import { basePath } from './protocol.ts';

const rolesSchema = z.strictObject({
  rules: z
    .array(z.strictObject({ group: z.string().trim().min(1).max(100), role: z.string().max(40) }))
    .max(200)
    .readonly(),
  fallback: z.array(z.string().max(40)).min(1).max(20).readonly().meta({ description: 'Of those whom no rule names.' }),
});
const settingsSchema = z.object({
  url: z.string().meta({ description: 'What the directory is told as the address of this provider.' }),
  roles: rolesSchema,
});

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  start: z.string(),
  createdBy: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
});

/** How a tenant's directory is let in, and what its groups bring. */
export function addScimAdminRoutes(routes: Routes, { identity: { scim }, addresses }: Pick<HttpDeps, 'identity' | 'addresses'>): void {
  const read = async (tenantId: Parameters<typeof scim.readRoleMapping>[0]) => ({
    url: `${addresses().origins[0] ?? ''}${basePath}`,
    roles: await scim.readRoleMapping(tenantId),
  });

  routes.add(
    'security:read',
    {
      method: 'get',
      path: '/api/v1/scim',
      summary: 'See where a directory provisions to, and which roles its groups bring',
      tag: 'security',
      answers: { 200: settingsSchema },
    },
    async ({ tenantId }) => ({ status: 200, body: await read(tenantId) }),
  );

  routes.add(
    'security:admin',
    {
      method: 'put',
      path: '/api/v1/scim',
      summary: 'Say which roles the groups of the directory bring, for everybody whom it manages',
      tag: 'security',
      fresh: true,
      body: jsonBody(z.strictObject({ roles: rolesSchema }), { bytesMax: 65_536 }),
      answers: { 200: settingsSchema },
      errors: ['auth.step_up_required', 'role.not_found'],
    },
    async (call) => {
      const { tenantId, principal, body } = call;
      await scim.changeRoleMapping({ ...body.roles, tenantId, by: principal });
      await recordActs(call, { kind: 'scim.changed', detail: { change: 'roles' } });
      return { status: 200, body: await read(tenantId) };
    },
  );

  routes.add(
    'security:read',
    {
      method: 'get',
      path: '/api/v1/scim/tokens',
      summary: 'List the tokens of directories, newest first',
      tag: 'security',
      answers: { 200: page(tokenSchema) },
    },
    async ({ tenantId }) => ({ status: 200, body: { items: (await scim.listTokens(tenantId)).map(present), nextCursor: null } }),
  );

  routes.add(
    'security:admin',
    {
      method: 'post',
      path: '/api/v1/scim/tokens',
      summary: 'Make a token for a directory. It is shown this once',
      tag: 'security',
      fresh: true,
      body: jsonBody(z.strictObject({ name: z.string().max(200), expiresAt: z.iso.datetime({ offset: true }).nullish() }), {
        bytesMax: 4_096,
      }),
      answers: { 201: z.object({ id: z.string(), token: z.string() }) },
      errors: ['auth.step_up_required', 'quota.exceeded'],
    },
    async (call) => {
      const { tenantId, principal, body } = call;
      const expiresAt = body.expiresAt == null ? null : new Date(body.expiresAt);
      const made = await scim.createToken({ tenantId, name: body.name, expiresAt, by: principal.actor });
      await recordActs(call, { kind: 'scim.changed', objectId: made.id, detail: { change: 'token_created' } });
      return { status: 201, body: made };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'delete',
      path: '/api/v1/scim/tokens/{id}',
      summary: 'Revoke the token of a directory',
      tag: 'security',
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['scim.token_not_found'],
    },
    async (call) => {
      await scim.revokeToken({ tenantId: call.tenantId, id: call.params.id });
      await recordActs(call, { kind: 'scim.changed', objectId: call.params.id, detail: { change: 'token_revoked' } });
      return { status: 204 };
    },
  );
}

const present = ({ createdAt, expiresAt, lastUsedAt, ...token }: ScimToken) => ({
  ...token,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});
