/** The door to backups: making, examining, trying out and restoring them, and those of the keys. */
export { type Backups, type CreatedBackup, createBackups, type ListedBackup } from './backups.ts';
export type { BackupDeps } from './deps.ts';
export type { Drilled } from './drill.ts';
export { createBackupJobs, createBackupSchedule, requestBackup, requestVerification } from './jobs.ts';
export type { BlobSource, Progress } from './make.ts';
export { addBackupMetrics } from './metrics.ts';
export type { Pruned } from './prune.ts';
export {
  emptyDatabase,
  fillDatabase,
  fillKeys,
  fillStorage,
  type ReadyRestore,
  readyKeys,
  readyRestore,
  requireEmptyDatabase,
  restoreKeyFiles,
} from './restore.ts';
export type { Verified } from './verify.ts';
