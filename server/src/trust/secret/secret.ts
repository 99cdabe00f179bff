import { FactotumError, type Id, isId, newId } from '#kernel';
import { registerSecret } from '#kernel/redact';
import { ownerOf, valueBytesMax, valueBytesMin } from './port.ts';
import { isReference, parseReference, secretNameForm } from './reference.ts';
import type { SecretKind, SecretRow, VersionRow } from './rows.ts';
import type { SecretUnit } from './unit.ts';

/** A secret as people see it: everything but its value. */
export interface Secret extends Omit<SecretRow, 'secretId' | 'currentVersion'> {
  readonly id: Id<'secret'>;
  readonly version: number;
}
/** One of its versions, likewise. */
export interface SecretVersion extends Omit<VersionRow, 'secretId' | 'sealed'> {}

export interface NewSecret {
  readonly name: string;
  readonly kind?: SecretKind | undefined;
  /** The value, to be sealed here; or where it lies: a reference into another store than ours. */
  readonly content: { readonly value: string } | { readonly reference: string };
  readonly rotateAfterDays?: number | null | undefined;
  readonly actor: string;
  readonly at: Date;
}

interface By {
  readonly actor: string;
  readonly at: Date;
}

const dayMs = 24 * 3_600_000;
/** Each is up to 64 KiB that no quota counts, and lists have all of them. Two who store at once may go one beyond. */
const tenantSecretsMax = 1_000;
/** Revoked versions that are still listed, beside those that have a value. */
const revokedKept = 20;

/** By name. */
export async function listSecrets({ rows }: SecretUnit): Promise<Secret[]> {
  return (await rows.list()).map(present);
}

/** @throws FactotumError `secret.not_found`. */
export async function readSecret({ rows }: SecretUnit, id: string): Promise<Secret> {
  return present(required(isId('secret', id) ? await rows.find({ id }) : undefined));
}

/** Null when there is none of that name. */
export async function findSecret({ rows }: SecretUnit, name: string): Promise<Secret | null> {
  const row = await rows.find({ name });
  return row === undefined ? null : present(row);
}

/** The newest first. @throws FactotumError `secret.not_found`. */
export async function listVersions({ rows }: SecretUnit, id: string): Promise<SecretVersion[]> {
  const { secretId } = required(isId('secret', id) ? await rows.find({ id }) : undefined);
  let revoked = 0;
  return (await rows.versions(secretId))
    .filter(({ state }) => state !== 'revoked' || ++revoked <= revokedKept)
    .map(({ version, state, createdAt, createdBy, stateSince }) => ({ version, state, createdAt, createdBy, stateSince }));
}

/** @throws FactotumError `secret.exists`, `secret.reference_invalid`, `request.invalid` (name, size). */
export async function createSecret(
  unit: SecretUnit,
  { name, kind = 'static', content, rotateAfterDays = null, actor, at }: NewSecret,
): Promise<Secret> {
  if (!secretNameForm.test(name))
    throw new FactotumError(
      'request.invalid',
      'A name of a secret has up to 100 small letters, digits and . _ - /, and begins and ends with a letter or digit.',
    );
  if (unit.scope !== 'installation' && (await unit.rows.list()).length >= tenantSecretsMax)
    throw new FactotumError(
      'request.invalid',
      `There are ${tenantSecretsMax} secrets already, and no more are kept. Delete what nothing uses.`,
    );
  const secretId = newId('secret', at.getTime());
  const reference = 'reference' in content ? content.reference : null;
  if (reference !== null && parseReference(reference).store === 'db')
    throw new FactotumError(
      'secret.reference_invalid',
      'A secret does not refer to another one of our own store. Refer to that one itself.',
    );
  if ('value' in content) requireValue(unit, content.value);
  const row: SecretRow = {
    ...{ secretId, name, kind, reference, rotateAfterDays },
    ...{ currentVersion: 1, createdAt: at, createdBy: actor, changedAt: at, lastUsedAt: null },
    rotateAt: dueAt(rotateAfterDays, at),
  };
  if (!(await unit.rows.insert(row)))
    throw new FactotumError('secret.exists', `There is a secret named ${name}. Give it a new value, or choose another name.`);
  const sealed = 'value' in content ? unit.seal(secretId, 1, content.value) : null;
  await unit.rows.insertVersion({ secretId, version: 1, state: 'current', sealed, createdAt: at, createdBy: actor, stateSince: at });
  return present(row);
}

