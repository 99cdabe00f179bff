import { z } from 'zod';
import { FactotumError } from '#kernel';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { readUpload, uploadType } from '../upload.ts';

/** A tenant that comes from another installation. */
export function addImportRoutes(routes: Routes, { archives }: Pick<HttpDeps, 'archives'>): void {
  routes.addOperator(
    {
      method: 'post',
      path: '/api/v1/operator/imports',
      limit: 'export',
      summary: 'Take in an archive: a line of JSON with its `passphrase`, then its bytes',
      tag: 'operator',
      fresh: true,
      answers: { 202: z.object({ jobId: z.string() }) },
      errors: ['archive.invalid', 'archive.conflict', 'request.unsupported_type'],
    },
    async ({ request, operator }) => {
      if (request.headers.get('content-type') !== uploadType)
        throw new FactotumError('request.unsupported_type', `Send the body as ${uploadType}.`, { details: { accepted: [uploadType] } });
      const { passphrase, bytes } = await readUpload(request.body);
      return { status: 202, body: { jobId: await archives.receive(bytes, passphrase, operator.actor) } };
    },
  );
}
