import type { Readable } from 'node:stream';
import { FactotumError, type Id, newId } from '#kernel';
import { type RoleDatabase, type Tx, withTenant } from '#kernel/database';
import type { ByteRange } from '#kernel/storage';
import type { Blob, Blobs, StoredBlob } from '#trust/blob';
import type { KeysOf, TenantKeys } from '#trust/key';
import { vaultRoom } from '#trust/quota';
import { etagOfFile, presentFile, sealFileManifest, type VaultFile } from './file-row.ts';
import {
  deleteFileRow,
  type FileRow,
  findFileByPath,
  insertFile,
  listFileRows,
  lockFileByPath,
  relocateFile,
  updateFile,
} from './file-store.ts';
import { adoptIntoJournal } from './journal.ts';
import { normaliseFolder, normalisePath } from './path.ts';
import { pathMacOf } from './read.ts';
import { findIdByPath } from './store.ts';
import { type Gathered, writeDown } from './together.ts';

export interface FileChange {
  readonly path: string;
  /** The actor, as the audit log names it. */
  readonly author: string;
  readonly at: Date;
  /** The file must be at this etag, or with '*' merely exist: else `vault.changed`. */
  readonly ifMatch?: string | undefined;
  /** Of changes that are one. @see together */
  readonly gathered?: Gathered | undefined;
}

export type Files = ReturnType<typeof createFiles>;

const batchRows = 500;

/** The most a file may hold: 2 GiB. */
const fileBytesMax = 2 * 1024 ** 3;
/** The same sealed: 78 bytes more, and 16 for each 16 KiB. */
const sealedBytesMax = fileBytesMax + fileBytesMax / 1024 + 78;

export interface FilesDeps {
  readonly app: RoleDatabase;
  readonly blobs: Blobs;
  readonly keysOf: KeysOf;
}

