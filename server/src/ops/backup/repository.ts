import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { type Clock, type Id, idSchema, isFactotumError, newId } from '#kernel';
import type { ObjectStorage } from '#kernel/storage';
import type { InstallationKey } from '#trust/key';
import { noteBytesMax, readBounded } from './bound.ts';
import { conflict, invalid } from './fault.ts';
import { newRecoveryKey, parseRecoveryKey, type RecoveryKey, sealToRecovery, signerHashOf } from './recovery-key.ts';
import { type BackupKeys, deriveBackupKeys } from './seal.ts';
import { openLine, signLine, unverifiedLine } from './signed.ts';

/** A place with backups of one installation, opened. */
export interface Repository {
  readonly id: Id<'backup'>;
  readonly storage: ObjectStorage;
  readonly keys: BackupKeys;
  /** 32 bytes, of this repository alone; goes into backups of the keys. */
  readonly backupKey: Buffer;
  readonly recoveryPublicKey: Buffer;
  readonly verifierKey: string;
  /** Whether somebody has typed the recovery key back. */
  readonly confirmedAt: string | null;
}

const headerName = 'repository.json';
const heading = 'factotum/backup-repository/v1';
const bytes = z.base64().transform((value) => Buffer.from(value, 'base64'));
const headerSchema = z.strictObject({
  id: idSchema('backup'),
  madeAt: z.iso.datetime(),
  confirmedAt: z.iso.datetime().nullable(),
  verifierKey: z.string(),
  recoveryPublicKey: bytes,
  /** The backup key, sealed by the installation's own key, and again for the recovery key. */
  forInstallation: bytes,
  forRecovery: bytes,
});
type Header = z.input<typeof headerSchema>;

interface Setup {
  readonly storage: ObjectStorage;
  readonly installation: InstallationKey;
  readonly clock: Clock;
}

/**
 * Makes a repository ready for backups, or gives one that is ready another recovery key (`again`): earlier backups open with the new one as
 * well, backups of the keys that were made before with the old one alone.
 *
 * @returns the text of the recovery key, which is nowhere else.
 * @throws FactotumError `backup.conflict` when there is one already, `backup.invalid`, `storage.*`.
 */
export async function setUpRepository({ storage, installation, clock }: Setup, { again }: { again: boolean }): Promise<string> {
  const present = await findRepository({ storage, installation });
  if (present !== null && !again)
    throw conflict(
      'Backups are set up here already. With --again they get a new recovery key, and the one of before opens no backup of the keys from then on.',
    );
  const { verifierKeyText: verifierKey } = installation.signer;
  const recoveryText = newRecoveryKey(verifierKey);
  const { publicKey } = parseRecoveryKey(recoveryText);
  const id = present?.id ?? newId('backup', clock.now().getTime());
  const backupKey = present?.backupKey ?? randomBytes(32);
  await writeHeader(
    { storage, installation },
    {
      id,
      madeAt: clock.now().toISOString(),
      confirmedAt: null,
      verifierKey,
      recoveryPublicKey: publicKey.toString('base64'),
      forInstallation: installation.seal(contextOf(id), backupKey).toString('base64'),
      forRecovery: (await sealToRecovery(publicKey, contextOf(id), backupKey)).toString('base64'),
    },
  );
  return recoveryText;
}

/** Notes that somebody has the recovery key: they typed it. @throws FactotumError `backup.invalid`, `backup.conflict`. */
export async function confirmRecoveryKey({ storage, installation, clock }: Setup, typed: string): Promise<void> {
  const { publicKey } = parseRecoveryKey(typed);
  const note = await readHeader(storage);
  if (note === null) throw notSetUp();
  const header = parseHeader(openLine(installation.signer.verifierKeyText, heading, note));
  if (!header.recoveryPublicKey.equals(publicKey)) throw conflict('This is a recovery key, but not that of these backups.');
  // As it was, but for the time.
  const asWritten = JSON.parse(unverifiedLine(note)) as Header;
  await writeHeader({ storage, installation }, { ...asWritten, confirmedAt: clock.now().toISOString() });
}

/** @throws FactotumError `backup.conflict` before `backup setup`, `backup.invalid` when it is another installation's or was changed. */
export async function openRepository(at: Omit<Setup, 'clock'>): Promise<Repository> {
  const repository = await findRepository(at);
  if (repository === null) throw notSetUp();
  return repository;
}

const notSetUp = () => conflict('Backups are not set up yet. Run: factotum backup setup, and keep the recovery key that it prints.');

async function findRepository({ storage, installation }: Omit<Setup, 'clock'>): Promise<Repository | null> {
  const note = await readHeader(storage);
  if (note === null) return null;
  const header = parseHeader(openLine(installation.signer.verifierKeyText, heading, note));
  return repositoryOf(storage, header, installation.open(contextOf(header.id), header.forInstallation));
}

/**
 * Opens a repository with its recovery key alone. That the key is the right one is in its text: it names the installation.
 *
 * @throws FactotumError `backup.invalid`, `backup.conflict` when there is none.
 */
export async function openWithRecoveryKey(storage: ObjectStorage, recoveryKey: RecoveryKey): Promise<Repository> {
  const note = await readHeader(storage);
  if (note === null) throw conflict(`There are no backups in ${storage.address}.`);
  const claimed = parseHeader(unverifiedLine(note));
  requireSigner(recoveryKey, claimed.verifierKey);
  const header = parseHeader(openLine(claimed.verifierKey, heading, note));
  return repositoryOf(storage, header, await recoveryKey.open(contextOf(header.id), header.forRecovery));
}

/** @throws FactotumError `backup.invalid` when the recovery key was made for another installation than the one with that public key. */
export function requireSigner(recoveryKey: RecoveryKey, verifierKey: string): void {
  if (!signerHashOf(verifierKey).equals(recoveryKey.signerHash))
    throw invalid('it was made by another installation than this recovery key');
}

function repositoryOf(storage: ObjectStorage, header: z.output<typeof headerSchema>, backupKey: Buffer): Repository {
  const { id, recoveryPublicKey, verifierKey, confirmedAt } = header;
  return { id, storage, keys: deriveBackupKeys(backupKey), backupKey, recoveryPublicKey, verifierKey, confirmedAt };
}

const contextOf = (id: string) => `factotum/backup-key/v1 ${id}`;

async function writeHeader({ storage, installation }: Omit<Setup, 'clock'>, header: Header): Promise<void> {
  await storage.put(headerName, Readable.from([Buffer.from(signLine(installation, heading, JSON.stringify(header)))]));
}

async function readHeader(storage: ObjectStorage): Promise<string | null> {
  try {
    return (await readBounded(storage, headerName, noteBytesMax)).toString('utf8');
  } catch (error) {
    if (isFactotumError(error, 'storage.not_found')) return null;
    throw error;
  }
}

function parseHeader(line: string): z.output<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw invalid('its repository was made by a newer release, or is damaged', cause);
  }
}
