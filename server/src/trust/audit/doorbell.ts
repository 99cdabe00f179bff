import type { PoolClient } from 'pg';
import type { Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { createBell } from './bell.ts';
import { notify } from './statements.ts';

/** A log that has grown. */
export interface Growth {
  readonly tenantId: string;
  readonly size: number;
}

/** Tells other processes of logs that have grown, and hears it from them. A courtesy: whoever listens looks now and then anyway. */
export interface Doorbell {
  /** Tells the others soon, together with what else comes up until then. */
  ring(growth: readonly Growth[]): void;
  /** Listens until `stop`, through restarts of the database. */
  listen(hears: { onGrowth: (growth: Growth) => void /** Messages may have been missed. */; onGap: () => void }): void;
  /** What was rung is told first. */
  stop(): Promise<void>;
}

const channel = 'audit';
/** NOTIFY takes a lock on the whole cluster at its commit, so it is sent apart from the batch, and not for each. */
const ringEveryMs = 30;
const listenAgainMs = 1_000;
/** A payload holds at most 8,000 bytes; a tenant and a size take under 45. */
const growthsPerMessage = 150;

export function createDoorbell({ sequencer, log }: { sequencer: RoleDatabase; log: Logger }): Doorbell {
  const grown = new Map<string, number>();
  const bell = createBell();
  let stopped = false;
  let telling: Promise<void> | undefined;
  let listening: PoolClient | undefined;
  let listenLater: NodeJS.Timeout | undefined;

  const tell = async () => {
    const messages = [...grown].map(([tenantId, size]) => `${tenantId} ${size}`);
    grown.clear();
    for (let at = 0; at < messages.length; at += growthsPerMessage) {
      await notify(sequencer.pool, channel, messages.slice(at, at + growthsPerMessage).join('\n')).catch((error: unknown) =>
        log.debug({ err: error }, 'audit: other processes were not told of new entries; they will see them at their next look'),
      );
    }
  };
  const tellSoon = async () => {
    while (grown.size > 0) {
      await bell.wait({ atLeastMs: ringEveryMs, atMostMs: ringEveryMs });
      await tell();
    }
    telling = undefined;
  };

  return {
    ring(growth) {
      for (const { tenantId, size } of growth) grown.set(tenantId, size);
      if (grown.size > 0) telling ??= tellSoon();
    },
    listen({ onGrowth, onGap }) {
      const listen = async () => {
        const client = await sequencer.pool.connect();
        const lose = () => {
          if (listening !== client) return;
          listening = undefined;
          client.release(true);
          later();
        };
        client.on('error', lose);
        client.on('end', lose);
        client.on('notification', ({ payload }) => {
          for (const growth of parse(payload ?? '')) onGrowth(growth);
        });
        listening = client;
        if (stopped) return lose();
        try {
          await client.query(`listen ${channel}`);
        } catch (error) {
          // Stopping takes the connection away from under it.
          if (!stopped) log.warn({ err: error }, 'audit: not listening for new entries; trying again');
          return lose();
        }
        onGap();
      };
      const later = () => {
        if (stopped) return;
        listenLater = setTimeout(start, listenAgainMs).unref();
      };
      const start = () => {
        listen().catch((error: unknown) => {
          if (!stopped) log.warn({ err: error }, 'audit: not listening for new entries; trying again');
          later();
        });
      };
      start();
    },
    async stop() {
      stopped = true;
      clearTimeout(listenLater);
      const last = listening;
      listening = undefined;
      last?.release(true);
      bell.close();
      await telling;
    },
  };
}

function parse(payload: string): Growth[] {
  return payload.split('\n').flatMap((line) => {
    const [, tenantId, size] = /^(ten_[0-9a-f]{24}) (\d{1,15})$/.exec(line) ?? [];
    return tenantId === undefined ? [] : [{ tenantId, size: Number(size) }];
  });
}
