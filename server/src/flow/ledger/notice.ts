import { shownAmount } from './continuity.ts';
import type { HintBody } from './schema.ts';
import type { Transaction } from './transaction.ts';
import { nameWords } from './words.ts';

/** Something that a person should know. The same `key` is told once. */
export interface Noticed extends HintBody {
  readonly kind: 'unusual' | 'subscription' | 'price_rise' | 'unused';
  readonly key: readonly string[];
}

export type Charge = Pick<
  Transaction,
  'transactionId' | 'accountId' | 'bookedOn' | 'amountMinor' | 'currency' | 'counterparty' | 'replaced' | 'reversedBy' | 'reverses'
>;

/** Fewer earlier charges than this say nothing about what is usual. */
const historyMin = 6;
/** Chance of the usual being further off than six deviations is next to nothing, whatever the distribution looks like in the middle. */
const deviations = 6;
/** A median absolute deviation of a normal distribution times this is its standard deviation. */
const madToDeviation = 1.4826;
/** Only what is news is told. */
const newsDays = 45;

/**
 * What stands out among charges, by robust figures (median and median absolute deviation) that a few odd ones do not move: unusual charges,
 * charges that come again and again, rises of their price, and those of which nothing else is known.
 *
 * @param charges - of one tenant, oldest first
 */
export function findHints(
  charges: readonly Charge[],
  { today, knowsInvoices }: { readonly today: string; readonly knowsInvoices: boolean },
): Noticed[] {
  const out = charges.filter(
    ({ amountMinor, replaced, reversedBy, reverses }) => amountMinor < 0 && !replaced && reversedBy === null && reverses === null,
  );
  const groups = Map.groupBy(out, (charge) => `${partyOf(charge)}|${charge.currency}`);
  return [...groups].flatMap(([key, group]) => {
    const party = key.slice(0, key.lastIndexOf('|'));
    if (party === '') return [];
    const name = group.at(-1)?.counterparty.name ?? party;
    const rhythm = rhythmOf(group);
    return [
      ...unusual(group, { party, name, today }),
      ...(rhythm === null ? [] : subscription(group, rhythm, { party, name, today, knowsInvoices })),
    ];
  });
}

/** Whose charge it is: the words of the name, so that a changed account does not make another of it. */
const partyOf = ({ counterparty: { name, iban } }: Charge): string =>
  name === null
    ? (iban ?? '')
    : [...nameWords(name)]
        .filter((word) => !/^\d+$/.test(word))
        .sort()
        .join(' ');

interface About {
  readonly party: string;
  readonly name: string;
  readonly today: string;
}

function unusual(group: readonly Charge[], { party, name, today }: About): Noticed[] {
  return group.flatMap((charge, at) => {
    const earlier = group.slice(Math.max(0, at - 100), at).map(({ amountMinor }) => -amountMinor);
    if (earlier.length < historyMin || daysBetween(charge.bookedOn, today) > newsDays) return [];
    const middle = median(earlier);
    const spread = median(earlier.map((amount) => Math.abs(amount - middle))) * madToDeviation;
    const size = -charge.amountMinor;
    // Where all were equal the spread is nought: a fifth more is within what prices do.
    const limit = middle + Math.max(deviations * spread, middle / 2);
    if (size <= limit) return [];
    const shown = shownAmount(size, charge.currency);
    return [
      {
        kind: 'unusual',
        key: [charge.transactionId],
        title: `Unusual charge: ${shown} to ${name}`,
        text: `${earlier.length} earlier charges of ${name} were usually about ${shownAmount(middle, charge.currency)}; this one on ${charge.bookedOn} is ${shown}. (Party: ${party}.)`,
        transactionIds: [charge.transactionId],
        accountId: charge.accountId,
      },
    ];
  });
}

interface Rhythm {
  readonly word: string;
  readonly days: number;
  /** The charges that keep it, the newest last. */
  readonly charges: readonly Charge[];
}

const rhythms: readonly { readonly word: string; readonly days: number; readonly off: number; readonly least: number }[] = [
  { word: 'week', days: 7, off: 1, least: 5 },
  { word: 'month', days: 30.4, off: 5, least: 3 },
  { word: 'quarter', days: 91.3, off: 9, least: 3 },
  { word: 'year', days: 365.2, off: 15, least: 3 },
];

/** At regular intervals, and of nearly the same amount from one to the next. */
function rhythmOf(group: readonly Charge[]): Rhythm | null {
  for (const { word, days, off, least } of rhythms) {
    const run: Charge[] = [];
    for (const charge of group.toReversed()) {
      const next = run.at(-1);
      if (next === undefined) {
        run.push(charge);
        continue;
      }
      if (Math.abs(daysBetween(charge.bookedOn, next.bookedOn) - days) > off) break;
      // A price may rise by half; more is another thing.
      const ratio = next.amountMinor / charge.amountMinor;
      if (ratio > 1.5 || ratio < 1 / 1.5) break;
      run.push(charge);
    }
    const equal = new Set(run.map(({ amountMinor }) => amountMinor)).size;
    if (run.length >= least && equal <= Math.max(2, Math.ceil(run.length / 4))) return { word, days, charges: run.reverse() };
  }
  return null;
}

/** Nothing else of it for so long is worth a question. */
const silentDays = 180;

function subscription(
  group: readonly Charge[],
  { word, days, charges }: Rhythm,
  { party, name, today, knowsInvoices }: About & { knowsInvoices: boolean },
): Noticed[] {
  const [first, last, before] = [charges[0], charges.at(-1), charges.at(-2)];
  if (first === undefined || last === undefined || before === undefined) return [];
  // It has ended.
  if (daysBetween(last.bookedOn, today) > days * 1.5) return [];
  const price = shownAmount(-last.amountMinor, last.currency);
  const base = { transactionIds: charges.slice(-12).map(({ transactionId }) => transactionId), accountId: last.accountId };
  const found: Noticed[] = [
    {
      ...base,
      kind: 'subscription',
      key: [party, last.currency, word],
      title: `${name} takes ${price} every ${word}`,
      text: `${charges.length} charges since ${first.bookedOn}, one a ${word}. Next about ${addDays(last.bookedOn, Math.round(days))}.`,
    },
  ];
  const rise = -last.amountMinor + before.amountMinor;
  if (rise > 0 && daysBetween(last.bookedOn, today) <= newsDays)
    found.push({
      ...base,
      kind: 'price_rise',
      key: [party, last.currency, String(last.amountMinor)],
      title: `${name} costs more: ${price} instead of ${shownAmount(-before.amountMinor, last.currency)}`,
      text: `The charge of ${last.bookedOn} is ${((rise / -before.amountMinor) * 100).toFixed(1)} % higher than the one of ${before.bookedOn}.`,
    });
  const isSilent = daysBetween(first.bookedOn, last.bookedOn) >= silentDays && group.length === charges.length;
  if (isSilent)
    found.push({
      ...base,
      kind: 'unused',
      key: [party, last.currency],
      title: `Is ${name} still used?`,
      text:
        `${name} has taken money every ${word} for ${daysBetween(first.bookedOn, last.bookedOn)} days, and the accounts know of nothing else with it` +
        `${knowsInvoices ? '' : '; no invoices are known here'}. Whether somebody uses it cannot be seen from bank accounts.`,
    });
  return found;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : Math.round(((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2);
}

const daysBetween = (from: string, until: string): number => Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
const addDays = (day: string, days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
