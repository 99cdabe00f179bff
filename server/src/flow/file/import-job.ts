import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Intake, rawBytesMax } from '#flow/intake';
import { type Clock, FactotumError, type Id, isFactotumError, type JsonObject } from '#kernel';
import { defineJob, type JobHandler, type JobRun } from '#trust/job';
import type { Files } from '#trust/vault';
import { type MboxMail, splitMbox } from './mbox.ts';

export const importKind = 'mail.import';

export const importAsSchema = z.enum(['history', 'new']);
export type ImportAs = z.infer<typeof importAsSchema>;

const inputSchema = z.strictObject({ path: z.string(), as: importAsSchema, channel: z.enum(['drop', 'upload', 'command']) });
type Input = z.infer<typeof inputSchema>;

/** How far it is: bytes of the mailbox, and what became of its mails. */
const positionSchema = z.object({ bytes: z.int(), mails: z.int(), taken: z.int(), known: z.int(), unreadable: z.int() });
type Position = z.infer<typeof positionSchema>;

/** Mails that are taken in together: they share a commit. A batch ends earlier when it has this many bytes. */
const batchMails = 50;
const batchBytesMax = 8 * 1024 * 1024;
/** How long a full quota or queue is waited out at a time, in milliseconds. */
const waitMsMax = 60_000;

interface ImportDeps {
  readonly intake: Intake;
  readonly files: Files;
  readonly clock: Clock;
}

/**
 * Takes a mailbox that lies in the vault in, mail by mail, and removes it from there at the end. A process that dies is followed by one
 * that goes on behind the last batch; mails that come twice are known by their bytes.
 */
export const createImportJob = ({ intake, files, clock }: ImportDeps): JobHandler =>
  defineJob<Input>({
    kind: importKind,
    input: inputSchema,
    async run(job) {
      const tenantId = job.tenantId;
      if (tenantId === null) throw new Error('a mailbox belongs to a tenant');
      const { path } = job.input;
      let position: Position = positionSchema.safeParse(job.position).data ?? { bytes: 0, mails: 0, taken: 0, known: 0, unreadable: 0 };
      const found = await files.find(tenantId, path);
      // Another job has taken the same mailbox in, or somebody has deleted it.
      if (found === null) return counts(position);
      const { file, blob } = found;
      const body = await files.read(tenantId, blob, { start: position.bytes });
      const start = position.bytes;
      for await (const batch of batches(splitMbox(body, rawBytesMax))) {
        job.signal.throwIfAborted();
        const done = await takeBatch(intake, tenantId, job, batch);
        position = {
          bytes: start + (batch.at(-1)?.end ?? 0),
          mails: position.mails + batch.length,
          taken: position.taken + done.taken,
          known: position.known + done.known,
          unreadable: position.unreadable + done.unreadable,
        };
        await job.save({ position, progress: { done: position.bytes, of: blob.bytes, unit: 'bytes' } });
      }
      await files.remove(tenantId, { path, author: job.actor, at: clock.now(), ifMatch: file.etag }).catch((error: unknown) => {
        if (!isFactotumError(error, 'file.not_found') && !isFactotumError(error, 'vault.changed')) throw error;
      });
      if (position.mails === 0)
        throw new FactotumError('mail.invalid', 'This mailbox has no mails: none of its lines begins with "From ". Export it as mbox.');
      return counts(position);
    },
  });

const counts = ({ mails, taken, known, unreadable }: Position): JsonObject => ({ mails, taken, known, unreadable });

async function* batches(mails: AsyncIterable<MboxMail>): AsyncGenerator<MboxMail[]> {
  let batch: MboxMail[] = [];
  let bytes = 0;
  for await (const mail of mails) {
    batch.push(mail);
    bytes += mail.bytes?.length ?? 0;
    if (batch.length < batchMails && bytes < batchBytesMax) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function takeBatch(intake: Intake, tenantId: Id<'tenant'>, job: JobRun<Input>, batch: readonly MboxMail[]) {
  const outcomes = await Promise.all(batch.map(({ bytes }) => (bytes === null ? 'unreadable' : takeOne(intake, tenantId, job, bytes))));
  const of = (outcome: string) => outcomes.filter((one) => one === outcome).length;
  return { taken: of('taken'), known: of('known'), unreadable: of('unreadable') };
}

async function takeOne(
  intake: Intake,
  tenantId: Id<'tenant'>,
  job: JobRun<Input>,
  bytes: Uint8Array,
): Promise<'taken' | 'known' | 'unreadable'> {
  const { as, channel } = job.input;
  for (;;) {
    try {
      const { created } = await intake.acceptMail(tenantId, bytes, { channel, submittedBy: job.actor, history: as === 'history' });
      return created ? 'taken' : 'known';
    } catch (error) {
      if (isFactotumError(error, 'mail.invalid')) return 'unreadable';
      if (!isFactotumError(error, 'quota.exceeded') && !isFactotumError(error, 'document.busy')) throw error;
      // The tenant's rate and its turns at reading go to what else it does as well: whoever brings ten thousand at once waits.
      const { retryAfterMs } = z.looseObject({ retryAfterMs: z.number().optional() }).safeParse(error.details).data ?? {};
      if (retryAfterMs === undefined) throw error;
      await delay(Math.min(retryAfterMs + 10, waitMsMax), undefined, { signal: job.signal });
    }
  }
}
