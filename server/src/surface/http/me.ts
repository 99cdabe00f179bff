import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import { isOperatorPerson } from './person-log.ts';
import type { Routes } from './route.ts';
import { appearanceSchema, meSchema } from './schema.ts';

export function addMeRoutes(
  routes: Routes,
  { gate, identity, plannerModel, dropFolderOf }: Pick<HttpDeps, 'identity' | 'plannerModel' | 'dropFolderOf'> & { gate: Gate },
): void {
  routes.addKnown(
    {
      method: 'get',
      path: '/api/v1/me',
      summary: 'Who asks, for which tenant, and what they may do',
      tag: 'session',
      answers: { 200: meSchema },
    },
    async ({ principal }) => {
      const { kind, email, actor, name, session } = principal;
      const tenant = isOperatorPerson(principal) ? null : await gate.tenant(principal.tenantId);
      const self = session === undefined ? null : await identity.account.places({ principal, session });
      return {
        status: 200,
        body: {
          tenant: tenant === null ? null : { id: tenant.id, name: tenant.name },
          principal: { kind, name, actor, ...(email === undefined ? {} : { email }) },
          permissions: isOperatorPerson(principal) ? [] : [...principal.permissions].sort(),
          pending: isOperatorPerson(principal) ? null : (principal.pending ?? null),
          tenants: self?.tenants ?? [],
          operator: self?.operator ?? false,
          appearance: session === undefined ? null : await identity.account.appearance({ principal, session }),
          planner: { model: plannerModel },
          drop: tenant === null ? null : dropFolderOf({ id: tenant.id, name: tenant.name }),
        },
      };
    },
  );

  routes.addPerson(
    {
      method: 'put',
      path: '/api/v1/me/appearance',
      summary: 'Say how one likes to see things, wherever one signs in',
      tag: 'account',
      body: jsonBody(appearanceSchema, { bytesMax: 1_024 }),
      answers: { 204: null },
    },
    async (call) => {
      await identity.account.setAppearance(call, call.body);
      return { status: 204 };
    },
  );
}
