import { type CsvMapping, minorOf } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { dayOf } from './entry.ts';

type Columns = CsvMapping['columns'];
type Column = Exclude<keyof Columns, 'text'>;

/** How banks call their columns, in lower case, the most telling first. Whole names decide before parts of names. */
const names: Readonly<Record<Column | 'text', readonly string[]>> = {
  bookedOn: [
    'buchungstag',
    'buchungsdatum',
    'buchung',
    'booking date',
    'transaction date',
    'completed date',
    'posting date',
    'posted date',
    'post date',
    'date',
    'datum',
    'fecha',
    'data',
    'boekdatum',
  ],
  valueOn: ['valutadatum', 'valuta', 'wertstellung', 'value date', 'valuedate', 'rentedatum', 'interest date'],
  amount: [
    'betrag (eur)',
    'betrag',
    'amount',
    'umsatz',
    'montant',
    'importe',
    'importo',
    'bedrag',
    'kwota',
    'value',
    'transaction amount',
    'amount (eur)',
  ],
  credit: ['haben', 'credit', 'gutschrift', 'crédit', 'money in', 'paid in', 'deposit', 'deposits', 'eingang', 'credit amount', 'in'],
  debit: [
    'soll',
    'debit',
    'belastung',
    'lastschrift',
    'débit',
    'money out',
    'paid out',
    'withdrawal',
    'withdrawals',
    'ausgang',
    'debit amount',
    'out',
  ],
  sign: [
    's/h',
    'soll/haben',
    'soll-/haben-kennzeichen',
    'soll haben kennzeichen',
    'umsatzart kennzeichen',
    'debit/credit',
    'credit/debit',
    'dr/cr',
    'cr/dr',
    'af bij',
    'af/bij',
    'type d/c',
    'd/c',
  ],
  currency: ['währung', 'waehrung', 'currency', 'devise', 'valuta code', 'munt', 'muntsoort', 'ccy'],
  counterparty: [
    'beguenstigter/zahlungspflichtiger',
    'begünstigter/zahlungspflichtiger',
    'begünstigter / auftraggeber',
    'auftraggeber / begünstigter',
    'auftraggeber/empfänger',
    'zahlungsempfänger*in',
    'zahlungsempfänger',
    'name zahlungsbeteiligter',
    'empfänger',
    'counterparty',
    'counterparty name',
    'payee',
    'name',
    'partner name',
    'tegenpartij',
    'naam tegenpartij',
    'merchant',
  ],
  counterpartyAccount: [
    'kontonummer/iban',
    'iban zahlungsbeteiligter',
    'iban',
    'kontonummer',
    'counterparty account',
    'account number',
    'partner iban',
    'tegenrekening',
    'gegenkonto',
  ],
  text: [
    'verwendungszweck',
    'buchungstext',
    'description',
    'memo',
    'details',
    'reference',
    'text',
    'payment reference',
    'narrative',
    'remittance',
    'omschrijving',
    'mededelingen',
    'libellé',
    'concepto',
    'umsatztext',
    'transaction description',
    'zahlungsreferenz',
  ],
  balance: ['saldo nach buchung', 'saldo', 'balance', 'running balance', 'solde', 'kontostand', 'balance after'],
  reference: ['transaction id', 'transaktions-id', 'buchungsreferenz', 'bank reference', 'fitid', 'entry reference', 'id', 'volgnr'],
  ownAccount: ['auftragskonto', 'eigenes konto', 'iban auftragskonto', 'account', 'own iban', 'konto', 'rekening', 'iban/bban'],
};

/** What can be said of a file by looking at it. */
export interface Detected {
  readonly mapping: Partial<Omit<CsvMapping, 'columns'>> & { readonly columns: Partial<Columns> };
  /** The line of the header, from nought. */
  readonly headerAt: number;
  /** What a person has to say, empty when everything is certain. */
  readonly questions: readonly string[];
}

/** How many lines at the start may be about the account instead of its transactions. */
const preambleMax = 40;
const sampleMax = 500;

