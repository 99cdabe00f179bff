import { type Clock, FactotumError, type Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { addInstallationJob, type Job, type JobHandler, listTenantJobs } from '#trust/job';
import type { KekDirectory, KekProvider, KeyGeneration, KeyState, TenantKeys } from '#trust/key';
import { catalogue } from './catalogue.ts';
import { columnTargets } from './column-target.ts';
import { createResealJob, type Pace } from './reseal-job.ts';
import type { ResealTarget } from './reseal-target.ts';
import { createRewrapJob, requestRewrap } from './rewrap-job.ts';
import { countObjects, destroyGeneration, type KeyAct, type RotationDeps, requestRotation, resealKind, rewrapKind } from './rotation.ts';
import { type KeptCertificate, listGenerationCertificates } from './store.ts';

export interface EncryptionOptions extends Omit<RotationDeps, 'targets' | 'settleMs'> {
  readonly keks: KekDirectory;
  /** Guards the seeds of tenants without a provider of their own. */
  readonly installationKek: KekProvider;
  readonly clock: Clock;
  /** How long a tenant's keys stay in memory without their provider being asked, in seconds. */
  readonly cacheSeconds: number;
  /** What is sealed outside the database's columns. */
  readonly targets?: readonly ResealTarget[];
  /** Called after commits that left entries in the audit log. */
  readonly onEntries: () => void;
  /** Called after a commit that changed or revoked keys: this process should look now. */
  readonly onRevoked: () => void;
  readonly settleMs?: number;
  readonly pace?: Pace;
}

/** Who guards a tenant's keys, and whether they answer. */
export interface GuardStatus {
  readonly kind: string;
  readonly kekId: string;
  /** The version that wraps now; that of the present wrap while the provider does not answer. */
  readonly kekVersion: string;
  /** Not the installation's. */
  readonly own: boolean;
  readonly health: { readonly ok: boolean; readonly latencyMs: number | null; readonly at: Date; readonly error: string | null };
}

export interface EncryptionStatus {
  readonly provider: GuardStatus;
  readonly cacheSeconds: number;
  readonly generations: readonly (KeyGeneration & { /** Null when counting took too long. */ readonly objects: number | null })[];
  readonly columns: { readonly sealed: number; readonly clear: number };
  /** The rotation or re-wrap that was asked for last. */
  readonly job: Job | null;
}

/** How many seeds are guarded by which key, of all tenants. */
export interface GuardedSeeds {
  readonly provider: string;
  readonly kekId: string;
  readonly kekVersion: string;
  readonly state: KeyState;
  readonly seeds: number;
}

export interface InstallationEncryption {
  readonly provider: GuardStatus;
  /** `size`: tenants whose keys are in this process's memory. */
  readonly cache: { readonly seconds: number; readonly size: number; readonly hits: number; readonly misses: number };
  readonly seeds: readonly GuardedSeeds[];
}

/** Everything that changes how a tenant's content is encrypted. */
export interface Encryption {
  status(tenantId: Id<'tenant'>): Promise<EncryptionStatus>;
  /** The same of the installation, for who runs it. */
  installationStatus(): Promise<InstallationEncryption>;
  /** Adds the job of a rotation. @throws FactotumError `key.busy`. */
  rotate(tx: Tx, keys: TenantKeys, act: KeyAct & { readonly destroyOld: boolean }): Promise<Id<'job'>>;
  /** Adds the job that wraps the tenant's seeds anew. */
  rewrap(tx: Tx, keys: TenantKeys, act: KeyAct): Promise<Id<'job'>>;
  /** The same of every tenant. */
  rewrapAll(act: KeyAct): Promise<Id<'job'>>;
  /** Takes the tenant's keys out of the memory of every process, within seconds. */
  revoke(tenantId: Id<'tenant'>, act: KeyAct): Promise<void>;
  /** @throws FactotumError `key.in_use`, `key.busy`, `request.not_found`. */
  destroy(tenantId: Id<'tenant'>, generation: number, act: KeyAct): Promise<KeptCertificate>;
  certificates(tenantId: Id<'tenant'>): Promise<readonly KeptCertificate[]>;
  /** The long work of this module. */
  readonly jobs: readonly JobHandler[];
}

/** A second more than a process may go on without having heard of a change (`keyWatchBlindMs`). */
const settleMsDefault = 11_000;

export function createEncryption(options: EncryptionOptions): Encryption {
  const { database, generations, installation, installationKek, keks, clock, keyring, cacheSeconds, onEntries, onRevoked } = options;
  const targets = [...columnTargets(database), ...(options.targets ?? [])];
  const deps = { ...options, targets, settleMs: options.settleMs ?? settleMsDefault };
  const inTenant = <R>(tenantId: Id<'tenant'>, work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);

  const guardOf = async (tenantId: Id<'tenant'>, kekVersion: string): Promise<GuardStatus> => {
    const kek = await keks.wrapping(tenantId);
    const own = kek.provider !== installationKek.provider || kek.kekId !== installationKek.kekId;
    return askGuard(kek, { kekVersion, own, at: clock.now() });
  };

  return {
    async installationStatus() {
      const { rows } = await database.engine.pool.query<Omit<GuardedSeeds, 'seeds'> & { seeds: string }>(
        `select provider, kek_id as "kekId", kek_version as "kekVersion", state, count(*)::text as seeds from app.tenant_key
         where state <> 'destroyed' group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
      );
      return {
        provider: await askGuard(installationKek, { kekVersion: '', own: false, at: clock.now() }),
        cache: { seconds: cacheSeconds, ...keyring.stats() },
        seeds: rows.map(({ seeds, ...row }) => ({ ...row, seeds: Number(seeds) })),
      };
    },
    async status(tenantId) {
      const [rows, jobs] = await inTenant(tenantId, async (tx) => [
        await generations.list(tx, tenantId),
        await Promise.all([resealKind, rewrapKind].map(async (kind) => (await listTenantJobs(tx, tenantId, { kind, limit: 1 }))[0])),
      ]);
      const objects = await countObjects(targets, tenantId).catch(() => null);
      const found = jobs.filter((job) => job !== undefined).sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
      return {
        provider: await guardOf(tenantId, rows.find(({ state }) => state === 'active')?.kekVersion ?? ''),
        cacheSeconds,
        generations: rows.map((row) => ({ ...row, objects: objects === null ? null : (objects.get(row.generation) ?? 0) })),
        columns: columnCounts,
        job: found[0] ?? null,
      };
    },
    rotate: (tx, keys, act) => requestRotation(deps, tx, keys, act),
    rewrap: requestRewrap,
    rewrapAll: ({ actor, at }) => addInstallationJob(database.engine, installation, { kind: rewrapKind, actor, at }),
    async revoke(tenantId, { actor, at }) {
      await inTenant(tenantId, async (tx) => {
        await generations.revoke(tx, tenantId);
        await recordAudit(tx, tenantId, [{ kind: 'encryption.revoked', actor, at, objectId: tenantId }]);
      });
      keyring.forget(tenantId);
      onRevoked();
      onEntries();
    },
    async destroy(tenantId, generation, act) {
      const certificate = await destroyGeneration(deps, tenantId, generation, act);
      onEntries();
      return certificate;
    },
    certificates: (tenantId) => inTenant(tenantId, (tx) => listGenerationCertificates(tx, tenantId)),
    jobs: [createResealJob(deps), createRewrapJob(deps)],
  };
}

const columnCounts = {
  sealed: catalogue.filter(({ column }) => column.is !== 'clear').length,
  clear: catalogue.filter(({ column }) => column.is === 'clear').length,
};

async function askGuard(kek: KekProvider, known: { kekVersion: string; own: boolean; at: Date }): Promise<GuardStatus> {
  const { at, own } = known;
  const guard = { kind: kek.provider, kekId: kek.kekId, own };
  try {
    const { kekVersion, latencyMs } = await kek.health();
    return { ...guard, kekVersion, health: { ok: true, latencyMs, at, error: null } };
  } catch (error) {
    const said = error instanceof FactotumError ? error.message : 'The provider of the key does not answer.';
    return { ...guard, kekVersion: known.kekVersion, health: { ok: false, latencyMs: null, at, error: said } };
  }
}
