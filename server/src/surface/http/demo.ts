import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named } from './schema.ts';

const ids = list(z.string());
const demoSchema = named(
  z.object({
    isHere: z.boolean(),
    tasks: ids,
    approvals: ids,
    notes: ids.meta({ description: 'Paths.' }),
    grants: ids,
  }),
  { id: 'Demo', description: 'What of the demo is still in the tenant, so that lists can mark it.' },
);
const removalSchema = z.object({
  tasks: z.int(),
  notes: z.int(),
  grants: z.int(),
  kept: ids.meta({ description: 'Notes of the demo that somebody has changed since, which stay.' }),
});
const path = '/api/v1/demo';
const tag = 'status';

/** The demo: what is of it, and taking it out. */
export function addDemoRoutes(routes: Routes, { demo }: Pick<HttpDeps, 'demo'>): void {
  routes.add(
    'task:read',
    { method: 'get', path, summary: 'What of the demo is in the tenant', tag, answers: { 200: demoSchema } },
    async ({ inSnapshot, keys, principal: { permissions } }) => {
      const found = await inSnapshot((tx) => demo.read(tx, keys));
      const body = { isHere: found !== null, tasks: found?.tasks ?? [], approvals: found?.approvals ?? [], grants: found?.grants ?? [] };
      // What somebody may not read they are not told the names of.
      return { status: 200, body: { ...body, notes: permissions.has('vault:read') ? (found?.notes ?? []) : [] } };
    },
  );
  routes.add(
    'settings:write',
    {
      method: 'delete',
      path,
      summary: 'Take out everything that the demo made. The audit log stays whole',
      tag,
      answers: { 200: removalSchema },
      errors: ['demo.not_found', 'demo.busy'],
    },
    async ({ inTenant, keys, principal, now }) => ({
      status: 200,
      body: await inTenant((tx) => demo.remove(tx, keys, { actor: principal.actor, at: now })),
    }),
  );
}
