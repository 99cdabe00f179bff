import { sql } from 'kysely';
import type { Tx } from '#kernel/database';
import type { SecretScope } from '#trust/secret';
import { rotateKind } from './jobs.ts';

/** Whether a rotation of the secret is under way, or one has failed since then. Jobs say in their position which secret they are about. */
export async function hasRotation(tx: Tx, scope: SecretScope, secretId: string, failedSince: Date | null): Promise<boolean> {
  const { rows } =
    await sql`select from app.job where tenant_id = ${scope} and kind = ${rotateKind} and position ->> 'secretId' = ${secretId}
    and (state in ('waiting', 'running') or (state = 'failed' and finished_at >= ${failedSince})) limit 1`.execute(tx);
  return rows.length > 0;
}
