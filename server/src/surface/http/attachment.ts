import { Readable } from 'node:stream';
import { z } from 'zod';
import { keepFile } from '#flow/file';
import { mailAttachments } from '#flow/intake';
import { FactotumError } from '#kernel';
import { showRead } from './access.ts';
import type { HttpDeps } from './deps.ts';
import { selectRawMail } from './event-store.ts';
import type { Call, Routes } from './route.ts';
import { downloadHeaders } from './streamed.ts';

const params = z.object({ id: z.string(), n: z.string() });
const keptSchema = z.object({ path: z.string(), sizeBytes: z.int() });

/** What came with a mail, by its number in the event's payload, from 0. */
export function addAttachmentRoutes(
  routes: Routes,
  { vaultFiles, accessLog, clock }: Pick<HttpDeps, 'vaultFiles' | 'accessLog' | 'clock'>,
): void {
  routes.add(
    'task:read',
    {
      method: 'get',
      path: '/api/v1/events/{id}/attachments/{n}',
      summary: 'Read an attachment of a mail, always as a download. Needs vault:read as well',
      tag: 'events',
      params,
      answers: { 200: 'application/octet-stream' },
      errors: ['file.not_found'],
    },
    async (call) => {
      if (!call.principal.permissions.has('vault:read'))
        throw new FactotumError('auth.forbidden', 'Attachments are for those who may read the vault.');
      const { name, content } = await attachmentOf(call);
      await showRead(accessLog, call, { objectId: call.params.id, detail: { bytes: content.byteLength } }, () => undefined);
      return new Response(new Uint8Array(content), {
        headers: { ...downloadHeaders(name), 'cache-control': 'private, no-store', 'content-length': String(content.byteLength) },
      });
    },
  );

  routes.add(
    'vault:write',
    {
      method: 'post',
      path: '/api/v1/events/{id}/attachments/{n}/keep',
      summary: 'Keep an attachment of a mail as a file of the vault',
      tag: 'events',
      params,
      answers: { 200: keptSchema, 201: keptSchema },
      errors: ['file.not_found', 'quota.exceeded', 'storage.full', 'storage.unavailable'],
    },
    async (call) => {
      if (!call.principal.permissions.has('task:read'))
        throw new FactotumError('auth.forbidden', 'Mails are for those who may read tasks.');
      const { name, content } = await attachmentOf(call);
      const file = { name, body: Readable.from([content], { objectMode: false }), sizeBytes: content.byteLength };
      const { path, sizeBytes, isNew } = await keepFile({ files: vaultFiles, clock }, call.tenantId, file, call.principal.actor);
      return isNew ? { status: 201, body: { path, sizeBytes } } : { status: 200, body: { path, sizeBytes } };
    },
  );
}

type AttachmentCall = Pick<Call<typeof params>, 'params' | 'keys' | 'tenantId' | 'inTenant'>;

/** @throws FactotumError `file.not_found`, also for another tenant's mail. */
async function attachmentOf({ params: { id, n }, keys, tenantId, inTenant }: AttachmentCall) {
  const sealed = /^\d{1,2}$/.test(n) ? await inTenant((tx) => selectRawMail(tx, tenantId, id)) : null;
  const raw = sealed === null ? null : keys.open('content', { kind: 'event.raw', id }, sealed);
  const attachment = raw === null ? undefined : (await mailAttachments(raw))[Number(n)];
  if (attachment === undefined) throw new FactotumError('file.not_found', 'There is no such attachment.');
  return { ...attachment, name: attachment.name === '' ? `attachment-${n}` : attachment.name };
}
