import { z } from 'zod';
import { ask } from '../api.ts';
import type { Command } from '../command.ts';
import { list, table } from '../table.ts';

const jobSchema = z.object({
  id: z.string(),
  kind: z.string(),
  tenantId: z.string().nullable(),
  state: z.string(),
  progress: z.object({ done: z.number(), of: z.number().nullable(), unit: z.string() }).nullable(),
  result: z.record(z.string(), z.json()).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  createdBy: z.string(),
  createdAt: z.string(),
  runAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
type Job = z.output<typeof jobSchema>;

export const jobCommands: readonly Command[] = [
  {
    name: 'job list',
    usage: '[--tenant T]',
    about: 'Show long work like exports and erasures, newest first.',
    async run({ given, backend }) {
      const tenant = given.text('tenant');
      const { items } = await ask(await backend(), z.object({ items: z.array(jobSchema) }), {
        path: '/operator/jobs',
        ...(tenant === undefined ? {} : { tenant }),
      });
      const rows = items.map((job) => [job.id, job.kind, job.tenantId, job.state, progressText(job), job.runAt, job.error?.code]);
      return {
        json: items,
        text: rows.length === 0 ? 'There is no long work.' : table(['ID', 'KIND', 'TENANT', 'STATE', 'PROGRESS', 'FROM', 'FAULT'], rows),
      };
    },
  },
  {
    name: 'job show',
    usage: 'JOB-ID',
    about: 'Show how far a piece of long work is, and what came of it.',
    operands: ['JOB-ID'],
    async run({ given, backend }) {
      return show(await ask(await backend(), jobSchema, { path: pathOf(given.operand('JOB-ID')) }));
    },
  },
  {
    name: 'job cancel',
    usage: 'JOB-ID',
    about: 'Call a piece of long work off. What runs ends at its next step. An erasure is called off with: factotum tenant resume',
    operands: ['JOB-ID'],
    async run({ given, backend }) {
      return show(await ask(await backend(), jobSchema, { method: 'DELETE', path: pathOf(given.operand('JOB-ID')) }));
    },
  },
];

const pathOf = (id: string) => `/operator/jobs/${encodeURIComponent(id)}`;

function show(job: Job) {
  const { id, kind, tenantId, state, createdBy, createdAt, runAt, startedAt, finishedAt, error, result } = job;
  const fault = error === null ? null : `${error.code}: ${error.message}`;
  return {
    json: job,
    text: list({
      ...{ id, kind, tenant: tenantId, state, progress: progressText(job), fault },
      result: result === null ? null : JSON.stringify(result),
      ...{ by: createdBy, created: createdAt, from: runAt, began: startedAt, ended: finishedAt },
    }),
  };
}

const progressText = ({ progress }: Job): string | null =>
  progress === null ? null : `${progress.done}${progress.of === null ? '' : ` of ${progress.of}`} ${progress.unit}`;
