import { createJobRunner, type JobHandler, type JobRunner } from '#trust/job';
import type { Platform } from './platform.ts';

/** The long work that this release can do, by kind. */
const handlers = (_platform: Platform): readonly JobHandler[] => [];

/** The worker of this process for jobs. Not started yet. */
export function createJobs(platform: Platform): JobRunner {
  const { database, keyring, installation, clock, log } = platform;
  return createJobRunner({ engine: database.engine, keyring, installation, clock, log, handlers: handlers(platform) });
}
