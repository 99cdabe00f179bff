import type { WebSocket } from 'ws';
import { isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { listEntries, liveMessageOf, type SequencedEntry } from '#trust/audit';
import { authorise, type Principal } from '#trust/identity';
import { readableKinds } from './kinds.ts';
import { readListenable } from './listenable.ts';
import type { LiveDeps } from './live.ts';
import { createPipe, type Pipe } from './pipe.ts';

/** One listener. */
export interface Connection extends Pick<Pipe, 'ping' | 'end'> {
  /** Greets, catches up with what came after `after`, and goes on with what is told. Without `after`, or where that is no place to go on from, from now on. */
  begin(after: number | null, readSize: () => Promise<number>): Promise<void>;
  tell(entries: readonly SequencedEntry[]): void;
  /** Ends the connection when whoever opened it is nobody any more, or may hear less. */
  recheck(): Promise<void>;
  /** Says that figures of how things are doing are new. It is no change, so it has no number of its own. */
  pulse(): void;
}

/** Entries read at once while catching up. */
const pageSize = 500;
/** Who was away for longer than this many entries fetches what they show anew, which is less than being told of each. */
const catchUpMax = 5_000;

export function createConnection(
  { database, identity, clock, log }: Pick<LiveDeps, 'database' | 'identity' | 'clock' | 'log'>,
  { webSocket, principal, headers, address }: { webSocket: WebSocket; principal: Principal; headers: Headers; address: string | undefined },
): Connection {
  const { tenantId } = principal;
  const kinds = readableKinds(principal);
  /** The last entry that was told or passed over. */
  let lastSeq = -1;
  /** Before it is caught up, what is told is read from the table instead, in order. */
  let isCaughtUp = false;
  let isTold = false;
  const { send, ping, end } = createPipe(webSocket, log);

  function pass(entries: readonly SequencedEntry[]): void {
    for (const entry of entries) {
      if (entry.seq <= lastSeq) continue;
      lastSeq = entry.seq;
      const message = entry.live ? liveMessageOf(entry) : null;
      if (message !== null && kinds.has(message.kind)) send(message);
    }
  }

  async function catchUp(): Promise<void> {
    for (;;) {
      isTold = false;
      const afterSeq = lastSeq;
      const entries = await withTenant(database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, afterSeq, limit: pageSize }));
      pass(entries);
      // Told of something while reading: it may be in no page yet, so it is looked for again.
      if (entries.length < pageSize && !isTold) break;
    }
    isCaughtUp = true;
  }

  return {
    begin: async (after, readSize) => {
      try {
        const size = await readSize();
        const isWithin = after !== null && after < size && size - after <= catchUpMax;
        lastSeq = isWithin ? after : size - 1;
        send({ seq: lastSeq, at: clock.now().toISOString(), kind: 'hello', id: '', state: '' });
        await catchUp();
      } catch (error) {
        log.warn({ err: error }, 'live: a listener could not catch up');
        end(1013, 'try again');
      }
    },
    tell: (entries) => {
      if (isCaughtUp) pass(entries);
      else isTold = true;
    },
    recheck: async () => {
      try {
        const now = await identity.principalOf(headers);
        await withTenant(database.app.db, tenantId, (tx) => readListenable(tx, tenantId));
        const isSame = now?.tenantId === tenantId && now.actor === principal.actor;
        const isAllowed = isSame && authorise(now, { access: 'signed-in' }, { now: clock.now(), address }) === null;
        const hears = isAllowed ? readableKinds(now) : new Set();
        if (kinds.difference(hears).size > 0) end(4401, 'sign in again');
      } catch (error) {
        if (isFactotumError(error) && error.code.startsWith('tenant.')) return end(4401, 'sign in again');
        // The database is away. Nobody can be told of anything meanwhile; the next check decides.
        log.debug({ err: error }, 'live: a listener could not be checked');
      }
      return undefined;
    },
    pulse: () => {
      if (isCaughtUp && kinds.has('task')) send({ seq: lastSeq, at: clock.now().toISOString(), kind: 'pulse', id: '', state: '' });
    },
    ...{ ping, end },
  };
}
