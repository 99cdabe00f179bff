import { setTimeout } from 'node:timers/promises';
import { type Clock, createTurns, FactotumError, type Id } from '#kernel';

/** Does work with a policy text in its tenant's turn. @throws FactotumError `policy.simulation_busy` where too many wait; what the work throws. */
export type TextTurn = <R>(tenantId: Id<'tenant'>, work: () => Promise<R>) => Promise<R>;

/** What somebody types is looked at as they type. */
const waitingMax = 10;
/** After a look the thread is everybody else's for three times as long. */
const restShare = 3;
const restMsMax = 1_000;

/**
 * Turns for whoever has a policy text looked at: Cedar holds the thread 25 ms for a usual text and 300 for the longest, and all other tenants
 * of the process wait meanwhile.
 */
export function createTextTurns(clock: Pick<Clock, 'monotonicMs'>): TextTurn {
  const inTurn = createTurns<Id<'tenant'>>({
    atOnceMax: 2,
    eachMax: 1,
    waiting: {
      max: waitingMax,
      busy: () => new FactotumError('policy.simulation_busy', 'Policies of this tenant are being looked at. Try again in a moment.'),
    },
  });
  return (tenantId, work) =>
    inTurn(tenantId, async () => {
      const beganMs = clock.monotonicMs();
      try {
        return await work();
      } finally {
        await setTimeout(Math.min(restMsMax, restShare * (clock.monotonicMs() - beganMs)));
      }
    });
}
