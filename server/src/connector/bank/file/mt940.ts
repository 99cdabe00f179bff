import { type Balance, type Entry, minorOf, type Statement, type Unreadable } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { cleaned, cleanedOrNull } from './decode.ts';
import { dayOf, plainEntry, referenceOrNull } from './entry.ts';
import { readDetails } from './mt940-details.ts';
import { unreadable } from './unreadable.ts';

export const isMt940 = (text: string): boolean =>
  /^:20:/m.test(text.slice(0, 8_192)) && /^:(?:25P?|28C?|60[FM]):/m.test(text.slice(0, 8_192));

interface Field {
  readonly tag: string;
  readonly line: number;
  readonly lines: readonly string[];
}

const isStart = (tag: string): boolean => tag === '20';

/**
 * Reads SWIFT MT940 (Customer Statement Message, category 9): several messages a file, with or without the blocks of the network around
 * them, and what banks make of it: an account as IBAN or bank code and number, amounts with a point, a third letter of the currency, marks
 * of reversals, and the details in the German, Dutch and plain ways.
 *
 * @throws FactotumError `ledger.unreadable` when there is no statement in it.
 */
export function readMt940(text: string): Statement[] {
  const messages: Field[][] = [];
  for (const field of fieldsOf(text)) {
    if (isStart(field.tag) || messages.length === 0) messages.push([]);
    messages.at(-1)?.push(field);
  }
  const statements = messages.flatMap((fields) => readMessage(fields) ?? []);
  if (statements.length === 0) throw unreadable(1, 'There is no statement in this MT940 file.', 'Each statement needs :25: and :60F:.');
  return joined(statements);
}

/** Fields begin with a tag at the start of a line and go on until the next one. */
function fieldsOf(text: string): Field[] {
  const fields: { tag: string; line: number; lines: string[] }[] = [];
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\s+$/, '');
    const [, tag, content = ''] = /^(?:\{4:)?:([0-9]{2}[A-Z]?|NS):(.*)$/.exec(line) ?? [];
    if (tag !== undefined) {
      fields.push({ tag, line: at + 1, lines: [content] });
      continue;
    }
    // The end of a message, and the blocks around it.
    if (line === '-' || line === '-}' || /^\{[1-5]:/.test(line) || line === '\x03') continue;
    const last = fields.at(-1);
    if (last !== undefined && line !== '') last.lines.push(line);
  }
  return fields;
}

interface Message extends Statement {
  /** Another page follows: the closing balance is an interim one. */
  readonly goesOn: boolean;
  /** It begins with an interim balance. */
  readonly isContinued: boolean;
}

function readMessage(fields: readonly Field[]): Message | null {
  const first = (...tags: string[]) => fields.find(({ tag }) => tags.includes(tag));
  const account = first('25', '25P');
  const openingField = first('60F', '60M');
  if (account === undefined || openingField === undefined) return null;
  const opening = readBalance(openingField);
  const closingField = fields.findLast(({ tag }) => tag === '62F' || tag === '62M');
  const closing = closingField === undefined ? null : readBalance(closingField);
  const currency = opening?.currency ?? closing?.currency;
  if (currency === undefined)
    throw unreadable(openingField.line, 'The opening balance is not like C231130EUR1234,56.', 'Ask your bank for the file again.');
  const entries: Entry[] = [];
  const faults: Unreadable[] = [];
  for (const [at, field] of fields.entries()) {
    if (field.tag !== '61') continue;
    const next = fields[at + 1];
    const read = readEntry(field, next?.tag === '86' ? next : null, currency);
    if ('why' in read) faults.push(read);
    else entries.push(read);
  }
  if (closing === null)
    faults.push({ line: fields.at(-1)?.line ?? 1, why: 'The statement has no closing balance: it may have been cut off.' });
  return {
    format: 'mt940',
    account: { ...accountOf(account), currency },
    number: cleanedOrNull(first('28C', '28')?.lines[0], 35),
    opening: opening?.balance ?? null,
    closing: closing?.balance ?? null,
    period: null,
    entries,
    unreadable: faults,
    goesOn: closingField?.tag === '62M',
    isContinued: openingField.tag === '60M',
  };
}

/** Pages of one statement are one statement. */
function joined(messages: readonly Message[]): Statement[] {
  const statements: Statement[] = [];
  let open = false;
  for (const { goesOn, isContinued, ...statement } of messages) {
    const last = statements.at(-1);
    const fits = open && isContinued && last !== undefined && last.closing?.amountMinor === statement.opening?.amountMinor;
    if (fits)
      statements[statements.length - 1] = {
        ...last,
        closing: statement.closing,
        entries: [...last.entries, ...statement.entries],
        unreadable: [...last.unreadable, ...statement.unreadable],
      };
    else statements.push(statement);
    open = goesOn;
  }
  return statements;
}

