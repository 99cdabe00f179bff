import { parse } from 'csv-parse/sync';
import type { AccountNumber, CsvMapping, Entry, Statement, Unreadable } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { readAmount, readDay } from './csv-detect.ts';
import { cleaned, cleanedOrNull } from './decode.ts';
import { plainEntry, referenceOrNull } from './entry.ts';
import { unreadable } from './unreadable.ts';

/** Longer than this no line of a bank is. */
const lineCharsMax = 64 * 1024;
const rowsMax = 500_000;

export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** @throws FactotumError `ledger.unreadable` for lines without end, and quotes that nobody closes. */
export function readRows(text: string, delimiter: CsvMapping['delimiter']): Row[] {
  try {
    const rows = parse(text, {
      delimiter,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: lineCharsMax,
      to: rowsMax,
      info: true,
      // What `info` makes of each line; the types of the library know only the lines.
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (cause) {
    const line = cause instanceof Error && 'lines' in cause ? Number(cause.lines) : null;
    throw unreadable(line, 'The file breaks off inside a quoted text, or has a line without end.', 'Export it again from your bank.');
  }
}

/** Reads the lines below the header as the mapping says. */
export function readCsv(rows: readonly Row[], headerAt: number, mapping: CsvMapping, account: AccountNumber): Statement {
  const entries: (Entry & { balanceMinor: number | null })[] = [];
  const faults: Unreadable[] = [];
  for (const row of rows.slice(headerAt + 1)) {
    const read = readRow(row, mapping, account.currency);
    if (read === null) continue;
    if ('why' in read) faults.push(read);
    else entries.push(read);
  }
  const isNewestFirst = entries.length > 1 && (entries[0]?.bookedOn ?? '') > (entries.at(-1)?.bookedOn ?? '');
  const ordered = isNewestFirst ? entries.toReversed() : entries;
  const balances = balancesOf(ordered);
  return {
    format: 'csv',
    account,
    number: null,
    ...balances,
    period: null,
    entries: ordered.map(({ balanceMinor: _, ...entry }) => entry),
    unreadable: faults,
  };
}

function readRow(
  { line, cells }: Row,
  mapping: CsvMapping,
  currency: string,
): (Entry & { balanceMinor: number | null }) | Unreadable | null {
  const { columns, dateOrder, decimalPoint } = mapping;
  const cell = (column: number | null) => (column === null ? '' : (cells[column] ?? '').trim());
  const day = cell(columns.bookedOn);
  const said = [columns.amount, columns.credit, columns.debit].map(cell).filter((value) => value !== '');
  // Sums and remarks at the end.
  if (day === '' && said.length < 2) return null;
  const bookedOn = readDay(day, dateOrder);
  if (bookedOn === null) return { line, why: `"${cleaned(day, 40)}" is no day.` };
  const own = cell(columns.currency).toUpperCase();
  if (own !== '' && isCurrency(own) && own !== currency)
    return { line, why: `The amount is in ${own}, and the account is in ${currency}.` };
  const amountMinor = amountOf(cell, mapping, currency);
  if (amountMinor === null) return { line, why: `"${cleaned(said.join(' '), 40)}" is no amount in ${currency}.` };
  const other = cell(columns.counterpartyAccount);
  const iban = normaliseIban(other);
  const text = cleaned(columns.text.map(cell).filter(Boolean).join(' '));
  return {
    ...plainEntry({ place: line, bookedOn, amountMinor, currency }),
    valueOn: columns.valueOn === null ? null : readDay(cell(columns.valueOn), dateOrder),
    counterparty: {
      name: cleanedOrNull(cell(columns.counterparty)),
      iban,
      number: iban === null ? cleanedOrNull(other, 50) : null,
      bic: null,
    },
    text,
    bankReference: referenceOrNull(cell(columns.reference)),
    creditorReference: /\bRF\d{2}[A-Z0-9]{1,21}\b/.exec(text)?.[0] ?? null,
    balanceMinor: columns.balance === null ? null : readAmount(cell(columns.balance), decimalPoint, currency),
  };
}

const outWords = /^(?:s|soll|d|dr|dbit|debit|af|-|out|belastung)$/i;
const inWords = /^(?:h|haben|c|cr|crdt|credit|bij|\+|in|gutschrift)$/i;

function amountOf(cell: (column: number | null) => string, { columns, decimalPoint }: CsvMapping, currency: string): number | null {
  const read = (column: number | null) => (cell(column) === '' ? null : readAmount(cell(column), decimalPoint, currency));
  if (columns.amount !== null) {
    const amount = read(columns.amount);
    if (amount === null || columns.sign === null) return amount;
    const sign = cell(columns.sign);
    return outWords.test(sign) ? -Math.abs(amount) : inWords.test(sign) ? Math.abs(amount) : null;
  }
  const [credit, debit] = [read(columns.credit), read(columns.debit)];
  if (credit !== null && credit !== 0) return Math.abs(credit);
  return debit === null ? credit : debit === 0 ? 0 : -Math.abs(debit);
}

/** The balances that a column of them says, where it fits the amounts. */
function balancesOf(entries: readonly (Entry & { balanceMinor: number | null })[]): Pick<Statement, 'opening' | 'closing'> {
  const [first, last] = [entries[0], entries.at(-1)];
  const fits = entries.every(({ balanceMinor, amountMinor }, at) => {
    const before = entries[at - 1]?.balanceMinor;
    return balanceMinor !== null && (before === undefined || before === null || before + amountMinor === balanceMinor);
  });
  if (!fits || first === undefined || last === undefined || first.balanceMinor === null || last.balanceMinor === null)
    return { opening: null, closing: null };
  return {
    opening: { on: first.bookedOn, amountMinor: first.balanceMinor - first.amountMinor },
    closing: { on: last.bookedOn, amountMinor: last.balanceMinor },
  };
}
