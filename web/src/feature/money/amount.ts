import { text } from '#text/work.ts';

const formats = new Map<string, { format: Intl.NumberFormat; digits: number }>();
const day = new Intl.DateTimeFormat(text.locale, { dateStyle: 'medium', timeZone: 'UTC' });

/** An amount in the smallest unit of its currency, as people read it. The digits are those of ISO 4217. */
export function formatMoney(amountMinor: number, currency: string): string {
  const { format, digits } = formatOf(currency);
  return format.format(amountMinor / 10 ** digits);
}

function formatOf(currency: string) {
  const known = formats.get(currency);
  if (known) return known;
  const format = new Intl.NumberFormat(text.locale, { style: 'currency', currency });
  const made = { format, digits: format.resolvedOptions().maximumFractionDigits ?? 2 };
  formats.set(currency, made);
  return made;
}

/** The digits behind the point that a currency has. */
export const digitsOf = (currency: string): number => formatOf(currency).digits;

/** A calendar day such as 2026-03-01, the same in every time zone. */
export const formatCalendarDay = (iso: string): string => day.format(new Date(`${iso}T00:00:00Z`));
