import { sql } from 'kysely';
import type { Id, JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import type { Job, JobState } from './job.ts';

/** How a row says that its job is the installation's own. */
export const installation = 'installation';

export interface JobRow {
  tenantId: string;
  jobId: Id<'job'>;
  kind: string;
  state: JobState;
  cancelling: boolean;
  runAt: Date;
  tries: number;
  owner: string | null;
  epoch: number;
  position: JsonObject | null;
  progressDone: number;
  progressOf: number | null;
  progressUnit: string | null;
  input: Buffer | null;
  result: JsonObject | null;
  errorCode: string | null;
  errorMessage: string | null;
  createdBy: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

const columns = sql`tenant_id, job_id, kind, state, cancelling, run_at, tries, owner, epoch, position, progress_done, progress_of, progress_unit, input,
  result, error_code, error_message, created_by, created_at, started_at, finished_at`;

export async function insertJob(
  tx: Tx,
  row: Pick<JobRow, 'tenantId' | 'jobId' | 'kind' | 'runAt' | 'position' | 'input' | 'createdBy' | 'createdAt'>,
): Promise<void> {
  await sql`insert into app.job (tenant_id, job_id, kind, run_at, position, input, created_by, created_at)
    values (${row.tenantId}, ${row.jobId}, ${row.kind}, ${row.runAt}, ${jsonText(row.position)}::jsonb, ${row.input}, ${row.createdBy}, ${row.createdAt})`.execute(
    tx,
  );
}

export interface JobFilter {
  /** Left out by operators who list all. */
  readonly tenantId?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: JobState | undefined;
  /** The last id of the page before. */
  readonly before?: string | null | undefined;
  readonly limit: number;
}

/** Newest first. */
export const selectJobs = (tx: Tx, { tenantId, kind, state, before, limit }: JobFilter): Promise<JobRow[]> =>
  sql<JobRow>`select ${columns} from app.job where true
    ${tenantId === undefined ? sql`` : sql`and tenant_id = ${tenantId}`}
    ${kind === undefined ? sql`` : sql`and kind = ${kind}`}
    ${state === undefined ? sql`` : sql`and state = ${state}`}
    ${before === undefined || before === null ? sql`` : sql`and job_id < ${before}`}
    order by job_id desc limit ${limit}`
    .execute(tx)
    .then(({ rows }) => rows);

export const selectJob = (tx: Tx, id: string, tenantId?: string): Promise<JobRow | undefined> =>
  sql<JobRow>`select ${columns} from app.job where job_id = ${id} ${tenantId === undefined ? sql`` : sql`and tenant_id = ${tenantId}`}`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** What waits is called off at once; what runs is asked to stop. @returns how many are or will be. */
export const cancelJobs = (tx: Tx, tenantId: string, which: { id?: string; kind?: string }, now: Date): Promise<number> =>
  sql`update app.job set cancelling = true,
      state = case when state = 'waiting' then 'cancelled' else state end,
      input = case when state = 'waiting' then null else input end,
      finished_at = case when state = 'waiting' then ${now}::timestamptz else finished_at end
    where tenant_id = ${tenantId} and state in ('waiting', 'running')
      ${which.id === undefined ? sql`` : sql`and job_id = ${which.id}`} ${which.kind === undefined ? sql`` : sql`and kind = ${which.kind}`}`
    .execute(tx)
    .then(({ numAffectedRows }) => Number(numAffectedRows ?? 0n));

/** Takes the job that is due for longest. Leases go by the database's clock: one for all processes. */
export const claimJob = (
  tx: Tx,
  { owner, kinds, now, leaseMs }: { owner: string; kinds: readonly string[]; now: Date; leaseMs: number },
): Promise<JobRow | undefined> =>
  sql<JobRow>`update app.job set state = 'running', owner = ${owner}, epoch = epoch + 1, tries = tries + 1, leased_until = ${leasedUntil(leaseMs)},
      started_at = coalesce(started_at, ${now}::timestamptz)
    where (tenant_id, job_id) in (
      select tenant_id, job_id from app.job
      where state in ('waiting', 'running') and run_at <= ${now} and (leased_until is null or leased_until < clock_timestamp()) and kind = any(${kinds})
      order by run_at, job_id limit 1 for update skip locked)
    returning ${columns}`
    .execute(tx)
    .then(({ rows }) => rows[0]);

const leasedUntil = (leaseMs: number) => sql`clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)`;

/** Which row, and the fence it was claimed under. */
export type Held = Pick<JobRow, 'tenantId' | 'jobId' | 'epoch'>;
const isHeld = ({ tenantId, jobId, epoch }: Held) =>
  sql`tenant_id = ${tenantId} and job_id = ${jobId} and epoch = ${epoch} and state = 'running'`;

/** @returns undefined when the job is somebody else's by now. */
export const renewLease = (tx: Tx, held: Held, leaseMs: number): Promise<{ cancelling: boolean } | undefined> =>
  sql<{ cancelling: boolean }>`update app.job set leased_until = ${leasedUntil(leaseMs)} where ${isHeld(held)} returning cancelling`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** What is left out stays. Getting on starts the count of tries anew. */
export const saveJob = (
  tx: Tx,
  held: Held,
  { position, progress }: { position?: JsonObject; progress?: Job['progress'] },
): Promise<{ cancelling: boolean } | undefined> =>
  sql<{ cancelling: boolean }>`update app.job set
      ${position === undefined ? sql`` : sql`position = ${jsonText(position)}::jsonb,`}
      ${progress ? sql`progress_done = ${progress.done}, progress_of = ${progress.of}, progress_unit = ${progress.unit},` : sql``}
      tries = 1, error_code = null, error_message = null where ${isHeld(held)} returning cancelling`
    .execute(tx)
    .then(({ rows }) => rows[0]);

export interface JobEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly result?: JsonObject | null;
  readonly error?: Job['error'];
  readonly now: Date;
}

/** The end of a job takes its input with it. */
export async function endJob(tx: Tx, held: Held, { state, result = null, error = null, now }: JobEnd): Promise<void> {
  await sql`update app.job set state = ${state}, result = ${jsonText(result)}::jsonb, error_code = ${error?.code ?? null},
      error_message = ${error?.message ?? null}, input = null, owner = null, leased_until = null, finished_at = ${now} where ${isHeld(held)}`.execute(
    tx,
  );
}

/** Puts a job back, to be claimed again at `runAt`. `tries` as they should count then. */
export async function giveBackJob(
  tx: Tx,
  held: Held,
  { runAt, tries, error }: { runAt: Date; tries: number; error: Job['error'] },
): Promise<void> {
  await sql`update app.job set state = 'waiting', run_at = ${runAt}, tries = ${tries}, owner = null, leased_until = null,
      error_code = ${error?.code ?? null}, error_message = ${error?.message ?? null} where ${isHeld(held)}`.execute(tx);
}

const jsonText = (value: JsonObject | null | undefined): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value);
