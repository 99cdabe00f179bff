import { currencyExponent } from '#trust/policy';

/**
 * A decimal number as banks write it in files, `-1240.5` or `1240,50`, in the currency's smallest unit.
 *
 * @returns null for what is no number, has digits that the currency lacks, or is too large to be counted exactly (2^53 units).
 */
export function minorOf(text: string, currency: string, point: '.' | ',' = '.'): number | null {
  const [, sign = '', whole = '', fraction = ''] =
    (point === '.' ? /^([+-]?)(\d{0,17})(?:\.(\d{0,17}))?$/ : /^([+-]?)(\d{0,17})(?:,(\d{0,17}))?$/).exec(text.trim()) ?? [];
  if (whole === '' && fraction === '') return null;
  const exponent = currencyExponent(currency);
  // Some banks write five decimals whatever the currency is; zeros say nothing.
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > exponent) return null;
  const minor = Number(`${whole}${significant.padEnd(exponent, '0')}`);
  if (!Number.isSafeInteger(minor)) return null;
  return sign === '-' && minor !== 0 ? -minor : minor;
}

/** The exact sum. @returns null beyond what an integer counts exactly. */
export function sumMinor(amounts: Iterable<number>): number | null {
  let sum = 0n;
  for (const amount of amounts) sum += BigInt(amount);
  const result = Number(sum);
  return Number.isSafeInteger(result) ? result : null;
}