/** The files of tenants' vaults. A path is a note's or a file's, never both, in whatever spelling. */
export function createFiles({ app, blobs, keysOf }: FilesDeps) {
  const inTenant = <R>(keys: TenantKeys, work: (tx: Tx) => Promise<R>) => withTenant(app.db, keys.tenantId, work);
  /** What is on its way into this process, in bytes: it counts only once it is whole, and fills the storage before that. */
  const coming = new Map<Id<'tenant'>, number>();

  /**
   * Passes a body on as long as there is room for it and for all else that is on its way.
   *
   * @param announced - kept free from the start: of two that do not fit together the first is taken
   */
  async function* fitting(
    tenantId: Id<'tenant'>,
    body: AsyncIterable<Uint8Array>,
    announced: number,
    { free, refusal }: Awaited<ReturnType<typeof roomFor>>,
  ): AsyncGenerator<Uint8Array> {
    let held = 0;
    const hold = (bytes: number) => {
      coming.set(tenantId, (coming.get(tenantId) ?? 0) + bytes - held);
      held = bytes;
      if (bytes > 0 && (coming.get(tenantId) ?? 0) > free) throw refusal();
    };
    try {
      hold(announced);
      let seen = 0;
      for await (const piece of body) {
        seen += piece.length;
        if (seen > held) hold(seen);
        yield piece;
      }
    } finally {
      hold(0);
      if (coming.get(tenantId) === 0) coming.delete(tenantId);
    }
  }

  /** @throws FactotumError for what would be refused at the end as well: nobody shall send two gigabytes for that. */
  async function roomFor(tx: Tx, keys: TenantKeys, change: FileChange & { readonly ifNoneMatch?: '*' | undefined }) {
    const current = await findFileByPath(tx, keys.tenantId, pathMacOf(keys, change.path));
    await refuse(tx, keys, change, current);
    const { free, refusal } = await vaultRoom(tx, keys.tenantId);
    return { free: free + (current === undefined ? 0 : await bytesOf(tx, keys, current)), refusal };
  }

  /** Writes down what was stored, in one transaction with everything that follows from it. */
  async function keep(tx: Tx, keys: TenantKeys, change: FileChange & { readonly ifNoneMatch?: '*' | undefined }, stored: StoredBlob) {
    const { tenantId } = keys;
    const { path, author, at } = change;
    const pathMac = pathMacOf(keys, path);
    const current = await lockFileByPath(tx, tenantId, pathMac);
    await refuse(tx, keys, change, current);
    await blobs.record(tx, keys, stored);
    const fileId = current?.fileId ?? newId('file', at.getTime());
    const version = (current?.version ?? 0) + 1;
    const manifest = sealFileManifest(keys, fileId, version, path);
    const createdAt = current?.createdAt ?? at;
    const { id: blobId, bytes: sizeBytes } = stored;
    const row: FileRow = { tenantId, fileId, pathMac, manifest, version, blobId, sizeBytes, author, createdAt, updatedAt: at };
    const before = current === undefined ? 0 : await bytesOf(tx, keys, current);
    if (current !== undefined) {
      await updateFile(tx, row);
      await blobs.release(tx, tenantId, current.blobId);
    } else if (!(await insertFile(tx, row))) throw taken(path);
    const entry = { kind: 'file.written', actor: author, at, objectId: fileId, detail: { version, bytes: sizeBytes } } as const;
    const file = presentFile(keys, row);
    const content = { etag: file.etag, sha256: stored.sha256.toString('hex'), sizeBytes };
    const bytes = stored.sealedBytes + manifest.length - before;
    // What takes less than before is never refused, however full the vault is.
    await writeDown(tx, keys, change, { entry, changes: [{ path, kind: 'file', objectId: fileId, content }], bytes, anyhow: bytes <= 0 });
    return { file, isNew: current === undefined };
  }

  async function bytesOf(tx: Tx, keys: TenantKeys, row: FileRow): Promise<number> {
    return ((await blobs.find(tx, keys, row.blobId))?.sealedBytes ?? 0) + row.manifest.length;
  }

  async function removeIn(tx: Tx, keys: TenantKeys, change: FileChange): Promise<void> {
    const { tenantId } = keys;
    const path = normalisePath(change.path);
    const row = await lockFileByPath(tx, tenantId, pathMacOf(keys, path));
    if (row === undefined || presentFile(keys, row).path !== path) throw new FactotumError('file.not_found', `There is no file ${path}.`);
    refuseStale(change, row);
    const bytes = -(await bytesOf(tx, keys, row));
    await deleteFileRow(tx, tenantId, row.fileId);
    await blobs.release(tx, tenantId, row.blobId);
    const { author: actor, at } = change;
    const entry = { kind: 'file.deleted', actor, at, objectId: row.fileId, detail: { version: row.version } } as const;
    const changes = [{ path, kind: 'file', objectId: row.fileId, content: null }] as const;
    await writeDown(tx, keys, change, { entry, changes, bytes, anyhow: true });
  }

  async function moveIn(tx: Tx, keys: TenantKeys, change: FileChange & { readonly to: string }): Promise<VaultFile> {
    const { tenantId } = keys;
    const [from, to] = [normalisePath(change.path), normalisePath(change.to)];
    const row = await lockFileByPath(tx, tenantId, pathMacOf(keys, from));
    if (row === undefined || presentFile(keys, row).path !== from) throw new FactotumError('file.not_found', `There is no file ${from}.`);
    refuseStale(change, row);
    const pathMac = pathMacOf(keys, to);
    if ((await findIdByPath(tx, tenantId, pathMac)) !== undefined) throw taken(to);
    const version = row.version + 1;
    const manifest = sealFileManifest(keys, row.fileId, version, to);
    const { author, at } = change;
    const moved: FileRow = { ...row, pathMac, manifest, version, author, updatedAt: at };
    if (from === to || !(await relocateFile(tx, moved))) throw new FactotumError('file.exists', `There is a file ${to} already.`);
    const entry = { kind: 'file.moved', actor: author, at, objectId: row.fileId, detail: { version } } as const;
    const file = presentFile(keys, moved);
    const blob = await blobs.find(tx, keys, row.blobId);
    const content = { etag: file.etag, sha256: blob?.sha256.toString('hex') ?? '', sizeBytes: row.sizeBytes };
    const common = { kind: 'file', objectId: row.fileId } as const;
    const changes = [
      { ...common, path: from, content: null },
      { ...common, path: to, content, movedFrom: from },
    ];
    await writeDown(tx, keys, change, { entry, changes, bytes: manifest.length - row.manifest.length, anyhow: true });
    return file;
  }

  return {
    /**
     * Stores what comes as the file at a path, as its first content or the next. Conditions and quota are asked before the first byte,
     * while it comes, and once more at the end: whoever was faster wins, and nothing of this is left then.
     *
     * @param change.ifNoneMatch - '*': only where there is no file yet
     * @param bytes - how many are announced; undefined when nobody knows
     * @throws FactotumError `vault.path_invalid`, `vault.changed`, `file.exists`, `vault.exists` when a note stands there,
     * `request.too_large`, `quota.exceeded`, `storage.full`, `storage.unavailable`.
     */
    async write(
      tenantId: Id<'tenant'>,
      change: FileChange & { readonly ifNoneMatch?: '*' | undefined },
      body: AsyncIterable<Uint8Array>,
      bytes: number | undefined,
    ): Promise<{ file: VaultFile; isNew: boolean }> {
      const normal = { ...change, path: normalisePath(change.path) };
      if (bytes !== undefined && bytes > fileBytesMax) throw tooLarge();
      const keys = await keysOf(tenantId);
      const room = await inTenant(keys, (tx) => roomFor(tx, keys, normal));
      if (bytes !== undefined && bytes > room.free) throw room.refusal();
      const stored = await blobs.put(keys, fitting(tenantId, body, bytes ?? 0, room), {
        bytesMax: Math.min(room.free, sealedBytesMax),
        refusal: () => (room.free < sealedBytesMax ? room.refusal() : tooLarge()),
      });
      try {
        // Asked for anew: two gigabytes may have taken longer than a handle lives.
        const then = await keysOf(tenantId);
        return await inTenant(then, (tx) => keep(tx, then, normal, stored));
      } catch (cause) {
        await blobs.discard(tenantId, stored);
        throw cause;
      }
    },

    /** The file at exactly this path with what reads it, or null. @throws FactotumError `vault.path_invalid`, `seal.broken`. */
    async find(tenantId: Id<'tenant'>, path: string): Promise<{ readonly file: VaultFile; readonly blob: Blob } | null> {
      const normal = normalisePath(path);
      const keys = await keysOf(tenantId);
      return inTenant(keys, async (tx) => {
        const row = await findFileByPath(tx, keys.tenantId, pathMacOf(keys, normal));
        const file = row && presentFile(keys, row);
        const blob = row && (await blobs.find(tx, keys, row.blobId));
        // Found in another case: for us that is another path.
        if (!file || file.path !== normal) return null;
        if (!blob) throw new FactotumError('seal.broken', 'The content of this file is not here. Restore it from a backup.');
        return { file, blob };
      });
    },

    /** @see Blobs.read */
    read: async (tenantId: Id<'tenant'>, blob: Blob, range?: ByteRange): Promise<Readable> =>
      blobs.read(await keysOf(tenantId), blob, range),

    /** Deletes a file. Its content goes a day later. @throws FactotumError `file.not_found`, `vault.changed`, `vault.path_invalid`. */
    async remove(tenantId: Id<'tenant'>, change: FileChange): Promise<void> {
      const keys = await keysOf(tenantId);
      await inTenant(keys, (tx) => removeIn(tx, keys, change));
    },

    /**
     * Puts a file at another path; id and content go with it. Its own path in another case is free.
     *
     * @throws FactotumError `file.not_found`, `vault.changed`, `vault.path_invalid`, `vault.exists`, `file.exists`.
     */
    async move(tenantId: Id<'tenant'>, change: FileChange & { readonly to: string }): Promise<VaultFile> {
      const keys = await keysOf(tenantId);
      return inTenant(keys, (tx) => moveIn(tx, keys, change));
    },

    /** `remove` in a transaction that does more. */
    removeIn,
    /** `move` in a transaction that does more. */
    moveIn,

    /** Takes what is older than the journal of changes into it: notes and files. @see listChanges */
    async adoptIntoJournal(tenantId: Id<'tenant'>, at: Date): Promise<void> {
      const keys = await keysOf(tenantId);
      while (!(await inTenant(keys, (tx) => adoptIntoJournal(tx, keys, blobs, at))));
    },

    async list(tenantId: Id<'tenant'>, folder: string, page: { readonly after: string; readonly limit: number }): Promise<VaultFile[]> {
      const keys = await keysOf(tenantId);
      return inTenant(keys, (tx) => listFiles(tx, keys, folder, page));
    },
  };
}

