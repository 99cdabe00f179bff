import type { Occurrence } from './expand.ts';

/** A stretch of time, in milliseconds; the end is not part of it. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Whether a time takes up whoever it belongs to: not what is cancelled, marked as free, or declined by them.
 * @param addresses - of whoever it belongs to, in lower case
 */
export function isBusy({ appointment }: Occurrence, addresses: ReadonlySet<string>): boolean {
  if (appointment.status === 'CANCELLED' || !appointment.isOpaque) return false;
  return !appointment.attendees.some(({ address, answer }) => answer === 'DECLINED' && addresses.has(address));
}

/** The stretches that at least one of these covers, in order, none touching the next. */
export function merged(intervals: readonly Interval[]): Interval[] {
  const found: { startMs: number; endMs: number }[] = [];
  for (const { startMs, endMs } of intervals.toSorted((a, b) => a.startMs - b.startMs)) {
    if (endMs <= startMs) continue;
    const last = found.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else found.push({ startMs, endMs });
  }
  return found;
}

/** What is left of `whole` (in order, none touching) without `taken`. */
export function without(whole: readonly Interval[], taken: readonly Interval[]): Interval[] {
  const gone = merged(taken);
  return whole.flatMap(({ startMs, endMs }) => {
    const left: Interval[] = [];
    let from = startMs;
    for (const one of gone) {
      if (one.endMs <= from || one.startMs >= endMs) continue;
      if (one.startMs > from) left.push({ startMs: from, endMs: one.startMs });
      from = one.endMs;
    }
    return from < endMs ? [...left, { startMs: from, endMs }] : left;
  });
}

/** What lies in both. */
export const common = (left: readonly Interval[], right: readonly Interval[]): Interval[] =>
  left.flatMap((one) =>
    right
      .map((other) => ({ startMs: Math.max(one.startMs, other.startMs), endMs: Math.min(one.endMs, other.endMs) }))
      .filter(({ startMs, endMs }) => startMs < endMs),
  );

/** For each time, by its place in the list, the places of the others that it overlaps. Each person's list by itself. */
export function conflicts(times: readonly Interval[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  const note = (at: number, other: number) => found.set(at, [...(found.get(at) ?? []), other]);
  const order = times.map((_, at) => at).sort((a, b) => (times[a]?.startMs ?? 0) - (times[b]?.startMs ?? 0));
  for (const [place, at] of order.entries()) {
    const one = times[at];
    for (const other of order.slice(place + 1)) {
      const later = times[other];
      if (one === undefined || later === undefined || later.startMs >= one.endMs) break;
      // What has no length is in nobody's way.
      if (later.endMs > later.startMs && (found.get(at)?.length ?? 0) < conflictsMax) {
        note(at, other);
        note(other, at);
      }
    }
  }
  return found;
}

/** More than this many at one time nobody reads. */
const conflictsMax = 20;
