import { z } from 'zod';
import { pageOf, pageQuery } from '../cursor.ts';
import type { BackupPort, HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { page } from '../schema.ts';
import { makeIdCursor, readIdCursor } from './cursor.ts';

const time = z.iso.datetime().nullable();
const backupSchema = z.object({
  id: z.string(),
  state: z.enum(['running', 'done', 'failed', 'pruned']),
  createdAt: z.iso.datetime(),
  finishedAt: time,
  rows: z.int(),
  bytes: z.int(),
  newBytes: z.int(),
  verifiedAt: time,
  drilledAt: time,
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const listSchema = page(backupSchema).extend({
  next: z.object({ at: z.iso.datetime() }).nullable(),
  to: z.string().nullable(),
  keysTo: z.string().nullable(),
  isSetUp: z.boolean(),
  confirmedAt: time,
});
const tag = 'operator';
const path = '/api/v1/operator/backups';

/** Backups of the installation: which there are, and making and examining them. Restoring and the recovery key are for who is at the machine. */
export function addBackupRoutes(routes: Routes, { backups }: Pick<HttpDeps, 'backups'>): void {
  routes.addOperator(
    {
      method: 'get',
      path,
      summary: 'List backups, newest first, and where they go',
      tag,
      query: z.strictObject(pageQuery),
      answers: { 200: listSchema },
      errors: ['request.cursor_invalid', 'storage.unavailable'],
    },
    async ({ query: { cursor, limit } }) => {
      const { next, ...standing } = await backups.standing();
      const rows = await backups.list({ before: readIdCursor('backup', cursor), limit: limit + 1 });
      const listed = pageOf(rows, limit, { present, cursorOf: ({ id }) => makeIdCursor(id) });
      return { status: 200, body: { ...listed, ...standing, next: next === null ? null : { at: next.at.toISOString() } } };
    },
  );
  routes.addOperator(
    {
      method: 'post',
      path,
      summary: 'Make a backup now; the job that is at it already, if there is one',
      tag,
      fresh: true,
      answers: { 202: z.object({ jobId: z.string() }) },
      errors: ['backup.conflict'],
    },
    async ({ operator }) => ({ status: 202, body: { jobId: await backups.request(operator.actor) } }),
  );
  routes.addOperator(
    {
      method: 'post',
      path: `${path}/{id}/verification`,
      summary: 'Open every piece of a backup',
      tag,
      params: z.object({ id: z.string() }),
      answers: { 202: z.object({ jobId: z.string() }) },
      errors: ['backup.not_found'],
    },
    async ({ params, operator }) => ({ status: 202, body: { jobId: await backups.requestVerification(params.id, operator.actor) } }),
  );
}

type Listed = Awaited<ReturnType<BackupPort['list']>>[number];

const present = ({ id, state, createdAt, finishedAt, rows, bytes, newBytes, verifiedAt, drilledAt, error }: Listed) => ({
  ...{ id, state, rows, bytes, newBytes, error },
  createdAt: createdAt.toISOString(),
  finishedAt: finishedAt?.toISOString() ?? null,
  verifiedAt: verifiedAt?.toISOString() ?? null,
  drilledAt: drilledAt?.toISOString() ?? null,
});
