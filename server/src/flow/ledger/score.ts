import { shownAmount } from './continuity.ts';
import type { InvoiceBody, Reason } from './schema.ts';
import type { Transaction } from './transaction.ts';
import { compact, nameLikeness, nameWords } from './words.ts';

/** From here on a match is made without asking, if nothing else comes near it. */
export const autoScore = 0.95;
/** Below this a match is not even proposed. */
export const askScore = 0.5;

/** What of an invoice is compared. */
export type Claim = Pick<
  InvoiceBody,
  | 'direction'
  | 'issuer'
  | 'number'
  | 'issuedOn'
  | 'dueOn'
  | 'amountMinor'
  | 'currency'
  | 'iban'
  | 'creditorReference'
  | 'discount'
  | 'references'
>;
/** What of a transaction is compared. */
export type Payment = Pick<
  Transaction,
  'amountMinor' | 'currency' | 'bookedOn' | 'counterparty' | 'text' | 'endToEndId' | 'creditorReference' | 'original' | 'feeMinor'
>;

export interface Scored {
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** How much of the payment is for this invoice, without a sign. */
  readonly amountMinor: number;
  /** Nothing of the invoice is open afterwards, whatever the difference. */
  readonly settles: boolean;
  /** Something says which invoice is meant: its reference or number. */
  readonly isNamed: boolean;
}

/**
 * Points are log-odds: evidence adds up, and the sum over what chance alone would give becomes a probability. The weights were set by hand
 * on what a bookkeeper goes by, a reference first, then number, account, amount, name, day; the test prints what they achieve.
 */
const chance = -5;

const toScore = (points: number): number => 1 / (1 + Math.exp(-(points + chance)));

/**
 * How likely a payment is for an invoice, and why.
 *
 * @param openMinor - what is not paid yet, with the sign of the invoice's amount
 * @param freeMinor - what of the payment is for nothing else yet, without a sign
 * @returns null when it cannot be: another currency, the wrong way, nothing open.
 */
export function scoreMatch(claim: Claim, openMinor: number, payment: Payment, freeMinor: number): Scored | null {
  const { currency } = claim;
  if (currency === null || openMinor === 0 || freeMinor <= 0) return null;
  // A bill goes out, what is owed to us comes in, and credit notes the other way.
  const isOut = (claim.direction === 'payable') === openMinor > 0;
  if (payment.amountMinor < 0 !== isOut) return null;
  const open = Math.abs(openMinor);
  const money = amountReason(claim, open, payment, freeMinor);
  if (money === null) return null;
  const naming = namingReasons(claim, payment);
  const reasons = [money.reason, ...naming, ...partyReasons(claim, payment, naming.length > 0), ...dayReasons(claim, payment)];
  const points = reasons.reduce((sum, reason) => sum + reason.points, 0);
  return {
    score: toScore(points),
    reasons,
    amountMinor: money.amountMinor,
    settles: money.settles,
    isNamed: naming.length > 0,
  };
}

interface Money {
  readonly reason: Reason;
  readonly amountMinor: number;
  readonly settles: boolean;
}

/** Differences that banks and rounding make: up to 1 % and 5.00. */
const tolerated = (open: number): number => Math.min(Math.round(open / 100), 500);

function amountReason({ currency, discount, amountMinor: asked }: Claim, open: number, payment: Payment, free: number): Money | null {
  const shown = (minor: number) => shownAmount(minor, currency ?? '');
  const reason = (points: number, text: string): Reason => ({ code: 'amount', points, text });
  if (payment.currency !== currency) {
    const original = payment.original;
    if (original === null || original.currency !== currency) return null;
    if (Math.abs(original.amountMinor) !== open) return null;
    const text = `It is ${shown(open)}, changed into ${shownAmount(Math.abs(payment.amountMinor), payment.currency)}.`;
    return { reason: reason(2.5, text), amountMinor: open, settles: true };
  }
  if (free === open) return { reason: reason(3, `The amount is the same: ${shown(open)}.`), amountMinor: open, settles: true };
  if (discount !== null && (discount.until === null || payment.bookedOn <= addDays(discount.until, 3))) {
    const reduced = open - Math.round((Math.abs(asked ?? open) * discount.percent) / 100);
    if (Math.abs(free - reduced) <= 1)
      return { reason: reason(2.5, `The amount is ${shown(open)} less ${discount.percent} % discount.`), amountMinor: free, settles: true };
  }
  const fee = payment.feeMinor;
  if (fee !== null && Math.abs(Math.abs(free - open) - fee) <= 1)
    return {
      reason: reason(2.5, `The amount differs by the bank's charges of ${shown(fee)}.`),
      amountMinor: Math.min(free, open),
      settles: true,
    };
  const off = free - open;
  if (Math.abs(off) <= tolerated(open))
    return {
      reason: reason(1, `The amount is ${shown(Math.abs(off))} ${off > 0 ? 'more' : 'less'} than ${shown(open)}.`),
      amountMinor: Math.min(free, open),
      settles: off >= 0,
    };
  if (off < 0) return { reason: reason(-0.5, `A part: ${shown(free)} of ${shown(open)}.`), amountMinor: free, settles: false };
  return { reason: reason(-1, `More than is open: ${shown(free)}, and open are ${shown(open)}.`), amountMinor: open, settles: true };
}

