/** The door to archives: a tenant in one sealed file, for people or for another installation. */
export { createArchives } from './archives.ts';
export { createArchiveJobs } from './jobs.ts';
export { openIntoFolder } from './open-folder.ts';
