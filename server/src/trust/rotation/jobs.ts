import { z } from 'zod';
import { type Clock, FactotumError, type Id, idSchema, isFactotumError, type Logger } from '#kernel';
import type { Database, Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { addInstallationJob, addTenantJob, defineJob, type JobHandler, type JobRun } from '#trust/job';
import type { InstallationKey, Keyring } from '#trust/key';
import {
  type InSecretUnit,
  listVersions,
  openSecret,
  promoteVersion,
  readSecret,
  revokeVersion,
  type Secret,
  type SecretKind,
  type SecretResolver,
  type SecretScope,
  type SecretUnit,
  stageValue,
} from '#trust/secret';
import type { Rotation, RotationKind } from './kind.ts';

export const rotateKind = 'secret.rotate';
const revokeKind = 'secret.revoke';
/** Who has made versions that a rotation has staged: it is by this that one is taken up after a crash. */
const stagedBy = 'system:rotation';

export interface RotationDeps {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly installation: InstallationKey;
  readonly inUnit: InSecretUnit;
  readonly resolver: Pick<SecretResolver, 'forget'>;
  readonly kinds: ReadonlyMap<SecretKind, RotationKind>;
  readonly clock: Clock;
  readonly log: Logger;
}

const rotateInputSchema = z.strictObject({
  secretId: idSchema('secret'),
  /** How long the old value goes on, in milliseconds. */
  graceMs: z.int().min(0),
  /** The version that a person has staged; without it the value is made. */
  version: z.int().min(1).optional(),
});
export type RotateInput = z.infer<typeof rotateInputSchema>;
const revokeInputSchema = z.strictObject({ secretId: idSchema('secret'), version: z.int().min(1) });

/** What comes after the step that was saved last. */
const positionSchema = z.looseObject({ version: z.int().optional(), replaced: z.int().optional(), isPromoted: z.boolean().default(false) });

/** The two jobs of a rotation: one that puts a new value in force, and a later one that ends the old. */
export function createRotationJobs(deps: RotationDeps): readonly JobHandler[] {
  return [
    defineJob({ kind: rotateKind, input: rotateInputSchema, run: (job) => rotate(deps, job) }),
    defineJob({ kind: revokeKind, input: revokeInputSchema, run: (job) => revoke(deps, job) }),
  ];
}

async function rotate(deps: RotationDeps, job: JobRun<RotateInput>) {
  const { secretId, graceMs } = job.input;
  const scope: SecretScope = job.tenantId ?? 'installation';
  const { inUnit, clock } = deps;
  const at = positionSchema.parse(job.position ?? {});
  const secret = await inUnit(scope, (unit) => readSecret(unit, secretId));
  const kind = kindOf(deps.kinds, secret, scope);
  const replaced = at.replaced ?? secret.version;
  const rotation: Rotation = {
    scope,
    name: secret.name,
    old: await readValue(inUnit, scope, secretId, replaced),
    key: job.id,
    actor: job.actor,
    now: clock.now(),
    signal: job.signal,
  };
  const version = at.version ?? job.input.version ?? (await stage(deps, { scope, secretId, kind, rotation }));
  await job.save({ position: { secretId, ...at, version, replaced } });

  // In force is in force, whether or not there was time to save that: trying it now could only end what everybody uses.
  if (!at.isPromoted && secret.version !== version) {
    const value = await readValue(inUnit, scope, secretId, version);
    const staged: Staged = { scope, secretId, version, kind, rotation, value, actor: job.actor };
    await tested(deps, staged);
    await promote(deps, job, staged, { replaced, revokeAt: new Date(clock.now().getTime() + graceMs) });
  }
  return { secretId, version };
}

interface Staging {
  readonly scope: SecretScope;
  readonly secretId: Id<'secret'>;
  readonly kind: RotationKind;
  readonly rotation: Rotation;
}

/** The version that this rotation left when it was cut off, or a new one with a value of the issuer's. */
async function stage({ inUnit, clock }: RotationDeps, { scope, secretId, kind, rotation }: Staging): Promise<number> {
  const versions = await inUnit(scope, (unit) => listVersions(unit, secretId));
  const left = versions.find(({ state, createdBy }) => state === 'pending' && createdBy === stagedBy);
  if (left !== undefined) return left.version;
  const value = await kind.create(rotation);
  return inUnit(scope, (unit) => stageValue(unit, secretId, { value, actor: stagedBy, at: clock.now() }));
}

interface Staged extends Staging {
  readonly version: number;
  readonly value: string;
  readonly actor: string;
}

/** Tries the new value. One that does not work is ended again, and the old one stays in force. */
async function tested(deps: RotationDeps, staged: Staged): Promise<void> {
  const { kind, rotation, value } = staged;
  try {
    await kind.test(rotation, value);
  } catch (error) {
    if (isFactotumError(error) && error.retry) throw error;
    await giveUp(deps, staged, { inForce: rotation.old, error });
    throw error;
  }
}

/** Ends a value that will never be in force. */
async function giveUp(deps: RotationDeps, staged: Staged, { inForce, error }: { inForce: string; error: unknown }): Promise<void> {
  const { scope, secretId, version, kind, rotation, value, actor } = staged;
  await kind
    .revoke(rotation, value, inForce)
    .catch((fault: unknown) =>
      deps.log.warn({ err: fault, secretId }, 'rotation: a value that is not wanted could not be ended at its issuer'),
    );
  await change(deps, scope, async (unit, entry) => {
    await revokeVersion(unit, secretId, { version, at: deps.clock.now() });
    await entry({
      kind: 'secret.changed',
      actor,
      objectId: secretId,
      detail: { change: 'rotation_failed', code: isFactotumError(error) ? error.code : 'server.fault' },
    });
  });
}

/**
 * Puts the new value in force. Whatever somebody else has put there meanwhile is newer than what this rotation was asked to replace, and
 * stays.
 */
async function promote(
  deps: RotationDeps,
  job: JobRun<RotateInput>,
  staged: Staged,
  { replaced, revokeAt }: { replaced: number; revokeAt: Date },
): Promise<void> {
  const { scope, secretId, version } = staged;
  const { clock, inUnit } = deps;
  const at = clock.now();
  const ending = { kind: revokeKind, input: { secretId, version: replaced }, actor: job.actor, at, runAt: revokeAt };
  // Of the installation the two logins make two transactions: the end is ordered first, and does nothing while the old one is in force.
  if (scope === 'installation') await addInstallationJob(deps.database.engine, deps.installation, ending);
  const inForce = await change(deps, scope, async (unit, entry, tx) => {
    const present = (await unit.rows.lock(secretId))?.currentVersion;
    if (present !== undefined && present !== replaced && present !== version) return present;
    await promoteVersion(unit, secretId, { version, at });
    if (scope !== 'installation') await addTenantJob(tx, await deps.keyring.of(scope), ending);
    await entry({ kind: 'secret.rotated', actor: job.actor, objectId: secretId, detail: { version } });
    return version;
  });
  if (inForce !== version) {
    const error = new FactotumError('secret.changed', 'Somebody has given this secret another value meanwhile, which stays in force.');
    await giveUp(deps, staged, { inForce: await readValue(inUnit, scope, secretId, inForce), error });
    throw error;
  }
  await job.save({ position: { secretId, version, replaced, isPromoted: true } });
}

async function revoke(deps: RotationDeps, job: JobRun<z.infer<typeof revokeInputSchema>>) {
  const { secretId, version } = job.input;
  const scope: SecretScope = job.tenantId ?? 'installation';
  const { inUnit, clock } = deps;
  const secret = await inUnit(scope, (unit) => readSecret(unit, secretId)).catch(ifGone);
  const old = secret && (await inUnit(scope, (unit) => listVersions(unit, secretId))).find((one) => one.version === version);
  // Deleted, ended by somebody, or put in force again meanwhile.
  if (!secret || old?.state !== 'previous') return null;
  const kind = kindOf(deps.kinds, secret, scope);
  const [value, inForce] = [await readValue(inUnit, scope, secretId, version), await readValue(inUnit, scope, secretId, secret.version)];
  const by = { scope, name: secret.name, key: job.id, actor: job.actor, now: clock.now(), signal: job.signal };
  await kind.revoke(by, value, inForce);
  await change(deps, scope, async (unit, entry) => {
    await revokeVersion(unit, secretId, { version, at: clock.now() });
    await entry({ kind: 'secret.revoked', actor: job.actor, objectId: secretId, detail: { version } });
  });
  return { secretId, version };
}

type Entry = Omit<Parameters<typeof recordAudit>[2][number], 'at'>;

/** One change of a secret with its audit entry. The installation has no audit log: there it is told to the log of the process. */
async function change<R>(
  { inUnit, resolver, clock, log }: RotationDeps,
  scope: SecretScope,
  work: (unit: SecretUnit, entry: (entry: Entry) => Promise<void>, tx: Tx) => Promise<R>,
): Promise<R> {
  const done = await inUnit(scope, (unit, tx) =>
    work(
      unit,
      async (entry) => {
        if (scope === 'installation')
          log.warn({ secretId: entry.objectId, change: entry.kind, actor: entry.actor }, 'a secret of the installation was changed');
        else await recordAudit(tx, scope, [{ ...entry, at: clock.now() }]);
      },
      tx,
    ),
  );
  resolver.forget(scope);
  return done;
}

/** @throws FactotumError `request.invalid` where nobody can rotate it. */
export function kindOf(kinds: ReadonlyMap<SecretKind, RotationKind>, secret: Secret, scope: SecretScope): RotationKind {
  const kind = kinds.get(secret.kind);
  if (kind === undefined || (scope !== 'installation' && !kind.forTenants))
    throw new FactotumError('request.invalid', `${secret.name} is a ${secret.kind}, which is only rotated for the installation itself.`);
  if (secret.reference !== null)
    throw new FactotumError('request.invalid', `The value of ${secret.name} lies in another store. Rotate it there.`);
  return kind;
}

async function readValue(inUnit: InSecretUnit, scope: SecretScope, id: Id<'secret'>, version: number): Promise<string> {
  const { content } = await inUnit(scope, (unit) => openSecret(unit, { id }, version));
  if ('value' in content) return content.value;
  throw new FactotumError('request.invalid', 'The value of this secret lies in another store. Rotate it there.');
}

const ifGone = (error: unknown): null => {
  if (isFactotumError(error, 'secret.not_found')) return null;
  throw error;
};
