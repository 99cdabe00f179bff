import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { recordChange } from '#trust/history';
import type { TenantKeys } from '#trust/key';
import { findModelRow, saveModelRow } from './store.ts';

/** Where a tenant's own model is and what it is called. The key is a reference to a secret of the tenant's, never the key itself. */
export const ownModelSchema = z
  .strictObject({
    provider: z.enum(['anthropic', 'openai-compatible']),
    name: z.string().trim().min(1).max(200),
    /** Base address; null: the vendor's own, which only Anthropic has. */
    url: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .refine(
        (url) => new URL(url).username === '' && new URL(url).password === '',
        'must not carry credentials; the key belongs in a secret',
      )
      .nullable(),
    /** Null: the endpoint wants none. */
    key: z
      .string()
      .max(300)
      .regex(/^secret:\/\//, 'must be a reference like secret://db/model-key, not the key itself')
      .nullable(),
  })
  .refine(({ provider, url }) => provider === 'anthropic' || url !== null, {
    path: ['url'],
    message: 'must be the address of the endpoint',
  })
  .refine(({ provider, key }) => provider !== 'anthropic' || key !== null, {
    path: ['key'],
    message: 'must be there: Anthropic answers nobody without one',
  });
export type OwnModel = z.infer<typeof ownModelSchema>;

export interface SavedModel {
  /** 0 before anything was chosen. */
  readonly version: number;
  /** Null: the installation's. */
  readonly own: OwnModel | null;
  readonly updatedAt: Date | null;
}

/** What the tenant has chosen last. @throws FactotumError `seal.broken`. */
export async function readOwnModel(tx: Tx, keys: TenantKeys): Promise<SavedModel> {
  const row = await findModelRow(tx, keys.tenantId);
  if (row === undefined) return { version: 0, own: null, updatedAt: null };
  const { version, body, updatedAt } = row;
  return { version, updatedAt, own: body === null ? null : keys.openJson(refOf(keys.tenantId, version), body, ownModelSchema) };
}

/**
 * Puts a model of the tenant's own in force, or none (null), in the caller's transaction and with its audit entry.
 *
 * @param change.basedOn - the version that was read; null replaces whatever is there
 * @throws FactotumError `tenant.changed` when there is a newer version.
 */
export async function chooseModel(
  tx: Tx,
  keys: TenantKeys,
  change: { readonly own: OwnModel | null; readonly basedOn: number | null; readonly actor: string; readonly at: Date },
): Promise<SavedModel> {
  const { tenantId } = keys;
  const { own, actor, at } = change;
  const before = await readOwnModel(tx, keys);
  const basedOn = before.version;
  if (change.basedOn !== null && change.basedOn !== basedOn) throw changedSince();
  const version = basedOn + 1;
  const body = own === null ? null : keys.sealJson(refOf(tenantId, version), own);
  if (!(await saveModelRow(tx, { tenantId, version, body, author: actor, updatedAt: at }))) throw changedSince();
  if (!isDeepStrictEqual(before.own, own))
    await recordChange(tx, keys, { topic: 'model', before: { own: before.own }, after: { own }, actor, at });
  const detail = { changed: ['model'], version, model: own === null ? 'installation' : own.provider };
  await recordAudit(tx, tenantId, [{ kind: 'tenant.changed', actor, at, objectId: tenantId, detail }]);
  return { version, own, updatedAt: at };
}

const refOf = (tenantId: Id<'tenant'>, version: number) => ({ kind: 'tenant_model', id: tenantId, version });

const changedSince = () => new FactotumError('tenant.changed', 'Somebody has chosen another model since you read this. Read it again.');
