import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, type JsonObject } from '#kernel';
import { type Database, type Remains, withTenant } from '#kernel/database';
import { discardPending, publicHead, type Sequencer } from '#trust/audit';
import { defineJob, type JobHandler, type JobRun } from '#trust/job';
import type { InstallationKey, Keyring, RemoveRemains } from '#trust/key';
import { type Destruction, findCertificate, keepCertificate, signCertificate } from './certificate.ts';
import { deleteContent } from './erase-rows.ts';
import { changeState, eraseKind } from './life.ts';
import { emptyTenantRow, findTenantRow } from './store.ts';

export interface EraseDeps {
  readonly database: Pick<Database, 'app' | 'sequencer'>;
  readonly keyring: Keyring;
  readonly sequencer: Pick<Sequencer, 'drained' | 'kick'>;
  /** Takes the tenant out of identity, with everybody who is in no other. @returns how many people that were. */
  readonly forgetTenant: (tenantId: Id<'tenant'>) => Promise<number>;
  readonly installation: InstallationKey;
  /** Folders that have one sub-folder a tenant, named like it. */
  readonly folders: readonly string[];
  /** Removes what lies in the storage of large objects. @returns how many objects that were. */
  readonly removeObjects?: (tenantId: Id<'tenant'>) => Promise<number>;
  /** Takes what is left of destroyed keys out of the database's files. */
  readonly removeRemains: RemoveRemains;
  /** For how many days key backups are kept: the certificate says until when one may still hold what was destroyed. */
  readonly keyBackupDays: number;
  readonly clock: Clock;
  /** How long other processes may still take the tenant for a living one, in milliseconds. */
  readonly settleMs?: number;
}

/** A second more than any process believes what it knows of a tenant. */
const settleMsDefault = 6_000;
/** Longer than any transaction but that of a backup under way lasts, in milliseconds. */
const remainsMsMax = 60_000;

const positionSchema = z.looseObject({
  phase: z.enum(['begin', 'settle', 'keys', 'content', 'sign']),
  requestedBy: z.string().default(''),
  requestedAt: z.string().default(''),
  keys: z.array(z.object({ generation: z.int(), provider: z.string(), kekId: z.string(), wrappedSha256: z.string() })).default([]),
  auditLog: z.object({ origin: z.string(), verifierKey: z.string(), checkpoint: z.string() }).optional(),
  rows: z.record(z.string(), z.int()).default({}),
  objects: z.int().default(0),
  people: z.int().default(0),
});
type Position = z.output<typeof positionSchema>;

/**
 * The job that erases a tenant whose time has come: its keys first, which makes all that was sealed unreadable wherever a copy lies, then
 * rows, files and people. The audit log stays, it holds no content; a certificate says what was destroyed. Each step can be repeated.
 */
export function createEraseJob(deps: EraseDeps): JobHandler {
  return defineJob({
    kind: eraseKind,
    input: z.null(),
    async run(job) {
      const { tenantId } = job;
      if (tenantId === null) throw new FactotumError('tenant.not_found', 'A job that erases is about a tenant.');
      let position = positionSchema.parse(job.position ?? { phase: 'begin' });
      const go = async (next: Partial<Position>) => {
        position = { ...position, ...next };
        await job.save({ position: position as JsonObject }); // Strings, numbers, lists and objects of them.
      };
      if (position.phase === 'begin') {
        const begun = await begin(deps, tenantId, job);
        // The closing was called off in the same moment.
        if (begun === null) return { erased: false };
        await go({ phase: 'settle', ...begun });
      }
      if (position.phase === 'settle') {
        await pause(deps.settleMs ?? settleMsDefault, undefined, { signal: job.signal });
        await go({ phase: 'keys', ...(await lastWords(deps, tenantId)) });
      }
      if (position.phase === 'keys') {
        await deps.keyring.destroy(tenantId);
        await go({ phase: 'content' });
      }
      if (position.phase === 'content') await go({ phase: 'sign', ...(await destroyContent(deps, tenantId, job, position)) });
      return sign(deps, tenantId, position, await deps.removeRemains({ withinMs: remainsMsMax, signal: job.signal }));
    },
  });
}

