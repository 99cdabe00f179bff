import { z } from 'zod';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

const rulesSchema = z.strictObject({
  ssoRequired: z.boolean().meta({ description: 'Only single sign-on counts, except for the break-glass owner.' }),
  breakGlassUserId: z.string().max(100).nullable(),
  secondFactorRequired: z.boolean(),
  allowedAddresses: z
    .array(z.string().max(100))
    .max(200)
    .readonly()
    .meta({ description: 'Networks in CIDR notation that requests may come from; none: from anywhere.' }),
  sessionIdleMinutes: z.int().min(5).max(720),
  sessionAbsoluteHours: z.int().min(1).max(720),
});

/** What the tenant asks of those who sign in, and of every request. */
export function addSecurityRoutes(routes: Routes, { identity: { membership } }: Pick<HttpDeps, 'identity'>): void {
  routes.add(
    'security:read',
    {
      method: 'get',
      path: '/api/v1/security',
      summary: 'See the rules for signing in',
      tag: 'security',
      answers: { 200: rulesSchema },
    },
    async ({ tenantId }) => ({ status: 200, body: await membership.readSecurity(tenantId) }),
  );

  routes.add(
    'security:admin',
    {
      method: 'put',
      path: '/api/v1/security',
      summary: 'Replace the rules for signing in, unless they would lock you out',
      tag: 'security',
      fresh: true,
      body: jsonBody(rulesSchema, { bytesMax: 65_536 }),
      answers: { 200: rulesSchema },
      errors: ['auth.step_up_required', 'security.lockout'],
    },
    async (call) => {
      const { tenantId, principal, caller, body } = call;
      const changed = await membership.changeSecurity({ tenantId, by: principal, address: caller.address, rules: body });
      if (changed.length > 0) await recordActs(call, { kind: 'security.changed', detail: { changed } });
      return { status: 200, body: await membership.readSecurity(tenantId) };
    },
  );
}
