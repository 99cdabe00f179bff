import { z } from 'zod';
import { importAsSchema } from '#flow/file';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { announcedBytes, piecesOf } from './streamed.ts';

const takenSchema = z.object({
  eventId: z.string().nullable().describe('The event that the file became; null for a mailbox and for what was recognised'),
  taskId: z.string().nullable(),
  jobId: z.string().nullable().describe('The job that takes the mails of a mailbox in'),
  path: z.string().nullable().describe('Where it lies in the vault; null for a mail'),
  recognised: z
    .object({ kind: z.string(), counts: z.record(z.string(), z.number()) })
    .nullable()
    .describe('What was made of it at once, such as the transactions of a bank statement'),
});

/** Files in, from people: each as if it had been dropped into the watched folder. 202 for one that is new, 200 for one that is known. */
export function addIncomingFileRoutes(routes: Routes, { fileIntake }: Pick<HttpDeps, 'fileIntake'>): void {
  routes.add(
    'event:write',
    {
      method: 'put',
      path: '/api/v1/uploads/{name}',
      summary: 'Send a file in, up to 2 GiB: a mail, a mailbox, a bank file or any document',
      tag: 'events',
      limit: 'intake',
      params: z.object({ name: z.string().min(1).max(500) }),
      query: z.strictObject({
        as: importAsSchema.optional().describe('Whether mails are acted on; those of a mailbox are history unless told'),
      }),
      takesBytes: true,
      answers: { 200: takenSchema, 202: takenSchema },
      errors: [
        'mail.invalid',
        'request.too_large',
        'event.conflict',
        'quota.exceeded',
        'document.busy',
        'storage.full',
        'storage.unavailable',
      ],
    },
    async ({ params, query, request, tenantId, principal }) => {
      const file = { name: params.name, body: piecesOf(request.body), sizeBytes: announcedBytes(request.headers) };
      const channel = principal.kind === 'operator' ? 'command' : 'upload';
      const door = { channel, submittedBy: principal.actor, as: query.as, books: principal.permissions.has('ledger:write') } as const;
      const { created, ...taken } = await fileIntake.take(tenantId, file, door);
      return created ? { status: 202, body: taken } : { status: 200, body: taken };
    },
  );
}
