import { createAnalyticsKeeper } from '#flow/analytics';
import { createAlarmKeeper, findAlarms } from '#flow/notice';
import { createScheduleKeeper } from '#flow/schedule';
import { createWebhookKeeper } from '#flow/webhook';
import type { Poller } from '#kernel';
import { createBlobKeeper } from '#trust/blob';
import { mailedOperators } from '#trust/identity';
import { createPlatformAgendaKeeper } from './agenda.ts';
import { backupSchedule } from './backup.ts';
import { createJobs, createRotationKeeper } from './jobs.ts';
import { createAlerter, type Platform } from './platform.ts';
import { createVaultHistoryKeeper } from './vault.ts';

/** What a worker does besides tasks, each at its own pace. Any number of processes may. */
export function createKeepers(platform: Platform): Pick<Poller, 'start' | 'stop'>[] {
  const { database, keyring, loginRotation, identity } = platform;
  const keysOf = keyring.of;
  const jobs = createJobs(platform);
  return [
    createAlerter(platform),
    jobs,
    createRotationKeeper(platform, () => jobs.kick()),
    createScheduleKeeper({ ...platform, keysOf }),
    createPlatformAgendaKeeper(platform),
    createWebhookKeeper({ ...platform, keysOf }),
    platform.notices.createKeeper(),
    createAlarms(platform),
    loginRotation,
    createBlobKeeper({ ...platform, app: database.app, listTenants: () => identity.listTenants() }),
    createAnalyticsKeeper({ ...platform, listTenants: () => identity.listTenants() }),
    createVaultHistoryKeeper(platform),
    backupSchedule(platform),
  ];
}

/** Tells whoever runs the installation what is wrong with it. */
function createAlarms(platform: Platform) {
  const { config, database, backups, publicOrigin } = platform;
  const { to, everyHours } = config.backup;
  const backupEveryHours = to === undefined || everyHours === 0 ? null : everyHours;
  return createAlarmKeeper({
    ...platform,
    find: () => findAlarms({ database, lastBackup: backups.last, backupEveryHours }),
    operators: () => mailedOperators(database.auth),
    origin: publicOrigin,
  });
}
