import type { HttpDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import type { Routes } from './route.ts';
import { meSchema } from './schema.ts';

export function addMeRoutes(
  routes: Routes,
  { gate, plannerModel, dropFolderOf }: Pick<HttpDeps, 'plannerModel' | 'dropFolderOf'> & { gate: Gate },
): void {
  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/me',
      summary: 'Who asks, for which tenant, and what they may do',
      tag: 'session',
      answers: { 200: meSchema },
    },
    async ({ principal, tenantId }) => {
      const { name } = await gate.tenant(tenantId);
      const { kind, email, actor } = principal;
      return {
        status: 200,
        body: {
          tenant: { id: tenantId, name },
          principal: { kind, name: principal.name, actor, ...(email === undefined ? {} : { email }) },
          permissions: [...principal.permissions].sort(),
          planner: { model: plannerModel },
          drop: dropFolderOf({ id: tenantId, name }),
        },
      };
    },
  );
}