/** The sign that divides most lines of a file into the same number of columns, more than one. */
export function detectDelimiter(text: string): CsvMapping['delimiter'] | null {
  const lines = text.split('\n', 60).filter((line) => line.trim() !== '');
  const scored = ([';', '\t', ',', '|'] as const).map((delimiter) => {
    const widths = lines.map((line) => outsideQuotes(line).split(delimiter).length).filter((width) => width > 2);
    const common = Math.max(0, ...[...Map.groupBy(widths, (width) => width).values()].map((group) => group.length));
    return { delimiter, common };
  });
  const best = scored.reduce((one, other) => (other.common > one.common ? other : one));
  return best.common === 0 ? null : best.delimiter;
}

const outsideQuotes = (line: string): string => line.replace(/"(?:[^"]|"")*"/g, '""');

/** Looks at the lines of a file for a header, and at the values below it for how dates and numbers are written. */
export function detectMapping(rows: readonly (readonly string[])[], delimiter: CsvMapping['delimiter']): Detected | null {
  const headerAt = rows.slice(0, preambleMax).findIndex((row) => isHeader(row));
  const header = rows[headerAt];
  if (header === undefined) return null;
  const data = rows.slice(headerAt + 1, headerAt + 1 + sampleMax).filter((row) => row.length >= Math.min(3, header.length));
  const columns = columnsOf(header);
  const values = (column: number | null | undefined) =>
    column === null || column === undefined ? [] : data.map((row) => row[column]?.trim() ?? '').filter((value) => value !== '');
  const questions: string[] = [];
  if (columns.bookedOn === undefined) questions.push('Which column has the day of the booking?');
  const hasAmount = columns.amount !== undefined || (columns.credit !== undefined && columns.debit !== undefined);
  if (!hasAmount) questions.push('Which column has the amount, or which two have what comes in and what goes out?');
  const dateOrder = dateOrderOf(values(columns.bookedOn));
  if (columns.bookedOn !== undefined && dateOrder === null) questions.push('Are dates written day first or month first?');
  const decimalPoint = decimalPointOf([columns.amount, columns.credit, columns.debit, columns.balance].flatMap(values));
  if (hasAmount && decimalPoint === null) questions.push('Is the decimal sign a comma or a point?');
  if (
    columns.amount !== undefined &&
    columns.sign === undefined &&
    values(columns.amount).length > 0 &&
    !values(columns.amount).some((value) => /^[-−(]|-$/.test(value))
  )
    questions.push('No amount is negative: which column says what comes in and what goes out?');
  return {
    mapping: {
      header: [...header],
      delimiter,
      ...(decimalPoint === null ? {} : { decimalPoint }),
      ...(dateOrder === null ? {} : { dateOrder }),
      columns,
    },
    headerAt,
    questions,
  };
}

/** Two different columns of a transaction, and nothing that looks like a value. */
function isHeader(row: readonly string[]): boolean {
  if (row.length < 2 || row.some((cell) => /^[-+]?\d+[.,]\d{2}$/.test(cell.trim()))) return false;
  const { text, ...columns } = columnsOf(row);
  const known = Object.keys(columns).length + (text?.length ?? 0);
  return known >= 2 && (columns.bookedOn !== undefined || columns.amount !== undefined || columns.credit !== undefined);
}

function columnsOf(header: readonly string[]): Partial<Columns> {
  const cells = header.map((cell) => cell.trim().toLowerCase().replace(/\s+/g, ' '));
  const taken = new Set<number>();
  const found: Partial<Record<Column, number>> = {};
  const kinds = Object.keys(names) as (Column | 'text')[]; // The keys of the table above.
  const bare = (cell: string) => cell.replace(/\s*[([].*[)\]]$/, '');
  for (const fits of [
    (cell: string, name: string) => cell === name || bare(cell) === name,
    (cell: string, name: string) => name.length > 4 && cell.includes(name),
  ])
    for (const kind of kinds) {
      if (kind === 'text' || found[kind] !== undefined) continue;
      for (const name of names[kind]) {
        const at = cells.findIndex((cell, place) => !taken.has(place) && fits(cell, name));
        if (at < 0) continue;
        found[kind] = at;
        taken.add(at);
        break;
      }
    }
  const texts = cells.flatMap((cell, at) => (!taken.has(at) && names.text.some((name) => cell.includes(name)) ? [at] : []));
  return { ...found, ...(texts.length === 0 ? {} : { text: texts.slice(0, 10) }) };
}

/** Null when the days could be read in two ways, or not at all. */
function dateOrderOf(values: readonly string[]): CsvMapping['dateOrder'] | null {
  const possible = (['ymd', 'dmy', 'mdy'] as const).filter(
    (order) => values.length > 0 && values.every((value) => readDay(value, order) !== null),
  );
  // 03.04.2026 is day first wherever points stand between; with slashes nobody knows.
  if (possible.includes('dmy') && values.every((value) => /^\d{1,2}\.\d{1,2}\./.test(value))) return 'dmy';
  return possible.length === 1 ? (possible[0] ?? null) : null;
}

/** A day, maybe with a time behind it. Years of two digits are of this century. */
export function readDay(value: string, order: CsvMapping['dateOrder']): string | null {
  const [, one = '', two = '', three = ''] =
    /^(\d{1,4})[./\-\s](\d{1,2})[./\-\s](\d{1,4})(?:$|[T\s,])/.exec(value.trim()) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(value.trim()) ?? [];
  const [year, month, day] = { ymd: [one, two, three], dmy: [three, two, one], mdy: [three, one, two] }[order] as [string, string, string];
  if ((year.length !== 4 && year.length !== 2) || month.length > 2 || day.length > 2 || month === '' || day === '') return null;
  return dayOf(year.length === 2 ? 2000 + Number(year) : Number(year), Number(month), Number(day));
}

/** Null when every number could be read in two ways: 1.234 alone, or whole numbers beside nothing. */
function decimalPointOf(values: readonly string[]): CsvMapping['decimalPoint'] | null {
  const tails = values.map((value) => /([.,])(\d+)\D*$/.exec(value));
  const votes = new Set(
    tails.flatMap((tail, at) => {
      if (tail === null) return [];
      const marks = new Set((values[at] ?? '').match(/[.,]/g) ?? []);
      return marks.size > 1 || tail[2]?.length !== 3 ? [tail[1] as '.' | ','] : []; // The pattern has these two.
    }),
  );
  if (votes.size === 1) return [...votes][0] ?? null;
  // Whole numbers need none.
  return votes.size === 0 && values.length > 0 && tails.every((tail) => tail === null) ? '.' : null;
}

/** `1.234,56`, `-12,5`, `(12.50)`, `12,50-`, `€ 12,50`, `12,50 S`: signed, in the smallest unit. */
export function readAmount(value: string, point: '.' | ',', currency: string): number | null {
  const bare = value
    .replace(/[\s\u00a0\u202f'’]/g, '')
    .replace(/^[€$£¥]|[€$£¥]$/g, '')
    .replace(/^[A-Z]{3}|[A-Z]{3}$/g, '')
    .replace('−', '-');
  const isNegative = /^\(.*\)$/.test(bare) || bare.endsWith('-') || bare.startsWith('-');
  const digits = bare.replace(/[()+-]/g, '').replaceAll(point === '.' ? ',' : '.', '');
  const minor = minorOf(digits, currency, point);
  return minor === null ? null : isNegative && minor !== 0 ? -minor : minor;
}

/** The account and currency that a file names in the lines before its header, or in one of its columns. */
export function ownAccountOf(
  rows: readonly (readonly string[])[],
  headerAt: number,
  columns: Partial<Columns>,
  fileName: string,
): { iban: string | null; currency: string | null } {
  const cells = rows.slice(0, headerAt).flat();
  const data = rows.slice(headerAt + 1, headerAt + 1 + sampleMax);
  const own = columns.ownAccount;
  const inColumn = own === undefined || own === null ? [] : data.map((row) => normaliseIban(row[own] ?? ''));
  const ibans = new Set(
    [
      ...inColumn,
      ...[...cells, fileName].flatMap((cell) => (cell.match(/[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,9}/g) ?? []).map(normaliseIban)),
    ].filter((one) => one !== null),
  );
  const code = columns.currency;
  const currencies = new Set(
    code === undefined || code === null ? [] : data.map((row) => row[code]?.trim().toUpperCase() ?? '').filter(isCurrency),
  );
  return { iban: ibans.size === 1 ? ([...ibans][0] ?? null) : null, currency: currencies.size === 1 ? ([...currencies][0] ?? null) : null };
}
