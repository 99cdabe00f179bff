import type { PoolClient } from 'pg';
import { type Clock, type Id, isId, type Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { Keyring } from './keyring.ts';

/** Hears of changes and revocations of tenants' keys, whichever process made them. */
export interface KeyWatch {
  /** Resolves after the first look: from then on keys in memory are at most some seconds behind. */
  start(): Promise<void>;
  /** Looks now, and resolves when what was found is done. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

export interface KeyWatchOptions {
  /** The role that reads revocations of all tenants. */
  readonly engine: RoleDatabase;
  readonly keyring: Pick<Keyring, 'refresh' | 'forget' | 'forgetAll'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The floor under all notifications, in milliseconds. */
  readonly pollMs?: number;
  /** Without a look for this long every key is wiped: somebody may have revoked them, in milliseconds. */
  readonly blindMsMax?: number;
}

/** How long after a change or revocation a process may at most go on with the keys it had, in milliseconds. */
const keyWatchBlindMs = 10_000;
const pollMsDefault = 1_000;
const listenAgainMs = 1_000;
const lookMsMax = 5_000;
const channel = 'factotum_keys';

interface RevocationRow {
  tenantId: string;
  id: string;
  kind: 'changed' | 'revoked';
  xid: string;
}

/**
 * Watches for revocations: notifications make it quick, a look each second makes it sure, and who cannot look wipes what it has.
 *
 * A look reads the rows of all transactions that were still under way at the look before, so none is missed however long its commit took;
 * what was done already is known by its number.
 */
export function createKeyWatch(options: KeyWatchOptions): KeyWatch {
  const { engine, keyring, clock, log, pollMs = pollMsDefault, blindMsMax = keyWatchBlindMs } = options;
  /** The oldest transaction that was under way at the last look. Null before the first: nothing is in memory that could be revoked. */
  let floor: string | null = null;
  let seen = new Map<string, string>();
  let lookedAtMs = clock.monotonicMs();
  let looking: Promise<void> | undefined;
  let again: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let listening: PoolClient | undefined;
  let stopped = false;
  let isBlind = false;

  const heed = async (rows: readonly RevocationRow[]) => {
    const kinds = new Map<Id<'tenant'>, 'changed' | 'revoked'>();
    for (const { tenantId, kind } of rows) if (isId('tenant', tenantId) && kinds.get(tenantId) !== 'revoked') kinds.set(tenantId, kind);
    await Promise.all(
      [...kinds].map(async ([tenantId, kind]) => {
        if (kind === 'revoked') keyring.forget(tenantId);
        else await keyring.refresh(tenantId);
      }),
    );
  };

  const lookOnce = async (): Promise<void> => {
    const startedAtMs = clock.monotonicMs();
    const {
      rows: [next],
    } = await engine.pool.query<{ floor: string; rows: RevocationRow[] | null }>({
      name: 'key-revocations',
      text: `select pg_snapshot_xmin(pg_current_snapshot())::text as floor,
        (select json_agg(json_build_object('tenantId', tenant_id, 'id', id::text, 'kind', kind, 'xid', xid::text) order by id)
          from app.key_revocation where xid >= coalesce($1::xid8, pg_snapshot_xmin(pg_current_snapshot()))) as rows`,
      values: [floor],
    });
    if (next === undefined) return;
    const found = next.rows ?? [];
    const fresh = found.filter(({ tenantId, id }) => !seen.has(`${tenantId}/${id}`));
    seen = new Map(found.filter(({ xid }) => BigInt(xid) >= BigInt(next.floor)).map(({ tenantId, id, xid }) => [`${tenantId}/${id}`, xid]));
    floor = next.floor;
    lookedAtMs = startedAtMs;
    if (isBlind) log.info('keys: revocations are heard again');
    isBlind = false;
    await heed(fresh);
  };

  /** Whoever asks during a look gets the one after it: what they ask for may have been committed since it began. */
  const look = (): Promise<void> => {
    if (looking === undefined) {
      looking = lookOnce().finally(() => {
        looking = undefined;
      });
      return looking;
    }
    again ??= looking
      .catch(() => undefined)
      .then(() => {
        again = undefined;
        return look();
      });
    return again;
  };

  const tick = () => {
    look().catch((error: unknown) => {
      log.debug({ err: error }, 'keys: could not look for revocations');
    });
    if (clock.monotonicMs() - lookedAtMs <= blindMsMax) return;
    if (!isBlind) log.warn('keys: revocations could not be read for too long; no key stays in memory');
    isBlind = true;
    keyring.forgetAll();
  };

  const listen = async (): Promise<void> => {
    const client = await engine.pool.connect();
    const lose = () => {
      if (listening !== client) return;
      listening = undefined;
      client.release(true);
      listenLater();
    };
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', tick);
    listening = client;
    if (stopped) return lose();
    await client.query(`listen ${channel}`).catch(lose);
  };
  const listenLater = () => {
    if (stopped) return;
    setTimeout(() => {
      if (!stopped) listen().catch(listenLater);
    }, listenAgainMs).unref();
  };

  return {
    async start() {
      await look();
      timer = setInterval(tick, pollMs).unref();
      listen().catch(listenLater);
    },
    look,
    async stop() {
      stopped = true;
      clearInterval(timer);
      const last = listening;
      listening = undefined;
      last?.release(true);
      await Promise.race([again ?? looking, new Promise((resolve) => setTimeout(resolve, lookMsMax).unref())]).catch(() => undefined);
    },
  };
}
