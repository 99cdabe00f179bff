import { z } from 'zod';
import { type Clock, FactotumError, type Id, newId } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { provisionAuditLog, recordAudit } from '#trust/audit';
import type { AuditorKey, Keyring, TenantKeys } from '#trust/key';
import { defaultPolicyText, savePolicy } from '#trust/policy';
import { isQuotaName, type LimitChanges, limitsShape, quotas, writeLimits } from '#trust/quota';
import { type InitialNote, skeleton, writeNote } from '#trust/vault';
import { readTenant, type Tenant } from './read.ts';
import { tenantNameSchema, tenantSettingsSchema, tenantTitleSchema } from './settings.ts';
import { insertQueue, insertTenant } from './store.ts';

export interface ProvisionDeps {
  /** The pool of the role `factotum_app`. */
  readonly db: Tx;
  readonly keyring: Keyring;
  readonly auditor: AuditorKey;
  readonly clock: Clock;
}

export interface NewTenant {
  /** An id made before, so that the call can be repeated and the identity's organisation can have the same one. */
  readonly tenantId?: Id<'tenant'> | undefined;
  readonly name: string;
  /** What people see instead of the name. */
  readonly title?: string | undefined;
  /** What differs from the defaults: settings, and limits by the names of their quotas. */
  readonly settings?: (z.input<typeof tenantSettingsSchema> & LimitChanges) | undefined;
  /** Notes beyond those that every vault starts with, trusted like them. */
  readonly notes?: readonly InitialNote[] | undefined;
  /** What else it starts with, in the same transaction. */
  readonly furnish?: ((tx: Tx, keys: TenantKeys, at: Date) => Promise<void>) | undefined;
  /** Who creates it, as the audit log names them. */
  readonly actor: string;
}

/**
 * Creates a tenant whole or not at all, in one transaction: its row, key, place in the queue, audit log, default policy and first notes.
 *
 * Repeated with the same id and name it changes nothing and gives the tenant as it is.
 *
 * @throws FactotumError `tenant.name_taken`, `request.invalid` for a name or setting that does not fit.
 */
export async function provisionTenant(deps: ProvisionDeps, input: NewTenant): Promise<Tenant> {
  const { name, title = null, settings, limits } = parse(input);
  const createdAt = deps.clock.now();
  const tenantId = input.tenantId ?? newId('tenant', createdAt.getTime());
  return withTenant(deps.db, tenantId, async (tx) => {
    const inserted = await insertTenant(tx, { tenantId, name, title, settings, createdAt });
    if (inserted === 'name_taken') throw nameTaken(name);
    if (inserted) await furnish(deps, tx, tenantId, { ...input, limits, at: createdAt });
    const tenant = await readTenant(tx, tenantId);
    if (tenant.name !== name) throw new FactotumError('tenant.name_taken', `This tenant id belongs to ${tenant.name}. Use a new one.`);
    return tenant;
  });
}

async function furnish(
  deps: ProvisionDeps,
  tx: Tx,
  tenantId: Id<'tenant'>,
  input: NewTenant & { limits: LimitChanges; at: Date },
): Promise<void> {
  const { actor, at, limits, notes = [] } = input;
  const keys = await deps.keyring.provision(tx, tenantId);
  await insertQueue(tx, tenantId, limits.maxRunning ?? quotas.maxRunning.default);
  await writeLimits(tx, tenantId, limits, { by: actor, at });
  await provisionAuditLog(tx, tenantId, keys, deps.auditor.sealForAuditor);
  await recordAudit(tx, tenantId, [{ kind: 'tenant.created', actor, at, objectId: tenantId }]);
  await savePolicy(tx, keys, tenantId, { text: defaultPolicyText(), basedOn: 0, actor, at });
  for (const note of [...skeleton(), ...notes]) await writeNote(tx, keys, { ...note, author: actor, trusted: true, at, ifNoneMatch: '*' });
  await input.furnish?.(tx, keys, at);
}

function parse(input: NewTenant) {
  const answer = z
    .object({ name: tenantNameSchema, title: tenantTitleSchema.optional(), settings: tenantSettingsSchema.extend(limitsShape).strict() })
    .safeParse({ name: input.name, title: input.title, settings: input.settings ?? {} });
  if (answer.success) {
    const { name, title, settings } = answer.data;
    const limits = Object.fromEntries(Object.entries(settings).filter(([key]) => isQuotaName(key)));
    return { name, title, settings: tenantSettingsSchema.parse(settings), limits: limits as LimitChanges }; // Each was checked by its quota's schema.
  }
  const faults = answer.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new FactotumError('request.invalid', `The tenant cannot be created. ${faults.join('; ')}`, { details: { faults } });
}

const nameTaken = (name: string) =>
  new FactotumError('tenant.name_taken', `There is a tenant called ${name} already. Choose another name.`);
