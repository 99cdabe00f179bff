import { pipeline } from 'node:stream/promises';
import type { Id } from '#kernel';
import { knownMigrations, ownerTransaction, sqlFolder, withOwner } from '#kernel/database';
import type { ObjectStorage } from '#kernel/storage';
import { createInstallationKey } from '#trust/key';
import { exactly } from './bound.ts';
import { conflict, invalid } from './fault.ts';
import { type KeyBackup, openKeyBackup, restoreTenantKeys, writeKeyFiles } from './key-backup.ts';
import { loadBackup, versionOf } from './load.ts';
import { blobName } from './make.ts';
import { listManifests, type Manifest, readManifest } from './manifest.ts';
import { parseRecoveryKey } from './recovery-key.ts';
import { openWithRecoveryKey, type Repository } from './repository.ts';
import { settleOldLife } from './settle.ts';
import { verifyBackup } from './verify.ts';

/** A backup that has been found good, with the keys that open it, before anything is written. */
export interface ReadyRestore {
  readonly repository: Repository;
  readonly manifest: Manifest;
  readonly keys: KeyBackup;
  /** The migration up to which the new database has to be brought before `fillDatabase`. */
  readonly upTo: number;
}

/**
 * Finds a backup and its keys by the recovery key, and examines both. Writes nothing.
 *
 * @throws FactotumError `backup.invalid`, `backup.not_found`, `backup.conflict` (a newer release made it), `storage.*`.
 */
export async function readyRestore(from: {
  data: ObjectStorage;
  /** The newest there when `keysId` says nothing else. */
  keys: ObjectStorage;
  recoveryText: string;
  /** Or `latest`. */
  id: string;
  keysId?: string | undefined;
}): Promise<ReadyRestore> {
  const recoveryKey = parseRecoveryKey(from.recoveryText);
  const repository = await openWithRecoveryKey(from.data, recoveryKey);
  const keys = await openKeyBackup(from.keys, recoveryKey, from.keysId);
  if (keys.verifierKey !== repository.verifierKey) throw invalid('the keys are those of another installation');
  const id = from.id === 'latest' ? ((await listManifests(repository)).at(-1) ?? from.id) : from.id;
  const manifest = await readManifest(repository, id);
  const upTo = versionOf(manifest, await knownMigrations(sqlFolder));
  const { ok, faults } = await verifyBackup(repository, id, { deep: false, noted: undefined, onChunk: async () => undefined });
  if (!ok) throw invalid(faults.join(' '));
  return { repository, manifest, keys, upTo };
}

/** @throws FactotumError `backup.conflict` unless the database has nothing of an installation in it. */
export async function requireEmptyDatabase(ownerUrl: string): Promise<void> {
  await withOwner(ownerUrl, async (client) => {
    const { rows } = await client.query<{ found: boolean }>(
      `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('app', 'auth')) as found`,
    );
    if (rows[0]?.found === true) throw conflict('The database is not empty: there is an installation in it. Restore into a new one.');
  });
}

/** Puts key files back where they are missing. @returns which. @throws FactotumError `backup.conflict` when there are others. */
export async function restoreKeyFiles(keyFolder: string, ready: Pick<ReadyRestore, 'keys'>): Promise<string[]> {
  const written = await writeKeyFiles(keyFolder, ready.keys);
  const { signer } = await createInstallationKey({ folder: keyFolder });
  if (signer.verifierKeyText !== ready.keys.verifierKey) throw invalid('its key files are not those of the installation that signed it');
  return written;
}

/** Loads the rows into a database at the backup's version: all of them or none. */
export const fillDatabase = (
  ownerUrl: string,
  { repository, manifest }: ReadyRestore,
  onRows: (rows: number) => Promise<void>,
): Promise<void> => withOwner(ownerUrl, (client) => loadBackup(client, repository, manifest, { onRows, finish: settleOldLife }));

/** Puts the tenants' keys back, when the database is at this release. @returns tenants that were erased since the backup was made. */
export const fillKeys = (ownerUrl: string, { keys }: Pick<ReadyRestore, 'keys'>): Promise<{ restored: number; erased: Id<'tenant'>[] }> =>
  withOwner(ownerUrl, (client) => restoreTenantKeys(client, keys));

/** Puts large objects back, those that are not there. @throws FactotumError `backup.invalid` when one is not what was backed up. */
export async function fillStorage({ repository, manifest }: ReadyRestore, storage: ObjectStorage): Promise<number> {
  let put = 0;
  for (const blob of manifest.blobs) {
    const { name, bytes } = blob;
    if ((await storage.stat(name))?.bytes === bytes) continue;
    const kept = await repository.storage.get(blobName(name));
    const checked = exactly(blob);
    await Promise.all([pipeline(kept, checked), storage.put(name, checked)]);
    put += 1;
  }
  return put;
}

/** Takes back what a restore that failed has made of a database that was empty before. */
export const emptyDatabase = (ownerUrl: string): Promise<void> =>
  withOwner(ownerUrl, (client) =>
    ownerTransaction(client, async () => {
      await client.query('drop schema if exists app cascade');
      await client.query('drop schema if exists auth cascade');
    }),
  );

/** Keys alone: the files that are missing, and the tenants' keys into a database that has lost them. */
export async function readyKeys(keys: ObjectStorage, recoveryText: string, id: string | undefined): Promise<Pick<ReadyRestore, 'keys'>> {
  return { keys: await openKeyBackup(keys, parseRecoveryKey(recoveryText), id) };
}
