import { analyticsText as words } from '#text/analytics.ts';
import { text } from '#text/work.ts';
import type { BucketSize } from '../../api/analytics.ts';
import { formatDuration } from '../../format.ts';

const percent = new Intl.NumberFormat(text.locale, { style: 'percent', maximumFractionDigits: 1 });
const number = new Intl.NumberFormat(text.locale, { maximumFractionDigits: 1 });
const hour = new Intl.NumberFormat(text.locale, { style: 'unit', unit: 'hour', maximumFractionDigits: 1 });
const dayFormat = new Intl.DateTimeFormat(text.locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const dayLong = new Intl.DateTimeFormat(text.locale, { dateStyle: 'medium', timeZone: 'UTC' });
const monthFormat = new Intl.DateTimeFormat(text.locale, { month: 'short', year: '2-digit', timeZone: 'UTC' });
const micros = 1_000_000;

/** How a figure is written. What is none is a dash. */
export type Write = (figure: number | null) => string;

const orGap =
  (write: (figure: number) => string): Write =>
  (figure) =>
    figure === null ? words.gap : write(figure);

export const asCount = orGap((n) => number.format(n));
export const asPercent = orGap((rate) => percent.format(rate));
export const asTime = orGap(formatDuration);
export const asHours = orGap((hours) => hour.format(hours));

/** Millionths of a currency. */
export function moneyIn(currency: string): Write {
  const money = new Intl.NumberFormat(text.locale, { style: 'currency', currency });
  const exact = new Intl.NumberFormat(text.locale, { style: 'currency', currency, maximumSignificantDigits: 2 });
  return orGap((amount) => (amount !== 0 && Math.abs(amount) < micros / 10 ? exact : money).format(amount / micros));
}
export const asDollars = moneyIn('USD');

const utc = (day: string) => new Date(`${day}T00:00:00Z`);
/** A day, or the month that begins with it, short enough for an axis. */
export const asPoint = (start: string, size: BucketSize): string => (size === 'month' ? monthFormat : dayFormat).format(utc(start));
const asDay = (day: string): string => dayLong.format(utc(day));
export const asSpan = ({ from, to }: { from: string; to: string }): string =>
  from === to ? asDay(from) : words.span(asDay(from), asDay(to));

/** Days before one, as the address writes them. */
export const daysBack = (day: string, days: number): string => new Date(utc(day).getTime() - days * 86_400_000).toISOString().slice(0, 10);

/** The digits behind the point that a currency has. */
export const digitsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
