import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Config, createLogger, FactotumError, type Id, systemClock } from '#kernel';
import { prepareDatabase, prepareOwner, removeCluster, startEmbedded, withTenant } from '#kernel/database';
import { openStorage } from '#kernel/storage';
import {
  emptyDatabase,
  fillDatabase,
  fillKeys,
  fillStorage,
  type ReadyRestore,
  readyKeys,
  readyRestore,
  requireEmptyDatabase,
  restoreKeyFiles,
} from '#ops/backup';
import { holdDataFolder, type KeyRestoreAsk, type RestoreAsk, type RestoredInstallation, type RestoredKeys } from '#surface/cli';
import { recordAudit, verifyTenantLog } from '#trust/audit';
import { storageOf } from './backup.ts';
import { openPlatform, type Platform } from './platform.ts';

type Say = (text: string) => void;

const keyFolderOf = ({ dataFolder }: Config): string => join(dataFolder, 'keys');

/**
 * Makes an installation anew from a backup, in a new data folder. Everything is examined before anything is written; when something goes
 * wrong after that, what was written is taken away again, so that the same can be tried once more.
 *
 * @throws FactotumError `backup.*`, `storage.*`, `database.*`, `key.unavailable`.
 */
export async function restoreInstallation(given: Config, ask: RestoreAsk, say: Say): Promise<RestoredInstallation> {
  // Logins of roles belong to the installation that was lost.
  const config: Config = { ...given, demo: false, database: { ownerUrl: ask.databaseUrl ?? given.database.ownerUrl, roleUrls: undefined } };
  await requireEmptyFolder(config.dataFolder);
  const { ownerUrl } = config.database;
  if (ownerUrl !== undefined) await requireEmptyDatabase(ownerUrl);
  const data = await openFrom(ask.from ?? config.backup.to, 'Say where the backups are: --from, or FACTOTUM_BACKUP_TO.');
  const keys = await openFrom(
    ask.keysFrom ?? config.backup.keysTo,
    'Say where the backups of the keys are: --keys-from, or FACTOTUM_KEY_BACKUP_TO.',
  );
  const ready = await readyRestore({ ...ask, data, keys });
  say(`The backup of ${ready.manifest.madeAt} is whole. Restoring it.`);
  const hold = await holdDataFolder(config.dataFolder);
  let isOurs = false;
  try {
    await restoreKeyFiles(keyFolderOf(config), ready);
    const erased = await inDatabase(config, say, async (at) => {
      // Examining a backup takes its time: whoever began something there meanwhile keeps it.
      await requireEmptyDatabase(at.url);
      isOurs = true;
      return fill(config, ready, at, say);
    });
    const restored = await begin(config, ready, erased, say);
    if (hold.kind === 'ours') await hold.release();
    return restored;
  } catch (error) {
    if (hold.kind === 'ours') await hold.release();
    if (isOurs && ownerUrl !== undefined) await emptyDatabase(ownerUrl);
    await removeCluster(resolve(config.dataFolder));
    for (const name of await readdir(config.dataFolder)) await rm(join(config.dataFolder, name), { recursive: true, force: true });
    throw error;
  } finally {
    await data.close();
    await keys.close();
  }
}

/** Keys alone: the files that are missing, and tenants' keys where the database has none. */
export async function restoreKeys(config: Config, ask: KeyRestoreAsk, say: Say): Promise<RestoredKeys> {
  const keys = await openFrom(
    ask.keysFrom ?? config.backup.keysTo,
    'Say where the backups of the keys are: --keys-from, or FACTOTUM_KEY_BACKUP_TO.',
  );
  try {
    const ready = await readyKeys(keys, ask.recoveryText, ask.keysId);
    const hold = await holdDataFolder(config.dataFolder);
    if (hold.kind === 'served') throw new FactotumError('server.busy', 'Stop the server first: it has read its keys already.');
    try {
      const files = await restoreKeyFiles(keyFolderOf(config), ready);
      if (!(await hasDatabase(config))) return { id: ready.keys.id, files, tenantKeys: 0 };
      const { restored } = await inDatabase(config, say, async ({ url, passwordsFile }) => {
        await prepareDatabase(url, { passwordsFile, onProgress: say });
        return fillKeys(url, ready);
      });
      return { id: ready.keys.id, files, tenantKeys: restored };
    } finally {
      await hold.release();
    }
  } finally {
    await keys.close();
  }
}

interface Place {
  /** The owner's login. */
  readonly url: string;
  readonly passwordsFile: string;
}

