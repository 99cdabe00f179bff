import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, idSchema, isFactotumError, isId, newId } from '#kernel';
import { ownerTransaction } from '#kernel/database';
import type { ObjectStorage } from '#kernel/storage';
import type { InstallationKey } from '#trust/key';
import { eraseKind } from '#trust/tenant';
import { keyBackupBytesMax, readBounded, refuseMore } from './bound.ts';
import { conflict, invalid } from './fault.ts';
import { lowerWalls } from './load.ts';
import { type RecoveryKey, sealToRecovery } from './recovery-key.ts';
import { type Repository, requireSigner } from './repository.ts';
import { openLine, signLine, unverifiedLine } from './signed.ts';
import { inSnapshot, readRows, textForm } from './snapshot.ts';
import { allTables, quotedList, quotedName } from './tables.ts';

/** What a key file can be called. */
const keyFileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const base64 = z.base64().transform((value) => Buffer.from(value, 'base64'));
const contentSchema = z.strictObject({
  version: z.literal(1),
  madeAt: z.iso.datetime(),
  repositoryId: idSchema('backup'),
  backupKey: base64,
  /** The files of the keys folder, as they are: where a key provider guards them, they open only with that provider. */
  files: z.array(z.strictObject({ name: z.string().regex(keyFileName), mode: z.int(), bytes: base64 })),
  /** The rows of app.tenant_key, in COPY's text form. */
  tenantKeys: z.strictObject({ columns: z.array(z.string()), rows: z.string() }),
});

/** A backup of the keys, opened. */
export type KeyBackup = z.output<typeof contentSchema> & { readonly id: Id<'backup'>; readonly verifierKey: string };

const folder = 'keys/';
const heading = 'factotum/key-backup/v1';
const contextOf = (id: string) => `factotum/key-backup/v1 ${id}`;
const envelopeSchema = z.strictObject({ note: z.string(), sealed: z.base64() });
const claimSchema = z.strictObject({ id: idSchema('backup'), verifierKey: z.string(), sealedSha256: z.string() });
const keyTable = { schema: 'app', name: 'tenant_key' } as const;

/**
 * Backs up what opens things: the files of the keys folder, every tenant's wrapped keys, the key of the data's repository. Sealed so that
 * the recovery key alone opens it, not this installation.
 *
 * @param client - the owner's connection
 */
export async function backUpKeys(
  client: pg.ClientBase,
  at: { storage: ObjectStorage; repository: Repository; installation: InstallationKey; keyFolder: string; clock: Clock },
): Promise<{ id: Id<'backup'>; tenants: number; files: number }> {
  const { storage, repository, installation, keyFolder, clock } = at;
  const table = await findKeyTable(client);
  const rows = await inSnapshot(client, async () => (await buffer(readRows(client, table))).toString('utf8'));
  const files = await readKeyFiles(keyFolder);
  const now = clock.now();
  const id = newId('backup', now.getTime());
  const content: z.input<typeof contentSchema> = {
    version: 1,
    madeAt: now.toISOString(),
    repositoryId: repository.id,
    backupKey: repository.backupKey.toString('base64'),
    files: files.map(({ bytes, ...file }) => ({ ...file, bytes: bytes.toString('base64') })),
    tenantKeys: { columns: [...table.columns], rows },
  };
  const sealed = await sealToRecovery(repository.recoveryPublicKey, contextOf(id), Buffer.from(JSON.stringify(content)));
  const claim = { id, verifierKey: installation.signer.verifierKeyText, sealedSha256: sha256(sealed) };
  const note = signLine(installation, heading, JSON.stringify(claim));
  const envelope = Buffer.from(JSON.stringify({ note, sealed: sealed.toString('base64') }));
  if (envelope.length > keyBackupBytesMax) throw conflict('There are more keys in this installation than one backup of them can hold.');
  await storage.put(`${folder}${id}`, Readable.from([envelope]));
  return { id, tenants: new Set(tenantsOf(content.tenantKeys).map(({ tenantId }) => tenantId)).size, files: files.length };
}

