import { type Accepted, type Intake, type ReadDocumentOf, rawBytesMax } from '#flow/intake';
import { type Clock, errorCatalogue, FactotumError, type Id, isFactotumError } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import { addTenantJob } from '#trust/job';
import type { KeysOf } from '#trust/key';
import type { Files } from '#trust/vault';
import { arrivalOf } from './arrival.ts';
import { type ImportAs, importKind } from './import-job.ts';
import { type IncomingFile, type KeptFile, keepFile } from './keep.ts';
import { collect, peek } from './peek.ts';
import { headBytes, sortOf } from './sort.ts';
import { pathOfEvent } from './store.ts';

/** By which door a file comes, and who brings it. */
export interface FileDoor {
  readonly channel: 'drop' | 'upload' | 'command';
  /** As the audit log names them. */
  readonly submittedBy: string;
  /** Whether mails are news to act on, or what was there before. A mailbox is history unless it is said. */
  readonly as?: ImportAs | undefined;
  /** Whether what is recognised is booked; false for those who may not keep the books. It is if nothing is said. */
  readonly books?: boolean;
}

/** What became of a file: an event with its task, a job that takes a mailbox in, or something that another part of the product has kept. */
export interface TakenFile {
  readonly eventId: string | null;
  readonly taskId: string | null;
  readonly jobId: Id<'job'> | null;
  /** Where it lies in the vault; null for a mail, which is kept with its event. */
  readonly path: string | null;
  readonly created: boolean;
  /** What was made of it where it was recognised, in counts: such as the transactions of a bank statement. */
  readonly recognised: Recognised | null;
}

export interface Recognised {
  /** Like `bank_statement`. */
  readonly kind: string;
  readonly counts: Readonly<Record<string, number>>;
}

interface RecogniserDoor {
  readonly channel: FileDoor['channel'] | 'connection';
  readonly submittedBy: string;
}

/**
 * Takes files of one kind in by itself. Asked with every file that is small enough; idempotent, as a file may come again.
 *
 * @returns null for what it does not know
 * @throws FactotumError whose code does not pass by itself (`retry`) for what is wrong with the file: it then becomes an event like any
 * other, which says so
 */
export type FileRecogniser = (
  tenantId: Id<'tenant'>,
  file: { readonly name: string; readonly bytes: Uint8Array },
  door: RecogniserDoor,
) => Promise<Recognised | null>;

export interface FileIntakeDeps {
  readonly app: RoleDatabase;
  readonly keysOf: KeysOf;
  readonly intake: Intake;
  readonly files: Files;
  readonly readDocumentOf: ReadDocumentOf;
  readonly recognisers: readonly FileRecogniser[];
  readonly clock: Clock;
}

export type FileIntake = ReturnType<typeof createFileIntake>;

/** Recognisers read a file whole; no bank statement comes near. */
const recognisedBytesMax = 32 * 1024 * 1024;