/** An IBAN, or `bank code/number`, each maybe with a currency behind it. */
function accountOf({ lines: [text = ''] }: Field): Omit<Statement['account'], 'currency'> {
  const bare = text.replace(/\s+/g, '').replace(/(?<=\d)[A-Z]{3}$/, '');
  const iban =
    normaliseIban(bare) ??
    bare
      .split('/')
      .map(normaliseIban)
      .find((one) => one !== null) ??
    null;
  return { iban, number: iban === null ? cleanedOrNull(bare, 70) : null, bic: null, holder: null };
}

function readBalance({ lines: [text = ''] }: Field): { currency: string; balance: Balance } | null {
  const [, mark, day, currency = '', amount = ''] = /^(C|D|RC|RD)(\d{6})([A-Z]{3})([\d.,]+)/.exec(text) ?? [];
  const on = day === undefined ? null : shortDay(day);
  const amountMinor = isCurrency(currency) ? amountIn(amount, currency) : null;
  if (on === null || amountMinor === null) return null;
  return { currency, balance: { on, amountMinor: mark === 'D' || mark === 'RC' ? -amountMinor : amountMinor } };
}

/** `1234,`, `1234,5`, and from some banks `1,234.56` or `1234.56`. */
function amountIn(text: string, currency: string): number | null {
  const point = /[.,](?=\d*$)/.exec(text)?.[0];
  const grouped = point === '.' ? text.replaceAll(',', '') : text.replaceAll('.', '');
  return minorOf(grouped, currency, point === '.' ? '.' : ',');
}

/** Value day, day of the entry, mark, third letter of the currency, amount, kind, the customer's reference, the bank's. */
const entryPattern = /^(\d{6})(\d{4})?(R?[CD]|E[CD])([A-Z])?(\d[\d.,]{0,20})([NSF][A-Z0-9]{3})?(.*)$/;

function readEntry(field: Field, details: Field | null, currency: string): Entry | Unreadable {
  const [head = '', ...more] = field.lines;
  const [, valueDay, entryDay, mark = '', , amount = '', kind, references = ''] = entryPattern.exec(head) ?? [];
  if (valueDay === undefined)
    return { line: field.line, why: `The entry is not like 2311301130C12,34NTRFREFERENCE: "${cleaned(head, 60)}".` };
  const valueOn = shortDay(valueDay);
  if (valueOn === null) return { line: field.line, why: `${valueDay} is no day.` };
  const size = amountIn(amount, currency);
  if (size === null) return { line: field.line, why: `"${amount}" is no amount in ${currency}.` };
  const bookedOn = entryDay === undefined ? valueOn : nearDay(entryDay, valueOn);
  if (bookedOn === null) return { line: field.line, why: `${entryDay} is no day.` };
  // RC takes a credit back, so money goes out; EC and ED are expected and not booked in MT942, and booked here.
  const isOut = mark === 'D' || mark === 'RC' || mark === 'ED';
  const [customer = '', bank = ''] = references.split('//', 2);
  const told = details === null ? null : readDetails(details.lines);
  const endToEndId = told?.endToEndId ?? referenceOrNull(customer);
  return {
    ...plainEntry({ place: field.line, bookedOn, amountMinor: isOut ? -size : size, currency }),
    valueOn,
    counterparty: told?.counterparty ?? { name: null, iban: null, number: null, bic: null },
    text: cleaned([told?.text ?? '', told === null ? more.join(' ') : ''].join(' ')),
    bankReference: referenceOrNull(bank),
    endToEndId,
    creditorReference: told?.creditorReference ?? null,
    mandateId: told?.mandateId ?? null,
    kind: cleanedOrNull(told?.kind ?? kind, 60),
    isReversal: mark === 'RC' || mark === 'RD',
  };
}

/** YYMMDD: this century but for 80 to 99. */
function shortDay(text: string): string | null {
  const year = Number(text.slice(0, 2));
  return dayOf(year + (year < 80 ? 2000 : 1900), Number(text.slice(2, 4)), Number(text.slice(4, 6)));
}

/** MMDD in the year that lies nearest: entries of January stand in statements of December and the other way round. */
function nearDay(text: string, day: string): string | null {
  const year = Number(day.slice(0, 4));
  const days = [year, year - 1, year + 1].flatMap((one) => dayOf(one, Number(text.slice(0, 2)), Number(text.slice(2, 4))) ?? []);
  const distance = (one: string) => Math.abs(Date.parse(one) - Date.parse(day));
  return days.sort((one, other) => distance(one) - distance(other))[0] ?? null;
}
