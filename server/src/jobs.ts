import { createImportJob } from '#flow/file';
import { createReadWordsJob } from '#flow/task';
import type { Poller } from '#kernel';
import { createArchiveJobs } from '#ops/archive';
import { createJobRunner, type JobHandler, type JobRunner } from '#trust/job';
import { createDueRotations, createRotationJobs } from '#trust/rotation';
import { createEraseJob } from '#trust/tenant';
import { backupJobs } from './backup.ts';
import type { Platform } from './platform.ts';

/** The long work that this release can do, by kind. */
const handlers = (platform: Platform): readonly JobHandler[] => {
  const { database, keyring, sequencer, identity, installation, blobs, config, clock } = platform;
  const erase = createEraseJob({
    ...{ database, keyring, sequencer, installation, clock },
    forgetTenant: (tenantId) => identity.removeTenantOwner(tenantId),
    folders: [config.dropFolder, config.outboxFolder],
    removeRemains: platform.removeRemains,
    keyBackupDays: config.backup.keysKeepDays,
    removeObjects: (tenantId) => blobs.removeTenant(tenantId),
  });
  return [
    erase,
    createReadWordsJob({ app: database.app, keysOf: keyring.of }),
    createImportJob({ intake: platform.intake, files: platform.vaultFiles, clock }),
    ...createArchiveJobs(platform),
    ...backupJobs(platform),
    ...platform.encryption.jobs,
    ...createRotationJobs(platform.rotation),
    ...platform.loginRotation.jobs,
  ];
};

/** The worker of this process for jobs. Not started yet. */
export function createJobs(platform: Platform): JobRunner {
  const { database, keyring, installation, clock, log } = platform;
  return createJobRunner({ engine: database.engine, keyring, installation, clock, log, handlers: handlers(platform) });
}

/** Orders rotations of secrets that are due. Not started yet. */
export function createRotationKeeper({ rotation, identity }: Platform, onOrdered: () => void): Poller<number> {
  return createDueRotations({ ...rotation, listTenants: () => identity.listTenants(), onOrdered });
}
