import { createPoller, type Id, type Poller } from '#kernel';
import { listSecrets, type SecretScope } from '#trust/secret';
import type { RotationDeps } from './jobs.ts';
import { startRotation } from './start.ts';
import { hasRotation } from './store.ts';

export interface DueOptions extends RotationDeps {
  /** Tenants whose work goes on. */
  readonly listTenants: () => Promise<readonly { readonly id: Id<'tenant'> }[]>;
  readonly onOrdered: () => void;
  readonly intervalMs?: number;
}

const hourMs = 3_600_000;
const intervalMsDefault = hourMs;
/** Long enough for every program that fetches its credentials once a day. */
const graceMs = 24 * hourMs;
/** A rotation that failed is tried again by itself after this. */
const pauseMs = 24 * hourMs;

/** Orders rotations that are due. Any number of processes may do so. A look finds how many it ordered. */
export function createDueRotations(options: DueOptions): Poller<number> {
  const { clock, inUnit, kinds, log, database, intervalMs = intervalMsDefault } = options;

  async function lookAt(scope: SecretScope): Promise<number> {
    const now = clock.now();
    const due = await inUnit(scope, async (unit) =>
      (await listSecrets(unit)).filter(
        ({ rotateAt, kind, reference }) =>
          rotateAt !== null && rotateAt <= now && reference === null && kinds.get(kind)?.makesValues === true,
      ),
    );
    let ordered = 0;
    for (const { id, name } of due) {
      const failedSince = new Date(now.getTime() - pauseMs);
      const isTried = await (scope === 'installation'
        ? hasRotation(database.engine.db, scope, id, failedSince)
        : inUnit(scope, (_unit, tx) => hasRotation(tx, scope, id, failedSince)));
      if (isTried) continue;
      try {
        await startRotation(options, { scope, id, graceMs, actor: 'system:rotation' });
        ordered += 1;
      } catch (error) {
        log.warn({ err: error, scope, secret: name }, 'rotation: a secret that is due could not be rotated');
      }
    }
    return ordered;
  }

  async function look(ending: AbortSignal): Promise<number> {
    let ordered = await lookAt('installation');
    for (const { id } of await options.listTenants()) {
      if (ending.aborted) break;
      ordered += await lookAt(id).catch((error: unknown) => {
        log.info({ err: error, tenantId: id }, 'rotation: the secrets of a tenant could not be looked at now');
        return 0;
      });
    }
    if (ordered > 0) options.onOrdered();
    return ordered;
  }

  return createPoller({
    look,
    everyMs: intervalMs,
    onError: (error) => log.warn({ err: error }, 'rotation: what is due could not be looked at'),
  });
}
