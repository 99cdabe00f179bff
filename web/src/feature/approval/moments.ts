import { urgentMs } from './queries.ts';

/** Hours of the day at which what was put off comes back. */
const morningHour = 8;
const eveningHour = 18;
const laterMs = 3 * 3_600_000;

export type Moment = 'later' | 'evening' | 'tomorrow' | 'week';

/** The local hour of the day that is `days` after `nowMs`, in epoch milliseconds. */
export function dayAt(nowMs: number, days: number, hour: number): number {
  const day = new Date(nowMs);
  day.setDate(day.getDate() + days);
  return day.setHours(hour, 0, 0, 0);
}

/** This evening, in epoch milliseconds; tomorrow's when this one has begun. */
export const nextEvening = (nowMs: number): number => {
  const today = dayAt(nowMs, 0, eveningHour);
  return today > nowMs ? today : dayAt(nowMs, 1, eveningHour);
};

export const tomorrowEvening = (nowMs: number): number => dayAt(nowMs, 1, eveningHour);

/** The moments to put something off to, soonest first, in epoch milliseconds; none later than an hour before it expires. */
export function snoozeMoments(nowMs: number, expiresAt: string): { moment: Moment; atMs: number }[] {
  const weekday = new Date(nowMs).getDay();
  const untilMonday = (8 - weekday) % 7 || 7;
  const moments: { moment: Moment; atMs: number }[] = [
    { moment: 'later', atMs: nowMs + laterMs },
    { moment: 'evening', atMs: dayAt(nowMs, 0, eveningHour) },
    { moment: 'tomorrow', atMs: dayAt(nowMs, 1, morningHour) },
    { moment: 'week', atMs: dayAt(nowMs, untilMonday, morningHour) },
  ];
  const lastMs = Date.parse(expiresAt) - urgentMs;
  return moments
    .filter(({ moment, atMs }) => {
      // An evening that is nearer than three hours, and a Monday that is tomorrow, are offered already.
      if (moment === 'evening' && atMs < nowMs + laterMs) return false;
      if (moment === 'week' && weekday === 0) return false;
      return atMs <= lastMs;
    })
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** A time as a field for date and time holds it: local, to the minute. */
export function fieldOf(atMs: number): string {
  const at = new Date(atMs);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** What a field for date and time holds, as ISO 8601 in UTC; null when it is no time. */
export function isoOf(input: string): string | null {
  const at = new Date(input);
  return input === '' || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
