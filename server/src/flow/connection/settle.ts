import type { Json, Polled } from '@factotum/connector-sdk';
import type pg from 'pg';
import { backoffMs } from '#engine';
import type { AcceptedAll } from '#flow/intake';
import { type Clock, type Id, isFactotumError } from '#kernel';
import { inTransaction, isRetryable } from '#kernel/database';
import { auditBody } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import type { ConnectionParts } from './connections.ts';
import { type Told, told } from './fault.ts';
import type { AnyConnector, Sink } from './port.ts';

/** A connection as the one that holds it knows it: what was read, and under what. */
export interface Holding {
  readonly tenantId: Id<'tenant'>;
  readonly connectionId: Id<'connection'>;
  readonly owner: string;
  readonly fence: number;
  readonly version: number;
  readonly failures: number;
  readonly brokenAt: Date | null;
}

/** The connection was taken over, changed, paused or deleted while it was polled: nothing of the poll counts. */
export class Stale extends Error {}

/** Only whoever holds the connection as it was read writes to it. */
const mine = `where tenant_id = $1 and connection_id = $2 and owner = $3 and fence = $4 and version = $5 and state = 'active'`;
const mineOf = ({ tenantId, connectionId, owner, fence, version }: Holding) => [tenantId, connectionId, owner, fence, version];

const cursorBytesMax = 1024 * 1024;

/** A poll that asks again much sooner or later than its connector usually does is kept within these, in milliseconds. */
const nextMsMax = 24 * 3_600_000;

/** When to poll next if nothing happens. A tenth of chance, so that what began together does not stay together. */
export function nextPollMs({ everyMs }: AnyConnector, { more, nextInMs }: Pick<Polled<Json, unknown>, 'more' | 'nextInMs'>): number {
  if (more) return 0;
  const asked = Math.min(Math.max(nextInMs ?? everyMs, everyMs / 10), nextMsMax);
  return Math.round(asked * (0.95 + Math.random() * 0.1));
}

/** Cursor, health and changes of a poll that came through, in the transaction of its arrivals. */
export async function settleSuccess(
  client: pg.PoolClient,
  holding: Holding,
  done: {
    readonly connector: AnyConnector;
    readonly polled: Polled<Json, unknown>;
    readonly accepted: AcceptedAll;
    readonly nextMs: number;
    readonly keys: TenantKeys;
    readonly now: Date;
    readonly sink: Sink | undefined;
  },
): Promise<void> {
  const { polled, accepted, keys, now } = done;
  const { tenantId, connectionId } = holding;
  const cursor = keys.sealJson({ kind: 'connection.cursor', id: connectionId }, { cursor: polled.cursor });
  if (cursor.byteLength > cursorBytesMax) throw new RangeError('the cursor of a connector is larger than a megabyte');
  const { rowCount } = await client.query({
    name: 'connection-polled',
    text: `update app.connection set cursor = $6, run_at = $7, last_polled_at = $8, last_success_at = $8, failures = 0, fault_code = null, fault = null,
        broken_at = null, progress_done = $9, progress_of = $10, arrivals = arrivals + $11,
        last_arrival_at = case when $11 > 0 then $8 else last_arrival_at end ${mine}`,
    values: [
      ...mineOf(holding),
      cursor,
      new Date(now.getTime() + done.nextMs),
      now,
      polled.progress?.done ?? null,
      polled.progress?.of ?? null,
      accepted.created,
    ],
  });
  if (rowCount !== 1) throw new Stale();
  if (polled.changes !== undefined) await done.sink?.(client, { tenantId, connectionId, keys, now }, polled.changes);
  if (holding.brokenAt !== null)
    await leaveEntry(client, tenantId, {
      kind: 'connection.recovered',
      actor: `connector:${done.connector.kind}`,
      at: now,
      objectId: connectionId,
      detail: { connector: done.connector.kind },
    });
}

/** What follows from a failure. */
export type Verdict =
  /** Tried again after so long. `counts`: it is one more failure in a row. */
  | { readonly kind: 'again'; readonly inMs: number; readonly counts: boolean; readonly forgetCursor: boolean; readonly fault: Told }
  /** A person has to see to it. */
  | { readonly kind: 'broken'; readonly fault: Told }
  /** Nothing of the connection's: the database or the keys are away, or the tenant is. */
  | { readonly kind: 'ours' };

