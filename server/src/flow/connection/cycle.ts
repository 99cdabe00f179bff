import type { ConnectorContext, PollLimits } from '@factotum/connector-sdk';
import { withTenant } from '#kernel/database';
import { credentialsOf, openBody } from './body.ts';
import type { ConnectionParts } from './connections.ts';
import { readSettings } from './kinds.ts';
import type { Claimed } from './lease.ts';
import type { AnyConnector, Sink } from './port.ts';
import { cursorSchema } from './schema.ts';
import { type Holding, judge, nextPollMs, Stale, settleFailure, settleSuccess } from './settle.ts';
import { selectHeld } from './store.ts';
import { withinBounds } from './within.ts';

export interface CycleDeps extends ConnectionParts {
  readonly sinks: Readonly<Record<string, Sink>>;
  /** How long one poll may take, in milliseconds. */
  readonly pollMsMax: number;
}

/** What one poll came to. */
export type Outcome =
  | { readonly kind: 'done'; readonly arrivals: number; readonly created: number; readonly more: boolean; readonly nextMs: number }
  | { readonly kind: 'failed'; readonly code: string; readonly nextMs: number }
  /** It stopped, and waits for a person. */
  | { readonly kind: 'broken'; readonly code: string }
  /** Somebody else has it by now, or nobody: what was fetched does not count. */
  | { readonly kind: 'lost' }
  /** It was changed while it was polled: what was fetched does not count. */
  | { readonly kind: 'changed' }
  /** The database, the keys or the tenant is not to be had right now. */
  | { readonly kind: 'held up' };

/** What came in late of a cursor that has expired is fetched from so long before it was last known to work. */
const sinceMarginMs = 3_600_000;
/** So many failures in a row, and the far side is asked whether it is there before it is asked for anything. */
const probeAfter = 5;

/** One poll from the row to the commit. Never throws. */
export async function pollOnce(
  deps: CycleDeps,
  held: Claimed & { readonly owner: string; readonly signal: AbortSignal },
  limits: Pick<PollLimits, 'arrivals' | 'bytes'>,
): Promise<Outcome> {
  const { tenantId, connectionId, owner, fence, signal } = held;
  let holding: Holding | undefined;
  try {
    const row = await withTenant(deps.database.app.db, tenantId, (tx) => selectHeld(tx, held));
    const connector = row === undefined ? undefined : deps.kinds.find(row.connector);
    if (row === undefined || connector?.poll === undefined) return { kind: 'lost' };
    holding = { tenantId, connectionId, owner, fence, version: row.version, failures: row.failures, brokenAt: row.brokenAt };
    const keys = await deps.keysOf(tenantId);
    const cursor =
      row.cursor === null ? null : keys.openJson({ kind: 'connection.cursor', id: connectionId }, row.cursor, cursorSchema).cursor;
    const since =
      cursor === null && row.lastSuccessAt !== null ? { since: new Date(row.lastSuccessAt.getTime() - sinceMarginMs).toISOString() } : {};
    // A tenant that may have few events a minute is not sent more than that at once.
    const { eventsPerMinute } = await deps.quotas.limits(tenantId);
    const arrivals = Math.min(limits.arrivals, eventsPerMinute);
    const polled = await withinBounds(deps.pollMsMax, signal, async (within) => {
      const context = await contextOf(deps, connector, row, { ...held, signal: within });
      if (row.failures >= probeAfter) await connector.check(context);
      return connector.poll?.(context, cursor, { ...limits, ...since, arrivals });
    });
    if (polled === undefined) return { kind: 'lost' };
    return await commit(deps, holding, connector, polled);
  } catch (error) {
    if (error instanceof Stale) return { kind: 'changed' };
    if (signal.aborted) return { kind: 'lost' };
    return holding === undefined ? { kind: 'held up' } : fail(deps, holding, held.connector, error);
  }
}

type Polled = Awaited<ReturnType<NonNullable<AnyConnector['poll']>>>;

async function commit(deps: CycleDeps, holding: Holding, connector: AnyConnector, polled: Polled): Promise<Outcome> {
  const { tenantId, connectionId } = holding;
  const nextMs = nextPollMs(connector, polled);
  const { created } = await deps.intake.acceptAll(tenantId, polled.arrivals, {
    ...{ connectionId, connector: connector.kind, channel: 'connection' },
    // As late as the commit: polling and reading may have taken minutes.
    also: (client, accepted, keys) =>
      settleSuccess(client, holding, {
        connector,
        polled,
        accepted,
        nextMs,
        keys,
        now: deps.clock.now(),
        sink: deps.sinks[connector.kind],
      }),
  });
  return { kind: 'done', arrivals: polled.arrivals.length, created, more: polled.more, nextMs };
}

async function fail(deps: CycleDeps, holding: Holding, connector: string, error: unknown): Promise<Outcome> {
  const { log, keysOf } = deps;
  const { tenantId, connectionId } = holding;
  const verdict = judge(error, holding.failures);
  const facts = { err: error, tenantId, connectionId, connector };
  if (verdict.kind === 'ours') {
    log.debug(facts, 'connection: held up');
    return { kind: 'held up' };
  }
  const { code } = verdict.fault;
  log[code === 'internal' ? 'warn' : 'info']({ ...facts, code }, 'connection: a poll failed');
  try {
    const isMine = await settleFailure(deps, holding, { verdict, connector, keys: await keysOf(tenantId) });
    if (!isMine) return { kind: 'changed' };
  } catch (cause) {
    log.debug({ ...facts, err: cause }, 'connection: a failure could not be recorded');
    return { kind: 'held up' };
  }
  return verdict.kind === 'broken' ? { kind: 'broken', code } : { kind: 'failed', code, nextMs: verdict.inMs };
}

type HeldRow = NonNullable<Awaited<ReturnType<typeof selectHeld>>>;

/** What the connector is handed, with credentials as they are now. */
async function contextOf(
  deps: CycleDeps,
  connector: AnyConnector,
  row: HeldRow,
  { tenantId, connectionId, signal }: Claimed & { readonly signal: AbortSignal },
): Promise<ConnectorContext<Record<string, unknown>>> {
  const body = openBody(await deps.keysOf(tenantId), row);
  const settings = readSettings(connector.settings, body.settings);
  const credentials = await credentialsOf(tenantId, body.credentials, deps.secrets);
  const saved = deps.savedOf({ tenantId, connectionId, connector: connector.kind, version: row.version });
  return deps.contexts.of({ tenantId, connectionId, connector, settings, credentials, saved, signal });
}

/**
 * Runs the connector's stream until it ends, however that is. What it would bring is fetched by polls.
 *
 * @returns false when the connection is not held any more.
 */
export async function streamOnce(
  deps: CycleDeps,
  held: Claimed & { readonly owner: string; readonly signal: AbortSignal },
  onHint: () => void,
): Promise<boolean> {
  const { tenantId, connectionId, signal } = held;
  try {
    const row = await withTenant(deps.database.app.db, tenantId, (tx) => selectHeld(tx, held));
    const connector = row === undefined ? undefined : deps.kinds.find(row.connector);
    if (row === undefined || connector?.stream === undefined) return false;
    await connector.stream(await contextOf(deps, connector, row, held), onHint);
  } catch (error) {
    if (!signal.aborted) deps.log.info({ err: error, tenantId, connectionId, connector: held.connector }, 'connection: a stream ended');
  }
  return true;
}