/** At the backup's version first, then brought to this release as any database is. */
async function fill(config: Config, ready: ReadyRestore, { url, passwordsFile }: Place, say: Say): Promise<readonly Id<'tenant'>[]> {
  await prepareDatabase(url, { passwordsFile, upTo: ready.upTo });
  await fillDatabase(url, ready, sayingRows(say));
  await prepareDatabase(url, { passwordsFile, onProgress: say });
  const { erased } = await fillKeys(url, ready);
  if (ready.manifest.blobs.length > 0) {
    const storage = await openStorage(storageOf(config), { clock: systemClock });
    await fillStorage(ready, storage);
    await storage.close();
  }
  return erased;
}

/** The first start, without any role: proves every audit log, then writes into it that this was restored. */
async function begin(config: Config, ready: ReadyRestore, erased: readonly Id<'tenant'>[], say: Say): Promise<RestoredInstallation> {
  const log = createLogger({ level: config.logLevel });
  const platform = await openPlatform({ config, log, onProgress: say, publicOrigins: () => [], onWork: () => undefined });
  const faults: string[] = [];
  try {
    for (const tenantId of erased) await platform.identity.removeTenantOwner(tenantId);
    const tenants = await platform.identity.listTenants();
    for (const { id, name } of tenants) {
      const fault = await proveAndRecord(platform, id, ready);
      if (fault !== null) faults.push(`${name}: ${fault}`);
    }
    await platform.sequencer.drained();
    if (platform.backups.isAble) await platform.backups.adopt();
    const rows = ready.manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const { id, madeAt, blobs } = ready.manifest;
    return {
      ok: faults.length === 0,
      id,
      madeAt,
      keysId: ready.keys.id,
      rows,
      objects: blobs.length,
      tenants: tenants.length,
      erased,
      faults,
    };
  } finally {
    await platform.close();
  }
}

/** @returns what is wrong with the tenant's log, in words. */
async function proveAndRecord(platform: Platform, tenantId: Id<'tenant'>, { manifest, keys }: ReadyRestore): Promise<string | null> {
  const { database, keyring, auditor, clock } = platform;
  const head = manifest.heads.find((one) => one.tenantId === tenantId);
  const report = await verifyTenantLog(database, keyring, tenantId, { auditorKey: auditor });
  const detail = { backup: manifest.id, keys: keys.id, madeAt: manifest.madeAt, entries: report.entries };
  await withTenant(database.app.db, tenantId, (tx) =>
    recordAudit(tx, tenantId, [{ kind: 'tenant.restored', actor: 'operator:restore', at: clock.now(), objectId: tenantId, detail }]),
  );
  if (report.fault !== null) return report.fault.detail;
  return head?.root === report.root.toString('hex') ? null : 'its audit log is not the one that was backed up';
}

async function inDatabase<R>(config: Config, say: Say, work: (at: Place) => Promise<R>): Promise<R> {
  const { ownerUrl } = config.database;
  if (ownerUrl !== undefined) return work({ url: ownerUrl, passwordsFile: join(config.dataFolder, 'run', 'passwords.json') });
  const embedded = await startEmbedded({ dataFolder: config.dataFolder, log: createLogger({ level: config.logLevel }), onProgress: say });
  const { passwordsFile } = embedded;
  try {
    const result = await work({ url: await prepareOwner(embedded.superuserUrl, { passwordsFile, database: 'factotum' }), passwordsFile });
    await embedded.stop();
    return result;
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

function sayingRows(say: Say): (rows: number) => Promise<void> {
  let saidAtMs = performance.now();
  return async (rows) => {
    if (performance.now() - saidAtMs < 5_000) return;
    saidAtMs = performance.now();
    say(`${rows} rows`);
  };
}

async function openFrom(address: string | undefined, otherwise: string) {
  if (address === undefined) throw new FactotumError('command.usage', otherwise);
  return openStorage(address, { clock: systemClock });
}

/** A folder that is not there is made; one with anything in it is somebody's. */
async function requireEmptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const [first] = await readdir(folder);
  if (first !== undefined)
    throw new FactotumError('backup.conflict', `${resolve(folder)} is not empty: ${first} is in it. Restore into a new data folder.`);
}

async function hasDatabase({ dataFolder, database }: Config): Promise<boolean> {
  if (database.ownerUrl !== undefined) return true;
  for (const name of ['postgres', 'postgres.location'])
    if ((await stat(join(dataFolder, name)).catch(() => undefined)) !== undefined) return true;
  return false;
}
