import { minorOf } from '#flow/ledger';
import { dayOf } from '../file/entry.ts';

/** The first three letters of the months in the languages of invoices; a fourth where two would be the same. */
const months: readonly (readonly string[])[] = [
  ['jan', 'gen', 'ene', 'sty'],
  ['feb', 'fev', 'lut'],
  ['mar', 'mrt', 'maa', 'mae', 'mrz'],
  ['apr', 'avr', 'abr', 'kwi'],
  ['may', 'mai', 'mei', 'mag', 'maj'],
  ['jun', 'juin', 'giu', 'cze'],
  ['jul', 'juil', 'lug', 'lip'],
  ['aug', 'aou', 'ago', 'sie'],
  ['sep', 'set', 'wrz'],
  ['oct', 'okt', 'ott', 'paz'],
  ['nov', 'lis'],
  ['dec', 'dez', 'dic', 'gru'],
];

const monthOf = (word: string): number => {
  const plain = word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const exact = months.findIndex((names) => names.some((name) => name.length > 3 && plain.startsWith(name)));
  return 1 + (exact >= 0 ? exact : months.findIndex((names) => names.some((name) => plain.startsWith(name))));
};

const datePattern =
  /(?<![\d.,/-])(?:(?<iso>\d{4}-\d{2}-\d{2})|(?<one>\d{1,2})(?<sign>[./-])(?<two>\d{1,2})\k<sign>(?<year>\d{4}|\d{2})|(?<day>\d{1,2})(?:\.|er|st|nd|rd|th)? ?(?:de )?(?<word>\p{L}{3,10})\.? ?(?:de )?(?<wordYear>\d{4})|(?<first>\p{L}{3,10})\.? (?<firstDay>\d{1,2})(?:st|nd|rd|th)? ?, ?(?<firstYear>\d{4}))(?![\d/])/gu;

/** Which of two numbers with slashes is the day, `null` when the text does not say. */
export type SlashOrder = 'dmy' | 'mdy' | null;

/** Some date of a text has a number above 12 where it tells. */
export function slashOrderOf(text: string): SlashOrder {
  for (const { groups } of text.matchAll(datePattern)) {
    if (groups?.sign !== '/') continue;
    if (Number(groups.two) > 12) return 'mdy';
    if (Number(groups.one) > 12) return 'dmy';
  }
  return null;
}

/** The days in a text, in its order. */
export function daysIn(text: string, order: SlashOrder): string[] {
  return [...text.matchAll(datePattern)].flatMap(({ groups = {} }) => {
    const { iso, one, two, year, sign, day, word, wordYear, first, firstDay, firstYear } = groups;
    if (iso !== undefined) return dayOf(Number(iso.slice(0, 4)), Number(iso.slice(5, 7)), Number(iso.slice(8))) ?? [];
    if (word !== undefined) return dayOf(Number(wordYear), monthOf(word), Number(day)) ?? [];
    if (first !== undefined) return dayOf(Number(firstYear), monthOf(first), Number(firstDay)) ?? [];
    const full = year?.length === 2 ? 2000 + Number(year) : Number(year);
    const isMonthFirst = sign === '/' && order === 'mdy';
    return dayOf(full, Number(isMonthFirst ? one : two), Number(isMonthFirst ? two : one)) ?? [];
  });
}

const symbols: Readonly<Record<string, string>> = {
  '€': 'EUR',
  $: 'USD',
  '£': 'GBP',
  '₹': 'INR',
  rs: 'INR',
  inr: 'INR',
  zł: 'PLN',
  euro: 'EUR',
  euros: 'EUR',
};
const codes = 'EUR USD GBP CHF PLN INR SEK NOK DKK CZK HUF JPY CAD AUD RON BGN'.split(' ');
const currencyPattern = new RegExp(
  `(?<![A-Za-z])(?:${codes.join('|')})(?![A-Za-z])|[€$£₹]|(?<![a-z])(?:rs|zł|euros?)(?![a-z])|US Dollars`,
  'giu',
);

/** The currency that a text names most often. */
export function currencyIn(text: string): string | null {
  const found = [...text.matchAll(currencyPattern)].map(([sign]) =>
    sign === 'US Dollars' ? 'USD' : (symbols[sign.toLowerCase()] ?? sign.toUpperCase()),
  );
  const counts = [...Map.groupBy(found, (code) => code)].sort(([, one], [, other]) => other.length - one.length);
  return counts[0]?.[0] ?? null;
}

const moneyPattern =
  /(?<![\p{L}\d.,/-])(?<sign>-[ €$£]*)?(?:€|\$|£|₹|Rs\.?)? ?(?<number>\d{1,3}(?:[., \u00a0']\d{3})+(?:[.,]\d{2})?|\d{1,9}(?:[.,]\d{2})?)(?![\d%.,/-]*[\d%/])/gu;

/** The amounts in a line, in the smallest unit. Whole numbers count only where they stand beside a currency. */
export function amountsIn(line: string, currency: string): number[] {
  return [...line.matchAll(moneyPattern)].flatMap((match) => {
    const { number = '', sign } = match.groups ?? {};
    const isDecimal = /[.,]\d{2}$/.test(number);
    const beside = line.slice(Math.max(0, match.index - 5), match.index + match[0].length + 5);
    if (!isDecimal && beside.search(currencyPattern) < 0) return [];
    const whole = (isDecimal ? number.slice(0, -3) : number).replace(/[., \u00a0']/g, '');
    const minor = minorOf(isDecimal ? `${whole}.${number.slice(-2)}` : whole, currency);
    return minor === null ? [] : [sign === undefined ? minor : -minor];
  });
}
