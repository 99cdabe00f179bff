import { Gauge, type Registry } from 'prom-client';
import type { Backups } from './backups.ts';

/** Adds figures about backups: an alert is due when a time is too long ago, or when the newest look found a fault. */
export function addBackupMetrics(registry: Registry, { last }: Pick<Backups, 'last'>): void {
  const figures = {
    factotum_backup_last_success_timestamp_seconds: ['When the newest backup was begun', ({ done }) => secondsOf(done)],
    factotum_backup_last_drill_timestamp_seconds: ['When a backup was last proven by restoring it', ({ drilled }) => secondsOf(drilled)],
    factotum_backup_last_bytes: ['Plain bytes in the newest backup', ({ bytes }) => bytes],
    factotum_backup_last_new_bytes: ['Bytes that the newest backup added to the repository', ({ newBytes }) => newBytes],
    factotum_backup_faults: ['Backups that failed since the newest one, or in which a fault was found', ({ faults }) => faults],
  } satisfies Record<string, [help: string, read: (of: Awaited<ReturnType<Backups['last']>>) => number]>;
  for (const [name, [help, read]] of Object.entries(figures))
    new Gauge({
      ...{ name, help, registers: [registry] },
      async collect() {
        this.set(read(await last()));
      },
    });
}

/** 0 for never, as Prometheus has it. */
const secondsOf = (at: Date | null): number => (at === null ? 0 : at.getTime() / 1_000);
