import { z } from 'zod';
import { changeView, deleteView, listViews, saveView, viewBodySchema, viewPages } from '#flow/task';
import { FactotumError } from '#kernel';
import { jsonBody } from './body.ts';
import type { Call, Routes } from './route.ts';
import { list, named } from './schema.ts';

const viewSchema = named(
  z.object({ id: z.string(), page: z.enum(viewPages), name: z.string(), filter: z.record(z.string(), z.string()) }),
  { id: 'SavedView', description: 'A filter that a member has given a name.' },
);

const idParams = z.object({ id: z.string() });
const bodyOf = <S extends z.ZodType>(schema: S) => jsonBody(schema, { bytesMax: 8_192 });

/** What members keep of how they look at lists. Everybody has their own. */
export function addViewRoutes(routes: Routes): void {
  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/me/views',
      summary: 'One’s own saved views, oldest first',
      tag: 'account',
      answers: { 200: z.object({ items: list(viewSchema) }) },
      errors: ['auth.forbidden'],
    },
    async (call) => ({ status: 200, body: { items: await call.inTenant((tx) => listViews({ ...mine(call), tx })) } }),
  );
  routes.add(
    'signed-in',
    {
      method: 'post',
      path: '/api/v1/me/views',
      summary: 'Keep a filter under a name',
      tag: 'account',
      body: bodyOf(viewBodySchema.extend({ page: z.enum(viewPages) })),
      answers: { 201: viewSchema },
      errors: ['auth.forbidden', 'quota.exceeded'],
    },
    async (call) => {
      const { page, ...body } = call.body;
      return { status: 201, body: await call.inTenant((tx) => saveView({ ...mine(call), tx }, page, body)) };
    },
  );
  routes.add(
    'signed-in',
    {
      method: 'put',
      path: '/api/v1/me/views/{id}',
      summary: 'Give a saved view another name or filter',
      tag: 'account',
      params: idParams,
      body: bodyOf(viewBodySchema),
      answers: { 200: viewSchema },
      errors: ['view.not_found'],
    },
    async (call) => ({
      status: 200,
      body: await call.inTenant((tx) => changeView({ ...ownerOf(call), tx }, call.params.id, call.body)),
    }),
  );
  routes.add(
    'signed-in',
    {
      method: 'delete',
      path: '/api/v1/me/views/{id}',
      summary: 'Forget a saved view',
      tag: 'account',
      params: idParams,
      answers: { 204: null },
      errors: ['view.not_found'],
    },
    async (call) => {
      await call.inTenant((tx) => deleteView({ ...ownerOf(call), tx }, call.params.id));
      return { status: 204 };
    },
  );
}

/** Views are people's: a key looks at nothing. */
function mine({ principal, tenantId, keys, now }: Pick<Call, 'principal' | 'tenantId' | 'keys' | 'now'>) {
  const { session } = principal;
  if (session === undefined) throw new FactotumError('auth.forbidden', 'Saved views are people’s, and need their session.');
  return { tenantId, keys, now, userId: session.userId };
}

/** The same where one of theirs is named: a key has none, so there is none of that id. */
function ownerOf(call: Parameters<typeof mine>[0]) {
  if (call.principal.session === undefined) throw new FactotumError('view.not_found', 'There is no such saved view.');
  return mine(call);
}
