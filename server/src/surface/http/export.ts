import { z } from 'zod';
import { recordAudit } from '#trust/audit';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

const exportSchema = z.strictObject({
  passphrase: z
    .string()
    .max(1_024)
    .meta({ description: 'At least 12 characters. It is kept nowhere: without it nobody opens the archive.' }),
  secrets: z.boolean().default(false).meta({
    description: 'Whether everything goes along that another installation needs to go on: keys, hashes of passwords, connections.',
  }),
});

/** Everything of a tenant in one sealed archive. */
export function addExportRoutes(routes: Routes, { archives }: Pick<HttpDeps, 'archives'>): void {
  routes.add(
    'tenant:export',
    {
      method: 'post',
      path: '/api/v1/exports',
      limit: 'export',
      summary: 'Put everything into one sealed archive',
      tag: 'settings',
      fresh: true,
      whileClosing: true,
      body: jsonBody(exportSchema, { bytesMax: 8_192 }),
      answers: { 202: z.object({ jobId: z.string() }) },
    },
    async ({ body: { passphrase, secrets }, keys, principal, inTenant }) => {
      const jobId = await archives.request(keys, { passphrase, kind: secrets ? 'whole' : 'copy', actor: principal.actor }, inTenant);
      return { status: 202, body: { jobId } };
    },
  );

  routes.add(
    'tenant:export',
    {
      method: 'get',
      path: '/api/v1/exports/{jobId}/archive',
      limit: 'export',
      summary: 'Fetch an archive that is ready, within a day',
      tag: 'settings',
      params: z.object({ jobId: z.string() }),
      answers: { 200: 'application/octet-stream' },
      errors: ['job.not_found'],
    },
    async ({ params: { jobId }, tenantId, principal, now, inTenant }) => {
      const archive = await inTenant((tx) => archives.fetch(tx, tenantId, jobId));
      // Before the first byte: what is being taken out is told even if the reader hangs up.
      await inTenant((tx) =>
        recordAudit(tx, tenantId, [
          { kind: 'tenant.exported', actor: principal.actor, at: now, objectId: tenantId, state: 'fetched', detail: { job: jobId } },
        ]),
      );
      return new Response(ReadableStream.from(archive), {
        headers: {
          'content-type': 'application/octet-stream',
          'content-disposition': `attachment; filename="${tenantId}.factotum"`,
          'cache-control': 'no-store',
        },
      });
    },
  );
}
