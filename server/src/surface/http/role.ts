import { z } from 'zod';
import { permissionTable, type RoleInTenant } from '#trust/identity';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { page } from './schema.ts';

const roleParams = z.object({ id: z.string() });
const title = z.string().max(200);
const permissions = z.array(z.string().max(100)).max(100);

const roleSchema = z.object({
  id: z.string().nullable().meta({ description: 'Null for the roles that every tenant has.' }),
  name: z.string(),
  title: z.string(),
  permissions: z.array(z.string()).readonly(),
  builtIn: z.boolean(),
  members: z.int(),
});

const permissionSchema = z.object({ permission: z.string(), meaning: z.string(), roles: z.array(z.string()).readonly() });

/** What members may be: roles of ours, and those that the tenant makes of named permissions. */
export function addRoleRoutes(routes: Routes, { identity: { membership } }: Pick<HttpDeps, 'identity'>): void {
  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/permissions',
      summary: 'Every permission, what it means, and which built-in roles bring it',
      tag: 'members',
      answers: { 200: z.object({ items: z.array(permissionSchema) }) },
    },
    async () => ({ status: 200, body: { items: permissionItems } }),
  );

  routes.add(
    'member:read',
    {
      method: 'get',
      path: '/api/v1/roles',
      summary: 'List roles: the built-in ones from most to least, then the tenant’s own by name',
      tag: 'members',
      answers: { 200: page(roleSchema) },
    },
    async ({ tenantId }) => ({ status: 200, body: { items: await membership.listRoles(tenantId), nextCursor: null } }),
  );

  routes.add(
    'role:admin',
    {
      method: 'post',
      path: '/api/v1/roles',
      summary: 'Make a role of permissions that you have yourself',
      tag: 'members',
      fresh: true,
      body: jsonBody(z.strictObject({ name: z.string().max(100), title, permissions }), { bytesMax: 16_384 }),
      answers: { 201: z.object({ id: z.string() }) },
      errors: ['auth.step_up_required', 'role.name_taken', 'quota.exceeded'],
    },
    async (call) => {
      const id = await membership.createRole({ ...call.body, tenantId: call.tenantId, by: call.principal });
      await recordActs(call, { kind: 'role.created', objectId: id, detail: { role: call.body.name, permissions: call.body.permissions } });
      return { status: 201, body: { id } };
    },
  );

  routes.add(
    'role:admin',
    {
      method: 'put',
      path: '/api/v1/roles/{id}',
      summary: 'Change what a role is called and brings, for everybody who has it. Its name stays',
      tag: 'members',
      fresh: true,
      params: roleParams,
      body: jsonBody(z.strictObject({ title, permissions }), { bytesMax: 16_384 }),
      answers: { 204: null },
      errors: ['auth.step_up_required', 'role.not_found'],
    },
    async (call) => {
      const { id } = call.params;
      await membership.changeRole({ ...call.body, id, tenantId: call.tenantId, by: call.principal });
      await recordActs(call, { kind: 'role.changed', objectId: id, detail: { permissions: call.body.permissions } });
      return { status: 204 };
    },
  );

  routes.add(
    'role:admin',
    {
      method: 'delete',
      path: '/api/v1/roles/{id}',
      summary: 'Delete a role that nobody has',
      tag: 'members',
      fresh: true,
      params: roleParams,
      answers: { 204: null },
      errors: ['auth.step_up_required', 'role.not_found', 'role.in_use'],
    },
    async (call) => {
      await membership.deleteRole({ id: call.params.id, tenantId: call.tenantId });
      await recordActs(call, { kind: 'role.deleted', objectId: call.params.id });
      return { status: 204 };
    },
  );
}

const permissionItems = Object.entries(permissionTable).map(([permission, row]) => {
  const roles: readonly RoleInTenant[] = row.roles;
  return { permission, meaning: row.meaning, roles: ['owner', ...roles] };
});
