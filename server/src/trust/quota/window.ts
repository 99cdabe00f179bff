/** The spans that are counted, each starting on a whole one in UTC. */
export type Window = 'minute' | 'hour' | 'day' | 'month';

const windowMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const satisfies Record<Exclude<Window, 'month'>, number>;

/** Where a moment stands: its window, the one before, and when the next begins. */
export interface Span {
  readonly start: Date;
  readonly previousStart: Date;
  readonly end: Date;
}

export function spanOf(window: Window, now: Date): Span {
  if (window === 'month') {
    const month = (offset: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1));
    return { start: month(0), previousStart: month(-1), end: month(1) };
  }
  const size = windowMs[window];
  const startMs = Math.floor(now.getTime() / size) * size;
  return { start: new Date(startMs), previousStart: new Date(startMs - size), end: new Date(startMs + size) };
}

/** The one "window" of what is not counted by time. */
export const always = new Date(0);
