import { z } from 'zod';
import { type Provider, providerInputSchema } from '#trust/identity';
import { recordActs } from './act.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { namedSchemas, time } from './schema.ts';

const tag = 'single sign-on';
const idParams = z.object({ id: z.string() });
const domainParams = z.object({ id: z.string(), domain: z.string() });

const domainSchema = z.object({
  domain: z.string(),
  state: z.enum(['unverified', 'verified']),
  record: z.object({ name: z.string(), type: z.literal('TXT'), value: z.string() }).meta({ description: 'What has to stand in DNS.' }),
});
const strings = z.array(z.string()).readonly();

const providerSchema = z.object({
  id: z.string(),
  kind: z.enum(['oidc', 'oauth2', 'saml']),
  name: z.string(),
  enabled: z.boolean(),
  domains: z.array(domainSchema).readonly(),
  roles: z.object({
    claim: z.string().nullable().meta({ description: 'Null: roles are given once, when somebody joins.' }),
    rules: z.array(z.object({ value: z.string(), role: z.string() })).readonly(),
    fallback: strings,
  }),
  joins: z.boolean().meta({ description: 'Whether somebody becomes a member by signing in for the first time.' }),
  oidc: z.object({ issuer: z.string(), clientId: z.string(), scopes: strings, hasSecret: z.boolean() }).optional(),
  oauth2: z
    .object({
      authorizationUrl: z.string(),
      tokenUrl: z.string(),
      userInfoUrl: z.string(),
      clientId: z.string(),
      scopes: strings,
      fields: z.object({ subject: z.string(), email: z.string(), emailVerified: z.string().nullable(), name: z.string().nullable() }),
      clientAuthentication: z.enum(['basic', 'post']),
      hasSecret: z.boolean(),
    })
    .optional(),
  saml: z
    .object({
      idpEntityId: z.string(),
      ssoUrl: z.string(),
      certificates: z.array(z.object({ fingerprint: z.string(), expiresAt: time })).readonly(),
    })
    .optional(),
  own: z
    .object({
      redirectUri: z.string().optional(),
      acsUrl: z.string().optional(),
      entityId: z.string().optional(),
      metadataUrl: z.string().optional(),
    })
    .meta({ description: 'What the provider has to be told about us.' }),
  lastTest: z.object({ at: time, ok: z.boolean(), error: z.string().nullable() }).nullable(),
});

namedSchemas.set(providerSchema, {
  id: 'IdentityProvider',
  description: 'A provider that people of a tenant sign in through. Secrets are never in it.',
});

const testSchema = z.object({
  state: z.enum(['waiting', 'ok', 'failed']),
  claims: z.record(z.string(), z.unknown()).nullable(),
  roles: strings.nullable(),
  error: z.string().nullable(),
});

const bodyBytesMax = 640 * 1_024;
const input = { body: jsonBody(providerInputSchema, { bytesMax: bodyBytesMax }), fresh: true };
/** A client secret may be a reference. */
const referring = ['secret.reference_invalid', 'secret.not_found', 'secret.unavailable'] as const;
const changeErrors = ['auth.step_up_required', 'sso.not_found', 'sso.in_use', 'role.not_found'] as const;

