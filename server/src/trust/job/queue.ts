import { FactotumError, type Id, isId, type Json, type JsonObject, newId } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';
import type { InstallationKey, TenantKeys } from '#trust/key';
import type { Job } from './job.ts';
import { cancelJobs, insertJob, installation, type JobFilter, type JobRow, selectJob, selectJobs } from './store.ts';

export interface NewJob {
  readonly kind: string;
  /** Sealed while the job lives, gone when it ends. */
  readonly input?: Json;
  /** Where to begin: ids, counts and times, in clear. */
  readonly position?: JsonObject;
  /** Who asks for it, as the audit log names them. */
  readonly actor: string;
  readonly at: Date;
  /** Not before; now if nothing is said. */
  readonly runAt?: Date;
}

/** Adds a tenant's job in the caller's transaction: it is there when, and only when, that commits. Ring the runner afterwards. */
export async function addTenantJob(tx: Tx, keys: TenantKeys, job: NewJob): Promise<Id<'job'>> {
  const jobId = newId('job', job.at.getTime());
  const input = job.input === undefined ? null : keys.sealJson(inputRef(jobId), job.input);
  await insertJob(tx, rowOf(keys.tenantId, jobId, input, job));
  return jobId;
}

/** Adds a job of the installation, about no tenant that there is yet. */
export async function addInstallationJob(engine: RoleDatabase, key: InstallationKey, job: NewJob): Promise<Id<'job'>> {
  const jobId = newId('job', job.at.getTime());
  const input = job.input === undefined ? null : key.seal(inputContext(jobId), Buffer.from(JSON.stringify(job.input)));
  await insertJob(engine.db, rowOf(installation, jobId, input, job));
  return jobId;
}

const rowOf = (tenantId: string, jobId: Id<'job'>, input: Buffer | null, job: NewJob) => ({
  tenantId,
  jobId,
  input,
  kind: job.kind,
  position: job.position ?? null,
  runAt: job.runAt ?? job.at,
  createdBy: job.actor,
  createdAt: job.at,
});

export const inputRef = (jobId: Id<'job'>) => ({ kind: 'job.input', id: jobId });
export const inputContext = (jobId: Id<'job'>) => `job.input ${jobId}`;

/** The tenant's own jobs, newest first. One more than `limit` tells that there is another page. */
export const listTenantJobs = async (tx: Tx, tenantId: Id<'tenant'>, page: Omit<JobFilter, 'tenantId'>): Promise<Job[]> =>
  (await selectJobs(tx, { ...page, tenantId })).map(presentJob);

/** @throws FactotumError `job.not_found`, also for another tenant's. */
export async function readTenantJob(tx: Tx, tenantId: Id<'tenant'>, id: string): Promise<Job> {
  return presentJob(found(await selectJob(tx, id, tenantId)));
}

/** Everybody's jobs, for who runs the installation. Newest first; `tenantId` narrows it down. */
export const listAllJobs = async (engine: RoleDatabase, page: JobFilter): Promise<Job[]> =>
  (await selectJobs(engine.db, page)).map(presentJob);

/** @throws FactotumError `job.not_found`. */
export const readAnyJob = async (engine: RoleDatabase, id: string): Promise<Job> => presentJob(found(await selectJob(engine.db, id)));

/** Calls one job off, or every one of a kind. What waits ends at once, what runs at its next save. @returns how many there were. */
export const cancelTenantJobs = (
  tx: Tx,
  tenantId: Id<'tenant'>,
  which: { readonly id?: string; readonly kind?: string },
  now: Date,
): Promise<number> => cancelJobs(tx, tenantId, which, now);

/** Calls a job of the installation off. @returns false when it has ended or is not there. */
export const cancelInstallationJob = async (engine: RoleDatabase, id: string, now: Date): Promise<boolean> =>
  (await cancelJobs(engine.db, installation, { id }, now)) > 0;

function found(row: JobRow | undefined): JobRow {
  if (row === undefined) throw new FactotumError('job.not_found', 'There is no such job.');
  return row;
}

function presentJob(row: JobRow): Job {
  return {
    id: row.jobId,
    kind: row.kind,
    tenantId: isId('tenant', row.tenantId) ? row.tenantId : null,
    state: row.state,
    progress: row.progressUnit === null ? null : { done: row.progressDone, of: row.progressOf, unit: row.progressUnit },
    result: row.result,
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    runAt: row.runAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
  };
}
