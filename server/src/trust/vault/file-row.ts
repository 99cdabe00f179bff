import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Id } from '#kernel';
import type { TenantKeys } from '#trust/key';
import type { FileRow } from './file-store.ts';

/** A file of the vault: anything that is no note, of any size. Only its newest content is kept. */
export interface VaultFile {
  readonly fileId: Id<'file'>;
  readonly path: string;
  /** Counts the contents and places that it has had. */
  readonly version: number;
  /** Changes with every content, says nothing about it. Not quoted. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly author: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const manifestSchema = z.strictObject({ path: z.string() });
const manifestRef = (id: string, version: number) => ({ kind: 'file.manifest', id, version });

export const sealFileManifest = (keys: TenantKeys, fileId: Id<'file'>, version: number, path: string): Buffer =>
  keys.sealJson(manifestRef(fileId, version), { path });

export function presentFile(keys: TenantKeys, row: FileRow): VaultFile {
  const { path } = keys.openJson(manifestRef(row.fileId, row.version), row.manifest, manifestSchema);
  const { fileId, version, sizeBytes, author, createdAt, updatedAt } = row;
  return { fileId, path, version, etag: etagOfFile(row), sizeBytes, author, createdAt, updatedAt };
}

/** The blob's id is drawn anew for each content, so this says nothing about it. */
export const etagOfFile = ({ fileId, version, blobId }: Pick<FileRow, 'fileId' | 'version' | 'blobId'>): string =>
  createHash('sha256').update(`factotum/file-etag/v1\0${fileId}/${version}/${blobId}`).digest('base64url').slice(0, 22);
