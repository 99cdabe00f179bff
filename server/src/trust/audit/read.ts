import type { Id, JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import { readBody } from './body.ts';
import type { SequencedEntry } from './sequenced.ts';
import { findHead } from './store.ts';

/** An entry as it is shown. */
export interface AuditEntry extends SequencedEntry {
  readonly actor: string;
  readonly detail: JsonObject;
  /** The canonical JSON exactly as it was hashed. */
  readonly body: string;
}

export interface EntryQuery {
  readonly tenantId: Id<'tenant'>;
  /** Only entries after this one, oldest first. */
  readonly afterSeq?: number | undefined;
  /** Only entries before this one; newest first, unless `afterSeq` is given as well. */
  readonly beforeSeq?: number | undefined;
  readonly taskId?: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

const limitMax = 1_000;

/** A page of the log: newest first, or from `afterSeq` on oldest first. Equally fast at any place (keyset). */
export async function listEntries(tx: Tx, { tenantId, afterSeq, beforeSeq, taskId, limit }: EntryQuery): Promise<AuditEntry[]> {
  let query = tx
    .selectFrom('auditEntry')
    .select(['seq', 'at', 'kind', 'objectId', 'taskId', 'state', 'live', 'body'])
    .where('tenantId', '=', tenantId)
    .orderBy('seq', afterSeq === undefined ? 'desc' : 'asc')
    .limit(Math.min(limit, limitMax));
  if (afterSeq !== undefined) query = query.where('seq', '>', afterSeq);
  if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
  if (taskId !== undefined) query = query.where('taskId', '=', taskId);
  const rows = await query.execute();
  return rows.map((row) => {
    const facts = readBody(tenantId, row.body);
    return { ...row, actor: facts?.actor ?? '', detail: facts?.detail ?? {} };
  });
}

/** What a log publishes about itself. */
export interface PublicHead {
  readonly origin: string;
  /** What checkpoints are verified with, as `factotum-verify --key` takes it. */
  readonly verifierKey: string;
  /** The newest signed checkpoint (c2sp.org/tlog-checkpoint), covering `size` entries. */
  readonly checkpoint: string;
  readonly checkpointAt: Date;
  readonly size: number;
}

/** The log's public head; null when the tenant has no log. */
export async function publicHead(tx: Tx, tenantId: Id<'tenant'>): Promise<PublicHead | null> {
  const row = await findHead(tx, tenantId);
  if (row === undefined) return null;
  const { origin, verifierKey, checkpoint, checkpointAt, size } = row;
  return { origin, verifierKey, checkpoint, checkpointAt, size };
}