/** Files in a folder and below it, by path. As paths are sealed, each page opens the manifests of all files. */
async function listFiles(
  tx: Tx,
  keys: TenantKeys,
  folder: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<VaultFile[]> {
  const start = normaliseFolder(folder);
  let found: VaultFile[] = [];
  for (let last: Id<'file'> | null = null; ; ) {
    const rows: FileRow[] = await listFileRows(tx, keys.tenantId, last, batchRows);
    for (const row of rows) {
      const file = presentFile(keys, row);
      if (file.path.startsWith(start) && file.path > after) found.push(file);
    }
    found = found.sort((one, other) => (one.path < other.path ? -1 : 1)).slice(0, limit);
    last = rows.at(-1)?.fileId ?? null;
    if (rows.length < batchRows || last === null) return found;
  }
}

/** Every file with what reads it, in the order of their ids: for archives. */
export async function* eachFile(
  tx: Tx,
  {
    tenantId,
    keysOf,
    blobs,
    onBroken,
  }: {
    readonly tenantId: Id<'tenant'>;
    readonly keysOf: () => Promise<TenantKeys>;
    readonly blobs: Blobs;
    readonly onBroken: (fileId: Id<'file'>) => void;
  },
): AsyncGenerator<{ readonly file: VaultFile; readonly blob: Blob }> {
  for (let after: Id<'file'> | null = null; ; ) {
    const rows: FileRow[] = await listFileRows(tx, tenantId, after, batchRows);
    for (const row of rows) {
      const keys = await keysOf();
      const opened = await openedOrNull(async () => {
        const blob = await blobs.find(tx, keys, row.blobId);
        return blob === null ? null : { file: presentFile(keys, row), blob };
      });
      if (opened === null) onBroken(row.fileId);
      else yield opened;
    }
    after = rows.at(-1)?.fileId ?? null;
    if (rows.length < batchRows || after === null) return;
  }
}

async function openedOrNull<T>(work: () => Promise<T | null>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FactotumError && error.code === 'seal.broken') return null;
    throw error;
  }
}

