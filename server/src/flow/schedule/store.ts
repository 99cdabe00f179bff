import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';

export interface ScheduleRow {
  tenantId: Id<'tenant'>;
  scheduleId: Id<'schedule'>;
  state: 'active' | 'paused';
  version: number;
  kind: string;
  cron: string;
  zone: string | null;
  body: Buffer;
  dueAt: Date | null;
  runAt: Date | null;
  lastDueAt: Date | null;
  faultCode: string | null;
  author: string;
  createdAt: Date;
  updatedAt: Date;
}

declare module '#kernel/database' {
  interface Tables {
    schedule: ScheduleRow;
  }
}

export const listRows = (tx: Tx, tenantId: Id<'tenant'>): Promise<ScheduleRow[]> =>
  tx.selectFrom('schedule').selectAll().where('tenantId', '=', tenantId).orderBy('scheduleId').execute();

export const findRow = (tx: Tx, tenantId: Id<'tenant'>, scheduleId: Id<'schedule'>): Promise<ScheduleRow | undefined> =>
  tx.selectFrom('schedule').selectAll().where('tenantId', '=', tenantId).where('scheduleId', '=', scheduleId).executeTakeFirst();

export async function insertRow(tx: Tx, row: ScheduleRow): Promise<void> {
  await tx.insertInto('schedule').values(row).execute();
}

/** False when it is gone or was changed since. */
export const updateRow = (tx: Tx, row: ScheduleRow): Promise<boolean> =>
  tx
    .updateTable('schedule')
    .set(row)
    .where('tenantId', '=', row.tenantId)
    .where('scheduleId', '=', row.scheduleId)
    .where('version', '=', row.version - 1)
    .executeTakeFirst()
    .then(({ numUpdatedRows }) => numUpdatedRows > 0n);

export const deleteRow = (tx: Tx, tenantId: Id<'tenant'>, scheduleId: Id<'schedule'>): Promise<boolean> =>
  tx
    .deleteFrom('schedule')
    .where('tenantId', '=', tenantId)
    .where('scheduleId', '=', scheduleId)
    .executeTakeFirst()
    .then(({ numDeletedRows }) => numDeletedRows > 0n);

/** Moves an occurrence on. Of several that do, one does; after a change by a person none does. */
export async function advanceRow(
  tx: Tx,
  row: Pick<ScheduleRow, 'tenantId' | 'scheduleId' | 'version' | 'runAt'>,
  to: Pick<ScheduleRow, 'dueAt' | 'runAt' | 'lastDueAt' | 'faultCode'>,
): Promise<void> {
  await tx
    .updateTable('schedule')
    .set(to)
    .where('tenantId', '=', row.tenantId)
    .where('scheduleId', '=', row.scheduleId)
    .where('version', '=', row.version)
    .where('runAt', '=', row.runAt)
    .execute();
}

/** Whose schedules are due, for the role that sees all tenants and no content. The longest due first, but none of those tenants. */
export function dueRows(
  db: Tx,
  { now, most, except }: { readonly now: Date; readonly most: number; readonly except: readonly Id<'tenant'>[] },
): Promise<Pick<ScheduleRow, 'tenantId' | 'scheduleId'>[]> {
  const due = db.selectFrom('schedule').select(['tenantId', 'scheduleId']).where('state', '=', 'active').where('runAt', '<=', now);
  return (except.length === 0 ? due : due.where('tenantId', 'not in', except)).orderBy('runAt').limit(most).execute();
}
