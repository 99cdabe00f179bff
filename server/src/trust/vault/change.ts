import { FactotumError, type Id, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import type { AuditDraft } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type JournalEntry, sha256Of } from './journal.ts';
import {
  contentBytes,
  contentMacOf,
  etagOf,
  type Manifest,
  type NoteVersion,
  openBody,
  openManifest,
  sealBody,
  sealManifest,
} from './note.ts';
import { isProtectedFromTools, normalisePath } from './path.ts';
import { findOperation, pathMacOf, presentVersion } from './read.ts';
import {
  type CurrentRow,
  findById,
  findIdByPath,
  findVersion,
  insertNote,
  insertVersion,
  lockById,
  lockByPath,
  updateNote,
} from './store.ts';
import { type Gathered, writeDown } from './together.ts';

/** Who changes a note, when, and under which conditions. */
export interface Change {
  /** The actor, as the audit log names it. */
  readonly author: string;
  /** Whether the author is an authenticated member: only they may change what decides, and only their text is trusted. */
  readonly trusted: boolean;
  readonly at: Date;
  /** The note must be at this etag, or with '*' merely exist: else `vault.changed`. */
  readonly ifMatch?: string | undefined;
  /**
   * The idempotency key of a tool's call. A call with the key of one that is committed changes nothing and answers what that one did;
   * of two at once the later waits for the earlier. Found again by `findOperation`, taken back by `undoOperation`.
   */
  readonly operationKey?: string | undefined;
  /** The task that does it, for the audit log. */
  readonly taskId?: Id<'task'> | undefined;
  /** Of changes that are one. @see together */
  readonly gathered?: Gathered | undefined;
}

export interface ChangedNote extends NoteVersion {
  /** False when there was nothing to do: the same call has been made before, or the note has this text already. */
  readonly changed: boolean;
}

/**
 * Writes a note, as its first version or the next.
 *
 * @param input.ifNoneMatch - '*': only where there is no note yet, else `vault.exists`
 * @throws FactotumError `vault.path_invalid`, `vault.protected`, `vault.changed`, `request.too_large`, `vault.exists` when a note's
 * path differs in case or normalisation only, `quota.exceeded` when the tenant's vault is full.
 */
export async function writeNote(
  tx: Tx,
  keys: TenantKeys,
  input: Change & { readonly path: string; readonly content: string | Uint8Array; readonly ifNoneMatch?: '*' | undefined },
): Promise<ChangedNote> {
  const path = normalisePath(input.path);
  const bytes = contentBytes(input.content);
  refuseProtected(input, path);
  const pathMac = pathMacOf(keys, path);
  // Twice: when somebody else puts a note there in between, it is found by the second look.
  for (let look = 1; look <= 2; look += 1) {
    const found = await lock(tx, keys, input, () => lockByPath(tx, keys.tenantId, pathMac));
    if (found.done !== undefined) return found.done;
    if (found.current === undefined) {
      refuseStale(input, undefined);
      const created = await createNote(tx, keys, input, { path, pathMac, bytes });
      if (created !== undefined) return created;
      continue;
    }
    return overwriteNote(tx, keys, input, { current: found.current, path, bytes });
  }
  throw busy();
}

/**
 * Gives a note another path; id and history go with it.
 *
 * @throws FactotumError `vault.not_found`, `vault.exists` when there is a note at the new path, `vault.path_invalid`,
 * `vault.protected`, `vault.changed`.
 */
export async function moveNote(
  tx: Tx,
  keys: TenantKeys,
  input: Change & { readonly from: string; readonly to: string },
): Promise<ChangedNote> {
  const [from, to] = [normalisePath(input.from), normalisePath(input.to)];
  refuseProtected(input, from, to);
  const found = await lock(tx, keys, input, () => lockByPath(tx, keys.tenantId, pathMacOf(keys, from)));
  if (found.done !== undefined) return found.done;
  const current = existing(keys, found.current, from);
  refuseStale(input, current);
  const pathMac = pathMacOf(keys, to);
  // Its own path in another case is free: that is how a note's case is changed.
  const other = await findIdByPath(tx, keys.tenantId, pathMac);
  if (to === from || (other !== undefined && other !== current.noteId)) throw taken(to);
  return addVersion(tx, keys, input, current, {
    manifest: { path: to, change: 'moved', from },
    pathMac,
    bytes: openBody(keys, current.noteId, current.version, current.body),
    trusted: current.trusted && input.trusted,
    kind: 'note.moved',
  });
}

