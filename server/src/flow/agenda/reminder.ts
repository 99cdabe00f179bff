import { main } from './diff.ts';
import { expand, type Occurrence } from './expand.ts';
import type { Series } from './read.ts';
import type { Zone } from './zone.ts';

/** A moment at which somebody wants to be reminded of a time that comes. */
export interface Reminder {
  readonly atMs: number;
  readonly time: Occurrence;
}

const dayMs = 86_400_000;
/** Alarms weeks before are rare, and none is farther off than this. */
const aheadMs = 35 * dayMs;
/** How far ahead the next time of a series is looked for. */
const horizonMs = 800 * dayMs;

/**
 * The reminders of a series from one instant on, in order, those of a year's horizon at most. What an alarm says is counted from the
 * instant at which the time begins, so that fifteen minutes before nine stays that on the day of a clock change.
 */
export function remindersFrom(series: Series, fromMs: number, here: Zone, most = 50): Reminder[] {
  if (!hasAlarm(series)) return [];
  // Close by first: a daily series gives its next reminders within days, and only a rare one is looked for far ahead.
  for (const spanMs of [aheadMs, horizonMs]) {
    const { occurrences } = expand(series, { fromMs: fromMs - aheadMs, untilMs: fromMs + spanMs + aheadMs, here });
    const found = occurrences
      .filter(({ appointment }) => appointment.status !== 'CANCELLED')
      .flatMap(remindersOf)
      .filter(({ atMs }) => atMs >= fromMs)
      .sort((a, b) => a.atMs - b.atMs);
    const near = found.filter(({ atMs }) => atMs <= fromMs + spanMs);
    if (near.length > 0) return near.slice(0, most);
  }
  return [];
}

const hasAlarm = ({ master, overrides }: Series): boolean => [master, ...overrides].some((one) => (one?.alarms.length ?? 0) > 0);

function remindersOf(time: Occurrence): Reminder[] {
  return time.appointment.alarms.flatMap(({ offsetMs, fromEnd, atMs }) => {
    if (atMs !== null) return [{ atMs, time }];
    return offsetMs === null || Math.abs(offsetMs) > aheadMs ? [] : [{ atMs: (fromEnd ? time.endMs : time.startMs) + offsetMs, time }];
  });
}

/** Whether this is a series at all, or a time that has no reminders since it was called off. */
export const isCancelled = (series: Series): boolean => main(series)?.status === 'CANCELLED';
