/** The door to archives: a tenant in one sealed file, for people or for another installation. */
export { type Archives, type ArchivesDeps, createArchives } from './archives.ts';
export { createArchiveJobs } from './jobs.ts';
export { type OpenedFolder, openIntoFolder } from './open-folder.ts';
