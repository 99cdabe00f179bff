import type { Json } from '#kernel';
import { currencyExponent, formatMinor, isCurrency } from '#trust/policy';

/** Money in the currency's smallest unit, as an integer: 1,240.00 EUR is `{amountMinor: 124000, currency: 'EUR'}`. */
export type Amount = { readonly amountMinor: number; readonly currency: string };

const symbols: Readonly<Record<string, string>> = {
  '€': 'EUR',
  '£': 'GBP',
  $: 'USD',
  '¥': 'JPY',
  '₹': 'INR',
  '₩': 'KRW',
  US$: 'USD',
  C$: 'CAD',
  CA$: 'CAD',
  A$: 'AUD',
  AU$: 'AUD',
  NZ$: 'NZD',
};
/** Codes that are also words: "TOP 10" and "ALL 3" are not money unless written with a fraction. */
const wordCodes: ReadonlySet<string> = new Set('ALL BAM BOB COP CUP GEL LAK MAD MOP PEN RON SAR SOS TOP TRY XXX'.split(' '));

const currency = String.raw`(?:EUROS?|[Ee]uros?|eur|[A-Z]{3}|(?:US|CA|C|AU|A|NZ)\$|[€£$¥₹₩])`;
const fixedSpace = String.raw`\u00a0\u202f\u2009`;
// Groups are divided by point, comma, apostrophe or a fixed space. A plain space is left out: "order 7 200 EUR" could be 7,200 or 200.
const digits = String.raw`(?:\d{1,3}(?:[.,'’${fixedSpace}]\d{3}){1,5}|\d{1,2}(?:,\d{2}){1,5},\d{3}|\d{1,15})(?:[.,](?:\d{1,4}|[-–—]{1,2}))?`;
// Nothing that belongs to a longer number, word or range counts. Every repetition is bounded, so the time is linear in the text.
const amountPattern = new RegExp(
  String.raw`(?<![\p{L}\p{N}$€£¥₹₩.,'’+−-])(?<sign>[-−+])?` +
    String.raw`(?:(?<before>${currency})[ ${fixedSpace}]?(?<inner>[-−])?|(?<!\d[ ${fixedSpace}]))` +
    String.raw`(?<number>${digits})(?![ ${fixedSpace}]\d{3}(?!\d)|[.,'’]?\d|[−-])` +
    String.raw`(?:[ ${fixedSpace}]?(?<after>${currency}))?(?![\p{L}\p{N}%])`,
  'gu',
);
/** Where the whole text is the amount, a plain space can only divide groups. */
const spacedAmount = new RegExp(String.raw`^\s*(?:${currency} ?)?[-−]?\d{1,3}(?: \d{3}){1,4}(?:[.,]\d{1,4})?(?: ?${currency})?\s*$`, 'u');

export function isAmount(value: Json | undefined): value is Amount {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { amountMinor, currency: code, ...rest } = value as { amountMinor?: Json; currency?: Json };
  return Number.isSafeInteger(amountMinor) && typeof code === 'string' && /^[A-Z]{3}$/.test(code) && Object.keys(rest).length === 0;
}

/** 1,240.00 EUR, as everywhere in the product. */
export const formatAmount = ({ amountMinor, currency: code }: Amount): string =>
  `${amountMinor < 0 ? '-' : ''}${formatMinor(Math.abs(amountMinor), code)}`;

/**
 * Every amount with a currency in a text, in any of the usual forms: `EUR 1,240.00`, `1.240,00 EUR`, `€1240`, `CHF 1'240.-`.
 * What could be read in two ways (`1.240 KWD`: with or without thousands?) or has digits the currency lacks is left out.
 */
export function findAmounts(text: string): Amount[] {
  const found: Amount[] = [];
  const source = spacedAmount.test(text) ? text.replace(/(?<=\d) (?=\d{3})/g, '\u00a0') : text;
  for (const { groups } of source.matchAll(amountPattern)) {
    const { before, after, number = '', sign, inner } = groups ?? {};
    const code = codeOf(before, after);
    const isNegative = inner !== undefined || (sign !== undefined && sign !== '+');
    if (code === undefined) continue;
    if (wordCodes.has(code) && !/[.,]\d{2}$/.test(number)) continue;
    const amountMinor = readNumber(number, currencyExponent(code));
    if (amountMinor !== undefined) found.push({ amountMinor: isNegative ? -amountMinor : amountMinor, currency: code });
  }
  return found;
}

function codeOf(before: string | undefined, after: string | undefined): string | undefined {
  const [first, second] = [before, after].map((text) =>
    text === undefined ? undefined : (symbols[text] ?? (/^euro?s?$/i.test(text) ? 'EUR' : text)),
  );
  if (first !== undefined && second !== undefined && first !== second) return undefined;
  const code = first ?? second;
  return code !== undefined && isCurrency(code) ? code : undefined;
}

/** Reads digits with separators into minor units; undefined when they do not form one unmistakable number. */
function readNumber(written: string, exponent: number): number | undefined {
  const text = written.replace(/[.,][-–—]{1,2}$/, '').replace(/['’\u00a0\u202f\u2009]/g, ' ');
  const marks = [...text].filter((character) => character === '.' || character === ',');
  const last = marks.at(-1);
  const split = last === undefined ? -1 : text.lastIndexOf(last);
  const tail = split === -1 ? '' : text.slice(split + 1);
  // Both marks, or a mark after blanks: the last one divides. One kind more than once: it groups. Once: three digits mean a group.
  const isMixed = new Set(marks).size > 1 || (marks.length === 1 && text.includes(' '));
  if (!isMixed && marks.length === 1 && tail.length === 3 && exponent === 3 && !/^0[.,]/.test(text)) return undefined;
  const divides = last !== undefined && (isMixed || (marks.length === 1 && (tail.length !== 3 || /^0[.,]/.test(text))));
  const fraction = divides ? tail : '';
  const whole = (divides ? text.slice(0, split) : text).replace(/[., ]/g, '');
  if (fraction.length > exponent || whole.length + exponent > 15) return undefined;
  return Number(whole + fraction.padEnd(exponent, '0'));
}