/**
 * Deletes a note. Its versions stay and `restoreVersion` brings any of them back.
 *
 * @throws FactotumError `vault.not_found`, `vault.path_invalid`, `vault.protected`, `vault.changed`.
 */
export async function deleteNote(tx: Tx, keys: TenantKeys, input: Change & { readonly path: string }): Promise<ChangedNote> {
  const path = normalisePath(input.path);
  refuseProtected(input, path);
  const found = await lock(tx, keys, input, () => lockByPath(tx, keys.tenantId, pathMacOf(keys, path)));
  if (found.done !== undefined) return found.done;
  const current = existing(keys, found.current, path);
  refuseStale(input, current);
  return addVersion(tx, keys, input, current, tombstone(current, path, input));
}

/**
 * Makes a note again what it was in an earlier version, path and all, as a new version.
 *
 * A member's restoring is trusted where the version was. A tool's is so only if it takes back the very last change, since then the note
 * is exactly as its member left it.
 *
 * @throws FactotumError `vault.not_found` when there is no such version or it is a deletion, `vault.exists` when another note has taken
 * its path, `vault.protected`, `vault.changed`.
 */
export async function restoreVersion(
  tx: Tx,
  keys: TenantKeys,
  input: Change & { readonly noteId: Id<'note'>; readonly version: number },
): Promise<ChangedNote> {
  const found = await lock(tx, keys, input, () => lockById(tx, keys.tenantId, input.noteId));
  if (found.done !== undefined) return found.done;
  const { current } = found;
  const target = await findVersion(tx, keys.tenantId, input.noteId, input.version);
  if (current === undefined || target === undefined) throw notFound(`version ${input.version} of this note`);
  const { path, change } = openManifest(keys, target.noteId, target.version, target.manifest);
  if (change === 'deleted') throw notFound(`text in version ${input.version}: that one is the note's deletion`);
  refuseProtected(input, path, openManifest(keys, current.noteId, current.version, current.manifest).path);
  refuseStale(input, current);
  const pathMac = pathMacOf(keys, path);
  const other = await findIdByPath(tx, keys.tenantId, pathMac);
  if (other !== undefined && other !== input.noteId) throw taken(path);
  return addVersion(tx, keys, input, current, {
    manifest: { path, change: 'restored' },
    pathMac,
    bytes: openBody(keys, target.noteId, target.version, target.body),
    trusted: target.trusted && (input.trusted || target.version === current.version - 1),
    kind: 'note.written',
    restored: target.version,
  });
}

/**
 * Takes back what a tool's call did, once, if nobody has changed the note since: a note that it made is deleted, any other is again
 * what it was before. Asked again, it answers the same.
 *
 * @throws FactotumError `vault.not_found` when no call had this key, `vault.changed` when somebody changed the note since.
 */
export async function undoOperation(
  tx: Tx,
  keys: TenantKeys,
  input: Pick<Change, 'author' | 'at' | 'taskId'> & { readonly operationKey: string },
): Promise<ChangedNote> {
  const done = await findOperation(tx, keys, input.operationKey);
  if (done === null) throw notFound('change under this key');
  const change = { ...input, operationKey: `${input.operationKey}/undo`, trusted: false, ifMatch: done.etag };
  if (done.version > 1) return restoreVersion(tx, keys, { ...change, noteId: done.noteId, version: done.version - 1 });
  const found = await lock(tx, keys, change, () => lockById(tx, keys.tenantId, done.noteId));
  if (found.done !== undefined) return found.done;
  if (found.current === undefined) throw notFound('change under this key');
  refuseStale(change, found.current);
  return addVersion(tx, keys, change, found.current, tombstone(found.current, done.path, change));
}

