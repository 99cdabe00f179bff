import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { Blobs } from '#trust/blob';
import type { TenantKeys } from '#trust/key';
import { presentFile } from './file-row.ts';
import { findFileById } from './file-store.ts';
import {
  type ChangedKind,
  type ChangeRow,
  filesOutside,
  lockClock,
  notesOutside,
  putChanges,
  readClock,
  selectChanges,
  selectGone,
  selectLiveGenerated,
  setGeneratedMac,
  takeNumbers,
} from './journal-store.ts';
import { pathMacOf, presentNote, readNotes } from './read.ts';
import { findById } from './store.ts';

/** The last that happened at a path. */
export interface VaultChange {
  /** Grows with every change of the vault. */
  readonly seq: number;
  readonly path: string;
  readonly kind: ChangedKind;
  /** Of the note or file, the task or approval: the same after a move. */
  readonly objectId: string;
  readonly deleted: boolean;
  readonly etag: string | null;
  /** SHA-256 of the content as it is served, in lower-case hex; null of what is deleted. */
  readonly sha256: string | null;
  readonly sizeBytes: number;
  /** Where it stood before, if the last change was a move. */
  readonly movedFrom: string | null;
  readonly changedAt: Date;
}

/** What came to lie at a path, or (`content` null) went from there. */
export interface JournalEntry {
  readonly path: string;
  readonly kind: ChangedKind;
  readonly objectId: string;
  readonly content: { readonly etag: string; readonly sha256: string; readonly sizeBytes: number } | null;
  readonly movedFrom?: string | undefined;
}

const manifestSchema = z.strictObject({
  path: z.string(),
  etag: z.string().optional(),
  sha256: z.string().optional(),
  bytes: z.int().min(0).optional(),
  from: z.string().optional(),
});
const refOf = (pathMac: Buffer, version: number) => ({ kind: 'vault.change', id: pathMac.toString('hex'), version });

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Where notes stand now that have stood at other paths, as far as the journal remembers: new paths by the old ones. For a few at once. */
export async function movedNotes(tx: Tx, keys: TenantKeys, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const macs = new Map(paths.map((path) => [pathMacOf(keys, path).toString('hex'), path]));
  const gone = await selectGone(
    tx,
    keys.tenantId,
    [...macs.keys()].map((mac) => Buffer.from(mac, 'hex')),
  );
  // Of notes: their ids.
  const notes = await readNotes(tx, keys, [...new Set(gone.map(({ objectId }) => objectId as Id<'note'>))]);
  const now = new Map<string, string>(notes.map(({ noteId, path }) => [noteId, path]));
  return new Map(
    gone.flatMap(({ pathMac, objectId }) => {
      const [from, to] = [macs.get(pathMac.toString('hex')), now.get(objectId)];
      return from === undefined || to === undefined ? [] : [[from, to] as const];
    }),
  );
}

/**
 * Writes down what changed, in the transaction that changes it, near its end: the tenant's numbers are locked until it commits. That is
 * what lets a reader trust that nothing comes before what it has read.
 */
export async function recordChanges(tx: Tx, keys: TenantKeys, at: Date, entries: readonly JournalEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const { tenantId } = keys;
  const first = (await takeNumbers(tx, tenantId, entries.length)) - entries.length + 1;
  const rows = entries.map(({ path, kind, objectId, content, movedFrom }, index): ChangeRow => {
    const pathMac = pathMacOf(keys, path);
    const seq = first + index;
    const manifest = keys.sealJson(refOf(pathMac, seq), {
      path,
      ...(content === null ? {} : { etag: content.etag, sha256: content.sha256, bytes: content.sizeBytes }),
      ...(movedFrom === undefined ? {} : { from: movedFrom }),
    });
    return { tenantId, pathMac, seq, kind, objectId, deleted: content === null, manifest, changedAt: at };
  });
  // One statement cannot change a row twice: of several entries for one spelling of a path the last counts.
  const last = new Map(rows.map((row) => [row.pathMac.toString('hex'), row]));
  await putChanges(tx, [...last.values()]);
}

/** Where a reader of the changes stands. */
export interface JournalPlace {
  readonly seq: number;
  /** Up to where deletions had been forgotten when the reader began. */
  readonly prunedSeq: number;
}

/**
 * The changes behind a place, oldest first, one a path. Replayed in their order they turn the tree as it was there into the tree as it is.
 * Two spellings of a path that differ in case or normalisation are one path; the newer is what it is called.
 *
 * @param from - null: everything from the beginning
 * @throws FactotumError `request.cursor_invalid` when deletions behind the place are forgotten already: begin again.
 */
