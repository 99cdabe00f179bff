import type { Clock, Id, Logger } from '#kernel';
import { sessionLife } from './auth.ts';
import { type AuthDb, slideSessions, writeKeyUse } from './store.ts';

/** How often what was used is written, in milliseconds: a row is updated at most once a minute, however busy its key or session. */
const writeEveryMs = 60_000;

/** A page that is left open says so with what it asks for by itself, and a connection that stays open is asked about so: idle time goes on. */
const nobodyThereHeader = 'factotum-nobody-there';
export const isNobodyThere = (headers: Headers): boolean => headers.has(nobodyThereHeader);

/** The same headers, of something that no person does. */
export function nobodyThere(headers: Headers): Headers {
  const marked = new Headers(headers);
  marked.set(nobodyThereHeader, '1');
  return marked;
}

/** Remembers which keys and sessions are in use and writes it in batches, two statements a minute. */
interface Activity {
  keyUsed(id: Id<'apiKey'>): void;
  sessionUsed(id: Id<'session'>): void;
  start(): void;
  /** Ends the timer and writes what is left. */
  stop(): Promise<void>;
  /** Writes now. What cannot be written is kept for the next time. */
  write(): Promise<void>;
}

export function createActivity({ db, clock, log }: { db: AuthDb; clock: Clock; log: Logger }): Activity {
  const keys = new Map<string, Date>();
  const sessions = new Map<string, Date>();
  let timer: NodeJS.Timeout | undefined;

  const write = async () => {
    await writeBatch(keys, (uses) => writeKeyUse(db, uses));
    await writeBatch(sessions, (uses) => slideSessions(db, uses, sessionLife));
  };
  const writeBatch = async (pending: Map<string, Date>, statement: (uses: ReadonlyMap<string, Date>) => Promise<unknown>) => {
    if (pending.size === 0) return;
    const uses = new Map(pending);
    pending.clear();
    try {
      await statement(uses);
    } catch (error) {
      for (const [id, at] of uses) if (!pending.has(id)) pending.set(id, at);
      log.warn({ err: error, rows: uses.size }, 'identity: last use could not be written; it will be with the next batch');
    }
  };

  return {
    keyUsed: (id) => void keys.set(id, clock.now()),
    sessionUsed: (id) => void sessions.set(id, clock.now()),
    start: () => {
      timer ??= setInterval(() => void write(), writeEveryMs).unref();
    },
    stop: async () => {
      clearInterval(timer);
      timer = undefined;
      await write();
    },
    write,
  };
}
