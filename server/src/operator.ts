import { pendingMigrations, sqlFolder, withTenant } from '#kernel/database';
import type { AuditReport, OperatorParts } from '#surface/cli';
import { exportLog, recordAudit, verifyTenantLog } from '#trust/audit';
import { parseLimitChanges } from '#trust/quota';
import { operatorSecrets } from './operator-secrets.ts';
import { createTenant, type Platform } from './platform.ts';

/** What the operator at the machine may do beyond the API, made of the platform's parts. */
export function operatorParts(
  platform: Platform,
  place: { readonly address: () => string | null; readonly publicUrl: () => string; readonly onTenant: (name: string) => Promise<void> },
): OperatorParts {
  const { archives, identity, database, keyring, auditor, sequencer, quotas, clock, log, ownerUrl } = platform;
  const linkTo = (token: string) => `${place.publicUrl()}/#token=${token}`;
  return {
    listTenants: () => identity.listTenants(),
    findTenant: (nameOrId) => identity.findTenant(nameOrId),
    async createTenant({ name, ownerEmail, settings, actor }) {
      const tenant = await createTenant(platform, { name, actor, settings, ...(ownerEmail === undefined ? {} : { ownerEmail }) });
      await place.onTenant(tenant.name);
      return { id: tenant.id, name: tenant.name };
    },
    createApiKey: (key) => identity.createApiKey(key),
    listApiKeys: (tenantId) => identity.listApiKeys(tenantId),
    revokeApiKey: (tenantId, id) => identity.revokeApiKey(tenantId, id),
    async rotateTokenKey({ endOld, actor }) {
      const rotated = await identity.machines.rotateSigningKey({ endOld });
      // About no tenant, so there is no audit log for it.
      log.warn({ actor, endOld, kid: rotated.kid }, 'the key of tokens was rotated');
      return rotated;
    },
    createSignInUrl: async (tenantId, email) => linkTo(await identity.createSignInLink(tenantId, email)),
    operators: {
      ...identity.operators,
      create: async (given) => {
        const { id, token } = await identity.operators.create(given);
        return { id, url: linkTo(token) };
      },
    },
    setQuotas: (tenantId, limits, actor) => quotas.change(tenantId, parseLimitChanges(limits), actor),
    async record(tenantId, entry) {
      await withTenant(database.app.db, tenantId, (tx) => recordAudit(tx, tenantId, [{ ...entry, at: clock.now() }]));
      sequencer.kick();
    },
    async verifyAuditLog(tenantId): Promise<AuditReport> {
      await sequencer.drained();
      const report = await verifyTenantLog(database, keyring, tenantId, { auditorKey: auditor });
      return {
        ok: report.holds,
        entries: report.entries,
        checkpointAt: report.checkpointAt.toISOString(),
        root: report.root.toString('base64'),
        ...(report.fault === null ? {} : { fault: report.fault.detail }),
      };
    },
    exportAuditLog: (tenantId) => exportAfter(sequencer.drained(), () => exportLog(database.app.db, tenantId)),
    archives,
    secrets: operatorSecrets(platform),
    backups: platform.backups,
    certificates: platform.certificates,
    logins: platform.loginRotation,
    database,
    tenancy: { keyring, encryption: platform.encryption, installation: platform.installation, registrations: platform.registrations },
    pendingMigrations: async () => (ownerUrl === null ? null : pendingMigrations(ownerUrl, sqlFolder)),
    address: place.address,
  };
}

/** What was committed before the export was asked for is in it. */
async function* exportAfter(ready: Promise<void>, lines: () => AsyncIterable<string>): AsyncGenerator<string> {
  await ready;
  yield* lines();
}
