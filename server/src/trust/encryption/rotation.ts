import { setTimeout as pause } from 'node:timers/promises';
import { FactotumError, type Id } from '#kernel';
import { type Database, type Remains, type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { addTenantJob, type Job, listTenantJobs } from '#trust/job';
import type { InstallationKey, KeyGenerations, Keyring, RemoveRemains, TenantKeys } from '#trust/key';
import { openGenerationCertificate, signGenerationCertificate } from './certificate.ts';
import type { ResealTarget } from './reseal-target.ts';
import {
  type KeptCertificate,
  keepGenerationCertificate,
  listGenerationCertificates,
  readHorizon,
  replaceGenerationCertificate,
} from './store.ts';

/** The kinds of the jobs that this module does. */
export const resealKind = 'encryption.reseal';
export const rewrapKind = 'encryption.rewrap';
/** As in `ops/archive`: an archive is of one moment, and may need the keys of that moment to its end. */
const exportKind = 'tenant.export';

export interface RotationDeps {
  readonly database: Pick<Database, 'app' | 'auth' | 'engine'>;
  readonly keyring: Keyring;
  readonly generations: KeyGenerations;
  readonly installation: InstallationKey;
  readonly targets: readonly ResealTarget[];
  /** Takes what is left of destroyed keys out of the database's files. */
  readonly removeRemains: RemoveRemains;
  /** For how many days key backups are kept: a certificate says until when one may still hold what was destroyed. */
  readonly keyBackupDays: number;
  /** How long other processes may go on with keys from before a change, in milliseconds. */
  readonly settleMs: number;
}

/** How long a person waits for writers that may need the generation, in milliseconds. */
const writersMsMax = 3_000;
/** How long to wait for transactions that still see what was destroyed: a person waits, or a job does, in milliseconds. */
const remainsMsMax = { person: 5_000, job: 60_000 };

export interface KeyAct {
  /** Who wants it, as the audit log names them. */
  readonly actor: string;
  readonly at: Date;
}

/** Whether a job of that kind is under way for the tenant. */
async function liveJob(tx: Tx, tenantId: Id<'tenant'>, kind: string): Promise<Job | null> {
  const [newest] = await listTenantJobs(tx, tenantId, { kind, limit: 1 });
  return newest !== undefined && (newest.state === 'waiting' || newest.state === 'running') ? newest : null;
}

/**
 * Adds the job that makes a new generation, has everything sealed under it, and re-seals what there is, in the caller's transaction.
 *
 * @throws FactotumError `key.busy` when one is under way: of two that ask in the same moment, in whatever processes, one gets it.
 */
export async function requestRotation(
  { generations }: Pick<RotationDeps, 'generations'>,
  tx: Tx,
  keys: TenantKeys,
  { actor, at, destroyOld }: KeyAct & { readonly destroyOld: boolean },
): Promise<Id<'job'>> {
  const { tenantId } = keys;
  // Whoever comes second waits here until the first has committed its job.
  await generations.hold(tx, tenantId);
  if ((await liveJob(tx, tenantId, resealKind)) !== null) throw busy();
  return addTenantJob(tx, keys, { kind: resealKind, actor, at, position: { phase: 'announce', destroyOld } });
}

const busy = () => new FactotumError('key.busy', 'A rotation of these keys is under way. Wait until its job has ended.');

/** How many objects are sealed under each generation. */
export async function countObjects(targets: readonly ResealTarget[], tenantId: Id<'tenant'>): Promise<Map<number, number>> {
  const sum = new Map<number, number>();
  for (const target of targets)
    for (const [generation, objects] of await target.countByGeneration(tenantId)) sum.set(generation, (sum.get(generation) ?? 0) + objects);
  return sum;
}

/**
 * Destroys a generation under which nothing is sealed any more, and says so with a signed certificate. Once more changes nothing but what the
 * certificate says of remains, if they are gone by then.
 *
 * @throws FactotumError `key.in_use` for the one in force and while anything is sealed under it, `key.busy` during a rotation, an export or
 * shortly after either, `request.not_found`.
 */
export async function destroyGeneration(
  deps: RotationDeps,
  tenantId: Id<'tenant'>,
  generation: number,
  { actor, at, byJob = false }: KeyAct & { readonly byJob?: boolean },
): Promise<KeptCertificate> {
  const { database, generations, installation, keyring, targets } = deps;
  const inTenant = <R>(work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  await inTenant((tx) => requireDestroyable(deps, tx, tenantId, generation, { at, byJob }));
  if (!byJob) await writersEnded(() => inTenant(readHorizon));
  requireUnused(generation, (await countObjects(targets, tenantId)).get(generation) ?? 0);
  const certificate = await inTenant(async (tx) => {
    const rows = await generations.hold(tx, tenantId);
    const [row, inForce] = [rows.find((one) => one.generation === generation), rows.find(({ state }) => state === 'active')];
    const kept = (await listGenerationCertificates(tx, tenantId)).find((one) => one.generation === generation);
    if (kept !== undefined) return kept;
    if (row === undefined || inForce === undefined || row.state !== 'retired') throw busy();
    // An upload that was under way may have come in since the count. From here on none does.
    for (const target of targets) requireUnused(generation, (await target.countHeld?.(tx, tenantId, generation)) ?? 0);
    const { provider, kekId, wrappedSha256, createdAt } = row;
    const keyBackupsUntil = new Date(at.getTime() + deps.keyBackupDays * 86_400_000);
    const note = signGenerationCertificate(installation, {
      ...{ tenantId, generation, provider, kekId, wrappedSha256 },
      createdAt: createdAt.toISOString(),
      requestedBy: actor,
      destroyedAt: at.toISOString(),
      keyBackupsUntil: keyBackupsUntil.toISOString(),
      remains: 'rows',
      sealedUnder: inForce.generation,
    });
    const made: KeptCertificate = { generation, note, createdAt: at };
    await generations.destroy(tx, tenantId, generation, at);
    await keepGenerationCertificate(tx, tenantId, made);
    await recordAudit(tx, tenantId, [{ kind: 'encryption.destroyed', actor, at, objectId: tenantId, detail: { generation } }]);
    return made;
  });
  await keyring.refresh(tenantId);
  const statement = openGenerationCertificate(certificate.note, installation.signer.verifierKeyText);
  if (statement.remains === 'none') return certificate;
  const remains = await deps.removeRemains({ withinMs: byJob ? remainsMsMax.job : remainsMsMax.person });
  if (rank[remains] >= rank[statement.remains]) return certificate;
  const better = { ...certificate, note: signGenerationCertificate(installation, { ...statement, remains }) };
  await inTenant((tx) => replaceGenerationCertificate(tx, tenantId, better));
  return better;
}

const rank: Readonly<Record<Remains, number>> = { none: 0, log: 1, rows: 2 };

/**
 * Waits until every transaction that is writing now has ended: it may have sealed something under the former keys, which no count sees yet.
 *
 * @throws FactotumError `key.busy` when one takes too long.
 */
async function writersEnded(look: () => ReturnType<typeof readHorizon>): Promise<void> {
  const { next } = await look();
  for (let waitedMs = 0; (await look()).oldest < next; waitedMs += 200) {
    if (waitedMs >= writersMsMax)
      throw new FactotumError('key.busy', 'Somebody is writing who may need this generation. Try again in half a minute.', {
        details: { retryAfterSeconds: 30 },
      });
    await pause(200);
  }
}

function requireUnused(generation: number, objects: number): void {
  if (objects === 0) return;
  throw new FactotumError(
    'key.in_use',
    `${objects} objects are still sealed under generation ${generation}. Rotate, and wait for the job to end.`,
    { details: { generation, objects } },
  );
}

async function requireDestroyable(
  { generations, settleMs }: RotationDeps,
  tx: Tx,
  tenantId: Id<'tenant'>,
  generation: number,
  { at, byJob }: { readonly at: Date; readonly byJob: boolean },
): Promise<void> {
  const rows = await generations.list(tx, tenantId);
  const row = rows.find((one) => one.generation === generation);
  if (row === undefined) throw new FactotumError('request.not_found', 'There is no such generation.');
  if (row.state === 'destroyed') return;
  if (row.state !== 'retired')
    throw new FactotumError('key.in_use', 'This generation is the one in force. Rotate first.', { details: { generation } });
  if ((await liveJob(tx, tenantId, exportKind)) !== null)
    throw new FactotumError('key.busy', 'An archive is being made, which may need this generation. Try again when its job has ended.');
  if (byJob) return;
  if ((await liveJob(tx, tenantId, resealKind)) !== null) throw busy();
  const youngest = Math.max(...rows.map(({ createdAt }) => createdAt.getTime()));
  // A process that has not heard of the newer one yet may seal one more thing under this one.
  if (at.getTime() - youngest < 2 * settleMs)
    throw new FactotumError('key.busy', 'The keys were changed a moment ago. Try again in half a minute.', {
      details: { retryAfterSeconds: 30 },
    });
}
