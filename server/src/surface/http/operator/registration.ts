import { z } from 'zod';
import { type Registration, registrationStates } from '#trust/registration';
import { pageOf, pageQuery } from '../cursor.ts';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { page } from '../schema.ts';
import { registrationSchema } from '../tenant-schema.ts';
import { makeIdCursor, readIdCursor } from './cursor.ts';

const path = '/api/v1/operator/registrations';
const tag = 'operator';

/** Who asks for a tenant here, and the operators' answer. */
export function addOperatorRegistrationRoutes(routes: Routes, { registrations }: Pick<HttpDeps, 'registrations'>): void {
  routes.addOperator(
    {
      method: 'get',
      path,
      summary: 'List registrations, newest first; without a state those whose address is proved',
      tag,
      query: z.strictObject({ state: z.enum(registrationStates).optional(), ...pageQuery }),
      answers: { 200: page(registrationSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ query: { state, cursor, limit } }) => {
      const found = await registrations.list({ state, before: readIdCursor('registration', cursor), limit: limit + 1 });
      return { status: 200, body: pageOf(found, limit, { present: presentRegistration, cursorOf: ({ id }) => makeIdCursor(id) }) };
    },
  );

  for (const verb of ['approve', 'reject'] as const)
    routes.addOperator(
      {
        method: 'post',
        path: `${path}/{id}/${verb}`,
        summary: verb === 'approve' ? 'Make the tenant, and tell its owner' : 'Turn a registration down, and tell them',
        tag,
        params: z.object({ id: z.string() }),
        answers: { 200: registrationSchema },
        errors: ['registration.not_found', 'tenant.wrong_state', 'tenant.name_taken'],
      },
      async ({ params, operator }) => ({ status: 200, body: presentRegistration(await registrations[verb](params.id, operator.actor)) }),
    );
}

/** As operators see it. */
const presentRegistration = ({ createdAt, verifiedAt, decidedAt, ...registration }: Registration) => ({
  ...registration,
  createdAt: createdAt.toISOString(),
  verifiedAt: verifiedAt?.toISOString() ?? null,
  decidedAt: decidedAt?.toISOString() ?? null,
});