/** The one door for files, whichever way they come. */
export function createFileIntake(deps: FileIntakeDeps) {
  const { app, keysOf, intake, files, clock } = deps;

  async function takeMail(tenantId: Id<'tenant'>, body: AsyncIterable<Uint8Array>, { as, ...door }: FileDoor): Promise<TakenFile> {
    const bytes = await collect(body, rawBytesMax);
    if (bytes === null)
      throw new FactotumError('request.too_large', `A mail has ${rawBytesMax} bytes at most. Send its attachments by themselves.`);
    return taken(await intake.acceptMail(tenantId, bytes, { ...door, history: as === 'history' }), null);
  }

  async function takeMailbox(tenantId: Id<'tenant'>, file: IncomingFile, door: FileDoor): Promise<TakenFile> {
    const { path } = await keepFile(deps, tenantId, file, door.submittedBy);
    const keys = await keysOf(tenantId);
    const { channel, submittedBy: actor, as = 'history' } = door;
    const jobId = await withTenant(app.db, tenantId, (tx) =>
      addTenantJob(tx, keys, { kind: importKind, input: { path, as, channel }, actor, at: clock.now() }),
    );
    return { eventId: null, taskId: null, jobId, path, created: true, recognised: null };
  }

  async function takeFile(tenantId: Id<'tenant'>, file: IncomingFile, door: FileDoor): Promise<TakenFile> {
    const kept = await keepFile(deps, tenantId, file, door.submittedBy);
    if (kept.sizeBytes === 0) {
      await discard(tenantId, kept, door);
      throw new FactotumError('request.invalid', 'The file is empty.');
    }
    const { recognised, warnings } =
      door.books === false ? { recognised: null, warnings: [] } : await recognise(tenantId, file.name, kept, door);
    if (recognised !== null) return { eventId: null, taskId: null, jobId: null, path: kept.path, created: kept.isNew, recognised };
    const { channel, submittedBy } = door;
    const accepted = await intake.accept(tenantId, {
      source: 'files',
      kind: 'file.arrived',
      externalId: `sha256:${kept.sha256}`,
      isContentId: true,
      ...(await read(tenantId, file.name, kept, warnings)),
      history: door.as === 'history',
      provenance: { channel, submittedBy, integrity: 'untrusted' },
    });
    if (accepted.created || !kept.isNew) return taken(accepted, kept.path);
    // The same content came before, under another name or in another month: it is there already.
    const before = await pathOfEvent(app, await keysOf(tenantId), accepted.eventId);
    if (before === null || before === kept.path || (await files.find(tenantId, before)) === null) return taken(accepted, kept.path);
    await discard(tenantId, kept, door);
    return taken(accepted, before);
  }

  async function recognise(
    tenantId: Id<'tenant'>,
    name: string,
    kept: KeptFile,
    { channel, submittedBy }: RecogniserDoor,
  ): Promise<{ recognised: Recognised | null; warnings: string[] }> {
    const warnings: string[] = [];
    const isRead = deps.recognisers.length > 0 && kept.sizeBytes <= recognisedBytesMax;
    const bytes = isRead ? await collect(await open(tenantId, kept), recognisedBytesMax) : null;
    for (const recogniser of bytes === null ? [] : deps.recognisers) {
      try {
        const recognised = await recogniser(tenantId, { name, bytes: bytes ?? new Uint8Array() }, { channel, submittedBy });
        if (recognised !== null) return { recognised, warnings };
      } catch (error) {
        if (!isFactotumError(error) || errorCatalogue[error.code].retry) throw error;
        warnings.push(error.message);
      }
    }
    return { recognised: null, warnings };
  }

  async function open(tenantId: Id<'tenant'>, { path }: KeptFile): Promise<AsyncIterable<Uint8Array>> {
    const found = await files.find(tenantId, path);
    if (found === null)
      throw new FactotumError('file.not_found', 'The file was removed from the vault while it was taken in. Send it again.');
    return files.read(tenantId, found.blob);
  }

  const read = async (tenantId: Id<'tenant'>, name: string, kept: KeptFile, warnings: readonly string[] = []) =>
    arrivalOf({ name, warnings }, kept, async (options) =>
      deps.readDocumentOf(tenantId)({ name, stream: whenRead(tenantId, kept), sizeBytes: kept.sizeBytes }, options),
    );

  /** Opened when its turn has come: until then it holds nothing open. */
  async function* whenRead(tenantId: Id<'tenant'>, kept: KeptFile): AsyncGenerator<Uint8Array> {
    yield* await open(tenantId, kept);
  }

  const discard = (tenantId: Id<'tenant'>, { path, etag }: KeptFile, { submittedBy }: FileDoor) =>
    files.remove(tenantId, { path, author: submittedBy, at: clock.now(), ifMatch: etag });

  return {
    /**
     * Takes a file in: a mail as a mail, a mailbox by a job, what is recognised by who knows it, anything else as an event
     * `file.arrived` of the source `files` with what it says. Kept before it is told of, and known again by its content.
     *
     * @throws FactotumError `mail.invalid`, `request.invalid`, `request.too_large`, `quota.exceeded`, `document.busy`, `storage.*`, what a
     * recogniser says.
     */
    async take(tenantId: Id<'tenant'>, file: IncomingFile, door: FileDoor): Promise<TakenFile> {
      const { head, body } = await peek(file.body, headBytes);
      const sort = sortOf(file.name, head);
      if (sort === 'mail') return takeMail(tenantId, body, door);
      return sort === 'mailbox' ? takeMailbox(tenantId, { ...file, body }, door) : takeFile(tenantId, { ...file, body }, door);
    },
    /** Keeps a file and reads it, and leaves the event to the caller, who commits it with something else. */
    async keep(tenantId: Id<'tenant'>, file: IncomingFile, submittedBy: string): Promise<KeptArrival> {
      const kept = await keepFile(deps, tenantId, file, submittedBy);
      const { recognised, warnings } = await recognise(tenantId, file.name, kept, { channel: 'connection', submittedBy });
      return { ...kept, recognised, ...(await read(tenantId, file.name, kept, warnings)) };
    },
  };
}

/** A file in the vault with what an event tells of it. */
export type KeptArrival = KeptFile & Awaited<ReturnType<typeof arrivalOf>> & { readonly recognised: Recognised | null };

const taken = ({ eventId, taskId, created }: Accepted, path: string | null): TakenFile => ({
  eventId,
  taskId,
  jobId: null,
  path,
  created,
  recognised: null,
});
