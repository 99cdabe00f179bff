/** The door for files: kept in the vault, read, and told of as events; mailboxes split into their mails. */
export {
  createFileIntake,
  type FileDoor,
  type FileIntake,
  type FileIntakeDeps,
  type FileRecogniser,
  type KeptArrival,
  type Recognised,
  type TakenFile,
} from './file-intake.ts';
export { createImportJob, type ImportAs, importAsSchema } from './import-job.ts';
export { type KeptFile, keepFile } from './keep.ts';
