import { shownAmount } from './continuity.ts';
import type { Reason } from './schema.ts';
import { askScore, autoScore, type Claim, type Payment, type Scored, scoreMatch } from './score.ts';
import { findSubset } from './subset.ts';
import { nameLikeness } from './words.ts';

export interface OpenInvoice extends Claim {
  readonly invoiceId: string;
  /** What is not paid yet, with the sign of its amount. */
  readonly openMinor: number;
}
export interface FreePayment extends Payment {
  readonly transactionId: string;
  /** What of it is for nothing else yet, without a sign. */
  readonly freeMinor: number;
}

/** One answer: this much of this payment is for this invoice. */
export interface Assignment extends Omit<Scored, 'isNamed'> {
  readonly invoiceId: string;
  readonly transactionId: string;
  /** `auto`: certain enough, and nothing else comes near. `ask`: a person says. */
  readonly verdict: 'auto' | 'ask';
}

/** One or more invoices that a payment would pay together. */
interface Candidate {
  readonly transactionId: string;
  readonly score: number;
  readonly parts: readonly (Scored & { readonly invoiceId: string })[];
}

/** How near, in log-odds, the second best may come before nobody can say which of the two it is. */
const margin = 1;

/**
 * Says which payments are for which invoices. Every pair is scored, payments for several invoices are looked for, and the best are taken
 * first; what was taken is taken. The same input gives the same answer in whatever order it comes.
 *
 * @param refused - pairs `invoice/transaction` that a person has refused
 */
export function assign(invoices: readonly OpenInvoice[], payments: readonly FreePayment[], refused: ReadonlySet<string>): Assignment[] {
  const candidates = payments.flatMap((payment) => {
    const singles = invoices.flatMap((invoice) => single(invoice, payment, refused));
    const together = collective(invoices, payment, refused, singles);
    return together === null ? singles : [...singles, together];
  });
  const ordered = candidates.sort(
    (one, other) => other.score - one.score || compare(one.transactionId, other.transactionId) || compare(idsOf(one), idsOf(other)),
  );
  const open = new Map(invoices.map(({ invoiceId, openMinor }) => [invoiceId, Math.abs(openMinor)]));
  const free = new Map(payments.map(({ transactionId, freeMinor }) => [transactionId, freeMinor]));
  const made: Assignment[] = [];
  for (const candidate of ordered) {
    const { transactionId, parts, score } = candidate;
    const total = parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    const left = free.get(transactionId) ?? 0;
    if (left === 0 || parts.some(({ invoiceId }) => open.get(invoiceId) === 0)) continue;
    const isCovered = left >= total && parts.every(({ invoiceId, amountMinor }) => amountMinor <= (open.get(invoiceId) ?? 0));
    const isCertain = isCovered && score >= autoScore && !hasRival(candidate, ordered);
    for (const { isNamed: _, ...part } of parts) made.push({ ...part, score, transactionId, verdict: isCertain ? 'auto' : 'ask' });
    if (!isCertain) continue;
    free.set(transactionId, left - total);
    for (const { invoiceId, amountMinor, settles } of parts) open.set(invoiceId, settles ? 0 : (open.get(invoiceId) ?? 0) - amountMinor);
  }
  return proposalsPruned(made);
}

function single(invoice: OpenInvoice, payment: FreePayment, refused: ReadonlySet<string>): Candidate[] {
  if (refused.has(`${invoice.invoiceId}/${payment.transactionId}`)) return [];
  const scored = scoreMatch(invoice, invoice.openMinor, payment, payment.freeMinor);
  if (scored === null || scored.score < askScore) return [];
  return [{ transactionId: payment.transactionId, score: scored.score, parts: [{ ...scored, invoiceId: invoice.invoiceId }] }];
}

/** More invoices of one counterparty than this are not tried against one payment. */
const invoicesTriedMax = 24;

