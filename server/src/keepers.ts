import { createAnalyticsKeeper } from '#flow/analytics';
import { createScheduleKeeper } from '#flow/schedule';
import { createWebhookKeeper } from '#flow/webhook';
import { createBlobKeeper } from '#trust/blob';
import { createPlatformAgendaKeeper } from './agenda.ts';
import { backupSchedule } from './backup.ts';
import { createJobs, createRotationKeeper } from './jobs.ts';
import { createAlerter, type Platform } from './platform.ts';
import { createVaultHistoryKeeper } from './vault.ts';

/** Something that looks now and then for what is due. */
interface Keeper {
  start(): void;
  stop(): unknown;
}

/** What a worker does besides tasks, each at its own pace. Any number of processes may. */
export function createKeepers(platform: Platform): Keeper[] {
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
    loginRotation,
    createBlobKeeper({ ...platform, app: database.app, listTenants: () => identity.listTenants() }),
    createAnalyticsKeeper({ ...platform, listTenants: () => identity.listTenants() }),
    createVaultHistoryKeeper(platform),
    backupSchedule(platform),
  ];
}
