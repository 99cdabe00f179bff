import type { BackupConfig, Clock, Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { ObjectStorage } from '#kernel/storage';
import type { InstallationKey } from '#trust/key';
import type { BlobSource } from './make.ts';

/** What backups are made of and with. */
export interface BackupDeps {
  /** The owner's login; null where this process never sees it: then another process makes the backups. */
  readonly ownerUrl: string | null;
  readonly engine: RoleDatabase;
  readonly installation: InstallationKey;
  /** The folder of the key files. */
  readonly keyFolder: string;
  readonly config: BackupConfig;
  readonly blobs: BlobSource;
  readonly openStorage: (address: string) => Promise<ObjectStorage>;
  readonly clock: Clock;
  readonly log: Logger;
}