/** Setting up a tenant's identity providers. */
export function addSsoProviderRoutes(routes: Routes, { singleSignOn }: Pick<HttpDeps, 'singleSignOn'>): void {
  routes.add(
    'security:read',
    {
      method: 'get',
      path: '/api/v1/sso/providers',
      summary: 'List identity providers',
      tag,
      answers: { 200: z.object({ items: z.array(providerSchema), nextCursor: z.null() }) },
    },
    async ({ tenantId }) => ({ status: 200, body: { items: (await singleSignOn.list(tenantId)).map(present), nextCursor: null } }),
  );

  routes.add(
    'security:admin',
    {
      method: 'post',
      path: '/api/v1/sso/providers',
      summary: 'Set an identity provider up',
      tag,
      ...input,
      answers: { 201: providerSchema },
      errors: ['auth.step_up_required', 'role.not_found', ...referring],
    },
    async (call) => {
      const made = await singleSignOn.create(call.tenantId, call.body, call.principal);
      await recordActs(call, { kind: 'sso.changed', objectId: made.id, detail: { change: 'created' } });
      return { status: 201, body: present(made) };
    },
  );

  routes.add(
    'security:read',
    {
      method: 'get',
      path: '/api/v1/sso/providers/{id}',
      summary: 'See an identity provider, without its secrets',
      tag,
      params: idParams,
      answers: { 200: providerSchema },
      errors: ['sso.not_found'],
    },
    async ({ tenantId, params }) => ({ status: 200, body: present(await singleSignOn.read(tenantId, params.id)) }),
  );

  routes.add(
    'security:admin',
    {
      method: 'put',
      path: '/api/v1/sso/providers/{id}',
      summary:
        'Change an identity provider; a secret that is left out stays. Sessions end where it becomes another party or is switched off',
      tag,
      params: idParams,
      ...input,
      answers: { 200: providerSchema },
      errors: [...changeErrors, ...referring],
    },
    async (call) => {
      const changed = await singleSignOn.change(call.tenantId, call.params.id, call.body, call.principal);
      await recordActs(call, { kind: 'sso.changed', objectId: changed.id, detail: { change: 'changed' } });
      return { status: 200, body: present(changed) };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'delete',
      path: '/api/v1/sso/providers/{id}',
      summary: 'Remove an identity provider with its domains and connections; sessions it began end',
      tag,
      fresh: true,
      params: idParams,
      answers: { 204: null },
      errors: changeErrors,
    },
    async (call) => {
      await singleSignOn.remove(call.tenantId, call.params.id);
      await recordActs(call, { kind: 'sso.changed', objectId: call.params.id, detail: { change: 'removed' } });
      return { status: 204 };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'delete',
      path: '/api/v1/sso/providers/{id}/people/{userId}',
      summary: 'Disconnect a person from a provider, so that another account there can be connected',
      tag,
      fresh: true,
      params: z.object({ id: z.string(), userId: z.string() }),
      answers: { 204: null },
      errors: ['auth.step_up_required', 'sso.not_found', 'member.not_found'],
    },
    async (call) => {
      const { id, userId } = call.params;
      await singleSignOn.disconnect(call.tenantId, id, userId);
      await recordActs(call, { kind: 'sso.changed', objectId: id, detail: { change: 'disconnected', user: userId } });
      return { status: 204 };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'post',
      path: '/api/v1/sso/providers/{id}/domains',
      summary: 'Begin to prove a domain: the answer names the DNS record',
      tag,
      fresh: true,
      params: idParams,
      body: jsonBody(z.strictObject({ domain: z.string().max(253) }), { bytesMax: 4_096 }),
      answers: { 201: providerSchema },
      errors: ['auth.step_up_required', 'sso.not_found'],
    },
    async (call) => {
      const changed = await singleSignOn.addDomain(call.tenantId, call.params.id, call.body.domain);
      await recordActs(call, { kind: 'sso.changed', objectId: changed.id, detail: { change: 'domain_added' } });
      return { status: 201, body: present(changed) };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'delete',
      path: '/api/v1/sso/providers/{id}/domains/{domain}',
      summary: 'Give a domain up',
      tag,
      fresh: true,
      params: domainParams,
      answers: { 204: null },
      errors: ['auth.step_up_required', 'sso.not_found'],
    },
    async (call) => {
      const { id, domain } = call.params;
      await singleSignOn.removeDomain(call.tenantId, id, domain);
      await recordActs(call, { kind: 'sso.changed', objectId: id, detail: { change: 'domain_removed' } });
      return { status: 204 };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'post',
      path: '/api/v1/sso/providers/{id}/domains/{domain}/verify',
      summary: 'Look for the DNS record of a domain now',
      tag,
      fresh: true,
      params: domainParams,
      answers: { 200: z.object({ state: z.enum(['unverified', 'verified']), found: strings }) },
      errors: ['auth.step_up_required', 'sso.not_found', 'sso.domain_taken', 'sso.unavailable'],
    },
    async (call) => {
      const { id, domain } = call.params;
      const answer = await singleSignOn.verifyDomain(call.tenantId, id, domain);
      await recordActs(call, { kind: 'sso.changed', objectId: id, detail: { change: `domain_${answer.state}` } });
      return { status: 200, body: answer };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'post',
      path: '/api/v1/sso/providers/{id}/test',
      summary: 'Make a test: open `url` in the browser and sign in at the provider; nobody is signed in here by it',
      tag,
      params: idParams,
      answers: { 201: z.object({ testId: z.string(), url: z.string() }) },
      errors: ['sso.not_found'],
    },
    async (call) => {
      const { testId, token } = await singleSignOn.createTest(call.tenantId, call.params.id);
      await recordActs(call, { kind: 'sso.tested', objectId: call.params.id });
      return { status: 201, body: { testId, url: `/api/v1/sso/start?test=${token}` } };
    },
  );

  routes.add(
    'security:admin',
    {
      method: 'get',
      path: '/api/v1/sso/tests/{testId}',
      summary: 'What a test has found, for a quarter of an hour',
      tag,
      params: z.object({ testId: z.string() }),
      answers: { 200: testSchema },
      errors: ['sso.not_found'],
    },
    async ({ tenantId, params }) => {
      const { error, ...result } = await singleSignOn.readTest(tenantId, params.testId);
      const told = error && `${error.message}${error.reason === null ? '' : ` (${error.reason})`}`;
      return { status: 200, body: { ...result, error: told } };
    },
  );
}

function present({ saml, lastTest, ...provider }: Provider): z.input<typeof providerSchema> {
  return {
    ...provider,
    ...(saml === undefined
      ? {}
      : { saml: { ...saml, certificates: saml.certificates.map((one) => ({ ...one, expiresAt: one.expiresAt.toISOString() })) } }),
    lastTest: lastTest && { ...lastTest, at: lastTest.at.toISOString() },
  };
}
