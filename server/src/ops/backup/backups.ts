import type pg from 'pg';
import { FactotumError, type Id, isFactotumError } from '#kernel';
import { knownMigrations, sqlFolder, withOwner } from '#kernel/database';
import type { ObjectStorage } from '#kernel/storage';
import type { BackupDeps } from './deps.ts';
import { type Drilled, drillBackup } from './drill.ts';
import { conflict } from './fault.ts';
import {
  adoptIntoJournal,
  beginJournal,
  endJournal,
  failJournal,
  findInJournal,
  type JournalRow,
  noteInJournal,
  selectJournal,
  standingOf,
} from './journal.ts';
import { backUpKeys, listKeyBackups, pruneKeyBackups } from './key-backup.ts';
import { lockRepository, type RepositoryLock } from './lock.ts';
import { makeBackup, newBackupId, type Progress } from './make.ts';
import { listManifests, readManifest } from './manifest.ts';
import { type Pruned, pruneRepository } from './prune.ts';
import { confirmRecoveryKey, openRepository, type Repository, setUpRepository } from './repository.ts';
import { type Verified, verifyBackup } from './verify.ts';

/** A backup as lists show it. */
export interface ListedBackup {
  readonly id: Id<'backup'>;
  readonly state: JournalRow['state'];
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly rows: number;
  readonly bytes: number;
  readonly newBytes: number;
  readonly verifiedAt: Date | null;
  readonly drilledAt: Date | null;
  /** Of its making, or of the last look at it. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A backup that was just made. */
export interface CreatedBackup extends Progress {
  readonly id: Id<'backup'>;
  /** The backup of the keys that belongs to it; null when there is no place for one. */
  readonly keysId: Id<'backup'> | null;
}

/** Told how far something is; what it throws ends it. */
export type OnProgress<P> = (progress: P) => Promise<void>;
const silent = async () => undefined;

/** Backups of an installation, as its doors use them. */
export type Backups = ReturnType<typeof createBackups>;

/** Nothing is opened before the first call. Every method throws `backup.conflict`, with the fix, where there is no place for backups. */
export function createBackups(deps: BackupDeps) {
  const { engine, installation, config, clock } = deps;
  const owner = (): string => {
    if (deps.ownerUrl !== null) return deps.ownerUrl;
    throw conflict(
      'This process has no login that may read everything. Run it with FACTOTUM_DATABASE_URL, or ask the process that has it.',
    );
  };
  const addressOf = (address: string | undefined, setting: string): string => {
    if (address !== undefined) return address;
    throw conflict(`There is no place for it: set ${setting} to a folder or to s3://bucket/prefix.`);
  };
  const inStorage = async <R>(address: string | undefined, setting: string, work: (storage: ObjectStorage) => Promise<R>): Promise<R> => {
    const storage = await deps.openStorage(addressOf(address, setting));
    try {
      return await work(storage);
    } finally {
      await storage.close();
    }
  };
  const inDataStorage = <R>(work: (storage: ObjectStorage) => Promise<R>) => inStorage(config.to, 'FACTOTUM_BACKUP_TO', work);
  const inRepository = <R>(work: (repository: Repository) => Promise<R>): Promise<R> =>
    inDataStorage(async (storage) => work(await openRepository({ storage, installation })));
  const locked = <R>(work: (at: { client: pg.Client; repository: Repository; lock: RepositoryLock }) => Promise<R>): Promise<R> =>
    inRepository((repository) =>
      withOwner(owner(), async (client) => {
        const lock = await lockRepository({ client, storage: repository.storage, clock });
        try {
          return await work({ client, repository, lock });
        } finally {
          await lock.release();
        }
      }),
    );
  const keysOf = async (client: pg.Client, repository: Repository) =>
    inStorage(config.keysTo, 'FACTOTUM_KEY_BACKUP_TO', async (storage) => {
      const made = await backUpKeys(client, { storage, repository, installation, keyFolder: deps.keyFolder, clock });
      await pruneKeyBackups(storage, { keepDays: config.keysKeepDays, clock });
      return made;
    });

  async function create(onProgress: OnProgress<Progress> = silent): Promise<CreatedBackup> {
    return locked(async ({ client, repository, lock }) => {
      const id = newBackupId(clock);
      await beginJournal(engine, id, clock.now());
      try {
        const made = await makeBackup(client, id, { repository, installation, clock, blobs: deps.blobs, lock, onProgress });
        const { rows, bytes, newBytes, manifestSha256 } = made;
        await endJournal(engine, id, { rowCount: rows, bytes, newBytes, manifestSha256, at: clock.now() });
        // After the data, so that keys of tenants that came meanwhile are in it.
        const keysId = config.keysTo === undefined ? null : (await keysOf(client, repository)).id;
        if (keysId !== null) await noteInJournal(engine, id, { keysBackupId: keysId });
        return { id, rows, bytes, newBytes, keysId };
      } catch (error) {
        const { code, message } = isFactotumError(error)
          ? error
          : { code: 'server.fault', message: 'Something went wrong. The log says what.' };
        await noteFailure(id, { code, message });
        throw error;
      }
    });
  }

  /** Of what was made before the keys failed, the backup itself stays what it is. */
  async function noteFailure(id: Id<'backup'>, fault: { code: string; message: string }): Promise<void> {
    const row = await findInJournal(engine, id);
    if (row?.state === 'done') await noteInJournal(engine, id, { fault });
    else await failJournal(engine, id, fault, clock.now());
  }

  async function verify(id: string, { deep, onChunk = silent }: { deep: boolean; onChunk?: OnProgress<number> }): Promise<Verified> {
    return inRepository(async (repository) => {
      const row = await findInJournal(engine, id);
      // One that failed or whose time was over is none.
      const noted = row?.state === 'done' ? (row.manifestSha256 ?? undefined) : undefined;
      const verified = await verifyBackup(repository, id, { deep, noted, onChunk });
      const fault = verified.ok ? null : { code: 'backup.invalid', message: verified.faults[0] ?? 'It does not hold.' };
      await noteInJournal(engine, id, { fault, ...(verified.ok ? { verifiedAt: clock.now() } : {}) });
      return verified;
    });
  }

  async function newestId(): Promise<string> {
    const id = (await inRepository(listManifests)).at(-1);
    if (id === undefined) throw new FactotumError('backup.not_found', 'There is no backup yet. Make one: factotum backup create');
    return id;
  }

  return {
    /** @returns the text of the recovery key, which is nowhere else. */
    setUp: (again: boolean): Promise<string> => inDataStorage((storage) => setUpRepository({ storage, installation, clock }, { again })),
    /** Notes that somebody has the recovery key. @throws FactotumError `backup.invalid` for a slip, `backup.conflict` for another key. */
    confirm: (typed: string): Promise<void> => inDataStorage((storage) => confirmRecoveryKey({ storage, installation, clock }, typed)),
    /** @throws FactotumError `backup.busy` (retry), `backup.conflict` before the set-up, `storage.*`. */
    create,
    /** @throws FactotumError `backup.conflict`, with the fix, where no backup can be made. */
    requireSetUp: () => inRepository(async () => undefined),
    verify,
    newestId,

    /** Restores for trial, next to the real database. The newest when nothing is said. */
    async drill(id: string, onRows: OnProgress<number> = silent): Promise<Drilled> {
      return inRepository(async (repository) => {
        const manifest = await readManifest(repository, id);
        const drilled = await drillBackup({ ownerUrl: owner(), repository, known: await knownMigrations(sqlFolder), onRows }, manifest);
        const fault = drilled.ok ? null : { code: 'backup.invalid', message: drilled.faults[0] ?? 'It was not restored as it was.' };
        await noteInJournal(engine, id, { fault, ...(drilled.ok ? { drilledAt: clock.now() } : {}) });
        return drilled;
      });
    },

    /** Removes what is older than the retention. @throws FactotumError `backup.busy` (retry) while a backup is being made. */
    prune: (): Promise<Pruned> =>
      locked(async ({ repository, lock }) => {
        const pruned = await pruneRepository(repository, { keepDays: config.keepDays, clock, confirm: () => lock.confirm() });
        for (const id of pruned.backups) await noteInJournal(engine, id, { pruned: true });
        return pruned;
      }),

    /** Notes the backups of a repository in a journal that does not know them: that of an installation which was restored. */
    adopt: (): Promise<void> =>
      inRepository(async (repository) => {
        for (const id of await listManifests(repository)) {
          const manifest = await readManifest(repository, id);
          const rowCount = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
          const bytes = manifest.tables.reduce((sum, table) => sum + table.bytes, 0);
          await adoptIntoJournal(engine, { id, madeAt: new Date(manifest.madeAt), rowCount, bytes, manifestSha256: manifest.sealedSha256 });
        }
      }),

    /** Backs the keys up alone, and removes backups of keys whose time is over. */
    keys: () => inRepository((repository) => withOwner(owner(), (client) => keysOf(client, repository))),

    /** Newest first, those that failed or are gone included. */
    async list(page: { before: string | null; limit: number }): Promise<ListedBackup[]> {
      return (await selectJournal(engine, page)).map(present);
    },
    /** @throws FactotumError `backup.not_found`. */
    async find(id: string): Promise<ListedBackup> {
      const row = await findInJournal(engine, id);
      if (row === undefined) throw new FactotumError('backup.not_found', `There is no backup ${id}.`);
      return present(row);
    },
    /** Where backups and those of the keys go, without anything secret in it, and whether anybody has the recovery key. */
    async places(): Promise<{ to: string | null; keysTo: string | null; isSetUp: boolean; confirmedAt: string | null; keys: number }> {
      const { to, keysTo } = config;
      const keys =
        keysTo === undefined
          ? null
          : await inStorage(keysTo, '', async (storage) => ({ address: storage.address, count: (await listKeyBackups(storage)).length }));
      if (to === undefined) return { to: null, keysTo: keys?.address ?? null, isSetUp: false, confirmedAt: null, keys: keys?.count ?? 0 };
      return inDataStorage(async (storage) => {
        const repository = await openRepository({ storage, installation }).catch((error: unknown) => {
          if (isFactotumError(error, 'backup.conflict')) return null;
          throw error;
        });
        const confirmedAt = repository?.confirmedAt ?? null;
        return { to: storage.address, keysTo: keys?.address ?? null, isSetUp: repository !== null, confirmedAt, keys: keys?.count ?? 0 };
      });
    },
    /** When the last was begun, done and proven. */
    last: () => standingOf(engine),
    /** Whether this process can make backups. */
    isAble: deps.ownerUrl !== null && config.to !== undefined,
  };
}

const present = ({ backupId: id, rowCount: rows, errorCode, errorMessage, ...row }: JournalRow): ListedBackup => ({
  id,
  rows,
  state: row.state,
  createdAt: row.createdAt,
  finishedAt: row.finishedAt,
  bytes: row.bytes,
  newBytes: row.newBytes,
  verifiedAt: row.verifiedAt,
  drilledAt: row.drilledAt,
  error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
});