/** What names the invoice: its creditor reference, its number, another number of it. */
function namingReasons(claim: Claim, payment: Payment): Reason[] {
  const said = compact(`${payment.text} ${payment.endToEndId ?? ''} ${payment.creditorReference ?? ''}`);
  const words = new Set(
    `${payment.text} ${payment.endToEndId ?? ''}`
      .toUpperCase()
      .split(/[\s,;:()+]+/)
      .map(compact),
  );
  const { creditorReference, number } = claim;
  if (creditorReference !== null && said.includes(compact(creditorReference)))
    return [{ code: 'reference', points: 6, text: `It names the reference ${creditorReference}.` }];
  const wanted = number === null ? '' : compact(number);
  if (wanted !== '' && (words.has(wanted) || (wanted.length >= 6 && hasWhole(said, wanted)))) {
    const digits = wanted.replace(/\D/g, '').length;
    const points = digits >= 4 || wanted.length >= 6 ? 5 : digits >= 3 ? 2 : 0.5;
    return [{ code: 'number', points, text: `It names the number ${number}.` }];
  }
  const other = claim.references.find((reference) => compact(reference).length >= 5 && hasWhole(said, compact(reference)));
  return other === undefined ? [] : [{ code: 'number', points: 2.5, text: `It names ${other}, which stands in the invoice.` }];
}

/** Not inside a longer number: 20230042 is no part of 1202300427. */
function hasWhole(text: string, wanted: string): boolean {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const [before, after] = [text.charAt(at - 1), text.charAt(at + wanted.length)];
    const isCut = (/\d/.test(before) && /^\d/.test(wanted)) || (/\d/.test(after) && /\d$/.test(wanted));
    if (!isCut) return true;
  }
  return false;
}

function partyReasons(claim: Claim, { counterparty, text }: Payment, isNamed: boolean): Reason[] {
  const reasons: Reason[] = [];
  // Of what is owed to us the account in the invoice is ours.
  if (claim.direction === 'payable' && claim.iban !== null && counterparty.iban !== null)
    reasons.push(
      claim.iban === counterparty.iban
        ? { code: 'iban', points: 3, text: 'The account is the one in the invoice.' }
        : { code: 'iban', points: -1, text: 'The account is another than the one in the invoice.' },
    );
  if (claim.direction === 'payable' && claim.issuer !== null) {
    const likeness = Math.max(nameLikeness(claim.issuer, counterparty.name ?? ''), inText(claim.issuer, text));
    if (likeness >= 0.9) reasons.push({ code: 'name', points: 2, text: `The name is ${claim.issuer}.` });
    else if (likeness >= 0.4)
      reasons.push({ code: 'name', points: 1, text: `The name "${counterparty.name ?? ''}" has words of ${claim.issuer}.` });
    else if (counterparty.name !== null)
      reasons.push({
        code: 'name',
        points: isNamed ? -0.5 : -1.5,
        text: `The name "${counterparty.name}" is another than ${claim.issuer}.`,
      });
  }
  return reasons;
}

/** All the telling words of a name in a text: payment services put the true payee there. */
const inText = (name: string, text: string): number => {
  const wanted = nameWords(name);
  return wanted.size > 0 && wanted.isSubsetOf(nameWords(text)) && [...wanted].join('').length >= 4 ? 0.9 : 0;
};

function dayReasons({ issuedOn, dueOn }: Claim, { bookedOn }: Payment): Reason[] {
  const from = issuedOn ?? dueOn;
  if (from === null) return [];
  const until = dueOn ?? addDays(from, 30);
  if (bookedOn < addDays(from, -3))
    return [{ code: 'date', points: issuedOn === null ? -0.5 : -3, text: `It was paid on ${bookedOn}, before the invoice of ${from}.` }];
  if (bookedOn <= addDays(until, 10)) return [{ code: 'date', points: 1, text: `It was paid on ${bookedOn}, in time.` }];
  if (bookedOn <= addDays(until, 60)) return [{ code: 'date', points: 0.5, text: `It was paid on ${bookedOn}, late.` }];
  return [{ code: 'date', points: -1, text: `It was paid on ${bookedOn}, long after ${until}.` }];
}

const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
