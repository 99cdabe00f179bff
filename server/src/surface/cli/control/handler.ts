import { Hono } from 'hono';
import { z } from 'zod';
import { errorCatalogue, FactotumError, type Id, idSchema, isFactotumError, jsonObjectSchema, type Logger } from '#kernel';
import { redactJson } from '#kernel/redact';
import { operatorPrincipal, type Principal, type TenantName } from '#trust/identity';
import { addArchiveRoutes } from './archive.ts';
import { addBackupRoutes } from './backup.ts';
import { addCertificateRoutes } from './certificate.ts';
import { addEncryptionRoutes } from './encryption.ts';
import { examine } from './examine.ts';
import type { OperatorParts } from './operator.ts';
import { addSecretRoutes } from './secret.ts';
import { addTenantLifeRoutes, erasedOf } from './tenant-life.ts';

export interface ControlParts {
  /** The API's own routes, asked by a principal that is known already. */
  readonly fetch: (request: Request, principal: Principal) => Response | Promise<Response>;
  readonly operator: OperatorParts;
  readonly log: Logger;
}

/** Which tenant a request is about, by id or name; and who asks, as their operating system calls them. */
export const tenantHeader = 'factotum-tenant';
export const operatorHeader = 'factotum-operator';

/** Which permissions a key gets that is made without naming any: enough to send work in and watch it, not to decide. */
export const defaultPermissions = ['event:write', 'task:read', 'approval:read', 'vault:read', 'audit:read'] as const;

export type Caller = { Variables: { operator: string; actor: string; tenant: () => Promise<TenantName> } };

/**
 * Answers what commands ask: the operator's own routes below `/operator/`, and with an operator's principal every route of the API.
 * There is no credential to check: who can open the socket (mode 0600) is the operator.
 */
export function createControlHandler({ fetch, operator, log }: ControlParts): (request: Request) => Promise<Response> {
  const app = new Hono<Caller>();
  app.use(async (c, next) => {
    const user = userSchema.catch('unknown').parse(c.req.header(operatorHeader));
    c.set('operator', user);
    c.set('actor', `operator:${user}`);
    c.set('tenant', () => requireTenant(operator, c.req.header(tenantHeader)));
    await next();
  });

  app.get('/operator/tenants', async (c) => c.json({ items: await operator.listTenants() }));
  app.post('/operator/tenants', async (c) => {
    const { name, ownerEmail, settings } = await read(newTenantSchema, c.req.raw);
    return c.json(await operator.createTenant({ name, ownerEmail, settings, actor: c.var.actor }), 201);
  });

  app.get('/operator/apikeys', async (c) => c.json({ items: await operator.listApiKeys((await c.var.tenant()).id) }));
  app.post('/operator/apikeys', async (c) => {
    const { expiresAt, ...key } = await read(newKeySchema, c.req.raw);
    const { id: tenantId } = await c.var.tenant();
    const made = await operator.createApiKey({ tenantId, ...key, ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }) });
    await operator.record(tenantId, {
      kind: 'key.created',
      actor: c.var.actor,
      objectId: made.id,
      detail: { permissions: key.permissions },
    });
    return c.json(made, 201);
  });
  app.post('/operator/token-keys/rotate', async (c) => {
    const { endOld } = await read(rotationSchema, c.req.raw);
    const { kid, oldEndsAt } = await operator.rotateTokenKey({ endOld, actor: c.var.actor });
    return c.json({ kid, oldEndsAt: oldEndsAt.toISOString() }, 201);
  });
  app.post('/operator/database/rotation', async (c) => {
    const logins = await operator.logins.rotate();
    // About no tenant, so there is no audit log for it.
    log.warn({ actor: c.var.actor, logins }, 'new passwords of the database were asked for');
    return c.json({ logins });
  });
  app.delete('/operator/apikeys/:id', async (c) => {
    const { id: tenantId } = await c.var.tenant();
    const id = idSchema('apiKey').safeParse(c.req.param('id'));
    if (!id.success || !(await operator.revokeApiKey(tenantId, id.data)))
      throw new FactotumError('request.not_found', 'The tenant has no such key, or it is revoked already.');
    await operator.record(tenantId, { kind: 'key.revoked', actor: c.var.actor, objectId: id.data });
    return c.json({ id: id.data, state: 'revoked' });
  });

  app.put('/operator/quotas', async (c) => {
    const { id } = await c.var.tenant();
    await operator.setQuotas(id, await read(jsonObjectSchema, c.req.raw), c.var.actor);
    return c.json({ tenantId: id });
  });

  app.post('/operator/sign-in-links', async (c) => {
    const { id } = await c.var.tenant();
    const { email } = await read(linkSchema, c.req.raw);
    const url = await operator.createSignInUrl(id, email);
    await operator.record(id, { kind: 'operator.command', actor: c.var.actor, detail: { command: 'session link' } });
    return c.json({ url }, 201);
  });

  app.get('/operator/operators', async (c) => c.json({ items: await operator.operators.list() }));
  app.post('/operator/operators', async (c) => {
    const made = await operator.operators.create(await read(newOperatorSchema, c.req.raw));
    log.info({ actor: c.var.actor, operator: made.id }, 'an operator was made');
    return c.json(made, 201);
  });
  app.delete('/operator/operators/:who', async (c) => {
    const id = await operator.operators.remove(c.req.param('who'));
    if (id === null) throw new FactotumError('request.not_found', 'There is no such operator.');
    log.info({ actor: c.var.actor, operator: id }, 'an operator was removed');
    return c.json({ id });
  });

  app.post('/operator/audit/verify', async (c) => {
    const { id, name } = await c.var.tenant();
    return c.json({ tenant: { id, name }, ...(await operator.verifyAuditLog(id)) });
  });
  app.get('/operator/audit/export', async (c) => {
    const jsonl = (id: Id<'tenant'>) =>
      new Response(streamOf(operator.exportAuditLog(id)), { headers: { 'content-type': 'application/jsonl' } });
    // The log of an erased tenant ended with its erasure: nobody can sign more.
    const erased = await erasedOf(operator, c.req.raw);
    if (erased !== null) return jsonl(erased);
    const { id } = await c.var.tenant();
    // Before the first line: what is being read out is told even if the reader hangs up.
    await operator.record(id, { kind: 'audit.exported', actor: c.var.actor });
    return jsonl(id);
  });

  addArchiveRoutes(app, operator);
  addBackupRoutes(app, operator, log);
  addCertificateRoutes(app, operator, log);
  addEncryptionRoutes(app, operator, log);
  addTenantLifeRoutes(app, operator);
  addSecretRoutes(app, operator);

  app.get('/operator/doctor', async (c) => c.json({ address: operator.address(), findings: await examine(operator) }));
  app.all('/operator/*', () => {
    throw new FactotumError('request.not_found', 'There is nothing at this address.');
  });

  app.all('*', async (c) => {
    const { id } = await c.var.tenant();
    return fetch(c.req.raw, operatorPrincipal(c.var.operator, id));
  });
  app.onError((error) => problem(error, log));
  return async (request) => app.fetch(request);
}