/**
 * Gives a secret a new value at once. The one before stays as `previous`, to be revoked when nobody uses it any more; one before that is
 * revoked now.
 *
 * @throws FactotumError `secret.not_found`, `secret.changed`, `request.invalid`.
 */
export async function replaceValue(
  unit: SecretUnit,
  id: string,
  { value, ifVersion, actor, at }: By & { value: string; ifVersion: number },
): Promise<Secret> {
  const row = await lockOwn(unit, id);
  if (row.currentVersion !== ifVersion) throw changed(row);
  const version = await stageValue(unit, id, { value, actor, at });
  return promoteVersion(unit, id, { version, at });
}

/** Keeps a value that is not in use yet. @returns its version. @throws FactotumError `secret.not_found`, `request.invalid`. */
export async function stageValue(unit: SecretUnit, id: string, { value, actor, at }: By & { value: string }): Promise<number> {
  requireValue(unit, value);
  const { secretId } = await lockOwn(unit, id);
  const [newest] = await unit.rows.versions(secretId);
  const version = (newest?.version ?? 0) + 1;
  const sealed = unit.seal(secretId, version, value);
  await unit.rows.insertVersion({ secretId, version, state: 'pending', sealed, createdAt: at, createdBy: actor, stateSince: at });
  return version;
}

/**
 * Puts a pending or previous version in force. What was in force becomes `previous` and still opens; what was `previous` is revoked.
 *
 * @throws FactotumError `secret.not_found` when it has no such version with a value.
 */
export async function promoteVersion(unit: SecretUnit, id: string, { version, at }: { version: number; at: Date }): Promise<Secret> {
  const row = await lockOwn(unit, id);
  const { secretId } = row;
  const versions = await unit.rows.versions(secretId);
  const chosen = versions.find((one) => one.version === version);
  if (chosen === undefined || chosen.sealed === null) throw noVersion(row, version);
  if (chosen.state === 'current') return present(row);
  for (const one of versions)
    if (one.state === 'previous' && one.version !== version) await unit.rows.setState(secretId, one.version, 'revoked', at);
  for (const one of versions) if (one.state === 'current') await unit.rows.setState(secretId, one.version, 'previous', at);
  await unit.rows.setState(secretId, version, 'current', at);
  const change = { currentVersion: version, changedAt: at, rotateAt: dueAt(row.rotateAfterDays, at) };
  await unit.rows.update(secretId, change);
  return present({ ...row, ...change });
}

/** Ends a version that is not in force; its bytes are gone. @throws FactotumError `secret.not_found`, `secret.in_use` for the current one. */
export async function revokeVersion(unit: SecretUnit, id: string, { version, at }: { version: number; at: Date }): Promise<void> {
  const row = await lockOwn(unit, id);
  const found = (await unit.rows.versions(row.secretId)).find((one) => one.version === version);
  if (found === undefined) throw noVersion(row, version);
  if (found.state === 'current')
    throw new FactotumError('secret.in_use', `Version ${version} of ${row.name} is in force. Put another one in force first.`);
  if (found.state !== 'revoked') await unit.rows.setState(row.secretId, version, 'revoked', at);
}

/**
 * How often the value should be replaced by a new one; null: never said.
 *
 * @param isDue - it should be replaced now, whatever the days say
 * @throws FactotumError `secret.not_found`.
 */
export async function setRotation(
  unit: SecretUnit,
  id: string,
  { rotateAfterDays, at, isDue = false }: { rotateAfterDays: number | null; at: Date; isDue?: boolean },
): Promise<Secret> {
  const row = await lockAny(unit, id);
  const change = { rotateAfterDays, rotateAt: isDue ? at : dueAt(rotateAfterDays, at) };
  await unit.rows.update(row.secretId, change);
  return present({ ...row, ...change });
}

