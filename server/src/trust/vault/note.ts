import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import type { TenantKeys } from '#trust/key';

/** What a version did to its note. */
export type NoteChange = z.infer<typeof manifestSchema>['change'];

/** The sealed part of a row: where the note stands in this version, and how it came there. */
const manifestSchema = z.strictObject({
  path: z.string(),
  change: z.enum(['written', 'moved', 'deleted', 'restored']),
  /** Where it was moved from. */
  from: z.string().optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** One version of a note, without its content. */
export interface NoteVersion {
  readonly noteId: Id<'note'>;
  readonly path: string;
  readonly version: number;
  readonly change: NoteChange;
  /** Changes with every version, says nothing about the content. Not quoted. */
  readonly etag: string;
  readonly sizeBytes: number;
  /** Written by an authenticated member, and untouched by any tool since. */
  readonly trusted: boolean;
  readonly author: string;
  readonly updatedAt: Date;
}

/** A note as it is read. */
export interface Note extends NoteVersion {
  /** As UTF-8 text; what is no text (an image) only `bytes` has unharmed. */
  readonly content: string;
  readonly bytes: Buffer;
}

/** The most a note may hold: 5 MB. */
export const noteBytesMax = 5_000_000;

/** @throws FactotumError `request.too_large`; `request.invalid` for half a surrogate pair, which no file could hold. */
export function contentBytes(content: string | Uint8Array): Uint8Array {
  if (typeof content === 'string' && !content.isWellFormed())
    throw new FactotumError('request.invalid', 'The text holds half of a surrogate pair. Send well-formed Unicode.');
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  if (bytes.length > noteBytesMax)
    throw new FactotumError('request.too_large', `A note holds at most ${noteBytesMax} bytes; this has ${bytes.length}. Split it.`);
  return bytes;
}

/** What the content is known by: equal for equal bytes of the same note, to this tenant only. */
export const contentMacOf = (keys: TenantKeys, noteId: Id<'note'>, bytes: Uint8Array): Buffer => keys.mac('note.content', noteId, bytes);

/** Opaque, 128 bits. The version is in it, so that writing the old text again is a change too. */
export const etagOf = (row: { readonly noteId: string; readonly version: number; readonly contentMac: Uint8Array }): string =>
  createHash('sha256').update(`factotum/etag/v1\0${row.noteId}/${row.version}\0`).update(row.contentMac).digest('base64url').slice(0, 22);

export const sealManifest = (keys: TenantKeys, noteId: Id<'note'>, version: number, manifest: Manifest): Buffer =>
  keys.sealJson({ kind: 'note.manifest', id: noteId, version }, manifest);
export const openManifest = (keys: TenantKeys, noteId: Id<'note'>, version: number, sealed: Buffer): Manifest =>
  keys.openJson({ kind: 'note.manifest', id: noteId, version }, sealed, manifestSchema);

export const sealBody = (keys: TenantKeys, noteId: Id<'note'>, version: number, bytes: Uint8Array): Buffer =>
  keys.seal('content', { kind: 'note', id: noteId, version }, bytes);
export const openBody = (keys: TenantKeys, noteId: Id<'note'>, version: number, sealed: Buffer): Buffer =>
  keys.open('content', { kind: 'note', id: noteId, version }, sealed);