const userSchema = z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/);
const linkSchema = z.strictObject({ email: z.string().max(254).optional() });
const newOperatorSchema = z.strictObject({ email: z.string().max(254), name: z.string().max(100) });
const newTenantSchema = z.strictObject({ name: z.string(), ownerEmail: z.email().optional(), settings: jsonObjectSchema.default({}) });
const newKeySchema = z.strictObject({
  name: z.string(),
  permissions: z.array(z.string()).default([...defaultPermissions]),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  perMinute: z.int().optional(),
  serviceAccountId: z.string().optional(),
});
const rotationSchema = z.strictObject({ endOld: z.boolean().default(false) });

async function requireTenant(operator: OperatorParts, given: string | undefined): Promise<TenantName> {
  if (given === undefined) throw new FactotumError('command.usage', 'Say which tenant: --tenant with an id or a name.');
  const tenant = await operator.findTenant(decodeURIComponent(given));
  if (tenant === null) throw new FactotumError('tenant.not_found', `There is no tenant ${decodeURIComponent(given)}.`);
  return tenant;
}

export async function read<S extends z.ZodType>(schema: S, request: Request): Promise<z.output<S>> {
  const answer = schema.safeParse(await request.json().catch(() => undefined));
  if (answer.success) return answer.data;
  throw new FactotumError('request.invalid', `That cannot be done: ${z.prettifyError(answer.error)}`);
}

function streamOf(lines: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const source = lines[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await source.return?.();
    },
  });
}

function problem(error: unknown, log: Logger): Response {
  if (!isFactotumError(error)) log.error({ err: error }, 'a command failed');
  const told = isFactotumError(error) ? error : new FactotumError('server.fault', 'Something went wrong. The log says what.');
  const { code, status, message, details } = told;
  return new Response(
    redactJson(JSON.stringify({ type: `/docs/errors#${code}`, title: errorCatalogue[code].title, status, code, detail: message, details })),
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
}
