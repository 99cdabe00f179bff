import { FactotumError, isDay, isoDate } from '#kernel';

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
  return isoDate({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: 1 });
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
