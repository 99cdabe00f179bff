import { randomBytes } from 'node:crypto';
import type { Clock, Id } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { raiseAlerts } from './alert.ts';
import { readLimits } from './limits.ts';
import { amountOf, countRefusal } from './refusal.ts';
import { addAnyhow, forgetBefore, heldSince, insertHold, lockCounter, takeHold } from './store.ts';
import { spanOf } from './window.ts';

/** What may be spent on a model, for one tenant at a time. All amounts are whole millionths of a USD. */
export interface ModelBudget {
  /** Puts aside what a call costs at most, in the day's and the month's budget, or says that it does not fit. */
  reserve(tenantId: Id<'tenant'>, boundMicros: number): Promise<Reserved | UsedUp>;
}

export interface Reserved {
  readonly kind: 'reserved';
  /**
   * Counts what the call cost instead of what was put aside, once. More than was put aside counts as well: it is spent.
   * A call that is never settled, because its process died, stays counted at its bound: nobody knows whether it was paid.
   */
  settle(costMicros: number): Promise<void>;
}

export interface UsedUp {
  readonly kind: 'used_up';
  /** When there is room again by itself: at the window's end, or soon, when calls under way come back that cost less than was put aside. */
  readonly until: Date;
  /** For people, one sentence. */
  readonly text: string;
}

const windows = [
  { name: 'modelMicrosPerDay', window: 'day' },
  { name: 'modelMicrosPerMonth', window: 'month' },
] as const;

/** A call that has not come back after this long never will: five times the time that one may take. */
const holdMs = 5 * 60_000;
/** How long a task waits for calls under way. They take seconds, and who asks often only gets in their way. */
const waitMs = 30_000;

/** Counts exactly over all processes: whatever runs at the same time, what is spent and put aside never passes the limits as they are set at that moment. */
export function createModelBudget({ db, clock }: { db: Tx; clock: Clock }): ModelBudget {
  return {
    reserve: (tenantId, boundMicros) =>
      withTenant(db, tenantId, async (tx): Promise<Reserved | UsedUp> => {
        const now = clock.now();
        // Always the day's counter first, so that two calls wait for each other and never each for the other.
        const used = {
          modelMicrosPerDay: await lockCounter(tx, keyOf(tenantId, windows[0], now)),
          modelMicrosPerMonth: await lockCounter(tx, keyOf(tenantId, windows[1], now)),
        };
        // Read under the locks: a limit that was changed before them counts.
        const limits = await readLimits(tx, tenantId);
        const full = windows.findLast(({ name }) => used[name] + boundMicros > limits[name]);
        if (full !== undefined)
          return usedUp(tx, tenantId, {
            name: full.name,
            window: full.window,
            used: used[full.name],
            limit: limits[full.name],
            boundMicros,
            now,
          });
        const holdId = randomBytes(12).toString('hex');
        for (const each of windows) {
          await addAnyhow(tx, keyOf(tenantId, each, now), boundMicros);
          // The first use of a window sweeps up. The previous one stays: a call that began in it may still come back.
          if (used[each.name] === 0)
            await forgetBefore(tx, { ...keyOf(tenantId, each, now), windowStart: spanOf(each.window, now).previousStart });
        }
        await insertHold(tx, { tenantId, holdId, micros: boundMicros, heldAt: now, expiresAt: new Date(now.getTime() + holdMs) });
        let settling: Promise<void> | undefined;
        return {
          kind: 'reserved',
          settle: (costMicros) => (settling ??= settle(db, clock, tenantId, { holdId, costMicros, heldAt: now, boundMicros })),
        };
      }),
  };
}

const keyOf = (tenantId: Id<'tenant'>, { name, window }: (typeof windows)[number], at: Date) => ({
  tenantId,
  name,
  windowStart: spanOf(window, at).start,
});

interface Full {
  readonly name: (typeof windows)[number]['name'];
  readonly window: 'day' | 'month';
  readonly used: number;
  readonly limit: number;
  readonly boundMicros: number;
  readonly now: Date;
}

async function usedUp(tx: Tx, tenantId: Id<'tenant'>, { name, window, used, limit, boundMicros, now }: Full): Promise<UsedUp> {
  const { start, end } = spanOf(window, now);
  const held = await heldSince(tx, tenantId, start, now);
  if (held > 0 && used - held + boundMicros <= limit) {
    const text = `The rest of the model budget of the ${window} is put aside for calls under way. This goes on when they are back.`;
    return { kind: 'used_up', until: new Date(now.getTime() + waitMs), text };
  }
  countRefusal(name);
  // It is stopped, so it is used up, also where some cents are left that no call fits into.
  await raiseAlerts(tx, tenantId, { name, used, limit, now, isUsedUp: true });
  const until = `${end.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const spent = `${amountOf(name, used)} of ${amountOf(name, limit)} are spent or put aside`;
  return { kind: 'used_up', until: end, text: `The model budget of the ${window} is used up until ${until}: ${spent}.` };
}

interface Settlement {
  readonly holdId: string;
  readonly costMicros: number;
  readonly heldAt: Date;
  readonly boundMicros: number;
}

/** In the windows in which it was put aside, whenever the call came back. */
function settle(db: Tx, clock: Clock, tenantId: Id<'tenant'>, { holdId, costMicros, heldAt, boundMicros }: Settlement): Promise<void> {
  return withTenant(db, tenantId, async (tx) => {
    const held = await takeHold(tx, tenantId, holdId);
    const now = clock.now();
    // Somebody may have given it up for lost and forgotten it; what it put aside is counted all the same.
    const difference = costMicros - (held?.micros ?? boundMicros);
    const limits = await readLimits(tx, tenantId);
    for (const each of windows) {
      const used = await addAnyhow(tx, keyOf(tenantId, each, heldAt), difference);
      const isPast = spanOf(each.window, now).start > spanOf(each.window, heldAt).start;
      if (isPast || used * 100 < limits[each.name] * 80) continue;
      const open = await heldSince(tx, tenantId, spanOf(each.window, now).start, now);
      await raiseAlerts(tx, tenantId, { name: each.name, used: used - open, limit: limits[each.name], now });
    }
  });
}