type Locked = { readonly done: ChangedNote } | { readonly done?: undefined; readonly current: CurrentRow | undefined };

/**
 * Takes the lock first and looks for the outcome of an earlier call second: whoever had to wait then sees what the other committed,
 * also when that call moved or deleted the note.
 */
async function lock(tx: Tx, keys: TenantKeys, { operationKey }: Change, take: () => Promise<Id<'note'> | undefined>): Promise<Locked> {
  const noteId = await take();
  const done = operationKey === undefined ? null : await findOperation(tx, keys, operationKey);
  if (done !== null) return { done: { ...done, changed: false } };
  return { current: noteId === undefined ? undefined : await findById(tx, keys.tenantId, noteId) };
}

/** Undefined when somebody else was faster to put a note at this path. */
async function createNote(
  tx: Tx,
  keys: TenantKeys,
  change: Change,
  { path, pathMac, bytes }: { path: string; pathMac: Buffer; bytes: Uint8Array },
): Promise<ChangedNote | undefined> {
  const noteId = newId('note', change.at.getTime());
  const draft: Draft = { manifest: { path, change: 'written' }, pathMac, bytes, trusted: change.trusted, kind: 'note.written' };
  const manifest = sealManifest(keys, noteId, 1, draft.manifest);
  const { tenantId } = keys;
  const row = { tenantId, noteId, pathMac, manifest, version: 1, sizeBytes: bytes.length, trusted: change.trusted, updatedAt: change.at };
  if (!(await insertNote(tx, row))) return undefined;
  const { added, sealedBytes, entry } = await recordVersion(tx, keys, change, { noteId, version: 1, manifest, draft });
  await writeDown(tx, keys, change, { entry, changes: entriesOf(added, bytes, undefined), bytes: sealedBytes, anyhow: false });
  return added;
}

function overwriteNote(
  tx: Tx,
  keys: TenantKeys,
  input: Change & { readonly ifNoneMatch?: '*' | undefined },
  { current, path, bytes }: { current: CurrentRow; path: string; bytes: Uint8Array },
): Promise<ChangedNote> | ChangedNote {
  const present = presentVersion(keys, current);
  if (present.path !== path || input.ifNoneMatch !== undefined) throw taken(present.path);
  refuseStale(input, current);
  const isSame = current.contentMac.equals(contentMacOf(keys, current.noteId, bytes)) && (current.trusted || !input.trusted);
  // A sync writes what is there already again and again. A tool's call needs its version, to be found by its key.
  if (isSame && input.operationKey === undefined) return { ...present, changed: false };
  return addVersion(tx, keys, input, current, {
    manifest: { path, change: 'written' },
    pathMac: current.pathMac,
    bytes,
    trusted: input.trusted,
    kind: 'note.written',
  });
}

/** What the next version is to be. */
interface Draft {
  readonly manifest: Manifest;
  readonly pathMac: Buffer;
  readonly bytes: Uint8Array;
  readonly trusted: boolean;
  readonly kind: AuditDraft['kind'];
  /** The version that was brought back, for the audit log. */
  readonly restored?: number;
}

const tombstone = (current: CurrentRow, path: string, change: Change): Draft => ({
  manifest: { path, change: 'deleted' },
  pathMac: current.pathMac,
  bytes: new Uint8Array(),
  trusted: current.trusted && change.trusted,
  kind: 'note.deleted',
});

