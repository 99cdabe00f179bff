import { z } from 'zod';
import { registrationRequestSchema } from '#trust/registration';
import { tenantNameSchema } from '#trust/tenant';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { confirmedSchema } from './tenant-schema.ts';

/** Tenants that people make for themselves, where the operator lets them. */
export function addRegistrationRoutes(routes: Routes, { registrations }: Pick<HttpDeps, 'registrations'>): void {
  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/registrations',
      summary: 'Ask for a tenant. Whoever has the address is mailed a link; the answer is the same for all',
      tag: 'registration',
      body: jsonBody(registrationRequestSchema, { bytesMax: 4_096 }),
      answers: { 202: null },
      errors: ['registration.closed', 'auth.throttled'],
    },
    async ({ body, caller, language }) => {
      await registrations.request(body, { address: caller.address, language });
      return { status: 202 };
    },
  );

  routes.addOpen(
    {
      method: 'post',
      path: '/api/v1/registrations/confirm',
      summary: 'Prove the address by the token that was mailed there',
      tag: 'registration',
      body: jsonBody(z.strictObject({ token: z.string().max(200), tenantName: tenantNameSchema.optional() }), { bytesMax: 4_096 }),
      answers: { 200: confirmedSchema },
      errors: ['registration.closed', 'auth.link_invalid', 'tenant.name_taken'],
    },
    async ({ body }) => {
      const confirmed = await registrations.confirm(body.token, body.tenantName);
      return { status: 200, body: { signInToken: null, ...confirmed } };
    },
  );
}
