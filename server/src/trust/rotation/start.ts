import { FactotumError, type Id } from '#kernel';
import { addInstallationJob, addTenantJob } from '#trust/job';
import { readSecret, type SecretScope, type SecretUnit, stageValue } from '#trust/secret';
import { kindOf, type RotateInput, type RotationDeps, rotateKind } from './jobs.ts';
import { hasRotation } from './store.ts';

export interface RotationWish {
  readonly scope: SecretScope;
  /** As it came from outside. */
  readonly id: string;
  /** The new value, for kinds that people make. */
  readonly value?: string | undefined;
  /** How long the old value goes on. */
  readonly graceMs: number;
  readonly actor: string;
}

/**
 * Orders a rotation. What can be said at once is said at once; the rest is in the job.
 *
 * @throws FactotumError `secret.not_found`, `secret.changed` while another rotation of it is under way, `request.invalid` when it needs a
 * value, takes none, or cannot be rotated here.
 */
export async function startRotation(deps: RotationDeps, wish: RotationWish): Promise<Id<'job'>> {
  const { scope, id, graceMs, actor } = wish;
  const at = deps.clock.now();
  const jobOf = (secretId: Id<'secret'>, version: number | undefined) => ({
    kind: rotateKind,
    input: { secretId, graceMs, ...(version === undefined ? {} : { version }) } satisfies RotateInput,
    position: { secretId },
    actor,
    at,
  });
  if (scope !== 'installation') {
    const keys = await deps.keyring.of(scope);
    return deps.inUnit(scope, async (unit, tx) => {
      const { secretId, version } = await prepare(deps, unit, wish, () => hasRotation(tx, scope, id, null));
      return addTenantJob(tx, keys, jobOf(secretId, version));
    });
  }
  // Jobs of the installation are another login's: the lock on the secret is held until its job is there.
  return deps.inUnit(scope, async (unit) => {
    const { secretId, version } = await prepare(deps, unit, wish, () => hasRotation(deps.database.engine.db, scope, id, null));
    return addInstallationJob(deps.database.engine, deps.installation, jobOf(secretId, version));
  });
}

async function prepare(
  { kinds, clock }: RotationDeps,
  unit: SecretUnit,
  { scope, id, value, actor }: RotationWish,
  isUnderWay: () => Promise<boolean>,
): Promise<{ secretId: Id<'secret'>; version: number | undefined }> {
  const secret = await readSecret(unit, id);
  // Of two who order at once the second waits here, and then sees the first one's job.
  await unit.rows.lock(secret.id);
  const kind = kindOf(kinds, secret, scope);
  if (kind.makesValues && value !== undefined)
    throw new FactotumError('request.invalid', `The value of a ${secret.kind} is made by the rotation itself. Send none.`);
  if (!kind.makesValues && value === undefined)
    throw new FactotumError('request.invalid', `${secret.name} needs a new value from whoever issued it. Send it along.`);
  if (await isUnderWay()) throw new FactotumError('secret.changed', `A rotation of ${secret.name} is under way. Wait until it has ended.`);
  if (value === undefined) return { secretId: secret.id, version: undefined };
  return { secretId: secret.id, version: await stageValue(unit, secret.id, { value, actor, at: clock.now() }) };
}
