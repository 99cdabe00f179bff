import { z } from 'zod';
import { FactotumError, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { recordChange } from '#trust/history';
import type { TenantKeys } from '#trust/key';
import { loadPolicy, policyFromThresholds, savePolicy, type Thresholds, thresholdsOf } from '#trust/policy';
import { readTenant, type Tenant } from './read.ts';
import { ownSettingsSchema, tenantSettingsSchema, tenantTitleSchema } from './settings.ts';
import { updateSettings } from './store.ts';

/** What a tenant's own people can change, each left out where it stays. Nothing else is taken: limits and money are the operator's. */
export const ownChangesSchema = z.strictObject({ ...ownSettingsSchema.partial().shape, title: tenantTitleSchema.nullable().optional() });
/** What operators change beside them. */
export const operatorChangesSchema = z.strictObject({
  maySpendOperatorModelKey: z.boolean().optional(),
  title: tenantTitleSchema.nullable().optional(),
});
export type SettingsChanges = z.output<typeof ownChangesSchema> & z.output<typeof operatorChangesSchema>;

/**
 * Changes title and settings, in the caller's transaction, with the entry that names what was changed.
 *
 * New thresholds put the policy of the form in force; where somebody has edited the policies by hand since, they are left alone.
 *
 * @param input.version - the one that was read; null changes whatever is there
 * @throws FactotumError `tenant.changed` when there is a newer version, `policy.changed` when thresholds would overwrite edited policies.
 */
export async function configureTenant(
  tx: Tx,
  keys: TenantKeys,
  input: { readonly changes: SettingsChanges; readonly version: number | null; readonly actor: string; readonly at: Date },
): Promise<Tenant> {
  const { tenantId } = keys;
  const { changes, actor, at } = input;
  const before = await withThresholdsInForce(tx, keys, await readTenant(tx, tenantId), changes);
  if (input.version !== null && input.version !== before.version) throw changedSince();
  const { title = before.title, ...given } = defined(changes);
  const settings = tenantSettingsSchema.parse({ ...before.settings, ...given });
  const names = Object.keys(given).filter((name) => !isSame(before.settings, settings, name));
  const isRenamed = title !== before.title;
  if (names.length === 0 && !isRenamed) return before;
  const row = { tenantId, title: title === before.name ? null : title, settings, version: before.version };
  if (!(await updateSettings(tx, row))) throw changedSince();
  if (names.includes('thresholds')) await adoptThresholds(tx, keys, { settings, actor, at });
  await keepBefore(tx, keys, { before, after: { title, settings }, names: isRenamed ? [...names, 'title'] : names, actor, at });
  const changed = [...names, ...(isRenamed ? ['title'] : [])].sort();
  await recordAudit(tx, tenantId, [
    { kind: 'tenant.changed', actor, at, objectId: tenantId, detail: { changed, version: before.version + 1 } },
  ]);
  return readTenant(tx, tenantId);
}

/** The thresholds in force, null where the policies say something that no form does. */
export const thresholdsInForce = async (tx: Tx, keys: TenantKeys): Promise<Thresholds | null> =>
  thresholdsOf((await loadPolicy(tx, keys, keys.tenantId)).text);

/** The policies have an editor of their own: what they say goes before what the settings remember of their form. */
async function withThresholdsInForce(tx: Tx, keys: TenantKeys, tenant: Tenant, { thresholds }: SettingsChanges): Promise<Tenant> {
  const inForce = thresholds === undefined ? null : await thresholdsInForce(tx, keys);
  return inForce === null ? tenant : { ...tenant, settings: { ...tenant.settings, thresholds: inForce } };
}

/** Thresholds are kept as policies: their text is what was in force. How far somebody has come with the set-up is nothing to go back to. */
async function keepBefore(
  tx: Tx,
  keys: TenantKeys,
  change: {
    readonly before: Pick<Tenant, 'title' | 'settings'>;
    readonly after: { readonly title: string | null; readonly settings: Tenant['settings'] };
    readonly names: readonly string[];
    readonly actor: string;
    readonly at: Date;
  },
): Promise<void> {
  const names = change.names.filter((name) => name !== 'thresholds' && name !== 'setup').sort();
  if (names.length === 0) return;
  const [before, after] = [change.before, change.after].map(({ title, settings }) => {
    const all: JsonObject = { ...settings, title };
    return Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
  });
  await recordChange(tx, keys, { topic: 'settings', before: before ?? {}, after: after ?? {}, actor: change.actor, at: change.at });
}

async function adoptThresholds(
  tx: Tx,
  keys: TenantKeys,
  { settings, actor, at }: { settings: Tenant['settings']; actor: string; at: Date },
): Promise<void> {
  const policy = await loadPolicy(tx, keys, keys.tenantId);
  if (thresholdsOf(policy.text) === null)
    throw new FactotumError('policy.changed', 'The policies were edited by hand, and the form would overwrite that. Edit them there.');
  const text = policyFromThresholds(settings.thresholds);
  await savePolicy(tx, keys, keys.tenantId, { text, basedOn: policy.version, actor, at });
}

/** Null for the title means the name again; what is undefined was not sent. */
const defined = (changes: SettingsChanges): JsonObject & { title?: string | null } =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));

const isSame = (one: Tenant['settings'], other: Tenant['settings'], name: string): boolean =>
  JSON.stringify(Object.entries(one).find(([key]) => key === name)) === JSON.stringify(Object.entries(other).find(([key]) => key === name));

const changedSince = () => new FactotumError('tenant.changed', 'Somebody has changed the settings since you read them. Read them again.');