/**
 * Deletes a secret with all its versions.
 *
 * @param usedBy - who refers to it
 * @throws FactotumError `secret.not_found`, `secret.in_use`.
 */
export async function deleteSecret(unit: SecretUnit, id: string, usedBy: (secret: Secret) => Promise<readonly string[]>): Promise<Secret> {
  const row = await lockAny(unit, id);
  const users = await usedBy(present(row));
  if (users.length > 0)
    throw new FactotumError('secret.in_use', `${row.name} is used by ${users.join(', ')}. Change that first.`, {
      details: { usedBy: users },
    });
  await unit.rows.delete(row.secretId);
  return present(row);
}

/**
 * The value of one version; of the one in force when none is named. From here on it is known to the redactor.
 *
 * @returns `reference` where the value lies in another store.
 * @throws FactotumError `secret.not_found`, `seal.broken`.
 */
export async function openSecret(
  unit: SecretUnit,
  by: { readonly id: string } | { readonly name: string },
  version?: number,
): Promise<{
  readonly id: Id<'secret'>;
  readonly version: number;
  readonly content: { readonly value: string } | { readonly reference: string };
}> {
  const row = required(await unit.rows.find(by), 'name' in by ? by.name : undefined);
  const id = row.secretId;
  if (row.reference !== null) return { id, version: row.currentVersion, content: { reference: row.reference } };
  const wanted = version ?? row.currentVersion;
  const found = (await unit.rows.versions(id)).find((one) => one.version === wanted);
  if (found === undefined || found.sealed === null) throw noVersion(row, wanted);
  const value = unit.open(id, wanted, found.sealed);
  registerSecret(value, ownerOf(unit.scope));
  return { id, version: wanted, content: { value } };
}

/** @throws FactotumError `request.invalid`; the value itself is not in the message. */
function requireValue({ scope }: SecretUnit, value: string): void {
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes < valueBytesMin || bytes > valueBytesMax)
    throw new FactotumError(
      'request.invalid',
      `The value of a secret has ${valueBytesMin} to ${valueBytesMax} bytes; this one has ${bytes}.`,
    );
  if (!value.isWellFormed())
    throw new FactotumError('request.invalid', 'The value of a secret is text. Encode other bytes, for example in base64.');
  if (isReference(value))
    throw new FactotumError('request.invalid', 'This is a reference to a secret. Send it as `reference`, not as the value.');
  registerSecret(value, ownerOf(scope));
}

const present = ({ secretId, currentVersion, ...row }: SecretRow): Secret => ({ ...row, id: secretId, version: currentVersion });

function required(row: SecretRow | undefined, name?: string): SecretRow {
  if (row === undefined) throw new FactotumError('secret.not_found', `There is no such secret${name === undefined ? '' : `: ${name}`}.`);
  return row;
}

const lockAny = async ({ rows }: SecretUnit, id: string): Promise<SecretRow> =>
  required(isId('secret', id) ? await rows.lock(id) : undefined);

/** One whose value lies here. */
async function lockOwn(unit: SecretUnit, id: string): Promise<SecretRow> {
  const row = await lockAny(unit, id);
  if (row.reference !== null)
    throw new FactotumError(
      'request.invalid',
      `The value of ${row.name} lies in another store (${parseReference(row.reference).store}). Change it there.`,
    );
  return row;
}

const noVersion = ({ name }: SecretRow, version: number) =>
  new FactotumError('secret.not_found', `${name} has no version ${version} with a value.`);

const changed = ({ name, currentVersion }: SecretRow) =>
  new FactotumError('secret.changed', `${name} has version ${currentVersion} by now. Look at it again.`, {
    details: { version: currentVersion },
  });

const dueAt = (days: number | null, from: Date): Date | null => (days === null ? null : new Date(from.getTime() + days * dayMs));
