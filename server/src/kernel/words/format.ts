import { languageOf } from './language.ts';

/** A day as it is said in a sentence; what is asked for is the day in UTC. */
export const dayIn = (locale: string, at: Date): string =>
  new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(at);

/** A moment with its time zone, which whoever reads a letter may not be in. */
export const momentIn = (locale: string, at: Date, timeZone: string): string =>
  new Intl.DateTimeFormat(locale, {
    ...{ weekday: 'short', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' },
    ...{ timeZone, timeZoneName: 'short' },
  }).format(at);

/** A number with at most so many digits after the point. */
export const numberIn = (locale: string, value: number, digits = 0): string =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** A size in the largest unit of which there is one. */
export function bytesIn(locale: string, size: number): string {
  const step = size < 1 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(size) / 3));
  const unit = byteUnits[step] ?? 'byte';
  const format = { style: 'unit', unit, unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale, format).format(size / 1000 ** step);
}

/** Money in minor units, to the last of them: a number would lose them beyond 2^53. */
export function moneyIn(locale: string, minor: bigint, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0');
  const exact = `${minor < 0n ? '-' : ''}${digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`}`;
  return format.format(exact as Intl.StringNumericLiteral); // Digits with one point are such a literal.
}

const spans = [
  ['day', 86_400, 36 * 3_600],
  ['hour', 3_600, 90 * 60],
  ['minute', 60, 90],
] as const;

/** A span in the one unit that says it best, in the words of the language: "3 hours". */
export function spanIn(locale: string, seconds: number): string {
  const [unit, size] = spans.find(([, , from]) => seconds >= from) ?? ['second', 1];
  return inUnit(locale, Math.round(seconds / size), unit);
}

/** Whole days, in the words of the language. */
export const daysIn = (locale: string, days: number): string => inUnit(locale, days, 'day');

const inUnit = (locale: string, count: number, unit: string): string =>
  new Intl.NumberFormat(languageOf(locale), { style: 'unit', unit, unitDisplay: 'long' }).format(count);
