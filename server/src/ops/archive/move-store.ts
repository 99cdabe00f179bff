import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** A move as one side keeps it. */
export interface Move {
  readonly state: 'open' | 'moved' | 'called off' | 'released';
  readonly beganAt: Date;
  /** Of the archive that was taken in, where a job did it. */
  readonly archiveId: string | null;
  /** Null before an archive has been made. */
  readonly logSize: number | null;
  readonly tasksEpoch: number | null;
  readonly identityHash: Buffer | null;
}

export type Direction = 'away' | 'here';

export const findMove = (tx: Tx, tenantId: Id<'tenant'>, direction: Direction): Promise<Move | undefined> =>
  sql<Move>`select state, began_at, archive_id, log_size, tasks_epoch, identity_hash from tenant_move where tenant_id = ${tenantId} and direction = ${direction} for update`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** Begins a move away, also after one that was called off. */
export async function openMove(tx: Tx, tenantId: Id<'tenant'>, at: Date): Promise<void> {
  await sql`insert into tenant_move (tenant_id, direction, state, began_at) values (${tenantId}, 'away', 'open', ${at})
    on conflict (tenant_id, direction) do update set state = 'open', began_at = excluded.began_at, log_size = null, tasks_epoch = null,
      identity_hash = null, ended_at = null`.execute(tx);
}

/** What the archive of the move holds, by which it is found out whether anything has changed since. */
export async function noteArchive(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { logSize, tasksEpoch, identityHash }: { logSize: number; tasksEpoch: number; identityHash: Buffer },
): Promise<void> {
  await sql`update tenant_move set log_size = ${logSize}, tasks_epoch = ${tasksEpoch}, identity_hash = ${identityHash}
    where tenant_id = ${tenantId} and direction = 'away' and state = 'open'`.execute(tx);
}

export async function endMove(
  tx: Tx,
  tenantId: Id<'tenant'>,
  { direction, state, at }: { direction: Direction; state: Exclude<Move['state'], 'open'>; at: Date },
): Promise<void> {
  await sql`update tenant_move set state = ${state}, ended_at = ${at} where tenant_id = ${tenantId} and direction = ${direction}`.execute(
    tx,
  );
}

/** Tasks that somebody works on. */
export const countLeased = (tx: Tx, tenantId: Id<'tenant'>): Promise<number> =>
  sql<{ tasks: number }>`select count(*) as tasks from task where tenant_id = ${tenantId} and owner is not null`
    .execute(tx)
    .then(({ rows }) => rows[0]?.tasks ?? 0);
