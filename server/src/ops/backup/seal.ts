import { createHmac, hkdfSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { isFactotumError } from '#kernel';
import { openStreamUnder, sealStreamUnder } from '#trust/key';
import { invalid } from './fault.ts';

/** What a repository's backup key is good for: each use has a key of its own. */
export interface BackupKeys {
  /** Seals chunks and manifests, for one context each. */
  readonly seal: Uint8Array;
  /** Names chunks by their plain bytes: equal bytes, one chunk, and nobody without the key can tell what is in it. */
  nameOf(plain: Uint8Array): string;
  /** Where tables are cut into chunks. */
  readonly cut: number;
}

/** @param key - 32 random bytes, of one repository */
export function deriveBackupKeys(key: Uint8Array): BackupKeys {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha512', key, '', `factotum/backup/v1/${purpose}`, 32));
  const naming = derive('name');
  return {
    seal: derive('seal'),
    nameOf: (plain) => createHmac('sha256', naming).update(plain).digest('hex'),
    cut: derive('cut').readUInt32BE(0),
  };
}

/** Seals something that fits into memory. @param context - what it is: it opens as nothing else */
export async function sealWhole(key: Uint8Array, context: string, plain: Uint8Array): Promise<Buffer> {
  const sealing = sealStreamUnder(key, Buffer.from(context), new Uint8Array());
  const [sealed] = await Promise.all([buffer(sealing), pipeline(Readable.from([plain], { objectMode: false }), sealing)]);
  return sealed;
}

/** Opens what `sealWhole` made. @throws FactotumError `backup.invalid` for anything else. */
export async function openWhole(key: Uint8Array, context: string, sealed: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const failure = (cause: unknown) =>
    isFactotumError(cause) ? cause : invalid('it was changed, cut off, or sealed under another key', cause);
  const opening = openStreamUnder(key, Buffer.from(context), failure);
  const [plain] = await Promise.all([buffer(opening), pipeline(sealed, opening)]);
  return plain;
}
