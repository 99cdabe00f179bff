import { z } from 'zod';
import { FactotumError, type Id, type JsonObject, jsonObjectSchema, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type ChangeRow, changeRow, changeRows, insertChange } from './store.ts';

/** One change: what it was about, and the values of what was changed before and after. Equal names on both sides. */
export interface ConfigurationChange {
  readonly id: Id<'change'>;
  /** `settings`, `policy`, `quotas`, or a name of whoever records changes of their own. */
  readonly topic: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly author: string;
  readonly createdAt: Date;
}

interface NewChange {
  readonly topic: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly actor: string;
  readonly at: Date;
}

const bodySchema = z.object({ before: jsonObjectSchema, after: jsonObjectSchema });

/** Keeps what was there before a change, in the transaction that makes it. The audit entry is the caller's. */
export async function recordChange(tx: Tx, keys: TenantKeys, { topic, before, after, actor, at }: NewChange): Promise<void> {
  const changeId = newId('change', at.getTime());
  const body = keys.sealJson({ kind: 'setting', id: changeId }, { before, after });
  await insertChange(tx, { tenantId: keys.tenantId, changeId, topic, body, limits: null, author: actor, createdAt: at });
}

/** The same for numbers that are no secret, where the tenant's keys may be out of reach. */
export async function recordLimits(tx: Tx, tenantId: Id<'tenant'>, { topic, before, after, actor, at }: NewChange): Promise<void> {
  const changeId = newId('change', at.getTime());
  await insertChange(tx, { tenantId, changeId, topic, body: null, limits: { before, after }, author: actor, createdAt: at });
}

/** Newest first. `before`: the last id of the page before. @throws FactotumError `seal.broken`. */
export const listChanges = async (
  tx: Tx,
  keys: TenantKeys,
  page: { readonly before: string | null; readonly limit: number },
): Promise<ConfigurationChange[]> => (await changeRows(tx, keys.tenantId, page)).map((row) => opened(keys, row));

/** One change. @throws FactotumError `history.not_found`, `seal.broken`. */
export async function readChange(tx: Tx, keys: TenantKeys, id: string): Promise<ConfigurationChange> {
  const row = await changeRow(tx, keys.tenantId, id);
  if (row === undefined) throw new FactotumError('history.not_found', 'There is no such change.');
  return opened(keys, row);
}

function opened(keys: TenantKeys, { changeId: id, topic, body, limits, author, createdAt }: ChangeRow): ConfigurationChange {
  const content = body === null ? bodySchema.parse(limits) : keys.openJson({ kind: 'setting', id }, body, bodySchema);
  return { id, topic, ...content, author, createdAt };
}
