import { z } from 'zod';
import { closeTenant, reopenTenant } from '#trust/tenant';
import { jsonBody } from './body.ts';
import type { Routes } from './route.ts';
import { closureSchema } from './tenant-schema.ts';

/** The owner's way out: closing the tenant, which ends in its erasure, and calling that off. */
export function addClosureRoutes(routes: Routes): void {
  routes.add(
    'tenant:close',
    {
      method: 'post',
      path: '/api/v1/closure',
      summary: 'Close the tenant: work stops now, and after thirty days it is erased',
      tag: 'settings',
      fresh: true,
      body: jsonBody(z.strictObject({ name: z.string().max(200) }), { bytesMax: 4_096 }),
      answers: { 202: closureSchema },
      errors: ['tenant.name_mismatch', 'tenant.wrong_state'],
    },
    async ({ body, principal, now, keys, inTenant }) => {
      const act = { actor: principal.actor, at: now, name: body.name };
      const { erasesAt } = await inTenant((tx) => closeTenant(tx, keys, act));
      return { status: 202, body: { state: 'closing', erasesAt: erasesAt.toISOString() } };
    },
  );

  routes.add(
    'tenant:close',
    {
      method: 'delete',
      path: '/api/v1/closure',
      summary: 'Call the closing off; nothing was lost',
      tag: 'settings',
      fresh: true,
      whileClosing: true,
      answers: { 200: closureSchema },
      errors: ['tenant.wrong_state'],
    },
    async ({ principal, now, tenantId, inTenant }) => {
      await inTenant((tx) => reopenTenant(tx, tenantId, { actor: principal.actor, at: now }));
      return { status: 200, body: { state: 'active', erasesAt: null } };
    },
  );
}
