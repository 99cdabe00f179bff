import { type RawBuilder, sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';

/** How far ahead something may be put off, in milliseconds. */
const snoozeMsMax = 90 * 86_400_000;

/**
 * Takes an approval out of one person's own view until then. It comes back earlier when something happens to it or when it is about to
 * expire. @throws FactotumError `request.invalid` for a time that has passed or is too far.
 */
export async function snoozeApproval(
  tx: Tx,
  snooze: { tenantId: Id<'tenant'>; userId: string; approvalId: string; until: Date; now: Date },
): Promise<void> {
  const { tenantId, userId, approvalId, until, now } = snooze;
  const ms = until.getTime() - now.getTime();
  if (ms <= 0 || ms > snoozeMsMax) throw new FactotumError('request.invalid', 'Put it off until a time within the next 90 days.');
  await sql`insert into app.approval_snooze (tenant_id, user_id, approval_id, until_at) values (${tenantId}, ${userId}, ${approvalId}, ${until})
    on conflict (tenant_id, user_id, approval_id) do update set until_at = excluded.until_at`.execute(tx);
}

/** Puts it back into their view. */
export async function wakeApproval(tx: Tx, snooze: { tenantId: Id<'tenant'>; userId: string; approvalId: string }): Promise<void> {
  const { tenantId, userId, approvalId } = snooze;
  await sql`delete from app.approval_snooze where tenant_id = ${tenantId} and user_id = ${userId} and approval_id = ${approvalId}`.execute(
    tx,
  );
}

/** Something has happened to it that everybody should see who put it off. */
export async function wakeForAll(tx: Tx, tenantId: Id<'tenant'>, approvalId: string): Promise<void> {
  await wakingForAll(tenantId, approvalId).execute(tx);
}

/** The same as a part of a greater statement. */
export const wakingForAll = (tenantId: Id<'tenant'>, approvalId: string): RawBuilder<unknown> =>
  sql`delete from app.approval_snooze where tenant_id = ${tenantId} and approval_id = ${approvalId}`;
