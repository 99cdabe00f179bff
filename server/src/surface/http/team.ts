import { z } from 'zod';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { page } from './schema.ts';

const teamParams = z.object({ id: z.string() });
const teamBody = jsonBody(z.strictObject({ name: z.string().max(200), members: z.array(z.string().max(100)).max(10_000).default([]) }));
const teamErrors = ['member.not_found', 'member.managed', 'team.name_taken'] as const;

const teamSchema = z.object({
  id: z.string(),
  name: z.string(),
  members: z.array(z.string()).readonly().meta({ description: 'Ids of users, by their names.' }),
  managedBy: z.enum(['scim']).nullable(),
});

/** Who belongs together. A team brings no permissions. */
export function addTeamRoutes(routes: Routes, { identity: { membership } }: Pick<HttpDeps, 'identity'>): void {
  routes.add(
    'member:read',
    { method: 'get', path: '/api/v1/teams', summary: 'List teams by name', tag: 'members', answers: { 200: page(teamSchema) } },
    async ({ tenantId }) => ({ status: 200, body: { items: await membership.listTeams(tenantId), nextCursor: null } }),
  );

  routes.add(
    'member:admin',
    {
      method: 'post',
      path: '/api/v1/teams',
      summary: 'Make a team',
      tag: 'members',
      body: teamBody,
      answers: { 201: z.object({ id: z.string() }) },
      errors: [...teamErrors, 'quota.exceeded'],
    },
    async (call) => {
      const id = await membership.createTeam({ ...call.body, tenantId: call.tenantId });
      await recordActs(call, { kind: 'team.created', objectId: id, detail: { members: call.body.members } });
      return { status: 201, body: { id } };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'put',
      path: '/api/v1/teams/{id}',
      summary: 'Change a team’s name and say who is in it',
      tag: 'members',
      params: teamParams,
      body: teamBody,
      answers: { 204: null },
      errors: [...teamErrors, 'team.not_found'],
    },
    async (call) => {
      const { id } = call.params;
      await membership.changeTeam({ ...call.body, id, tenantId: call.tenantId });
      await recordActs(call, { kind: 'team.changed', objectId: id, detail: { members: call.body.members } });
      return { status: 204 };
    },
  );

  routes.add(
    'member:admin',
    {
      method: 'delete',
      path: '/api/v1/teams/{id}',
      summary: 'Delete a team; its members stay members',
      tag: 'members',
      params: teamParams,
      answers: { 204: null },
      errors: ['team.not_found', 'member.managed'],
    },
    async (call) => {
      await membership.deleteTeam({ id: call.params.id, tenantId: call.tenantId });
      await recordActs(call, { kind: 'team.deleted', objectId: call.params.id });
      return { status: 204 };
    },
  );
}
