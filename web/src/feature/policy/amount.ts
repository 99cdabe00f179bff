/** Currencies that are offered; one that is set already is among them whatever it is. */
const usual = ['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'JPY', 'CAD', 'AUD'];

export const currencies = (current: string) => [...new Set([current, ...usual])].map((value) => ({ value, label: value }));

/** Digits behind the point of a currency, as ISO 4217 has them. */
export const digitsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** Whole units as a text for a field of numbers. */
export const unitsOf = (minor: number, currency: string): string => String(minor / 10 ** digitsOf(currency));

/** What was typed in the smallest unit; nothing typed is nought. */
export const minorOf = (typed: string, currency: string): number => Math.round(Number(typed) * 10 ** digitsOf(currency)) || 0;
