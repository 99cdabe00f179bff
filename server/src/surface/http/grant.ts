import { z } from 'zod';
import { grantableTools, grantFaults } from '#flow/gate';
import { FactotumError, isId } from '#kernel';
import { createGrant, type GivenGrant, grantInputSchema, listGivenGrants, revokeGrant } from '#trust/policy';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { list, named, page, time } from './schema.ts';
import { toolsOf } from './tenant-tools.ts';

const tag = 'policies';
const newGrantSchema = z.strictObject({ ...grantInputSchema.shape, expiresAt: z.iso.datetime({ offset: true }).nullable().default(null) });

const grantSchema = named(
  z.object({
    id: z.string(),
    tool: z.string(),
    toolTitle: z.string().nullable().meta({ description: 'Null for a tool that is gone.' }),
    args: z.record(z.string(), z.string()).readonly().meta({ description: 'By argument: where its value may come from.' }),
    source: z.object({ source: z.string().optional(), playbook: z.string().optional() }),
    perDay: z.int(),
    expiresAt: time.nullable(),
    author: z.string(),
    createdAt: time,
  }),
  { id: 'Grant', description: "A person's standing permission: these arguments of this tool may come from there, so many times a day." },
);
const grantableSchema = z.object({
  tool: z.string(),
  title: z.string(),
  args: list(z.object({ name: z.string(), title: z.string() })),
});

/** Standing grants. They go no further than the floors let them, and are given by people alone. */
export function addGrantRoutes(routes: Routes, { catalogue: own }: Pick<HttpDeps, 'catalogue'>): void {
  routes.add(
    'policy:read',
    {
      method: 'get',
      path: '/api/v1/grants',
      summary: 'List the standing grants that nobody has revoked',
      tag,
      answers: { 200: page(grantSchema) },
    },
    async ({ inSnapshot, keys, tenantId }) => {
      const { grants, titleOf } = await inSnapshot(async (tx) => {
        const catalogue = await toolsOf(own, tx, keys);
        const title = (tool: string) => catalogue.get(tool)?.manifest.title ?? null;
        return { grants: await listGivenGrants(tx, keys, tenantId), titleOf: title };
      });
      return { status: 200, body: { items: grants.map((grant) => present(grant, titleOf(grant.tool))), nextCursor: null } };
    },
  );

  routes.add(
    'policy:read',
    {
      method: 'get',
      path: '/api/v1/grants/tools',
      summary: 'The tools and arguments that a standing grant may be given for',
      tag,
      answers: { 200: page(grantableSchema) },
    },
    async ({ inTenant, keys }) => {
      const catalogue = await inTenant((tx) => toolsOf(own, tx, keys));
      return { status: 200, body: { items: grantableTools(catalogue.list().map(({ manifest }) => manifest)), nextCursor: null } };
    },
  );

  routes.add(
    'policy:write',
    {
      method: 'post',
      path: '/api/v1/grants',
      summary: 'Give a standing grant',
      tag,
      body: jsonBody(newGrantSchema, { bytesMax: 16_384 }),
      answers: { 201: grantSchema },
      errors: ['quota.exceeded'],
    },
    async ({ inTenant, keys, tenantId, body, principal, now }) => {
      if (principal.kind !== 'user') throw new FactotumError('auth.forbidden', 'A standing grant is given by a person, never by a key.');
      const { expiresAt, ...rest } = body;
      const grant = { ...rest, ...(expiresAt === null ? {} : { expiresAt: new Date(expiresAt) }) };
      const made = await inTenant(async (tx) => {
        const manifest = (await toolsOf(own, tx, keys)).get(grant.tool)?.manifest ?? null;
        const faults = grantFaults(manifest, grant, now);
        if (faults.length > 0)
          throw new FactotumError('request.invalid', `The grant is not valid. ${faults.join('; ')}`, { details: { faults } });
        const given = await createGrant(tx, keys, tenantId, { grant, actor: principal.actor, at: now });
        return present({ ...given, author: principal.actor, createdAt: now }, manifest?.title ?? null);
      });
      return { status: 201, body: made };
    },
  );

  routes.add(
    'policy:write',
    {
      method: 'delete',
      path: '/api/v1/grants/{id}',
      summary: 'Revoke a standing grant',
      tag,
      params: z.object({ id: z.string() }),
      answers: { 204: null },
      errors: ['grant.not_found'],
    },
    async ({ inTenant, tenantId, params: { id }, principal, now }) => {
      if (!isId('grant', id)) throw new FactotumError('grant.not_found', 'There is no such grant.');
      await inTenant((tx) => revokeGrant(tx, tenantId, { grantId: id, actor: principal.actor, at: now }));
      return { status: 204 };
    },
  );
}

function present({ expiresAt, createdAt, source, ...grant }: GivenGrant, toolTitle: string | null) {
  const { source: from, playbook } = source;
  return {
    ...grant,
    toolTitle,
    source: { ...(from === undefined ? {} : { source: from }), ...(playbook === undefined ? {} : { playbook }) },
    expiresAt: expiresAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}
