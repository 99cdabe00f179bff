import type { Intake } from '#flow/intake';
import { type Clock, createPoller, type Id, isFactotumError, type Logger, type Poller } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { latestOccurrence, nextOccurrence } from './cron.ts';
import { occurrenceEvent } from './occurrence.ts';
import { openBody, zoneOf } from './schedule.ts';
import { advanceRow, dueRows, findRow, type ScheduleRow } from './store.ts';

interface ScheduleKeeperOptions {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly intake: Pick<Intake, 'accept'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often the database is asked, in milliseconds. */
  readonly pollMs?: number;
}

const atOnceMax = 100;
/** What cannot be taken in now, for want of quota or of a key, is tried again after this. */
const retryMs = 60_000;

/** Turns schedules that are due into events. Any number of processes may: intake recognises an occurrence that came already. */
export function createScheduleKeeper({ database, keysOf, intake, clock, log, pollMs = 1_000 }: ScheduleKeeperOptions): Poller {
  /** Tenants that could not be looked at, and until when: what is due there would take the place of everybody else's. */
  const resting = new Map<Id<'tenant'>, number>();

  async function look(): Promise<void> {
    const nowMs = clock.monotonicMs();
    for (const [tenantId, untilMs] of resting) if (untilMs <= nowMs) resting.delete(tenantId);
    const due = await dueRows(database.engine.db, { now: clock.now(), most: atOnceMax, except: [...resting.keys()] });
    const tenants = Map.groupBy(due, ({ tenantId }) => tenantId);
    await Promise.all(
      [...tenants].map(async ([tenantId, rows]) => {
        try {
          for (const { scheduleId } of rows) await fire(tenantId, scheduleId);
        } catch (error) {
          resting.set(tenantId, nowMs + retryMs);
          log.warn({ err: error, tenantId }, 'the schedules of a tenant could not be looked at; they are tried again in a minute');
        }
      }),
    );
  }

  async function fire(tenantId: Id<'tenant'>, scheduleId: Id<'schedule'>): Promise<void> {
    const now = clock.now();
    const keys = await keysOf(tenantId);
    const read = await withTenant(database.app.db, tenantId, async (tx) => {
      const row = await findRow(tx, tenantId, scheduleId);
      return row === undefined ? undefined : { row, zone: await zoneOf(tx, tenantId, row.zone) };
    });
    if (read === undefined) return;
    const { row, zone } = read;
    if (row.state !== 'active' || row.dueAt === null || row.runAt === null || row.runAt > now) return;
    // What was missed while nothing ran comes once, for the latest time: nobody wants a hundred briefings after a holiday.
    const occurrence = latestOccurrence(row.cron, zone, new Date(row.dueAt.getTime() - 1), now);
    const fault = occurrence === null ? null : await accept(keys, row, zone, occurrence);
    const next = nextOccurrence(row.cron, zone, now);
    await withTenant(database.app.db, tenantId, (tx) =>
      advanceRow(
        tx,
        row,
        fault?.retry === true
          ? { dueAt: row.dueAt, runAt: new Date(now.getTime() + retryMs), lastDueAt: row.lastDueAt, faultCode: fault.code }
          : { dueAt: next, runAt: next, lastDueAt: occurrence ?? row.lastDueAt, faultCode: fault?.code ?? null },
      ),
    );
  }

  /** @returns why it was not taken in; null when it was. */
  async function accept(keys: TenantKeys, row: ScheduleRow, zone: string, at: Date) {
    const body = openBody(keys, row);
    try {
      await intake.accept(keys.tenantId, occurrenceEvent({ id: row.scheduleId, kind: row.kind, ...body }, { zone, at, actor: row.author }));
      return null;
    } catch (error) {
      // Changed between the event and the row: the event is there, and the next comes as it is written now.
      if (isFactotumError(error, 'event.conflict')) return null;
      if (isFactotumError(error)) return { code: error.code, retry: error.retry };
      throw error;
    }
  }

  return createPoller({
    look,
    everyMs: pollMs,
    onError: (error) => log.warn({ err: error }, 'schedules could not be looked at; the next look is soon'),
  });
}
