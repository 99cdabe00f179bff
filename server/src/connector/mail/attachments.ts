import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { ToolContext } from '#flow/tool';
import { FactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { readNote } from '#trust/vault';
import type { MailDeps } from './account.ts';
import type { Attachment } from './compose.ts';

/** What all attachments of a mail may have: in base64 a third more, which most servers still take. */
const attachedBytesMax = 18 * 1024 * 1024;

/** Notes and files of the vault, to go along with a mail. @throws FactotumError `vault.not_found`, `request.too_large`. */
export async function readAttachments(deps: MailDeps, { tenantId }: ToolContext, paths: readonly string[]): Promise<Attachment[]> {
  const attachments: Attachment[] = [];
  let room = attachedBytesMax;
  for (const path of new Set(paths)) {
    const content = await contentAt(deps, tenantId, path, room);
    room -= content.byteLength;
    if (room < 0) throw tooLarge();
    attachments.push({ name: posix.basename(path), content });
  }
  return attachments;
}

async function contentAt(
  { database, keysOf, files }: MailDeps,
  tenantId: ToolContext['tenantId'],
  path: string,
  bytesMax: number,
): Promise<Buffer> {
  const found = await files.find(tenantId, path);
  if (found !== null) {
    // Before it is read: a file of the vault may have two gigabytes.
    if (found.file.sizeBytes > bytesMax) throw tooLarge();
    return buffer(await files.read(tenantId, found.blob));
  }
  const keys = await keysOf(tenantId);
  const note = await withTenant(database.app.db, tenantId, (tx) => readNote(tx, keys, path));
  if (note === null) throw new FactotumError('vault.not_found', `There is nothing at ${path} in the vault to attach.`);
  return note.bytes;
}

const tooLarge = () =>
  new FactotumError('request.too_large', `Attachments have at most ${attachedBytesMax} bytes in all. Send large files another way.`);
