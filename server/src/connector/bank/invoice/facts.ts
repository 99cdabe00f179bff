import { findCreditorReferences, type InvoiceBody } from '#flow/ledger';
import { normaliseIban } from '#trust/policy';
import { cleaned } from '../file/decode.ts';
import { findIssuer } from './issuer.ts';
import { amountsIn, currencyIn, daysIn, type SlashOrder, slashOrderOf } from './values.ts';

interface Line {
  readonly line: number;
  readonly text: string;
}
interface Found<T> {
  readonly value: T;
  readonly at: Line;
}

/** Words before a value, the most telling first. */
const labels = {
  number: [
    /\b(?:invoice|bill|receipt) ?(?:number|no|nr|num|id|#)\b\s?[.:#°]*/i,
    /\brechnungs?(?:-| )?(?:nummer|nr|no)\b\s?[.:#]*/i,
    /\b(?:factuur|faktuur)(?:nummer|nr)\b\s?[.:#]*/i,
    /\bfacture ?(?:n ?[°ºo]|num[ée]ro|no)\s?[.:]*/i,
    /\bfaktura ?(?:vat )?(?:nr|numer)\b\s?[.:]*/i,
    /\b(?:fattura|factura) ?(?:n ?[°º.]|num(?:ero|\.)?|nr)\s?[.:]*/i,
    /\b(?:credit note|gutschrift|creditnota|avoir)s?(?:nummer|nr|number|no| n[°º])?\b\s?[.:#]*/i,
    /\b(?:invoice|rechnung|facture|factuur)\b\s?[.:#]*(?=\s?[A-Z]{0,6}[/_-]?\d)/i,
    /(?<=^|\s{2})(?:invoice|rechnung|facture|factuur)(?=\s{2}|$)/i,
    /^#\s?(?=\S*\d)/,
    /\bbooking id\b\s?[.:]*/i,
  ],
  issued: [
    /\b(?:invoice|issue|bill) date\b\s?:?/i,
    /\bdate of (?:issue|invoice)\b\s?:?/i,
    /\b(?:rechnungs|ausstellungs|beleg)datum\b\s?:?/i,
    /\bfactuur ?datum\b\s?:?/i,
    /\bdate (?:de (?:la )?facture|d['’][ée]mission)\b\s?:?/i,
    /\bdata wystawienia\b\s?:?/i,
    /\bfacture n ?[°º] ?\S+ du\b/i,
    /\bdat(?:e|um|a|um:)\b\s?:?/i,
  ],
  due: [
    /\b(?:due date|payment due|payable by|pay by|due on|due by)\b\s?:?/i,
    /\b(?:fällig(?:keit)?(?:sdatum)?(?: am| bis)?|zahlbar bis(?: zum)?|zahlungsziel|zu zahlen bis)\b\s?:?/i,
    /\b(?:vervaldatum|uiterste betaaldatum|te betalen voor)\b\s?:?/i,
    /\b(?:date limite de paiement|date d['’][ée]ch[ée]ance|[ée]ch[ée]ance|payable avant)(?: le)?\b\s?:?/i,
    /\b(?:termin płatności|scadenza|vencimiento)\b\s?:?/i,
  ],
  amount: [
    /\b(?:total )?amount (?:due|payable)\b|\bbalance due\b|\bamount to (?:be paid|pay)\b/i,
    /\b(?:zahlbetrag|zu zahlen(?:der betrag)?|rechnungsbetrag|gesamtbetrag|endbetrag|bruttobetrag)\b|\bgesamt(?:summe)?,? ?(?:brutto)?\b/i,
    /\bsomme à payer\b|\bnet à payer\b|\btotal (?:ttc|à payer)\b/i,
    /\bte betalen\b|\bfactuur ?totaal\b|\btotaal (?:incl|te)\S*/i,
    /\b(?:należność ogółem|do zapłaty|totale (?:fattura|documento)|total a pagar)/i,
    /\bgrand total\b|\binvoice total\b|\btotal for this invoice\b|\btotal (?:incl|including)\b/i,
    /(?<![-\p{L}])(?:total|totaal|totale|summe|razem)\b/iu,
  ],
  other: [
    /\b(?:order|po|purchase order|contract|reference|customer|client|account|abo|vertrags?|kunden?|auftrags?|bestell|klant|order|commande|dossier)(?:[ -]?(?:number|nummer|nr|no|id|n[°º]|#))?\.?\s?[:#]\s?/i,
    /\b(?:kundennr|auftragsnr|bestellnr|klantnummer|ordernummer|kundennummer|numéro de (?:ligne|dossier|client))\.?\s?:?/i,
    /\bcommunication for your payment ?:/i,
    /\b(?:verwendungszweck|payment reference|betalingskenmerk)\s?:?/i,
  ],
} as const;

/** Without tax, a part, or not to be paid: no total. */
const noTotal =
  /sub ?-?tot(?:al|aal)|zwischensumme|exclusief|excl\.?\b|\bht\b|hors taxe|netto ?(?:betrag|summe)|untaxed|tax base|\btax\b.{0,12}total|\bqty\b|total (?:tax|vat|discount|quantity|hours)/i;
const isCredit = /\b(?:credit note|credit memo|gutschrift|stornorechnung|rechnungskorrektur|creditnota|avoir|nota di credito|korekta)\b/i;
const isInvoiceWord = /\b(?:invoice|rechnung|facture|factuur|faktura|fattura|factura|receipt|bill|gutschrift|credit note)/i;

/**
 * Reads what an invoice asks for out of its text, with the line of each fact. Words that stand before a value in six languages lead to it:
 * behind them in the line, or under them where the text is a table. What is not there, or stands there in two ways, is a doubt.
 *
 * @param document - its name, for people
 * @returns null when the text is no invoice: no such word, or no amount.
 */
export function readInvoice(text: string, document: string): InvoiceBody | null {
  const lines = text.split('\n', 5_000).map((one, at): Line => ({ line: at + 1, text: one.replaceAll('\u00a0', ' ').slice(0, 2_000) }));
  if (!isInvoiceWord.test(text)) return null;
  const order = slashOrderOf(text);
  const number = labelled(lines, labels.number, numberIn);
  const total = findTotal(lines);
  const currency = (total === null ? null : currencyIn(total.at.text)) ?? currencyIn(text);
  const amount = total === null || currency === null ? null : { value: amountsIn(total.at.text, currency).at(-1) ?? 0, at: total.at };
  if (amount === null && number === null) return null;
  const slash: SlashOrder = order ?? (currency === 'USD' ? 'mdy' : 'dmy');
  const dayIn = (rest: string) => daysIn(rest, slash)[0] ?? null;
  const issued = labelled(lines, labels.issued, dayIn, /due|fällig|verval|order ?dat/i) ?? firstDay(lines, slash);
  const due = labelled(lines, labels.due, dayIn) ?? dueByTerms(lines, issued?.value ?? null);
  const ibans = distinct(lines.flatMap((at) => ibansIn(at.text).map((value) => ({ value, at }))));
  const references = distinct(lines.flatMap((at) => findCreditorReferences(at.text).map((value) => ({ value, at }))));
  const bic = lines.flatMap((at) =>
    [...(/\b(?:BIC|SWIFT)(?:[- ]?code)?\s?:?\s?([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b/.exec(at.text)?.slice(1) ?? [])].map((value) => ({
      value,
      at,
    })),
  )[0];
  const issuer = findIssuer(lines);
  const credit = lines.slice(0, 15).some((at) => isCredit.test(at.text));
  const discount = discountIn(lines, issued?.value ?? null, dayIn);
  const sign = credit ? -1 : 1;
  const facts = {
    issuer,
    number,
    issuedOn: issued,
    dueOn: due,
    amountMinor: amount,
    iban: ibans[0] ?? null,
    bic: bic ?? null,
    creditorReference: references[0] ?? null,
  };
  const doubts = [
    ...(amount === null ? ['The amount was not found.'] : []),
    ...(number === null ? ['The number was not found.'] : []),
    ...(issuer === null ? ['Who it is from was not found.'] : []),
    ...(ibans.length > 1 ? [`It names ${ibans.length} accounts; the first is taken: ${ibans.map(({ value }) => value).join(', ')}.`] : []),
    ...(order === null && issued !== null && /\/\d{1,2}\//.test(issued.at.text) && currency !== 'EUR'
      ? ['Its dates could be read with day and month exchanged.']
      : []),
  ];
  return {
    document: cleaned(document, 200),
    direction: 'payable',
    issuer: issuer?.value ?? null,
    number: number?.value ?? null,
    issuedOn: issued?.value ?? null,
    dueOn: due?.value ?? null,
    amountMinor: amount === null ? null : sign * Math.abs(amount.value),
    currency,
    iban: ibans[0]?.value ?? null,
    bic: bic?.value ?? null,
    creditorReference: references[0]?.value ?? null,
    discount,
    references: otherReferences(lines, number?.value ?? ''),
    provenance: Object.fromEntries(
      Object.entries(facts).flatMap(([name, found]) =>
        found === null ? [] : [[name, { value: found.value, line: found.at.line, quote: cleaned(found.at.text, 160) }]],
      ),
    ),
    doubts,
  };
}

/** The value behind the first label that has one, or under it in a table whose columns are set apart by two spaces. */
function labelled<T>(
  lines: readonly Line[],
  patterns: readonly RegExp[],
  read: (text: string) => T | null,
  never?: RegExp,
): Found<T> | null {
  for (const pattern of patterns)
    for (const [index, at] of lines.entries()) {
      const found = pattern.exec(at.text);
      if (found === null) continue;
      const before = at.text.slice(0, found.index + found[0].length);
      if (never?.test(before.slice(-30)) === true) continue;
      const value = read(at.text.slice(before.length).split(/\s{3,}(?=\S+\s*:)/)[0] ?? '');
      if (value !== null) return { value, at };
      const below = underneath(at, lines[index + 1], found.index);
      const valueBelow = below === null ? null : read(below);
      if (valueBelow !== null && lines[index + 1] !== undefined) return { value: valueBelow, at: lines[index + 1] ?? at };
    }
  return null;
}

/** The cell of the next line in the column that a place of this line is in. */
function underneath(header: Line, values: Line | undefined, place: number): string | null {
  if (values === undefined) return null;
  const column = header.text.slice(0, place).split(/\s{2,}/).length - 1;
  const cells = values.text.trim().split(/\s{2,}/);
  const columns = header.text.trim().split(/\s{2,}/);
  return columns.length === cells.length || columns.length === 1 ? (cells[column] ?? null) : null;
}

/** A word with a digit in it, maybe after one more word of capitals: `F 1234K20/12`. */
function numberIn(text: string): string | null {
  const [, found] = /^[\s:#°º.]*((?:[A-Z]{1,4} (?=\S*\d))?[\p{L}\d][\p{L}\d/_.-]{0,39})/u.exec(text) ?? [];
  const trimmed = found?.replace(/[._/-]+$/, '');
  if (trimmed === undefined || !/\d/.test(trimmed) || /^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$/.test(trimmed)) return null;
  return trimmed;
}

/** The line with the total: of the most telling label, and of several the last, where totals stand. */
function findTotal(lines: readonly Line[]): { readonly at: Line } | null {
  for (const pattern of labels.amount) {
    const found = lines.filter(
      ({ text }) => pattern.test(text) && !noTotal.test(text) && amountsIn(text, currencyIn(text) ?? 'EUR').length > 0,
    );
    const at = pattern === labels.amount.at(-1) ? largest(found) : found[0];
    if (at !== undefined) return { at };
  }
  return null;
}

const largest = (lines: readonly Line[]): Line | undefined => lines.toSorted((one, other) => lastAmount(other) - lastAmount(one)).at(0);
const lastAmount = ({ text }: Line): number => amountsIn(text, currencyIn(text) ?? 'EUR').at(-1) ?? 0;

function firstDay(lines: readonly Line[], order: SlashOrder): Found<string> | null {
  for (const at of lines.slice(0, 40)) {
    const [value] = daysIn(at.text, order);
    if (value !== undefined) return { value, at };
  }
  return null;
}

/** "Net 30 days", "14 Tage netto", "Payment terms: 15 Days". */
function dueByTerms(lines: readonly Line[], issuedOn: string | null): Found<string> | null {
  if (issuedOn === null) return null;
  for (const at of lines) {
    const [, one, two, three] =
      /\bnet(?:to)? (\d{1,3}) (?:days|tage)|\b(\d{1,3}) (?:tage|dagen|jours|dni)(?: rein)? net(?:to)?|(?:payment terms?|zahlbar innerhalb(?: von)?|betaaltermijn)\s?:? (\d{1,3}) (?:days|tagen?|dagen)/i.exec(
        at.text,
      ) ?? [];
    const days = one ?? two ?? three;
    if (days !== undefined) return { value: addDays(issuedOn, Number(days)), at };
  }
  return null;
}

/** "2 % Skonto bei Zahlung bis 12.03.2026", "3% discount within 10 days". */
function discountIn(lines: readonly Line[], issuedOn: string | null, dayIn: (text: string) => string | null): InvoiceBody['discount'] {
  for (const { text } of lines) {
    const [, before, after] =
      /(\d{1,2}(?:[.,]\d{1,2})?) ?% ?(?:skonto|cash discount|early payment discount|discount (?:if|when) paid|escompte|korting bij betaling)|(?:skonto|cash discount|escompte)\D{0,20}?(\d{1,2}(?:[.,]\d{1,2})?) ?%/i.exec(
        text,
      ) ?? [];
    const percent = Number((before ?? after ?? '').replace(',', '.'));
    if (!(percent > 0 && percent <= 50)) continue;
    const days = /(?:within|innerhalb(?: von)?|binnen|in|sous) (\d{1,3}) (?:days|tagen?|dagen|jours)/i.exec(text)?.[1];
    const until = dayIn(text) ?? (days === undefined || issuedOn === null ? null : addDays(issuedOn, Number(days)));
    return { percent, until };
  }
  return null;
}

const ibansIn = (text: string): string[] =>
  [...text.matchAll(/(?<![A-Z0-9])(?!RF)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}/g)].flatMap(([run]) => {
    // The run may have swallowed what stands behind it.
    const compact = run.replaceAll(' ', '');
    for (let length = Math.min(34, compact.length); length >= 15; length -= 1) {
      const iban = normaliseIban(compact.slice(0, length));
      if (iban !== null) return [iban];
    }
    return [];
  });

function otherReferences(lines: readonly Line[], number: string): string[] {
  const found = lines.flatMap(({ text }) =>
    labels.other.flatMap((pattern) => {
      const match = pattern.exec(text);
      const value = match === null ? null : numberIn(text.slice(match.index + match[0].length));
      return value === null || value === number || value.replace(/\D/g, '').length < 4 ? [] : [value];
    }),
  );
  return [...new Set(found)].slice(0, 10);
}

const distinct = (found: readonly Found<string>[]): Found<string>[] =>
  [...new Map(found.toReversed().map((one) => [one.value, one])).values()].reverse();

const addDays = (day: string, days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
