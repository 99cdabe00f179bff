import { readSystem } from '#flow/status';
import type { Database } from '#kernel/database';

/** What can be wrong with an installation so that whoever runs it is told at once. */
export const alarmKinds = ['backup_failed', 'backup_old', 'audit_behind', 'process_busy', 'mail_away'] as const;
export type AlarmKind = (typeof alarmKinds)[number];

export interface FindDeps {
  readonly database: Pick<Database, 'engine' | 'sequencer'>;
  /** When the newest backup was begun, and how many have failed since or have a fault. */
  readonly lastBackup: () => Promise<{ readonly done: Date | null; readonly faults: number }>;
  /** Hours between two planned backups; null where none are planned. */
  readonly backupEveryHours: number | null;
}

const hourMs = 3_600_000;
/** A backup takes its time, and one that fails is tried again within the hour. */
const backupGraceMs = 2 * hourMs;
/** The audit log is behind by less than a second usually. */
const auditLateMs = 10 * 60_000;
/** So late with what is due a process is at its end; so many points of half a minute, without the one of now, make sure that it lasts. */
const busyMs = 500;
const busyPoints = 10;

/** What is wrong at this moment, by what every process can see: any of them comes to the same. */
export async function findAlarms({ database, lastBackup, backupEveryHours }: FindDeps): Promise<AlarmKind[]> {
  const [{ at, audit, processes }, { done, faults }, isMailAway] = await Promise.all([
    readSystem(database),
    lastBackup(),
    hasUnmailed(database),
  ]);
  const isOld = backupEveryHours !== null && done !== null && +at - +done > 2 * backupEveryHours * hourMs + backupGraceMs;
  const isBusy = processes.some(
    ({ isAlive, lines }) => isAlive && lines.loopDelayMs.slice(-1 - busyPoints, -1).every((late) => late !== null && late > busyMs),
  );
  const found: Record<AlarmKind, boolean> = {
    backup_failed: faults > 0,
    backup_old: isOld,
    audit_behind: audit.lagMs > auditLateMs,
    process_busy: isBusy,
    mail_away: isMailAway,
  };
  return alarmKinds.filter((kind) => found[kind]);
}

/**
 * Whether letters have been refused often enough to have waited for half an hour and more. Those of tenants that are suspended or on their
 * way out tell nothing of the mail server: nobody tries to send them.
 */
async function hasUnmailed({ engine }: FindDeps['database']): Promise<boolean> {
  const { rows } = await engine.pool.query<{ found: boolean }>(
    `select exists (select from app.notice join app.tenant using (tenant_id)
      where mail_tries >= 4 and mail_at is not null and tenant.state = 'active') as found`,
  );
  return rows[0]?.found === true;
}