export async function listChanges(
  tx: Tx,
  keys: TenantKeys,
  from: JournalPlace | null,
  limit: number,
): Promise<{ readonly changes: VaultChange[]; readonly next: JournalPlace; readonly hasMore: boolean }> {
  const { prunedSeq = 0 } = (await readClock(tx, keys.tenantId)) ?? {};
  if (from !== null && from.prunedSeq < prunedSeq && from.seq < prunedSeq)
    throw new FactotumError(
      'request.cursor_invalid',
      'This place is too long ago: what was deleted since is forgotten. Begin without a cursor.',
    );
  const rows = await selectChanges(tx, keys.tenantId, from?.seq ?? 0, limit + 1);
  const shown = rows.slice(0, limit);
  const next = { seq: shown.at(-1)?.seq ?? from?.seq ?? 0, prunedSeq: from?.prunedSeq ?? prunedSeq };
  return { changes: shown.map((row) => present(keys, row)), next, hasMore: rows.length > limit };
}

const outsideAtOnce = 200;

/** Takes notes and files into the journal that are older than it, some at a time. @returns whether all are in. */
export async function adoptIntoJournal(tx: Tx, keys: TenantKeys, blobs: Pick<Blobs, 'find'>, at: Date): Promise<boolean> {
  const { tenantId } = keys;
  const noteIds = await notesOutside(tx, tenantId, outsideAtOnce);
  const fileIds = await filesOutside(tx, tenantId, outsideAtOnce);
  if (noteIds.length === 0 && fileIds.length === 0) return true;
  const entries: JournalEntry[] = [];
  for (const noteId of noteIds) {
    const row = await findById(tx, tenantId, noteId);
    if (row === undefined || row.deletedAt !== null) continue;
    const { path, etag, bytes } = presentNote(keys, row);
    entries.push({ path, kind: 'note', objectId: noteId, content: { etag, sha256: sha256Of(bytes), sizeBytes: bytes.length } });
  }
  for (const fileId of fileIds) {
    const row = await findFileById(tx, tenantId, fileId);
    const blob = row && (await blobs.find(tx, keys, row.blobId));
    if (!row || !blob) continue;
    const { path, etag } = presentFile(keys, row);
    entries.push({ path, kind: 'file', objectId: fileId, content: { etag, sha256: blob.sha256.toString('hex'), sizeBytes: blob.bytes } });
  }
  await recordChanges(tx, keys, at, entries);
  return noteIds.length < outsideAtOnce && fileIds.length < outsideAtOnce;
}

/** A note that is drawn from rows, as it is now. */
export interface DrawnNote {
  readonly path: string;
  readonly objectId: string;
  readonly etag: string;
  readonly content: string;
}

/**
 * Writes down what has changed among the notes that are drawn from rows: nobody tells the journal when a task moves on, so whoever reads
 * the changes looks first.
 *
 * @param draw - draws all of them; asked a second time under the lock if anything has changed
 */
export async function recordDrawn(tx: Tx, keys: TenantKeys, at: Date, draw: () => Promise<readonly DrawnNote[]>): Promise<void> {
  const { tenantId } = keys;
  const seen = digestOf(keys, await draw());
  if ((await readClock(tx, tenantId))?.generatedMac?.equals(seen) === true) return;
  await lockClock(tx, tenantId);
  const drawn = await draw();
  const before = new Map((await selectLiveGenerated(tx, tenantId)).map((row) => [row.pathMac.toString('hex'), present(keys, row)]));
  const entries: JournalEntry[] = [];
  const wasAt = new Map([...before.values()].map(({ objectId, path }) => [objectId, path]));
  for (const { path, objectId, etag, content } of drawn) {
    const key = pathMacOf(keys, path).toString('hex');
    const known = before.get(key);
    before.delete(key);
    if (known?.etag === etag) continue;
    const from = wasAt.get(objectId);
    const bytes = Buffer.from(content);
    entries.push({
      ...{ path, kind: 'generated', objectId, content: { etag, sha256: sha256Of(bytes), sizeBytes: bytes.length } },
      ...(from === undefined || from === path ? {} : { movedFrom: from }),
    });
  }
  const gone = [...before.values()].map(({ path, objectId }): JournalEntry => ({ path, kind: 'generated', objectId, content: null }));
  await recordChanges(tx, keys, at, [...gone, ...entries]);
  await setGeneratedMac(tx, tenantId, digestOf(keys, drawn));
}

const digestOf = (keys: TenantKeys, notes: readonly DrawnNote[]): Buffer =>
  keys.mac(
    'vault.drawn',
    notes
      .map(({ path, etag }) => `${path}\n${etag}\n`)
      .sort()
      .join(''),
  );

function present(keys: TenantKeys, row: ChangeRow): VaultChange {
  const {
    path,
    etag = null,
    sha256 = null,
    bytes = 0,
    from = null,
  } = keys.openJson(refOf(row.pathMac, row.seq), row.manifest, manifestSchema);
  const { seq, kind, objectId, deleted, changedAt } = row;
  return { seq, path, kind, objectId, deleted, etag, sha256, sizeBytes: bytes, movedFrom: from, changedAt };
}
