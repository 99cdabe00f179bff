import { monitorEventLoopDelay } from 'node:perf_hooks';
import { FactotumError, type Id } from '#kernel';

/** Keeps one tenant from having all of a process that is at its end. */
export interface Load {
  /**
   * Takes a place for a request of a tenant, while the process has more than it can do only up to the tenant's share.
   *
   * @returns gives the place back. @throws FactotumError `server.overloaded`.
   */
  enter(tenantId: Id<'tenant'>): () => void;
  /** Begins to look at how late this process is. */
  start(): void;
  stop(): void;
}

export interface LoadLimits {
  /** Requests under way at once, above which nobody gets more than a share. The database takes 16 at once; the rest waits for it. */
  readonly inFlightMax: number;
  /** What everybody may have under way however full it is: a page asks for about this many things at once. */
  readonly shareMin: number;
  /** How late the process may be with what is due, in milliseconds. */
  readonly delayMsMax: number;
}

const loadLimitsDefault: LoadLimits = { inFlightMax: 256, shareMin: 8, delayMsMax: 200 };

const resolutionMs = 20;
/** Who has asked for something within this long has a share. In milliseconds. */
const sharersMs = 5_000;
const sampleMs = 1_000;

/** @param readDelayMs - how late the process is; measured where it is left out. */
export function createLoad(limits: LoadLimits = loadLimitsDefault, readDelayMs?: () => number): Load {
  const inFlight = new Map<Id<'tenant'>, number>();
  let total = 0;
  /** Who has been here lately: in this span, and in the one before. */
  let recent = new Set<Id<'tenant'>>();
  let before = new Set<Id<'tenant'>>();
  let measuredMs = 0;
  const timers: NodeJS.Timeout[] = [];
  const lateness = monitorEventLoopDelay({ resolution: resolutionMs });
  const delayMs = readDelayMs ?? (() => measuredMs);

  function leave(tenantId: Id<'tenant'>): void {
    total -= 1;
    const left = (inFlight.get(tenantId) ?? 1) - 1;
    if (left === 0) inFlight.delete(tenantId);
    else inFlight.set(tenantId, left);
  }

  function share(): number {
    const sharers = recent.union(before).size;
    return Math.max(limits.shareMin, Math.floor(limits.inFlightMax / Math.max(1, sharers)));
  }

  return {
    enter(tenantId) {
      recent.add(tenantId);
      const own = inFlight.get(tenantId) ?? 0;
      const isSaturated = total >= limits.inFlightMax || delayMs() > limits.delayMsMax;
      if (isSaturated && own >= limits.shareMin && own >= share())
        throw new FactotumError(
          'server.overloaded',
          'The server has more work than it can take, and yours is the most. Try again in a moment.',
        );
      inFlight.set(tenantId, own + 1);
      total += 1;
      let isIn = true;
      return () => {
        if (isIn) leave(tenantId);
        isIn = false;
      };
    },
    start() {
      if (timers.length > 0) return;
      lateness.enable();
      timers.push(
        setInterval(() => {
          // The median: a single long collection of garbage is no load.
          measuredMs = Math.max(0, lateness.percentile(50) / 1e6 - resolutionMs);
          lateness.reset();
        }, sampleMs).unref(),
        setInterval(() => {
          before = recent;
          recent = new Set();
        }, sharersMs).unref(),
      );
    },
    stop() {
      lateness.disable();
      for (const timer of timers.splice(0)) clearInterval(timer);
    },
  };
}
