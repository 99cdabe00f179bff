import { FactotumError, type Logger } from '#kernel';
import type { Database } from '#kernel/database';
import { type AuditDraft, auditBody } from './body.ts';
import { insertPendingOfAll } from './statements.ts';

export interface AccessLogOptions {
  /** Flushes are for all tenants at once, which is what the engine's role is there for. */
  readonly database: Pick<Database, 'engine'>;
  readonly log: Logger;
  /** Told after each flush that there is something to number. */
  readonly onFlushed?: () => void;
  /** Entries that may wait, at most; whoever comes then waits for room. */
  readonly waitingMax?: number;
}

/** Records what changes nothing else in the database: reads, refusals, API access. Callers of one moment share one commit. */
export interface AccessLog {
  /**
   * Resolves when the entry is durable, so that nobody has read what no entry tells of.
   * @throws what the database throws; the entry may then still have been kept. `server.busy` (retry) after `close`.
   */
  append(tenantId: string, draft: AuditDraft): Promise<void>;
  /** Takes nothing more and resolves when what was taken is durable. */
  close(): Promise<void>;
}

const waitingMaxDefault = 10_000;
/** One statement's worth: about a megabyte. */
const flushMax = 2_000;

interface Waiting {
  readonly tenantId: string;
  readonly body: string;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export function createAccessLog({ database: { engine }, log, onFlushed, waitingMax = waitingMaxDefault }: AccessLogOptions): AccessLog {
  const waiting: Waiting[] = [];
  const wantRoom: (() => void)[] = [];
  let flushing: Promise<void> | undefined;
  let closed = false;

  const flush = async (batch: readonly Waiting[]) => {
    try {
      await insertPendingOfAll(
        engine.pool,
        batch.map(({ tenantId }) => tenantId),
        batch.map(({ body }) => body),
      );
      for (const { done } of batch) done();
      onFlushed?.();
    } catch (error) {
      log.warn({ err: error, entries: batch.length }, 'audit: accesses could not be recorded and were refused');
      for (const { failed } of batch) failed(error);
    }
  };
  /** No timer: while one batch is being committed, the next one gathers. */
  const flushAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, flushMax);
      for (const enter of wantRoom.splice(0, batch.length)) enter();
      await flush(batch);
    }
    flushing = undefined;
  };

  return {
    async append(tenantId, draft) {
      const body = auditBody(tenantId, draft);
      while (waiting.length >= waitingMax) await new Promise<void>((enter) => wantRoom.push(enter));
      if (closed) throw new FactotumError('server.busy', 'The server is stopping. Try again in a moment.');
      const durable = new Promise<void>((done, failed) => waiting.push({ tenantId, body, done, failed }));
      flushing ??= flushAll();
      await durable;
    },
    async close() {
      closed = true;
      await flushing;
    },
  };
}
