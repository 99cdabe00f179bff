import type { PoolClient } from 'pg';
import type { Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { revocationChannel } from './store.ts';

/** How long to wait before listening again after the connection was lost, in milliseconds. */
const listenAgainMs = 1_000;

/** Hears of keys that other processes revoke and of accounts that they change. Messages are a courtesy: without them a revocation takes as long as a cached key is believed. */
interface Revocations {
  /** Resolves once this process listens; throws when it cannot. A connection that is lost later is replaced in the background. */
  start(): Promise<void>;
  stop(): void;
}

/**
 * @param onRevoked - told the id of each key or service account that is not any more what it was, and of `signing-keys`.
 * @param onGap - told when messages may have been missed.
 */
export function listenForRevocations(
  { auth, log }: { auth: RoleDatabase; log: Logger },
  { onRevoked, onGap }: { onRevoked: (id: string) => void; onGap: () => void },
): Revocations {
  let client: PoolClient | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const listen = async () => {
    const fresh = await auth.pool.connect();
    const lose = () => {
      if (client !== fresh) return;
      client = undefined;
      fresh.release(true);
      onGap();
      listenLater();
    };
    fresh.on('error', lose);
    fresh.on('end', lose);
    fresh.on('notification', ({ payload }) => {
      if (payload !== undefined) onRevoked(payload);
    });
    try {
      await fresh.query(`listen ${revocationChannel}`);
    } catch (error) {
      fresh.release(true);
      throw error;
    }
    if (stopped) return fresh.release(true);
    client = fresh;
    onGap();
  };

  const listenLater = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      listen().catch((error: unknown) => {
        log.warn({ err: error }, 'identity: not listening for revoked keys; trying again');
        listenLater();
      });
    }, listenAgainMs).unref();
  };

  return {
    start: listen,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      const last = client;
      client = undefined;
      last?.release(true);
    },
  };
}
