/** The door to jobs: work that takes longer than a request, shows how far it is, and survives the process that does it. */
export { defineJob, type Job, type JobHandler, type JobProgress, type JobRun, type JobState, jobStates } from './job.ts';
export {
  addInstallationJob,
  addTenantJob,
  cancelInstallationJob,
  cancelTenantJobs,
  listAllJobs,
  listTenantJobs,
  type NewJob,
  readAnyJob,
  readTenantJob,
} from './queue.ts';
export { createJobRunner, type JobRunner, type JobRunnerOptions } from './runner.ts';
