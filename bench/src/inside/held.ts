import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Held {
  /** The longest between two turns, in milliseconds by the clock: what others on the machine did is in it. */
  readonly heldMs: number;
  /** The longest that this thread itself worked between two turns, in milliseconds of its processor time. */
  readonly workedMs: number;
}

const tickMs = 1;

/** Watches for how long the event loop is held, until it is stopped. */
export function watchLoop(): { stop(): Held } {
  const delay = monitorEventLoopDelay({ resolution: tickMs });
  delay.enable();
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let last = cpuMs();
  let workedMs = 0;
  const timer = setInterval(() => {
    const now = cpuMs();
    workedMs = Math.max(workedMs, now - last);
    last = now;
  }, tickMs);
  return {
    stop() {
      clearInterval(timer);
      delay.disable();
      return { heldMs: delay.max / 1e6, workedMs };
    },
  };
}
