import { canonicalJson, isFactotumError, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordChange } from '#trust/history';
import type { TenantKeys } from '#trust/key';
import { openBody } from './body.ts';
import type { ConnectionBody } from './schema.ts';
import type { ConnectionRow } from './store.ts';

interface ConnectionChanged {
  /** Null for one that is made. */
  readonly before: ConnectionRow | null;
  /** Null for one that is deleted. */
  readonly after: ConnectionRow | null;
  readonly actor: string;
  readonly at: Date;
}

/**
 * Keeps what a change did to a connection, for the history of the configuration: name, state and settings, from what to what. Of credentials
 * only which ones were replaced: their values are kept nowhere but in the connection.
 */
export async function recordConnection(tx: Tx, keys: TenantKeys, { before, after, actor, at }: ConnectionChanged): Promise<void> {
  const row = after ?? before;
  if (row === null) return;
  const [was, is] = [bodyOf(keys, before), bodyOf(keys, after)];
  const change =
    before === null || after === null ? wholeOf(before, after) : differenceOf({ row: before, body: was }, { row: after, body: is });
  if (Object.keys(change.after).length === 0) return;
  const subject = { id: row.connectionId, name: (is ?? was)?.name ?? row.connectionId };
  await recordChange(tx, keys, { topic: 'connection', subject, ...change, actor, at });
}

interface Difference {
  readonly before: JsonObject;
  readonly after: JsonObject;
}

const wholeOf = (before: ConnectionRow | null, after: ConnectionRow | null): Difference => ({
  before: { state: before?.state ?? null },
  after: { state: after?.state ?? null },
});

interface Side {
  readonly row: ConnectionRow;
  readonly body: ConnectionBody | null;
}

function differenceOf(was: Side, is: Side): Difference {
  const replaced = replacedOf(was.body?.credentials ?? {}, is.body?.credentials ?? {});
  const pairs: [string, JsonObject[string], JsonObject[string]][] = [
    ['name', was.body?.name ?? null, is.body?.name ?? null],
    ['state', was.row.state, is.row.state],
    ['settings', was.body?.settings ?? null, is.body?.settings ?? null],
    ['credentials', null, replaced.length === 0 ? null : replaced],
  ];
  const changed = pairs.filter(([, before, after]) => canonicalJson(before ?? null) !== canonicalJson(after ?? null));
  return {
    before: Object.fromEntries(changed.map(([name, before]) => [name, before ?? null])),
    after: Object.fromEntries(changed.map(([name, , after]) => [name, after ?? null])),
  };
}

const replacedOf = (before: ConnectionBody['credentials'], after: ConnectionBody['credentials']): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]).sort();

/** Null where there is none, or where it cannot be opened: that is no reason to keep somebody from deleting it. */
function bodyOf(keys: TenantKeys, row: ConnectionRow | null): ConnectionBody | null {
  try {
    return row === null ? null : openBody(keys, row);
  } catch (error) {
    if (isFactotumError(error, 'seal.broken')) return null;
    throw error;
  }
}