async function refuse(
  tx: Tx,
  keys: TenantKeys,
  change: FileChange & { readonly ifNoneMatch?: '*' | undefined },
  current: FileRow | undefined,
): Promise<void> {
  if (current !== undefined) {
    const { path } = presentFile(keys, current);
    if (path !== change.path || change.ifNoneMatch !== undefined)
      throw new FactotumError('file.exists', `There is a file ${path} already.`);
    if (change.ifMatch === undefined)
      throw new FactotumError('vault.changed', 'There is a file here already. Send its ETag in If-Match to replace it.');
  } else if ((await findIdByPath(tx, keys.tenantId, pathMacOf(keys, change.path))) !== undefined) throw taken(change.path);
  refuseStale(change, current);
}

function refuseStale({ ifMatch }: Pick<FileChange, 'ifMatch'>, current: FileRow | undefined): void {
  if (ifMatch === undefined || (current !== undefined && (ifMatch === '*' || ifMatch === etagOfFile(current)))) return;
  throw new FactotumError('vault.changed', `The file ${current === undefined ? 'is not there any more' : 'has changed'}. Read it again.`);
}

const taken = (path: string) =>
  new FactotumError('vault.exists', `There is a note at ${path} already, or at a path that differs in case only.`);
const tooLarge = () => new FactotumError('request.too_large', `A file holds at most ${fileBytesMax} bytes.`);
