import { newExternalId, openClient, Refused } from './client.ts';
import type { Findings, Job } from './job.ts';

/** Sends without looking back. */
export async function flood(job: Extract<Job, { do: 'flood' }>, stopped: AbortSignal): Promise<Findings> {
  const client = openClient(job.tenant, job.connections);
  const startedAt = performance.now();
  const latencies: number[] = [];
  const errors: string[] = [];
  let errorCount = 0;
  let refused = 0;
  const lane = async () => {
    while (!stopped.aborted) {
      const sentAt = performance.now();
      try {
        await client.send(job.kind, newExternalId());
        latencies.push(performance.now() - sentAt);
      } catch (error) {
        if (error instanceof Refused && error.status === 429) {
          refused += 1;
          continue;
        }
        errorCount += 1;
        if (errors.length < 10) errors.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: job.connections }, lane));
  await client.close();
  const elapsedMs = performance.now() - startedAt;
  return {
    latencies,
    fromAccepted: [],
    finished: latencies.length,
    completed: latencies.length,
    decided: 0,
    elapsedMs,
    errors,
    errorCount,
    refused,
    sent: [],
  };
}
