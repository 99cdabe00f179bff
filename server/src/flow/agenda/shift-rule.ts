import type { Zone } from './zone.ts';

/** By how much a series moves, on the clocks of its own zone. */
export interface Shift {
  readonly ms: number;
  /** From the day of the series' first start to that of its new one. */
  readonly days: number;
}

const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const dayMs = 86_400_000;

/**
 * The text of a rule as it reads once its series starts later. Weekdays turn with the days, and so does the day that a week begins with,
 * so that every other week stays the same weeks; days of the month move within a month. What else a rule names stays: whoever asks looks
 * whether the times are the same, by as much later.
 */
export function shiftedRule(text: string, shift: Shift, zone: Zone): string {
  const parts = new Map(text.split(';').map((part) => [part.split('=')[0] ?? '', part.split('=')[1] ?? '']));
  const [byDay, byMonthDay, until] = [parts.get('BYDAY'), parts.get('BYMONTHDAY'), parts.get('UNTIL')];
  if (byDay?.split(',').every((day) => weekdays.includes(day))) {
    parts.set(
      'BYDAY',
      byDay
        .split(',')
        .map((day) => turned(day, shift.days))
        .join(','),
    );
    parts.set('WKST', turned(parts.get('WKST') ?? 'MO', shift.days));
  }
  if (byMonthDay !== undefined)
    parts.set(
      'BYMONTHDAY',
      byMonthDay
        .split(',')
        .map((day) => String(monthDay(Number(day), shift.days)))
        .join(','),
    );
  if (until !== undefined) parts.set('UNTIL', untilOf(until, shift, zone));
  return [...parts].map(([name, value]) => `${name}=${value}`).join(';');
}

const turned = (day: string, days: number): string => weekdays[(((weekdays.indexOf(day) + days) % 7) + 7) % 7] ?? day;

/** Every month has 28 days; what lies beyond, or is counted from the end, is left as it is. */
const monthDay = (day: number, days: number): number => (day >= 1 && day <= 28 && day + days >= 1 && day + days <= 28 ? day + days : day);

/** A date, a time on the clocks of the series, or an instant; each stays what it is. */
function untilOf(text: string, { ms, days }: Shift, zone: Zone): string {
  const [, year, month, day, time] = /^(\d{4})-?(\d\d)-?(\d\d)(?:T(.+))?$/.exec(text) ?? [];
  const plain = (at: number) => new Date(at).toISOString().replace(/[-:]|\.\d+Z/g, '');
  if (time === undefined) return plain(Date.parse(`${year}-${month}-${day}`) + days * dayMs).slice(0, 8);
  const [, hour, minute, second, z] = /^(\d\d):?(\d\d):?(\d\d)(Z?)$/.exec(time) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return z === 'Z' ? `${plain(zone.instantOf(zone.localOf(at) + ms))}Z` : plain(at + ms);
}
