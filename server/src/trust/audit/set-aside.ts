import type { Clock } from '#kernel';

/** Tenants that the sequencer passes over for a while, because their log or their keys are out of order. */
export interface SetAside {
  /** Those whose time has not come yet. */
  current(): string[];
  /** Passes a tenant over: 1 s at first, twice as long each further time, at most a minute. */
  add(tenantId: string): void;
  /** The tenant's log is in order again. */
  clear(tenantId: string): void;
  /** All that have not been cleared, also those about to be tried again. */
  all(): string[];
}

const pauseMsMin = 1_000;
const pauseMsMax = 60_000;

export function createSetAside(clock: Clock): SetAside {
  const tenants = new Map<string, { untilMs: number; pauseMs: number }>();
  return {
    current() {
      const nowMs = clock.monotonicMs();
      return [...tenants].filter(([, { untilMs }]) => untilMs > nowMs).map(([tenantId]) => tenantId);
    },
    add(tenantId) {
      const pauseMs = Math.min(pauseMsMax, 2 * (tenants.get(tenantId)?.pauseMs ?? pauseMsMin / 2));
      tenants.set(tenantId, { untilMs: clock.monotonicMs() + pauseMs, pauseMs });
    },
    clear: (tenantId) => void tenants.delete(tenantId),
    all: () => [...tenants.keys()],
  };
}