/** From here on there is no way back: the tenant is not found any more. @returns null when it is not to be erased. */
async function begin({ database, sequencer, clock }: EraseDeps, tenantId: Id<'tenant'>, { actor }: JobRun<null>) {
  const at = clock.now();
  const begun = await withTenant(database.app.db, tenantId, async (tx) => {
    const row = await findTenantRow(tx, tenantId);
    // Erased by a try whose position was lost with its process.
    if (row?.state === 'erased') return { requestedBy: actor, requestedAt: row.stateSince.toISOString() };
    if (row?.state !== 'closing' || row.erasesAt === null || row.erasesAt > at) return null;
    await changeState(tx, tenantId, { from: ['closing'], to: 'erased', at, actor, kind: 'tenant.erased' });
    return { requestedBy: actor, requestedAt: row.stateSince.toISOString() };
  });
  sequencer.kick();
  return begun;
}

/** What the certificate says of keys and log, while both are still there. */
async function lastWords({ database, keyring, sequencer }: EraseDeps, tenantId: Id<'tenant'>): Promise<Partial<Position>> {
  await sequencer.drained();
  const head = await withTenant(database.app.db, tenantId, (tx) => publicHead(tx, tenantId));
  const keys = [...(await keyring.fingerprints(tenantId))];
  return {
    keys,
    ...(head === null ? {} : { auditLog: { origin: head.origin, verifierKey: head.verifierKey, checkpoint: head.checkpoint } }),
  };
}

async function destroyContent(deps: EraseDeps, tenantId: Id<'tenant'>, job: JobRun<null>, before: Position): Promise<Partial<Position>> {
  const { database } = deps;
  const name = (await withTenant(database.app.db, tenantId, (tx) => findTenantRow(tx, tenantId)))?.name ?? '';
  const rows = await deleteContent(database.app, tenantId, { ...before.rows }, async (soFar) => {
    const done = Object.values(soFar).reduce((sum, count) => sum + count, 0);
    await job.save({ position: { ...before, rows: soFar } as JsonObject, progress: { done, of: null, unit: 'rows' } }); // As above.
  });
  for (const folder of deps.folders) if (name !== '') await empty(join(folder, name));
  const objects = (await deps.removeObjects?.(tenantId)) ?? 0;
  // Until now its name was taken in identity, so that these folders could be nobody else's.
  const people = await deps.forgetTenant(tenantId);
  // From here on it may be another tenant's, and then it is not empty and stays.
  for (const folder of deps.folders) if (name !== '') await rmdir(join(folder, name)).catch(() => undefined);
  await withTenant(database.app.db, tenantId, (tx) => emptyTenantRow(tx, tenantId));
  // What came in after the last checkpoint can be signed by nobody any more.
  await discardPending(database.sequencer, tenantId);
  return { rows, objects: before.objects + objects, people: before.people + people };
}

/** A folder that is not there is empty. One that cannot be looked at may not be: then nothing is certified, and the job comes again. */
async function empty(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw new FactotumError(
      'tenant.files_stay',
      "Files in the tenant's drop or outbox folder cannot be removed. See to the folder's rights.",
      {
        cause,
      },
    );
  }
}

async function sign(
  { database, installation, keyBackupDays, clock }: EraseDeps,
  tenantId: Id<'tenant'>,
  position: Position,
  remains: Remains,
): Promise<JsonObject> {
  const { requestedBy, requestedAt, keys, rows, objects, people, auditLog } = position;
  const erasedAt = clock.now();
  const statement: Destruction = {
    tenantId,
    requestedBy,
    requestedAt,
    erasedAt: erasedAt.toISOString(),
    keys,
    rows,
    objects,
    people,
    keyBackupsUntil: new Date(erasedAt.getTime() + keyBackupDays * 86_400_000).toISOString(),
    remains,
    auditLog: auditLog ?? { origin: '', verifierKey: '', checkpoint: '' },
  };
  await withTenant(database.app.db, tenantId, async (tx) => {
    if ((await findCertificate(tx, tenantId)) === null)
      await keepCertificate(tx, tenantId, signCertificate(installation, statement), erasedAt);
  });
  return { erased: true, people, rows: Object.values(rows).reduce((sum, count) => sum + count, 0) };
}
