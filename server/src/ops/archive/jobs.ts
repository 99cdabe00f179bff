import { z } from 'zod';
import { FactotumError, idSchema } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { addTenantJob, defineJob, type JobHandler } from '#trust/job';
import type { TenantKeys } from '#trust/key';
import { type ArchiveHeader, archiveHeaderSchema } from './header.ts';
import { makeArchive, type Progress } from './make.ts';
import type { MoveDeps } from './move.ts';
import { findMove } from './move-store.ts';
import { type ArchiveRef, readPieces, removePieces, writePieces } from './pieces.ts';
import { type TakeInDeps, takeIn } from './take-in.ts';

export const exportKind = 'tenant.export';
export const importKind = 'tenant.import';
const forgetKind = 'tenant.export.forget';

/** How long an archive that was made can be fetched, in milliseconds. */
const fetchableMs = 24 * 60 * 60 * 1000;

/** The key is made from the passphrase before the job is: the passphrase itself is nowhere. The job's input is sealed. */
const key = z.base64();
const exportInput = z.strictObject({ header: archiveHeaderSchema, key });
const importInput = z.strictObject({ tenantId: idSchema('tenant'), archiveId: z.string(), key });

/** Adds the job that makes an archive, in the caller's transaction. */
export async function addExportJob(
  tx: Tx,
  keys: TenantKeys,
  { header, key: derived, actor, at }: { header: ArchiveHeader; key: Uint8Array; actor: string; at: Date },
) {
  const input = { header, key: Buffer.from(derived).toString('base64') };
  const id = await addTenantJob(tx, keys, { kind: exportKind, input, actor, at });
  const detail = { job: id, kind: header.kind };
  await recordAudit(tx, keys.tenantId, [{ kind: 'tenant.exported', actor, at, objectId: keys.tenantId, state: 'asked', detail }]);
  return id;
}

/** The long work of archives: making one, taking one in, taking away what nobody has fetched within a day. */
export function createArchiveJobs(deps: MoveDeps & TakeInDeps): readonly JobHandler[] {
  const { db } = deps.database.app;

  const make = defineJob({
    kind: exportKind,
    input: exportInput,
    async run({ id, tenantId, input, actor, save, signal }) {
      if (tenantId === null) throw new FactotumError('tenant.not_found', 'An export is of a tenant.');
      const ref = { tenantId, archiveId: id };
      let progress: Progress = { done: 0, of: 0 };
      const onProgress = (next: Progress) => {
        progress = next;
      };
      let bytes = 0;
      await deps.sequencer.drained();
      const what = { header: input.header, key: Buffer.from(input.key, 'base64'), onProgress };
      await makeArchive(deps, what, async (pieces) => {
        bytes = await writePieces(db, ref, pieces, {
          onPiece: async () => {
            signal.throwIfAborted();
            await save({ progress: { ...progress, unit: 'notes and tasks' } });
          },
        });
      });
      await save({ progress: { ...progress, unit: 'notes and tasks' } });
      const at = deps.clock.now();
      const keys = await deps.keyring.of(tenantId);
      await withTenant(db, tenantId, (tx) =>
        addTenantJob(tx, keys, { kind: forgetKind, input: ref, actor, at, runAt: new Date(at.getTime() + fetchableMs) }),
      );
      return { bytes, kind: input.header.kind, fetchableUntil: new Date(at.getTime() + fetchableMs).toISOString() };
    },
  });

  const forget = defineJob({
    kind: forgetKind,
    input: z.strictObject({ tenantId: idSchema('tenant'), archiveId: z.string() }),
    async run({ input }) {
      await removePieces(db, input);
      return null;
    },
  });

  const take = defineJob({
    kind: importKind,
    input: importInput,
    async run({ input, save }) {
      const ref: ArchiveRef = { tenantId: input.tenantId, archiveId: input.archiveId };
      const before = await withTenant(db, ref.tenantId, (tx) => findMove(tx, ref.tenantId, 'here'));
      // Taken in by a process that died before it could say so.
      if (before?.archiveId === ref.archiveId) {
        await removePieces(db, ref);
        return { tenantId: ref.tenantId, logSize: before.logSize };
      }
      let said = Promise.resolve();
      try {
        const taken = await takeIn(deps, readPieces(db, ref), {
          archiveId: ref.archiveId,
          keyOf: async () => Buffer.from(input.key, 'base64'),
          at: deps.clock.now(),
          onProgress: (rows) => {
            said = said.then(() => save({ progress: { done: rows, of: null, unit: 'rows' } })).catch(() => undefined);
          },
        });
        await said;
        await removePieces(db, ref);
        const { tenantId, name, rows, logSize, identity } = taken;
        return { tenantId, name, rows, logSize, people: identity.people, met: identity.met.length };
      } catch (error) {
        await said;
        // What is no archive does not become one. Anything else is tried again, for which it has to be there.
        if (error instanceof FactotumError && !error.retry) await removePieces(db, ref);
        throw error;
      }
    },
  });

  return [make, forget, take];
}
