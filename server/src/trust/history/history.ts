import { z } from 'zod';
import { FactotumError, type Id, type JsonObject, jsonObjectSchema, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type ChangeRow, changeRow, changeRows, insertChange, limitRows, ownChangeRow, ownChangeRows } from './store.ts';

/** What people set for themselves alone: changes of these are seen and put back by their author, and by nobody else. */
export const personalTopics = ['appearance', 'language', 'notices'] as const;
export type PersonalTopic = (typeof personalTopics)[number];

/** One change: what it was about, and the values of what was changed before and after. Equal names on both sides. */
export interface ConfigurationChange {
  readonly id: Id<'change'>;
  /** `settings`, `policy`, `quotas`, one of `personalTopics`, or a name of whoever records changes of their own. */
  readonly topic: string;
  /** Which one of several; null where there is one alone. */
  readonly subject: ChangeSubject | null;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly author: string;
  readonly createdAt: Date;
}

/** One of several things that are configured, as it was called then. */
export interface ChangeSubject {
  readonly id: string;
  readonly name: string;
}

interface NewChange {
  readonly topic: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly actor: string;
  readonly at: Date;
}

const bodySchema = z.object({
  before: jsonObjectSchema,
  after: jsonObjectSchema,
  subject: z.object({ id: z.string(), name: z.string() }).nullable().default(null),
});

/** Keeps what was there before a change, in the transaction that makes it. The audit entry is the caller's. */
export async function recordChange(
  tx: Tx,
  keys: TenantKeys,
  { topic, subject, before, after, actor, at }: NewChange & { readonly subject?: ChangeSubject },
): Promise<void> {
  const changeId = newId('change', at.getTime());
  const body = keys.sealJson({ kind: 'setting', id: changeId }, { before, after, ...(subject && { subject: { ...subject } }) });
  await insertChange(tx, { tenantId: keys.tenantId, changeId, topic, body, limits: null, author: actor, createdAt: at });
}

/** The same for numbers that are no secret, where the tenant's keys may be out of reach. */
export async function recordLimits(tx: Tx, tenantId: Id<'tenant'>, { topic, before, after, actor, at }: NewChange): Promise<void> {
  const changeId = newId('change', at.getTime());
  await insertChange(tx, { tenantId, changeId, topic, body: null, limits: { before, after }, author: actor, createdAt: at });
}

/**
 * Newest first, without what people set for themselves. `before`: the last id of the page before; `without`: further topics that are left out.
 * @throws FactotumError `seal.broken`.
 */
export async function listChanges(
  tx: Tx,
  keys: TenantKeys,
  { before, limit, without }: { readonly before: string | null; readonly limit: number; readonly without: readonly string[] },
): Promise<ConfigurationChange[]> {
  const rows = await changeRows(tx, keys.tenantId, { before, limit, without: [...personalTopics, ...without] });
  return rows.map((row) => opened(keys, row));
}

/** What somebody has changed for themselves, newest first. @throws FactotumError `seal.broken`. */
export const listOwnChanges = async (
  tx: Tx,
  keys: TenantKeys,
  page: {
    readonly author: string;
    readonly topics: readonly PersonalTopic[];
    readonly before: string | null;
    readonly limit: number;
  },
): Promise<ConfigurationChange[]> => (await ownChangeRows(tx, keys.tenantId, page)).map((row) => opened(keys, row));

/** The changes that `recordLimits` kept under a topic, newest first. */
export async function listLimitChanges(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { topic, limit }: { readonly topic: string; readonly limit: number },
): Promise<ConfigurationChange[]> {
  const rows = await limitRows(tx, tenantId, { topic, limit });
  return rows.map(({ changeId: id, limits, author, createdAt }) => ({ id, topic, ...bodySchema.parse(limits), author, createdAt }));
}

/** One change of the tenant's. @throws FactotumError `history.not_found`, also for what people set for themselves, `seal.broken`. */
export const readChange = async (tx: Tx, keys: TenantKeys, id: string): Promise<ConfigurationChange> =>
  existing(keys, await changeRow(tx, keys.tenantId, { changeId: id, without: personalTopics }));

/** One change that somebody made for themselves. @throws FactotumError `history.not_found`, also for anybody else's, `seal.broken`. */
export const readOwnChange = async (
  tx: Tx,
  keys: TenantKeys,
  { id, author }: { readonly id: string; readonly author: string },
): Promise<ConfigurationChange> => existing(keys, await ownChangeRow(tx, keys.tenantId, { changeId: id, author, topics: personalTopics }));

function existing(keys: TenantKeys, row: ChangeRow | undefined): ConfigurationChange {
  if (row === undefined) throw new FactotumError('history.not_found', 'There is no such change.');
  return opened(keys, row);
}

function opened(keys: TenantKeys, { changeId: id, topic, body, limits, author, createdAt }: ChangeRow): ConfigurationChange {
  const content = body === null ? bodySchema.parse(limits) : keys.openJson({ kind: 'setting', id }, body, bodySchema);
  return { id, topic, ...content, author, createdAt };
}
