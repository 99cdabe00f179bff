import { instantOf, wallTimeOf } from '#kernel';

/** Hours in which nothing is sent, on somebody's own clock. */
export interface QuietHours {
  readonly on: boolean;
  /** HH:MM. Ends on the next day where `to` is not after `from`. */
  readonly from: string;
  readonly to: string;
  /** Saturdays and Sundays from midnight to midnight as well. */
  readonly weekends: boolean;
}

/** When a digest comes, on somebody's own clock. */
export interface DigestTime {
  /** HH:MM */
  readonly at: string;
  /** 0 Sunday to 6 Saturday; null: each day. */
  readonly weekday: number | null;
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/**
 * When the quiet that holds at `now` ends; null when it is not quiet. Both ends are instants, so a clock change within the hours makes
 * them shorter or longer and no gap: an end that clocks show twice is the first, one that they skip is when they have.
 */
export function quietUntil(now: Date, quiet: QuietHours, zone: string): Date | null {
  let until = now;
  // Nights and weekends touch; more than a week of them there is not.
  for (let step = 0; step < 10; step += 1) {
    const end = spansAround(until, quiet, zone).find((span) => span.start <= until && until < span.end)?.end;
    if (end === undefined) break;
    until = end;
  }
  return until > now ? until : null;
}

function spansAround(at: Date, { on, from, to, weekends }: QuietHours, zone: string): { start: Date; end: Date }[] {
  const today = dayOf(at, zone);
  const days = [shifted(today, -1), today];
  const isOvernight = to <= from;
  return [
    ...(on && from !== to
      ? days.map((day) => ({ start: instantAt(day, from, zone), end: instantAt(isOvernight ? shifted(day, 1) : day, to, zone) }))
      : []),
    ...(weekends
      ? days.filter(isWeekend).map((day) => ({ start: instantAt(day, '00:00', zone), end: instantAt(shifted(day, 1), '00:00', zone) }))
      : []),
  ];
}

/** The first time after `after` at which a digest comes. */
export function nextDigest(after: Date, { at, weekday }: DigestTime, zone: string): Date {
  const today = dayOf(after, zone);
  for (let ahead = 0; ; ahead += 1) {
    const day = shifted(today, ahead);
    const instant = instantAt(day, at, zone);
    // Within eight days each weekday has come with its time still ahead.
    if (instant > after && (weekday === null || weekdayOf(day) === weekday || ahead > 8)) return instant;
  }
}

const dayOf = (at: Date, zone: string): Day => wallTimeOf(at.getTime(), zone);
const shifted = ({ year, month, day }: Day, days: number): Day => {
  const date = new Date(Date.UTC(year, month - 1, day + days));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
};
const weekdayOf = ({ year, month, day }: Day): number => new Date(Date.UTC(year, month - 1, day)).getUTCDay();
const isWeekend = (day: Day): boolean => weekdayOf(day) === 0 || weekdayOf(day) === 6;

function instantAt({ year, month, day }: Day, time: string, zone: string): Date {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return instantOf({ year, month, day, hour, minute, second: 0 }, zone);
}