/** Oldest first. */
export async function listKeyBackups(storage: ObjectStorage): Promise<{ id: Id<'backup'>; madeAt: Date }[]> {
  const found: { id: Id<'backup'>; madeAt: Date }[] = [];
  for await (const { name, modifiedAt } of storage.list(folder)) {
    const id = name.slice(folder.length);
    if (isId('backup', id)) found.push({ id, madeAt: modifiedAt });
    refuseMore(found.length);
  }
  return found;
}

/** @param id - the newest when nothing is said. @throws FactotumError `backup.not_found`, `backup.invalid`. */
export async function openKeyBackup(storage: ObjectStorage, recoveryKey: RecoveryKey, id?: string): Promise<KeyBackup> {
  const wanted = id ?? (await listKeyBackups(storage)).at(-1)?.id;
  if (wanted === undefined || !isId('backup', wanted))
    throw new FactotumError('backup.not_found', `There is no such backup of the keys in ${storage.address}.`);
  let written: string;
  try {
    written = (await readBounded(storage, `${folder}${wanted}`, keyBackupBytesMax)).toString('utf8');
  } catch (error) {
    if (!isFactotumError(error, 'storage.not_found')) throw error;
    throw new FactotumError('backup.not_found', `There is no backup ${wanted} of the keys in ${storage.address}.`, { cause: error });
  }
  try {
    const { note, sealed } = envelopeSchema.parse(JSON.parse(written));
    const { verifierKey } = claimSchema.parse(JSON.parse(unverifiedLine(note)));
    requireSigner(recoveryKey, verifierKey);
    const claim = claimSchema.parse(JSON.parse(openLine(verifierKey, heading, note)));
    const bytes = Buffer.from(sealed, 'base64');
    if (claim.id !== wanted || claim.sealedSha256 !== sha256(bytes)) throw invalid('it is not what was signed');
    const content = contentSchema.parse(JSON.parse((await recoveryKey.open(contextOf(wanted), bytes)).toString('utf8')));
    return { ...content, id: wanted, verifierKey };
  } catch (cause) {
    throw isFactotumError(cause) ? cause : invalid('the backup of the keys was made by a newer release, or is damaged', cause);
  }
}

/**
 * Writes the key files of a backup into a folder. One that is there already must be the same: another key beside existing data would hide
 * that theirs is lost.
 *
 * @returns names of the files that were written.
 * @throws FactotumError `backup.conflict`; then nothing was written.
 */
export async function writeKeyFiles(to: string, { files }: Pick<KeyBackup, 'files'>): Promise<string[]> {
  const missing: typeof files = [];
  for (const file of files) {
    const present = await readFile(join(to, file.name)).catch(absent);
    if (present === null) missing.push(file);
    else if (!present.equals(file.bytes))
      throw conflict(`${join(to, file.name)} is there and is another key than in the backup. Move it away first.`);
  }
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const { name, mode, bytes } of missing) {
    const handle = await open(join(to, name), 'wx', mode & 0o777);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  return missing.map(({ name }) => name);
}

/**
 * Puts tenants' wrapped keys back where there are none. What is there stays, above all what was destroyed. Tenants that are not in the
 * database are passed over; one whose keys were all destroyed when the keys were backed up is erased, whatever the database says, and what
 * stands of it in clear is deleted by the job that erases.
 *
 * @param client - the owner's connection, to a database of this release
 */
