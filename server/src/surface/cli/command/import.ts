import { createReadStream } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ask, Refusal } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { list } from '../table.ts';

const takenSchema = z.looseObject({ eventId: z.string().nullable(), taskId: z.string().nullable(), jobId: z.string().nullable() });
const acceptedSchema = z.looseObject({ eventId: z.string(), taskId: z.string().nullable() });
const jobSchema = z.looseObject({
  state: z.string(),
  progress: z.looseObject({ done: z.number(), of: z.number().nullable(), unit: z.string() }).nullable(),
  result: z.record(z.string(), z.number()).nullable(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
});

/** How often the job is asked how far it is, and how long a full quota is waited out without a hint, in milliseconds. */
const lookMs = 1_000;
const quotaWaitMs = 5_000;
const tellEvery = 500;

export const importCommands: readonly Command[] = [
  {
    name: 'import',
    usage: 'PATH [--as history|new] [--tenant T]',
    about:
      'Take mails in: a mailbox (.mbox), a mail (.eml), or a folder of mails such as a Maildir. As history they are kept and found, and nothing is done because of them; with --as new they are acted on. Broken off, it is simply begun again: what is in is known.',
    operands: ['PATH'],
    options: { as: { type: 'string' } },
    async run(context) {
      const path = context.given.operand('PATH');
      const as = context.given.text('as') ?? 'history';
      if (as !== 'history' && as !== 'new') throw new UsageError('Say --as history or --as new.');
      const status = await stat(path).catch(() => null);
      if (status === null) throw new UsageError(`${path} cannot be read.`);
      const counts = status.isDirectory() ? await importFolder(context, path, as) : await importFile(context, path, as);
      return { json: counts, text: list(counts) };
    },
  },
];

type Counts = Record<string, number>;

async function importFile(context: CommandContext, path: string, as: string): Promise<Counts> {
  if (!/\.(?:mbox|mbx)$/i.test(path)) return { mails: 1, [await importMail(context, path, as)]: 1 };
  const tenant = await context.tenant();
  const backend = await context.backend();
  context.say('Sending the mailbox in.');
  // A file's stream is one of bytes.
  const bytes = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  const { jobId } = await ask(backend, takenSchema, {
    method: 'PUT',
    path: `/api/v1/uploads/${encodeURIComponent(basename(path))}?as=${as}`,
    tenant,
    raw: { bytes, type: 'application/mbox' },
  });
  if (jobId === null) throw new UsageError(`${path} is no mailbox.`);
  context.say(`The job ${jobId} takes it in, also if this command is ended: factotum job show ${jobId}`);
  for (let told = ''; ; ) {
    const { state, progress, result, error } = await ask(backend, jobSchema, { path: `/operator/jobs/${jobId}` });
    const share = progress?.of ? `${Math.floor((100 * progress.done) / progress.of)} %` : '';
    if (share !== told) context.say(share);
    told = share;
    if (state === 'done') return result ?? {};
    if (state === 'failed' || state === 'cancelled') throw new UsageError(error === null ? 'The job was called off.' : error.message);
    await delay(lookMs);
  }
}

/** One after the other, in the order of their names: a server that has other things to do is not flooded. */
async function importFolder(context: CommandContext, folder: string, as: string): Promise<Counts> {
  const counts: Counts = { mails: 0, taken: 0, unreadable: 0 };
  for (const path of await mailsIn(folder)) {
    const outcome = await importMail(context, path, as);
    counts.mails = (counts.mails ?? 0) + 1;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (counts.mails % tellEvery === 0) context.say(`${counts.mails} mails`);
  }
  if (counts.mails === 0) throw new UsageError(`There are no mails in ${folder}: files that end in .eml, or a Maildir with cur and new.`);
  return counts;
}

/** Files named as mails, and those in the folders of a Maildir, whose names say nothing. */
async function mailsIn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of await opendir(folder, { recursive: true })) {
    const isMaildir = /(?:^|[\\/])(?:cur|new)$/.test(entry.parentPath) && !entry.name.startsWith('.');
    if (entry.isFile() && (isMaildir || /\.eml$/i.test(entry.name))) paths.push(join(entry.parentPath, entry.name));
  }
  return paths.sort();
}

async function importMail(context: CommandContext, path: string, as: string): Promise<'taken' | 'unreadable'> {
  const bytes = await readFile(path);
  const tenant = await context.tenant();
  const raw = { bytes, type: 'message/rfc822' };
  for (;;) {
    try {
      await ask(await context.backend(), acceptedSchema, { method: 'POST', path: `/api/v1/events/mail?as=${as}`, tenant, raw });
      return 'taken';
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.problem.code === 'mail.invalid' || error.problem.code === 'request.too_large') return 'unreadable';
      if (error.problem.code !== 'quota.exceeded') throw error;
      const { retryAfterMs = quotaWaitMs } =
        z.looseObject({ retryAfterMs: z.number().optional() }).safeParse(error.problem.details).data ?? {};
      await delay(retryAfterMs);
    }
  }
}
