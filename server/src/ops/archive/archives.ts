import { type Clock, FactotumError, type Id, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { addInstallationJob, readAnyJob, readTenantJob } from '#trust/job';
import { derivePassphraseKey, type InstallationKey, newPassphraseParameters, type TenantKeys } from '#trust/key';
import { keyFrom } from './codec.ts';
import { type ArchiveKind, newHeader, readHeader } from './header.ts';
import { addExportJob, exportKind, importKind } from './jobs.ts';
import { makeArchive } from './make.ts';
import { arrive, beginMove, callMoveOff, finishMove, type MoveDeps, rememberArchive, standstill } from './move.ts';
import { readPieces, removePieces, writePieces } from './pieces.ts';
import { parseRelease } from './release.ts';
import { type TakeInDeps, type TakenIn, takeIn } from './take-in.ts';

export interface ArchivesDeps extends MoveDeps, TakeInDeps {
  readonly installation: InstallationKey;
  readonly clock: Clock;
}

/** Archives of tenants, as the doors of the installation use them. */
export type Archives = ReturnType<typeof createArchives>;

interface Ask {
  readonly tenantId: Id<'tenant'>;
  readonly passphrase: string;
  readonly kind: ArchiveKind;
}

export function createArchives(deps: ArchivesDeps) {
  const { database, clock } = deps;
  const begin = async ({ tenantId, passphrase, kind }: Ask) => {
    const parameters = newPassphraseParameters();
    const key = await derivePassphraseKey(passphrase, parameters);
    return { key, header: newHeader({ tenantId, kind, madeAt: clock.now(), key: parameters }) };
  };

  return {
    /**
     * Adds the job that makes an archive.
     *
     * @param inTransaction - runs what is given as one transaction of the tenant
     * @throws FactotumError `request.invalid` for a passphrase that protects nothing.
     */
    async request(
      keys: TenantKeys,
      ask: Omit<Ask, 'tenantId'> & { readonly actor: string },
      inTransaction: <R>(work: (tx: Tx) => Promise<R>) => Promise<R>,
    ): Promise<Id<'job'>> {
      const begun = await begin({ ...ask, tenantId: keys.tenantId });
      return inTransaction((tx) => addExportJob(tx, keys, { ...begun, actor: ask.actor, at: clock.now() }));
    },

    /** The bytes of an archive that is ready. @throws FactotumError `job.not_found`, also when it is not ready or has been taken away. */
    async fetch(tx: Tx, tenantId: Id<'tenant'>, jobId: string): Promise<AsyncIterable<Uint8Array>> {
      const job = await readTenantJob(tx, tenantId, jobId);
      const pieces = readPieces(database.app.db, { tenantId, archiveId: jobId });
      const first = job.kind === exportKind && job.state === 'done' ? await pieces.next() : { done: true, value: undefined };
      if (first.done === true || first.value === undefined)
        throw new FactotumError('job.not_found', 'There is no archive of this job: it is not ready yet, or a day has passed.');
      return startingWith(first.value, pieces);
    },

    /** Makes an archive now, while it is being read: for who is at the machine. */
    async *stream(ask: Ask): AsyncGenerator<Buffer> {
      await deps.sequencer.drained();
      const begun = await begin(ask);
      yield* pulled((write) => makeArchive(deps, begun, write).then(() => undefined));
    },

    /**
     * Stops a tenant and makes the archive that it moves with, while it is being read. To be repeated when it broke off.
     *
     * @throws FactotumError `tenant.wrong_state`, `request.invalid`; the tenant has not been stopped when the first piece does not come.
     */
    async *depart({ actor, ...ask }: Omit<Ask, 'kind'> & { readonly actor: string }): AsyncGenerator<Buffer> {
      const begun = await begin({ ...ask, kind: 'whole' });
      await beginMove(deps, { tenantId: ask.tenantId, actor });
      await standstill(deps, ask.tenantId);
      yield* pulled(async (write) => rememberArchive(deps, ask.tenantId, await makeArchive(deps, begun, write)));
    },
    callOff: (tenantId: Id<'tenant'>, actor: string) => callMoveOff(deps, { tenantId, actor }),
    /** Lets go of a tenant. @returns the release, as text. */
    finish: async (tenantId: Id<'tenant'>, actor: string, to: string) => JSON.stringify(await finishMove(deps, { tenantId, actor, to })),
    /** @param release - as text; null when the operator answers for it that the other side is gone */
    arrive: (tenantId: Id<'tenant'>, actor: string, release: string | null) =>
      arrive(deps, { tenantId, actor, release: release === null ? null : parseRelease(release) }),

    /** Takes an archive in while it is being sent: for who is at the machine. */
    take: (source: AsyncIterable<Uint8Array>, passphrase: string): Promise<TakenIn> =>
      takeIn(deps, source, { keyOf: keyFrom(passphrase), at: clock.now() }),

    /** Keeps an archive that is sent and adds the job that takes it in. @throws FactotumError `archive.invalid` when it is none. */
    async receive(source: AsyncIterable<Uint8Array>, passphrase: string, actor: string): Promise<Id<'job'>> {
      const { header, headerBytes, rest } = await readHeader(source);
      const ref = { tenantId: header.tenantId, archiveId: newId('job') };
      const key = await derivePassphraseKey(passphrase, header.key);
      try {
        await writePieces(database.app.db, ref, startingWith(headerBytes, rest));
        const input = { ...ref, key: key.toString('base64') };
        return await addInstallationJob(database.engine, deps.installation, { kind: importKind, input, actor, at: clock.now() });
      } catch (error) {
        await removePieces(database.app.db, ref);
        throw error;
      }
    },
    readJob: (jobId: string) => readAnyJob(database.engine, jobId),
  };
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

/** Turns work that writes into something that is read: it writes no faster than somebody reads, and ends when nobody does any more. */
async function* pulled(work: (write: (bytes: AsyncIterable<Buffer>) => Promise<void>) => Promise<void>): AsyncGenerator<Buffer> {
  const begun = Promise.withResolvers<AsyncIterator<Buffer>>();
  const read = Promise.withResolvers<void>();
  const working = work(async (bytes) => {
    begun.resolve(bytes[Symbol.asyncIterator]());
    await read.promise;
  });
  working.catch(begun.reject);
  const bytes = await begun.promise;
  try {
    for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) yield next.value;
    read.resolve();
    await working;
  } finally {
    // Only who has read to the end has an archive. After that this says nothing new.
    read.reject(new Error('reading the archive broke off'));
    await bytes.return?.();
    await working.catch(() => undefined);
  }
}