/** Full jitter between these, in milliseconds: AWS Architecture Blog, "Exponential backoff and jitter" (2015). */
const baseMs = 5_000;
const capMs = 15 * 60_000;

const lasting = new Set([
  'auth',
  'permanent',
  'secret.not_found',
  'secret.reference_invalid',
  'auth.forbidden',
  'connection.invalid',
  'seal.broken',
]);
const ours = new Set([
  'database.unavailable',
  'key.unavailable',
  'tenant.moving',
  'tenant.moved',
  'tenant.wrong_state',
  'tenant.suspended',
  'tenant.not_found',
  'tenant.closing',
]);

/** Judges a failure. @param failures - in a row, before this one */
export function judge(error: unknown, failures: number): Verdict {
  const fault = told(error);
  if (ours.has(fault.code) || isRetryable(error)) return { kind: 'ours' };
  if (lasting.has(fault.code)) return { kind: 'broken', fault };
  const pause = backoffMs(failures, { baseMs, capMs });
  if (fault.code === 'quota.exceeded')
    return { kind: 'again', inMs: retryAfterMs(error) ?? pause, counts: false, forgetCursor: false, fault };
  // The first time it is begun anew at once; a cursor that expires again and again is a far side that is not well.
  if (fault.code === 'cursor_expired') return { kind: 'again', inMs: failures === 0 ? 0 : pause, counts: true, forgetCursor: true, fault };
  const asked = Math.min(retryAfterMs(error) ?? 0, nextMsMax);
  return { kind: 'again', inMs: Math.max(pause, asked), counts: true, forgetCursor: false, fault };
}

function retryAfterMs(error: unknown): number | undefined {
  if (isFactotumError(error)) return typeof error.details?.retryAfterMs === 'number' ? error.details.retryAfterMs : undefined;
  return error instanceof Error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : undefined;
}

/** Records a failure for people and for the next poll. @returns false when the connection is somebody else's by now. */
export async function settleFailure(
  { database, clock }: Pick<ConnectionParts, 'database'> & { readonly clock: Clock },
  holding: Holding,
  failure: { readonly verdict: Exclude<Verdict, { kind: 'ours' }>; readonly connector: string; readonly keys: TenantKeys },
): Promise<boolean> {
  const { verdict, keys, connector } = failure;
  const { tenantId, connectionId } = holding;
  const now = clock.now();
  const fault = keys.sealJson({ kind: 'connection.fault', id: connectionId }, { message: verdict.fault.message });
  const isBroken = verdict.kind === 'broken';
  return inTransaction(
    database.app,
    async (client) => {
      const { rowCount } = await client.query({
        name: 'connection-failed',
        text: `update app.connection set failures = failures + $6, fault_code = $7, fault = $8, last_polled_at = $9, run_at = $10,
          cursor = case when $11 then null else cursor end, state = case when $12 then 'broken' else state end, owner = case when $12 then null else owner end,
          broken_at = case when $12 then coalesce(broken_at, $9) else broken_at end, updated_at = case when $12 then $9 else updated_at end ${mine}`,
        values: [
          ...mineOf(holding),
          isBroken || verdict.counts ? 1 : 0,
          verdict.fault.code,
          fault,
          now,
          isBroken ? now : new Date(now.getTime() + verdict.inMs),
          !isBroken && verdict.forgetCursor,
          isBroken,
        ],
      });
      if (rowCount !== 1) return false;
      if (isBroken)
        await leaveEntry(client, tenantId, {
          kind: 'connection.broken',
          actor: `connector:${connector}`,
          at: now,
          objectId: connectionId,
          detail: { connector, code: verdict.fault.code },
        });
      return true;
    },
    tenantId,
  );
}

const leaveEntry = async (client: pg.PoolClient, tenantId: Id<'tenant'>, draft: Parameters<typeof auditBody>[1]): Promise<void> => {
  await client.query({
    name: 'connection-audit',
    text: 'insert into app.audit_pending (tenant_id, entries) values ($1, $2::text[])',
    values: [tenantId, [auditBody(tenantId, draft)]],
  });
};