export async function restoreTenantKeys(
  client: pg.Client,
  { tenantKeys }: Pick<KeyBackup, 'tenantKeys'>,
): Promise<{ restored: number; erased: Id<'tenant'>[] }> {
  const table = await findKeyTable(client);
  const columns = tenantKeys.columns.filter((name) => table.columns.includes(name));
  return ownerTransaction(client, async () => {
    await client.query(textForm);
    const list = quotedList(columns);
    const others = quotedList(tenantKeys.columns.filter((name) => !columns.includes(name)));
    if (others !== '') throw conflict('The backup of the keys was made by a newer release. Restore it with that release.');
    await client.query(`create temporary table incoming_key on commit drop as select ${list} from ${quotedName(keyTable)} with no data`);
    await pipeline(Readable.from([Buffer.from(tenantKeys.rows)]), client.query(copyFrom(`copy incoming_key (${list}) from stdin`)));
    let [restored, erased] = [0, [] as Id<'tenant'>[]];
    await lowerWalls(client, [quotedName(keyTable), '"app"."tenant"', '"app"."job"'], async () => {
      const inserted = await client.query(
        `insert into ${quotedName(keyTable)} (${list}) select ${list} from incoming_key where tenant_id in (select tenant_id from app.tenant)
          on conflict do nothing`,
      );
      restored = inserted.rowCount ?? 0;
      const gone = await client.query<{ tenantId: Id<'tenant'> }>(
        `update app.tenant set state = 'erased', state_since = now(), erases_at = null where state <> 'erased'
          and exists (select from incoming_key k where k.tenant_id = tenant.tenant_id)
          and not exists (select from ${quotedName(keyTable)} k where k.tenant_id = tenant.tenant_id and k.state <> 'destroyed')
          returning tenant_id as "tenantId"`,
      );
      erased = gone.rows.map(({ tenantId }) => tenantId);
      for (const tenantId of erased) await haveRowsErased(client, tenantId);
    });
    return { restored, erased };
  });
}

/** By the job that waits for it since the tenant was closed, or one of its own. */
async function haveRowsErased(client: pg.ClientBase, tenantId: Id<'tenant'>): Promise<void> {
  const { rowCount } = await client.query(
    `update app.job set run_at = now() where tenant_id = $1 and kind = $2 and state in ('waiting', 'running')`,
    [tenantId, eraseKind],
  );
  if (rowCount !== 0) return;
  await client.query(
    `insert into app.job (tenant_id, job_id, kind, run_at, position, created_by, created_at)
      values ($1, $2, $3, now(), '{"phase": "begin"}', 'operator:restore', now())`,
    [tenantId, newId('job'), eraseKind],
  );
}

/** Removes backups of the keys whose time is over, but never the newest. @returns how many. */
export async function pruneKeyBackups(storage: ObjectStorage, { keepDays, clock }: { keepDays: number; clock: Clock }): Promise<number> {
  const before = clock.now().getTime() - keepDays * 24 * 3_600_000;
  const old = (await listKeyBackups(storage)).slice(0, -1).filter(({ madeAt }) => madeAt.getTime() < before);
  for (const { id } of old) await storage.remove(`${folder}${id}`);
  return old.length;
}

/** The first column is the tenant's id, which needs no escaping. */
function tenantsOf({ columns, rows }: { columns: readonly string[]; rows: string }): { tenantId: string }[] {
  const at = columns.indexOf('tenant_id');
  return rows.split('\n').flatMap((line) => (line === '' ? [] : [{ tenantId: line.split('\t')[at] ?? '' }]));
}

async function findKeyTable(client: pg.ClientBase) {
  const table = (await allTables(client)).find(({ schema, name }) => schema === keyTable.schema && name === keyTable.name);
  if (table === undefined) throw conflict('This database has no table of keys.');
  return table;
}

/** What an editor or the system has left in the folder (`kek.key~`, `.DS_Store`) is no key file, and no restore would write it. */
async function readKeyFiles(from: string): Promise<{ name: string; mode: number; bytes: Buffer }[]> {
  const files: { name: string; mode: number; bytes: Buffer }[] = [];
  for (const entry of (await readdir(from, { withFileTypes: true })).sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (!entry.isFile() || !keyFileName.test(entry.name)) continue;
    const handle = await open(join(from, entry.name), 'r');
    try {
      files.push({ name: entry.name, mode: (await handle.stat()).mode & 0o777, bytes: await handle.readFile() });
    } finally {
      await handle.close();
    }
  }
  return files;
}

function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
