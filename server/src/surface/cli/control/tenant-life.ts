import type { Hono } from 'hono';
import { z } from 'zod';
import { followTimeZone } from '#flow/schedule';
import { FactotumError, type Id, isFactotumError, isId } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Encryption } from '#trust/encryption';
import { cancelInstallationJob, cancelTenantJobs, listAllJobs, readAnyJob } from '#trust/job';
import type { InstallationKey, Keyring } from '#trust/key';
import { type Registrations, registrationStates } from '#trust/registration';
import {
  closeTenant,
  configureTenant,
  eraseKind,
  findCertificate,
  type ListedTenant,
  openCertificate,
  operatorChangesSchema,
  ownChangesSchema,
  readFromDirectory,
  readTenant,
  reopenTenant,
  resumeTenant,
  suspendTenant,
} from '#trust/tenant';
import { type Caller, read, tenantHeader } from './handler.ts';
import type { OperatorParts } from './operator.ts';

/** What commands about the life of tenants need beside the rest. */
export interface TenancyParts {
  readonly keyring: Keyring;
  readonly encryption: Encryption;
  readonly installation: InstallationKey;
  readonly registrations: Registrations;
}

const reason = z.string().trim().min(1).max(500).optional();
const verbSchemas = {
  suspend: z.strictObject({ reason }),
  resume: z.strictObject({ reason }),
  close: z.strictObject({ name: z.string().max(200), reason }),
  erase: z.strictObject({ name: z.string().max(200), reason }),
} as const;

/** What commands ask about tenants, registrations and long work. Jobs are done by a running server. */
export function addTenantLifeRoutes(app: Hono<Caller>, operator: OperatorParts): void {
  const { database, tenancy } = operator;
  const shown = async (id: Id<'tenant'>) => {
    const listed = await readFromDirectory(database.engine, id);
    const tenant = await withTenant(database.app.db, id, (tx) => readTenant(tx, id)).catch((error: unknown) => {
      if (isFactotumError(error, 'tenant.not_found')) return null;
      throw error;
    });
    return { ...listed, settings: tenant?.settings ?? null, version: tenant?.version ?? null };
  };

  app.get('/operator/tenant', async (c) => c.json(await shown((await tenantOf(operator, c.req.raw)).id)));
  app.put('/operator/tenant', async (c) => {
    const { id } = await tenantOf(operator, c.req.raw);
    const changes = await read(z.strictObject({ ...ownChangesSchema.shape, ...operatorChangesSchema.shape }), c.req.raw);
    const keys = await tenancy.keyring.of(id);
    const act = { actor: c.var.actor, at: new Date() };
    await withTenant(database.app.db, id, async (tx) => {
      await configureTenant(tx, keys, { changes, version: null, ...act });
      if (changes.timeZone !== undefined) await followTimeZone(tx, id, act.at);
    });
    return c.json(await shown(id));
  });

  for (const [verb, schema] of Object.entries(verbSchemas))
    app.post(`/operator/tenant/${verb}`, async (c) => {
      const { id, state } = await tenantOf(operator, c.req.raw);
      const { name = '', ...said } = { name: undefined, ...(await read(schema, c.req.raw)) };
      const act = { actor: c.var.actor, at: new Date(), ...said };
      await withTenant(database.app.db, id, async (tx) => {
        if (verb === 'suspend') return suspendTenant(tx, id, act);
        if (verb === 'resume') return (state === 'closing' ? reopenTenant : resumeTenant)(tx, id, act);
        await closeTenant(tx, await tenancy.keyring.of(id), { ...act, name, ...(verb === 'erase' ? { graceDays: 0 } : {}) });
      });
      return c.json(await shown(id));
    });

  app.get('/operator/tenant/certificate', async (c) => {
    const { id } = await tenantOf(operator, c.req.raw);
    const note = await withTenant(database.app.db, id, (tx) => findCertificate(tx, id));
    if (note === null) throw new FactotumError('tenant.not_found', 'This tenant is not erased; there is no certificate.');
    const { verifierKeyText: verifierKey } = tenancy.installation.signer;
    return c.json({ note, verifierKey, statement: openCertificate(note, verifierKey) });
  });

  app.get('/operator/jobs', async (c) => {
    const tenant = c.req.header(tenantHeader) === undefined ? undefined : await tenantOf(operator, c.req.raw);
    return c.json({ items: await listAllJobs(database.engine, { tenantId: tenant?.id, limit: 100 }) });
  });
  app.get('/operator/jobs/:id', async (c) => c.json(await readAnyJob(database.engine, c.req.param('id'))));

  app.delete('/operator/jobs/:id', async (c) => {
    const { id, kind, tenantId } = await readAnyJob(database.engine, c.req.param('id'));
    // Without its job a tenant would be closing for ever.
    if (kind === eraseKind) throw new FactotumError('tenant.wrong_state', 'Call the closing off instead: factotum tenant resume');
    const now = new Date();
    if (tenantId === null) await cancelInstallationJob(database.engine, id, now);
    else await withTenant(database.app.db, tenantId, (tx) => cancelTenantJobs(tx, tenantId, { id }, now));
    return c.json(await readAnyJob(database.engine, id));
  });

  app.get('/operator/registrations', async (c) => {
    const state = z.enum(registrationStates).optional().parse(c.req.query('state'));
    return c.json({ items: await tenancy.registrations.list({ state, limit: 100 }) });
  });
  app.post('/operator/registrations/:id/approve', async (c) => c.json(await tenancy.registrations.approve(c.req.param('id'), c.var.actor)));
  app.post('/operator/registrations/:id/reject', async (c) => c.json(await tenancy.registrations.reject(c.req.param('id'), c.var.actor)));
}

/** The id in a request about a tenant that was erased: nothing but its log and its certificate is left. Null where the tenant lives. */
export async function erasedOf(operator: OperatorParts, request: Request): Promise<Id<'tenant'> | null> {
  const given = decodeURIComponent(request.headers.get(tenantHeader) ?? '');
  if (!isId('tenant', given) || (await operator.findTenant(given)) !== null) return null;
  const { id, state } = await tenantOf(operator, request);
  return state === 'erased' ? id : null;
}

/** The tenant that a command names: also one that is erased, by its id. */
async function tenantOf({ database, findTenant }: OperatorParts, request: Request): Promise<ListedTenant> {
  const given = request.headers.get(tenantHeader);
  if (given === null) throw new FactotumError('command.usage', 'Say which tenant: --tenant with an id or a name.');
  const nameOrId = decodeURIComponent(given);
  const id = isId('tenant', nameOrId) ? nameOrId : (await findTenant(nameOrId))?.id;
  if (id === undefined) throw new FactotumError('tenant.not_found', `There is no tenant ${nameOrId}.`);
  return readFromDirectory(database.engine, id);
}
