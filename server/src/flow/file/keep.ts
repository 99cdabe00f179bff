import { createHash } from 'node:crypto';
import { type Clock, FactotumError, type Id, isFactotumError } from '#kernel';
import type { Files } from '#trust/vault';
import { numbered, safeName } from './file-name.ts';

/** A file on its way in. */
export interface IncomingFile {
  /** As whoever sent it calls it. */
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Undefined when nobody knows. */
  readonly sizeBytes?: number | undefined;
}

/** A file that lies in the vault. */
export interface KeptFile {
  readonly path: string;
  readonly etag: string;
  readonly sizeBytes: number;
  /** Of its content, in hexadecimal. */
  readonly sha256: string;
  /** It was put there by this call, and not by an earlier one that brought the same. */
  readonly isNew: boolean;
}

/** Files of one name in one month: beyond it somebody is playing. */
const namesMax = 1_000;

/**
 * Keeps a file in the vault, sealed, under `Inbox/Files/<year>-<month>/` and its name or, where another file has that, its name and a
 * number. The same content under the same name is kept once. Streamed: a file of any size takes the same few megabytes.
 *
 * @throws FactotumError `request.too_large`, `quota.exceeded`, `storage.full`, `storage.unavailable`.
 */
export async function keepFile(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  tenantId: Id<'tenant'>,
  { name, body, sizeBytes }: IncomingFile,
  author: string,
): Promise<KeptFile> {
  const at = clock.now();
  const folder = `Inbox/Files/${at.toISOString().slice(0, 7)}`;
  const wanted = safeName(name);
  const others: { path: string; etag: string; sizeBytes: number; sha256: string }[] = [];
  for (let number = 1; number <= namesMax; number += 1) {
    const path = `${folder}/${numbered(wanted, number)}`;
    const there = await files.find(tenantId, path);
    if (there !== null) {
      const { file, blob } = there;
      others.push({ path, etag: file.etag, sizeBytes: blob.bytes, sha256: blob.sha256.toString('hex') });
      continue;
    }
    const counted = counting(body);
    let stored: Awaited<ReturnType<Files['write']>>;
    try {
      stored = await files.write(tenantId, { path, author, at, ifNoneMatch: '*' }, counted.body, sizeBytes);
    } catch (error) {
      // A note, or a name that differs in case only: seen before anything was read.
      if (!counted.hasBegun() && (isFactotumError(error, 'vault.exists') || isFactotumError(error, 'file.exists'))) continue;
      throw error;
    }
    const sha256 = counted.sha256();
    const same = others.find((other) => other.sha256 === sha256);
    if (same === undefined) return { path, etag: stored.file.etag, sizeBytes: stored.file.sizeBytes, sha256, isNew: true };
    await files.remove(tenantId, { path, author, at, ifMatch: stored.file.etag });
    return { ...same, isNew: false };
  }
  throw new FactotumError('file.exists', `There are ${namesMax} files of this name. Give it another one.`);
}

/** Passes a body on and sums it up. */
function counting(source: AsyncIterable<Uint8Array>) {
  const hash = createHash('sha256');
  let hasBegun = false;
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      hasBegun = true;
      hash.update(piece);
      yield piece;
    }
  }
  return { body: body(), hasBegun: () => hasBegun, sha256: () => hash.digest('hex') };
}
