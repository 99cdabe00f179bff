import { after } from 'node:test';
import { createJobs } from '../src/jobs.ts';
import { operatorParts } from '../src/operator.ts';
import type { TestPlatform } from './platform.ts';

/** Starts the platform's worker for jobs; it stops with the test file. */
export function startJobs(platform: TestPlatform): void {
  const jobs = createJobs(platform);
  jobs.start();
  after(() => jobs.stop());
}

/** What commands have that run beside no server. */
export const operatorAlone = (platform: TestPlatform) =>
  operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1:4310', onTenant: async () => undefined });
