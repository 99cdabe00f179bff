import { openClient } from './client.ts';
import type { Findings, Job } from './job.ts';

/** One request after the other over one connection. */
export async function fetchAll(job: Extract<Job, { do: 'fetch' }>): Promise<Findings> {
  const client = openClient(job.tenant, 1);
  const latencies: number[] = [];
  const errors: string[] = [];
  const startedAt = performance.now();
  for (const path of job.paths) {
    const askedAt = performance.now();
    await client.ask('GET', path).catch((error: unknown) => errors.push(String(error)));
    latencies.push(performance.now() - askedAt);
  }
  await client.close();
  const elapsedMs = performance.now() - startedAt;
  return {
    latencies,
    fromAccepted: [],
    finished: latencies.length,
    completed: latencies.length,
    decided: 0,
    elapsedMs,
    errors: errors.slice(0, 10),
    errorCount: errors.length,
    refused: 0,
    sent: [],
  };
}
