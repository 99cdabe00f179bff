import { FactotumError, isDay } from '#kernel';

export const bucketSizes = ['day', 'week', 'month'] as const;
export type BucketSize = (typeof bucketSizes)[number];

/** Days from the first to the last, both in it, as YYYY-MM-DD of the tenant's time zone. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** A stretch of days that one point of a chart stands for. Weeks begin on Monday. The first and last may be cut off by the period. */
export interface Bucket extends Days {
  /** The day that the whole stretch begins with, also where the period begins later. */
  readonly start: string;
  readonly days: number;
}

/** More points than this on a chart tell nobody anything. */
const bucketsMax = 400;
const dayMs = 86_400_000;

/** Days are counted in UTC, where each has the same length: here they are names of days, not spans of time. */
const msOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export const addDays = (day: string, days: number): string => dayOf(msOf(day) + days * dayMs);
const countDays = ({ from, to }: Days): number => Math.round((msOf(to) - msOf(from)) / dayMs) + 1;

/** The first day of the month that a day is in. */
export const monthOf = (day: string): string => `${day.slice(0, 7)}-01`;
const nextMonth = (month: string): string => monthOf(addDays(month, 32));

/** Stretches of days in other words: whole months by their first days, and what is left of days. */
export interface Cover {
  readonly months: readonly string[];
  readonly days: readonly Days[];
}

/** How to read stretches, given in their order, with as few rows as there can be. A month that two of them share is read by its days. */
export function coverOf(stretches: readonly Days[]): Cover {
  const months: string[] = [];
  const days: Days[] = [];
  const put = ({ from, to }: Days): void => {
    const last = days.at(-1);
    if (from > to) return;
    if (last !== undefined && addDays(last.to, 1) === from) days[days.length - 1] = { from: last.from, to };
    else days.push({ from, to });
  };
  for (const { from, to } of stretches) {
    const first = from === monthOf(from) ? from : nextMonth(from);
    let left = first;
    for (let next = nextMonth(left); addDays(next, -1) <= to; next = nextMonth(left)) {
      months.push(left);
      left = next;
    }
    if (left === first) put({ from, to });
    else {
      put({ from, to: addDays(first, -1) });
      put({ from: left, to });
    }
  }
  return { months, days };
}

/** The same number of days right before. */
export const daysBefore = ({ from, to }: Days): Days => ({ from: addDays(from, -countDays({ from, to })), to: addDays(from, -1) });

/** Whether the text names a day that there is, in years that figures can be asked about: periods before and after have four digits as well. */
export function isDayText(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return (
    match !== null && text >= '1900' && text < '9000' && isDay({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) })
  );
}

/** The first day of the stretch that a day is in. */
function startOf(day: string, size: BucketSize): string {
  if (size === 'day') return day;
  const date = new Date(msOf(day));
  if (size === 'week') return addDays(day, -((date.getUTCDay() + 6) % 7));
  return monthOf(day);
}

/** The stretches of a period in order. @throws FactotumError `request.invalid` when it ends before it begins, or has too many of them. */
export function bucketsOf({ from, to }: Days, size: BucketSize): Bucket[] {
  if (from > to) throw new FactotumError('request.invalid', 'The period ends before it begins.', { details: { from, to } });
  const buckets: Bucket[] = [];
  for (let start = startOf(from, size); start <= to; ) {
    const next = size === 'day' ? addDays(start, 1) : size === 'week' ? addDays(start, 7) : startOf(addDays(start, 32), 'month');
    const own = { from: start < from ? from : start, to: next > to ? to : addDays(next, -1) };
    buckets.push({ start, ...own, days: countDays(own) });
    if (buckets.length > bucketsMax)
      throw new FactotumError('request.invalid', `A period has at most ${bucketsMax} points. Take a shorter one, or weeks or months.`, {
        details: { from, to, pointsMax: bucketsMax },
      });
    start = next;
  }
  return buckets;
}
