import { type Clock, isFactotumError } from '#kernel';
import { inTransaction, isRetryable, type RoleDatabase } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { type Appended, append } from './append.ts';
import { fullTiles, storedHashes } from './full-tiles.ts';
import { type OpenLog, refreshLog } from './open-log.ts';
import { type Connection, lockHeads, takePending, writeAppended, writeTiles } from './statements.ts';

/** A tenant whose keys are at hand and whose log is open. */
export interface ReadyTenant {
  readonly keys: TenantKeys;
  readonly log: OpenLog;
}

export interface BatchOptions {
  readonly sequencer: RoleDatabase;
  readonly clock: Clock;
}

export interface BatchResult {
  readonly appended: readonly Appended[];
  /** Logs whose MAC key has stepped in another process: to be opened anew. */
  readonly stale: readonly string[];
  /** Tenants whose part could not be done, and why. Their pending rows lie where they lay. */
  readonly refused: readonly { tenantId: string; error: unknown }[];
}

/**
 * Numbers what is pending for these tenants: one transaction, so that a process that dies anywhere in it has lost and doubled nothing.
 *
 * A tenant whose head another process holds is passed over. What goes wrong for one tenant is kept from the others: if need be, each
 * gets a transaction of its own.
 *
 * @throws what a lost or unwilling database throws (`isRetryable`): nothing has happened, or all of it with the answer lost.
 */
export async function runBatch(options: BatchOptions, ready: ReadonlyMap<string, ReadyTenant>): Promise<BatchResult> {
  try {
    return await inTransaction(options.sequencer, (client) => sequence(client, options.clock.now(), ready));
  } catch (error) {
    if (isRetryable(error)) throw error;
    const [only, ...others] = ready.keys();
    if (only === undefined) throw error;
    if (others.length === 0) return { appended: [], stale: [], refused: [{ tenantId: only, error }] };
    const results: BatchResult[] = [];
    for (const [tenantId, tenant] of ready) results.push(await runBatch(options, new Map([[tenantId, tenant]])));
    return {
      appended: results.flatMap(({ appended }) => appended),
      stale: results.flatMap(({ stale }) => stale),
      refused: results.flatMap(({ refused }) => refused),
    };
  }
}

async function sequence(client: Connection, now: Date, ready: ReadonlyMap<string, ReadyTenant>): Promise<BatchResult> {
  const current = new Map<string, ReadyTenant>();
  const stale: string[] = [];
  const refused: { tenantId: string; error: unknown }[] = [];
  for (const row of await lockHeads(client, [...ready.keys()])) {
    const tenant = ready.get(row.tenantId);
    if (tenant === undefined) continue;
    try {
      const log = refreshLog(tenant.log, row);
      if (log === null) stale.push(row.tenantId);
      else current.set(row.tenantId, { ...tenant, log });
    } catch (error) {
      if (!isFactotumError(error, 'audit.broken')) throw error;
      refused.push({ tenantId: row.tenantId, error });
    }
  }
  if (current.size === 0) return { appended: [], stale, refused };

  const bodies = new Map<string, string[]>();
  for (const { tenantId, entries } of await takePending(client, [...current.keys()])) {
    const taken = bodies.get(tenantId);
    if (taken === undefined) bodies.set(tenantId, [...entries]);
    else taken.push(...entries);
  }
  const appended: Appended[] = [];
  for (const [tenantId, { keys, log }] of current) {
    const taken = bodies.get(tenantId) ?? [];
    if (taken.length > 0) appended.push(append(keys, log, taken, now));
  }
  if (appended.length === 0) return { appended, stale, refused };

  const tiles = [];
  for (const { leaves, head } of appended) tiles.push(...(await fullTiles({ ...head, leaves }, storedHashes(client, head.tenantId))));
  await writeAppended(client, appended);
  if (tiles.length > 0) await writeTiles(client, tiles);
  return { appended, stale, refused };
}