/** Several invoices that together are exactly the payment: those that it names, or else those of its counterparty. */
function collective(
  invoices: readonly OpenInvoice[],
  payment: FreePayment,
  refused: ReadonlySet<string>,
  singles: readonly Candidate[],
): Candidate | null {
  const isExact = singles.some(({ parts: [part] }) => part?.amountMinor === payment.freeMinor && part.settles && part.isNamed);
  if (isExact) return null;
  const isOut = payment.amountMinor < 0;
  const scored = invoices.flatMap((invoice) => {
    if (invoice.currency !== payment.currency || refused.has(`${invoice.invoiceId}/${payment.transactionId}`)) return [];
    // A credit note is taken off, so it is scored as if it went the other way.
    const isBill = (invoice.direction === 'payable') === isOut;
    if (!isBill) return [];
    const as = scoreMatch({ ...invoice, discount: null }, Math.abs(invoice.openMinor), payment, Math.abs(invoice.openMinor));
    if (as === null) return [];
    const isSameParty =
      as.isNamed ||
      (invoice.iban !== null && invoice.iban === payment.counterparty.iban) ||
      nameLikeness(invoice.issuer ?? '', payment.counterparty.name ?? '') >= 0.5;
    const isBefore = invoice.issuedOn === null || invoice.issuedOn <= payment.bookedOn;
    return isSameParty && isBefore ? [{ invoice, scored: as }] : [];
  });
  if (scored.length < 2) return null;
  const sorted = scored.sort(
    (one, other) =>
      compare(one.invoice.issuedOn ?? '', other.invoice.issuedOn ?? '') || compare(one.invoice.invoiceId, other.invoice.invoiceId),
  );
  const named = sorted.filter((one) => one.scored.isNamed);
  const isNamed = named.length > 1 && named.reduce((sum, { invoice }) => sum + invoice.openMinor, 0) === payment.freeMinor;
  const tried = sorted.slice(-invoicesTriedMax);
  const found = isNamed ? { subset: named, isOnly: true } : subsetOf(tried, payment.freeMinor);
  if (found === null || found.subset.length < 2) return null;
  const text = `With ${found.subset.length - 1} more it is ${shownAmount(payment.freeMinor, payment.currency)} exactly.`;
  const points = isNamed ? 2 : found.isOnly ? 0 : -2;
  const reason: Reason = { code: 'collective', points, text: found.isOnly ? text : `${text} Other invoices would add up as well.` };
  const parts = found.subset.map(({ invoice, scored: part }) => ({
    ...part,
    score: shifted(part.score, points),
    reasons: [...part.reasons, reason],
    amountMinor: Math.abs(invoice.openMinor),
    settles: true,
    invoiceId: invoice.invoiceId,
  }));
  const score = Math.min(...parts.map((part) => part.score));
  return score < askScore ? null : { transactionId: payment.transactionId, score, parts };
}

function subsetOf<T extends { readonly invoice: OpenInvoice }>(
  tried: readonly T[],
  target: number,
): { subset: T[]; isOnly: boolean } | null {
  const found = findSubset(
    tried.map(({ invoice }) => invoice.openMinor),
    target,
  );
  return found === null ? null : { subset: found.places.flatMap((place) => tried[place] ?? []), isOnly: found.isOnly };
}

const logit = (score: number): number => Math.log(score / (1 - score));
const shifted = (score: number, points: number): number => 1 / (1 + Math.exp(-(logit(score) + points)));

/** Another use of the payment, or another payment for the invoice, that is about as likely. */
const hasRival = (candidate: Candidate, all: readonly Candidate[]): boolean =>
  all.some((other) => {
    if (other === candidate || logit(other.score) < logit(candidate.score) - margin) return false;
    const ids = new Set(candidate.parts.map(({ invoiceId }) => invoiceId));
    const sharesInvoice = other.parts.some(({ invoiceId }) => ids.has(invoiceId));
    if (other.transactionId === candidate.transactionId) return !sharesInvoice || other.parts.length !== candidate.parts.length;
    return sharesInvoice && !isPart(candidate) && !isPart(other);
  });

/** Several payments may each be a part of one invoice. */
const isPart = ({ parts }: Candidate): boolean => parts.some(({ settles }) => !settles);

/** What is proposed beside something certain is no help. Few proposals an invoice, the best. */
function proposalsPruned(made: readonly Assignment[]): Assignment[] {
  const settled = new Set(made.filter(({ verdict, settles }) => verdict === 'auto' && settles).map(({ invoiceId }) => invoiceId));
  const kept = made.filter(({ verdict, invoiceId }) => verdict === 'auto' || !settled.has(invoiceId));
  const seen = new Map<string, number>();
  const pairs = new Set<string>();
  return kept.filter(({ invoiceId, transactionId, verdict }) => {
    const count = (seen.get(invoiceId) ?? 0) + 1;
    seen.set(invoiceId, count);
    const pair = `${invoiceId}/${transactionId}`;
    const isFirst = !pairs.has(pair);
    pairs.add(pair);
    return isFirst && (verdict === 'auto' || count <= 5);
  });
}

const idsOf = ({ parts }: Candidate): string => parts.map(({ invoiceId }) => invoiceId).join();
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
