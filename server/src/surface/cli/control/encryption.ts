import type { Hono } from 'hono';
import type { Logger } from '#kernel';
import type { Caller } from './handler.ts';
import type { OperatorParts } from './operator.ts';

/** What commands ask about the keys of all tenants. About one tenant they use the API's own routes. */
export function addEncryptionRoutes(app: Hono<Caller>, operator: OperatorParts, log: Logger): void {
  app.get('/operator/encryption', async (c) => c.json(await operator.tenancy.encryption.installationStatus()));
  app.post('/operator/encryption/rewrap', async (c) => {
    const { actor } = c.var;
    const jobId = await operator.tenancy.encryption.rewrapAll({ actor, at: new Date() });
    log.warn({ actor, jobId }, 'all keys are being wrapped anew');
    return c.json({ jobId }, 202);
  });
  app.post('/operator/encryption/revocation', async (c) => {
    const { actor } = c.var;
    const tenants = await operator.listTenants();
    for (const { id } of tenants) await operator.tenancy.encryption.revoke(id, { actor, at: new Date() });
    log.warn({ actor, tenants: tenants.length }, 'all keys were taken out of the memory of every process');
    return c.json({ tenants: tenants.length });
  });
}