async function addVersion(tx: Tx, keys: TenantKeys, change: Change, current: CurrentRow, draft: Draft): Promise<ChangedNote> {
  const { noteId } = current;
  const version = current.version + 1;
  const manifest = sealManifest(keys, noteId, version, draft.manifest);
  const { added, sealedBytes, entry } = await recordVersion(tx, keys, change, { noteId, version, manifest, draft });
  const isFree = await updateNote(tx, {
    tenantId: keys.tenantId,
    noteId,
    pathMac: draft.pathMac,
    manifest,
    version,
    sizeBytes: draft.bytes.length,
    trusted: draft.trusted,
    updatedAt: change.at,
    deletedAt: draft.manifest.change === 'deleted' ? change.at : null,
  });
  if (!isFree) throw taken(draft.manifest.path);
  const before = current.deletedAt === null ? openManifest(keys, noteId, current.version, current.manifest).path : undefined;
  // What takes something back is never refused for want of room.
  const anyhow = draft.manifest.change === 'deleted' || draft.manifest.change === 'restored';
  await writeDown(tx, keys, change, { entry, changes: entriesOf(added, draft.bytes, before), bytes: sealedBytes, anyhow });
  return added;
}

/** What the change was to the tree: a note that stood elsewhere before is gone from there. */
function entriesOf({ noteId: objectId, path, etag, change }: ChangedNote, bytes: Uint8Array, before: string | undefined): JournalEntry[] {
  const common = { kind: 'note', objectId } as const;
  if (change === 'deleted') return [{ ...common, path, content: null }];
  const content = { etag, sha256: sha256Of(bytes), sizeBytes: bytes.length };
  if (before === undefined || before === path) return [{ ...common, path, content }];
  return [
    { ...common, path: before, content: null },
    { ...common, path, content, movedFrom: before },
  ];
}

async function recordVersion(
  tx: Tx,
  keys: TenantKeys,
  change: Change,
  { noteId, version, manifest, draft }: { noteId: Id<'note'>; version: number; manifest: Buffer; draft: Draft },
): Promise<{ added: ChangedNote; sealedBytes: number; entry: AuditDraft }> {
  const { tenantId } = keys;
  const { author, at, operationKey = null, taskId } = change;
  const { trusted, bytes } = draft;
  const row = {
    noteId,
    version,
    contentMac: contentMacOf(keys, noteId, bytes),
    sizeBytes: bytes.length,
    author,
    trusted,
    createdAt: at,
    manifest,
  };
  const body = sealBody(keys, noteId, version, bytes);
  const inserted = await insertVersion(tx, { ...row, tenantId, operationKey, body });
  // The same key at another note at this very moment: rolled back and tried again, it will find what the other one did.
  if (!inserted) throw busy();
  // Undefined members are left out of the entry.
  const entry: AuditDraft = {
    kind: draft.kind,
    actor: author,
    at,
    objectId: noteId,
    taskId,
    detail: { version, restored: draft.restored },
  };
  const { path, change: changeKind } = draft.manifest;
  const added: ChangedNote = {
    noteId,
    path,
    version,
    change: changeKind,
    etag: etagOf(row),
    sizeBytes: bytes.length,
    trusted,
    author,
    updatedAt: at,
    changed: true,
  };
  return { added, sealedBytes: body.length + manifest.length, entry };
}

function refuseProtected(change: Change, ...paths: readonly string[]): void {
  if (change.trusted) return;
  const place = paths.find(isProtectedFromTools);
  if (place !== undefined)
    throw new FactotumError('vault.protected', `${place} decides what is done, so only members write there. Propose it in another place.`);
}

function refuseStale({ ifMatch }: Change, current: CurrentRow | undefined): void {
  if (ifMatch === undefined || (current !== undefined && (ifMatch === '*' || ifMatch === etagOf(current)))) return;
  const missing = current === undefined || current.deletedAt !== null;
  throw new FactotumError(
    'vault.changed',
    `The note ${missing ? 'is not there any more' : 'has changed since you read it'}. Read it again.`,
  );
}

function existing(keys: TenantKeys, current: CurrentRow | undefined, path: string): CurrentRow {
  if (current === undefined || openManifest(keys, current.noteId, current.version, current.manifest).path !== path)
    throw notFound(`note ${path}`);
  return current;
}

const notFound = (what: string) => new FactotumError('vault.not_found', `There is no ${what}.`);
const taken = (path: string) =>
  new FactotumError('vault.exists', `There is a note at ${path} already, perhaps spelt in another case.`, { details: { path } });
const busy = () => new FactotumError('server.busy', 'Somebody else is changing this note right now. Try again.');
