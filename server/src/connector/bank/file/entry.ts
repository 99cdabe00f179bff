import type { Entry } from '#flow/ledger';

/** An entry of which nothing is known but what is booked. */
export const plainEntry = (booked: Pick<Entry, 'place' | 'bookedOn' | 'amountMinor' | 'currency'>): Entry => ({
  ...booked,
  valueOn: null,
  counterparty: { name: null, iban: null, number: null, bic: null },
  text: '',
  bankReference: null,
  endToEndId: null,
  creditorReference: null,
  mandateId: null,
  kind: null,
  isReversal: false,
  corrects: null,
  original: null,
  feeMinor: null,
});

/** What banks write where there is no reference. */
const nothings: ReadonlySet<string> = new Set([
  'NOTPROVIDED',
  'NONREF',
  'NOREF',
  'NOTAVAILABLE',
  'NONE',
  'N/A',
  'NULL',
  'UNKNOWN',
  'KREF',
  'EREF',
]);

export function referenceOrNull(text: string | null | undefined): string | null {
  const trimmed = (text ?? '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 140);
  return trimmed === '' || nothings.has(trimmed.toUpperCase().replaceAll(' ', '')) || /^[0./-]+$/.test(trimmed) ? null : trimmed;
}

/** Whether year, month and day are a day that there is. */
export function dayOf(year: number, month: number, day: number): string | null {
  if (year < 1970 || year > 2199) return null;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.toISOString().slice(0, 10) : null;
}
