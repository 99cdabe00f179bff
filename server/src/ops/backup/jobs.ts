import { z } from 'zod';
import { createPoller, FactotumError, type Id, isFactotumError, type JsonObject, type Poller } from '#kernel';
import { inTransaction } from '#kernel/database';
import { addInstallationJob, defineJob, type JobHandler, type JobRun, listAllJobs } from '#trust/job';
import type { Backups } from './backups.ts';
import type { BackupDeps } from './deps.ts';

const createKind = 'backup.create';
const verifyKind = 'backup.verify';
const hourMs = 3_600_000;
/** How often a backup is proven by a restore. */
const drillEveryMs = 24 * hourMs;
/** Between two notes of how far a job is. */
const saveEveryMs = 2_000;

type JobDeps = Pick<BackupDeps, 'engine' | 'installation' | 'clock'> & { readonly backups: Backups };

/**
 * Adds the job that makes a backup; the one that waits or runs already, if there is one.
 *
 * @throws FactotumError `backup.conflict`, with the fix, where no backup can be made.
 */
export async function requestBackup({ engine, installation, clock, backups }: JobDeps, actor: string): Promise<Id<'job'>> {
  await backups.requireSetUp();
  return inTransaction(engine, async (client) => {
    // Of two that ask at once, one adds it.
    await client.query(`select pg_advisory_xact_lock(hashtext('factotum'), hashtext('backup.create'))`);
    const [waiting] = await listAllJobs(engine, { kind: createKind, state: 'waiting', limit: 1 });
    const [present = waiting] = await listAllJobs(engine, { kind: createKind, state: 'running', limit: 1 });
    return present?.id ?? addInstallationJob(engine, installation, { kind: createKind, actor, at: clock.now() });
  });
}

/** Adds the job that opens every piece of a backup. @throws FactotumError `backup.not_found`. */
export async function requestVerification(
  { engine, installation, clock, backups }: JobDeps,
  id: string,
  actor: string,
): Promise<Id<'job'>> {
  await backups.find(id);
  return addInstallationJob(engine, installation, { kind: verifyKind, input: { id }, actor, at: clock.now() });
}

/** The long work of backups. Only for a process that can do it. */
export function createBackupJobs({ backups, clock, log }: JobDeps & Pick<BackupDeps, 'log'>): readonly JobHandler[] {
  const create = defineJob({
    kind: createKind,
    input: z.null(),
    async run(job): Promise<JsonObject> {
      const sayRows = progressOf(job, 'rows');
      const made = await backups.create(({ rows }) => sayRows(rows));
      await backups.prune();
      const { drilled } = await backups.last();
      const isDue = drilled === null || clock.now().getTime() - drilled.getTime() >= drillEveryMs;
      if (isDue) {
        const drill = await backups.drill(made.id, progressOf(job, 'rows'));
        if (!drill.ok) {
          log.error({ backupId: made.id, faults: drill.faults }, 'a backup could not be restored as it was');
          throw new FactotumError('backup.invalid', `The backup was made, but restoring it for trial found: ${drill.faults.join(' ')}`);
        }
      }
      return { id: made.id, rows: made.rows, bytes: made.bytes, newBytes: made.newBytes, keysId: made.keysId, drilled: isDue };
    },
  });
  const verify = defineJob({
    kind: verifyKind,
    input: z.strictObject({ id: z.string() }),
    async run(job): Promise<JsonObject> {
      const { ok, faults, rows, chunks } = await backups.verify(job.input.id, { deep: true, onChunk: progressOf(job, 'pieces') });
      if (!ok) throw new FactotumError('backup.invalid', faults.join(' '));
      return { id: job.input.id, rows, chunks };
    },
  });
  return [create, verify];
}

/** Notes how far a job is, not more often than anybody looks; ends the work when the job is not ours any more. */
function progressOf(job: JobRun<unknown>, unit: string): (done: number) => Promise<void> {
  let savedAtMs = performance.now();
  return async (done) => {
    job.signal.throwIfAborted();
    if (performance.now() - savedAtMs < saveEveryMs) return;
    savedAtMs = performance.now();
    await job.save({ progress: { done, of: null, unit } });
  };
}

/** How often it is looked whether one is due. */
const lookEveryMs = 60_000;

/** Asks for a backup when one is due. Every process with the means may run one: together they ask once. */
export function createBackupSchedule(deps: JobDeps & Pick<BackupDeps, 'config' | 'log'>): Poller {
  const { backups, config, clock, log } = deps;
  const look = async () => {
    const { begun, done } = await backups.last();
    const isOlder = (at: Date | null, hours: number) => at === null || clock.now().getTime() - at.getTime() >= hours * hourMs;
    // One that failed is tried again within the hour, whatever the job's own tries came to.
    if (!isOlder(done, config.everyHours) || !isOlder(begun, Math.min(config.everyHours, 1))) return;
    if (!(await backups.places()).isSetUp) return;
    await requestBackup(deps, 'system:schedule');
  };
  const poller = createPoller({
    look,
    everyMs: lookEveryMs,
    isAtOnce: true,
    onError: (error) => {
      if (!isFactotumError(error, 'backup.busy')) log.warn({ err: error }, 'whether a backup is due could not be found out');
    },
  });
  return {
    ...poller,
    start() {
      if (backups.isAble && config.everyHours > 0) poller.start();
    },
  };
}
