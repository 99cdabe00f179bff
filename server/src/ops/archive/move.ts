import { setTimeout as pause } from 'node:timers/promises';
import { orderWords } from '#flow/task';
import { type Clock, FactotumError, type Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { closeLog, packTail, releaseLog, type Sequencer } from '#trust/audit';
import { hashIdentity, packIdentity } from '#trust/identity';
import { changeState, readTenant } from '#trust/tenant';
import { conflict } from './fault.ts';
import { type ArchiveDeps, type ArchiveFacts, readTasksEpoch } from './make.ts';
import { countLeased, endMove, findMove, noteArchive, openMove } from './move-store.ts';
import { newRelease, type Release } from './release.ts';

export interface MoveDeps extends ArchiveDeps {
  readonly sequencer: Pick<Sequencer, 'drained' | 'kick'>;
  readonly clock: Clock;
  /** Caches of a tenant's state and keys are older than this by the time an archive is made, in milliseconds. */
  readonly settleMs?: number;
  /** Somebody may want to look: the tenant works again. */
  readonly onWork?: (tenantId: Id<'tenant'>) => void;
}

interface Act {
  readonly tenantId: Id<'tenant'>;
  readonly actor: string;
}

/** Above the five seconds that a tenant's state and its keys are believed. */
const settleMsDefault = 6_000;
/** A step that takes longer than this is one that a person has to look at. */
const standstillMsMax = 10 * 60_000;
const lookMs = 50;

/**
 * Stops a tenant here: nothing is taken in and no work begun from now on, whatever a process still believes; steps that run come to their
 * end. Repeated while it is moving it does nothing.
 *
 * @throws FactotumError `tenant.wrong_state`, `tenant.not_found`.
 */
export async function beginMove(deps: MoveDeps, { tenantId, actor }: Act): Promise<void> {
  const at = deps.clock.now();
  await withTenant(deps.database.app.db, tenantId, async (tx) => {
    const { state } = await readTenant(tx, tenantId);
    if (state === 'moving' && (await findMove(tx, tenantId, 'away'))?.state === 'open') return;
    await openMove(tx, tenantId, at);
    await changeState(tx, tenantId, { from: ['active'], to: 'moving', at, actor, kind: 'tenant.changed' });
  });
  deps.sequencer.kick();
}

/**
 * Waits until nothing moves any more: no task is worked on, every entry is numbered, and no process believes what was before.
 *
 * @throws FactotumError `server.busy` when a step takes longer than ten minutes; `tenant.wrong_state` when the move was called off.
 */
export async function standstill(deps: MoveDeps, tenantId: Id<'tenant'>, signal?: AbortSignal): Promise<void> {
  const { clock, database } = deps;
  const giveUpAtMs = clock.monotonicMs() + standstillMsMax;
  for (;;) {
    const { leased, sinceMs } = await withTenant(database.app.db, tenantId, async (tx) => {
      const { state, stateSince } = await readTenant(tx, tenantId);
      if (state !== 'moving') throw new FactotumError('tenant.wrong_state', 'The tenant is not being moved.', { details: { state } });
      return { leased: await countLeased(tx, tenantId), sinceMs: clock.now().getTime() - stateSince.getTime() };
    });
    if (leased === 0 && sinceMs >= (deps.settleMs ?? settleMsDefault)) break;
    if (clock.monotonicMs() > giveUpAtMs)
      throw new FactotumError('server.busy', 'A step of the tenant takes very long. Try again when it has ended, or call the move off.');
    await pause(lookMs, undefined, signal === undefined ? {} : { signal });
  }
  await deps.sequencer.drained();
}

/** Keeps what the archive of a move held. */
export const rememberArchive = (deps: MoveDeps, tenantId: Id<'tenant'>, facts: ArchiveFacts): Promise<void> =>
  withTenant(deps.database.app.db, tenantId, (tx) => noteArchive(tx, tenantId, facts));

/**
 * Calls a move off: the tenant works on here, nothing was lost. An archive that was made for it can never be released.
 *
 * @throws FactotumError `tenant.wrong_state` once it has moved, and where no move away is open.
 */
export async function callMoveOff(deps: MoveDeps, { tenantId, actor }: Act): Promise<void> {
  const at = deps.clock.now();
  await withTenant(deps.database.app.db, tenantId, async (tx) => {
    const move = await findMove(tx, tenantId, 'away');
    if (move?.state !== 'open') throw noMove();
    await endMove(tx, tenantId, { direction: 'away', state: 'called off', at });
    await changeState(tx, tenantId, { from: ['moving'], to: 'active', at, actor, kind: 'tenant.resumed' });
  });
  deps.sequencer.kick();
  deps.onWork?.(tenantId);
}

/**
 * Lets go of a tenant for good: from now on its API answers with the new address, its log ends with the move, and it never works here again.
 * Repeated with the same address it gives the same release.
 *
 * @returns what the new side needs to begin.
 * @throws FactotumError `archive.conflict` when something has changed since the archive was made, `tenant.wrong_state`.
 */
export async function finishMove(deps: MoveDeps, { tenantId, actor, to }: Act & { readonly to: string }): Promise<Release> {
  const { database, clock } = deps;
  const movedTo = new URL(to).origin;
  const at = clock.now();
  const identityHash = hashIdentity(await packIdentity(database.auth, tenantId));
  const logSize = await withTenant(database.app.db, tenantId, async (tx) => {
    const move = await findMove(tx, tenantId, 'away');
    if (move === undefined || move.state === 'called off') throw noMove();
    if (move.logSize === null || move.identityHash === null)
      throw conflict('There is no archive of this move yet: factotum tenant move --to FILE.');
    if (move.state === 'moved') {
      if ((await readTenant(tx, tenantId)).movedTo !== movedTo) throw conflict('The tenant has moved to another address already.');
      return move.logSize;
    }
    if (
      !move.identityHash.equals(identityHash) ||
      move.tasksEpoch !== (await readTasksEpoch(tx, tenantId)) ||
      (await countLeased(tx, tenantId)) > 0
    )
      throw conflict('People, keys or tasks have changed since the archive was made. Make another one, take that in, and try again.');
    await endMove(tx, tenantId, { direction: 'away', state: 'moved', at });
    await changeState(tx, tenantId, { from: ['moving'], to: 'moved', at, actor, movedTo, kind: 'tenant.changed' });
    return move.logSize;
  });
  await deps.sequencer.drained();
  const keys = await deps.keyring.of(tenantId);
  await closeLog(database.sequencer, keys, {
    kind: 'tenant.moved',
    actor,
    at,
    objectId: tenantId,
    state: 'moved',
    detail: { to: movedTo },
  });
  const log = await withTenant(database.app.db, tenantId, (tx) => packTail(tx, tenantId, logSize));
  return newRelease({ tenantId, movedTo, log });
}

/**
 * Begins to work for a tenant that was taken in: continues its log from where the other side ended it.
 *
 * @param act.release - null when the operator answers for it that the other side is gone and never comes back
 * @throws FactotumError `archive.conflict` when the release belongs to another archive, `tenant.wrong_state`.
 */
export async function arrive(deps: MoveDeps, { tenantId, actor, release }: Act & { readonly release: Release | null }): Promise<void> {
  const { database, clock } = deps;
  const at = clock.now();
  const move = await withTenant(database.app.db, tenantId, (tx) => findMove(tx, tenantId, 'here'));
  if (move === undefined) throw noMove();
  if (move.state === 'released') return;
  if (release !== null && release.tenantId !== tenantId) throw conflict('This release is of another tenant.');
  const keys = await deps.keyring.of(tenantId);
  try {
    await releaseLog(database.sequencer, keys, release?.log ?? null);
  } catch (error) {
    if (error instanceof FactotumError && error.code === 'audit.broken') throw conflict(`This release does not fit. ${error.message}`);
    throw error;
  }
  await withTenant(database.app.db, tenantId, async (tx) => {
    await endMove(tx, tenantId, { direction: 'here', state: 'released', at });
    const detail = {
      released: release === null ? 'by the operator' : 'by the other side',
      entries: String(release?.log.head.size ?? move.logSize ?? 0),
    };
    await changeState(tx, tenantId, { from: ['moving'], to: 'active', at, actor, kind: 'tenant.imported', detail });
    // Jobs stay behind, and an older release has no words of tasks.
    await orderWords(tx, keys, { actor, at });
  });
  deps.sequencer.kick();
  deps.onWork?.(tenantId);
}

const noMove = () => new FactotumError('tenant.wrong_state', 'The tenant is not being moved.');
