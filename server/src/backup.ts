import { join } from 'node:path';
import type { Clock, Config, Logger } from '#kernel';
import type { Database } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import { type BackupDeps, createBackupJobs, createBackupSchedule, requestBackup, requestVerification } from '#ops/backup';
import type { BackupPort } from '#surface/http';
import { createPlaces } from '#trust/blob';
import type { JobHandler } from '#trust/job';
import type { InstallationKey } from '#trust/key';
import type { Platform } from './platform.ts';

interface BackupParts {
  readonly config: Config;
  /** Null where the process has the roles' logins alone. */
  readonly ownerUrl: string | null;
  readonly database: Pick<Database, 'engine'>;
  readonly installation: InstallationKey;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the platform's parts are, to backups. */
export function backupDeps(parts: BackupParts): BackupDeps {
  const { config, database, installation, clock, log } = parts;
  return {
    ...{ installation, clock, log },
    ownerUrl: parts.ownerUrl ?? config.database.ownerUrl ?? null,
    engine: database.engine,
    keyFolder: join(config.dataFolder, 'keys'),
    config: config.backup,
    blobs: { open: () => openStorage(storageOf(config), { clock }), nameOf: createPlaces(installation).of },
    openStorage: (address) => openStorage(address, { clock }),
  };
}

/** Where large objects lie. */
export const storageOf = (config: Config): string => config.storage;

const jobDeps = (platform: Platform) => ({ ...backupDeps(platform), backups: platform.backups });

/** The long work of backups, where this process has the means. */
export const backupJobs = (platform: Platform): readonly JobHandler[] =>
  platform.backups.isAble ? createBackupJobs(jobDeps(platform)) : [];

/** Asks for backups when they are due. Not started yet. */
export const backupSchedule = (platform: Platform) => createBackupSchedule(jobDeps(platform));

/** What operators do with backups in the browser. */
export function backupPort(platform: Platform): BackupPort {
  const { backups, config, clock } = platform;
  return {
    list: (page) => backups.list(page),
    async standing() {
      const { to, keysTo, isSetUp, confirmedAt } = await backups.places();
      const { begun } = await backups.last();
      const { everyHours } = config.backup;
      const isPlanned = isSetUp && everyHours > 0 && backups.isAble;
      const due = begun === null ? clock.now() : new Date(begun.getTime() + everyHours * 3_600_000);
      return { to, keysTo, isSetUp, confirmedAt, next: isPlanned ? { at: due } : null };
    },
    request: (actor) => requestBackup(jobDeps(platform), actor),
    requestVerification: (id, actor) => requestVerification(jobDeps(platform), id, actor),
  };
}
