import { type Balance, type Entry, minorOf, type Statement, type Unreadable } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { cleaned, cleanedOrNull } from './decode.ts';
import { dayOf, plainEntry, referenceOrNull } from './entry.ts';
import { type Element, find, findAll, readMarkup, textAt } from './markup.ts';
import { unreadable } from './unreadable.ts';

export const isOfx = (text: string): boolean => /^\s*OFXHEADER:|<\?OFX\b|<OFX>/i.test(text.slice(0, 4_096));

/**
 * Reads OFX 1 (SGML) and 2 (XML), and QFX, which is OFX with ids of one more company in it: bank and credit card statements.
 *
 * @throws FactotumError `ledger.unreadable` when there is no statement in it.
 */
export function readOfx(text: string): Statement[] {
  const start = text.search(/<OFX>/i);
  if (start < 0) throw unreadable(1, 'There is no <OFX> in this file.', 'Export OFX or QFX from your bank.');
  const isXml = /<\?(?:xml|OFX)\b/i.test(text.slice(0, start)) && !/^\s*OFXHEADER:/i.test(text);
  // Lines before it count as well.
  const source = text.slice(0, start).replace(/[^\n]/g, ' ') + text.slice(start);
  const root = readMarkup(source, isXml ? 'xml' : 'sgml');
  const statements = [
    ...findAll(find(root ?? undefined, 'BANKMSGSRSV1'), 'STMTTRNRS').flatMap((one) => findAll(one, 'STMTRS')),
    ...findAll(find(root ?? undefined, 'CREDITCARDMSGSRSV1'), 'CCSTMTTRNRS').flatMap((one) => findAll(one, 'CCSTMTRS')),
  ];
  if (statements.length === 0)
    throw unreadable(root?.line ?? 1, 'There is no account statement in this OFX file.', 'Choose transactions when you export.');
  return statements.map(readStatement);
}

function readStatement(statement: Element): Statement {
  const account = find(statement, 'BANKACCTFROM') ?? find(statement, 'CCACCTFROM');
  const number = textAt(account, 'ACCTID');
  const currency = textAt(statement, 'CURDEF')?.toUpperCase() ?? '';
  if (number === null) throw unreadable(statement.line, 'The statement names no account.', 'Export it again from your bank.');
  if (!isCurrency(currency)) throw unreadable(statement.line, 'The statement names no currency.', 'Export it again from your bank.');
  const list = find(statement, 'BANKTRANLIST');
  const iban = normaliseIban(number);
  const entries: Entry[] = [];
  const faults: Unreadable[] = [];
  for (const element of findAll(list, 'STMTTRN')) {
    const read = readEntry(element, currency);
    if ('why' in read) faults.push(read);
    else entries.push(read);
  }
  if (statement.isCut && find(statement, 'LEDGERBAL') === undefined)
    faults.push({ line: statement.line, why: 'The file ends inside this statement: what came after is missing.' });
  const [from, until] = [dateAt(list, 'DTSTART'), dateAt(list, 'DTEND')];
  return {
    format: 'ofx',
    account: {
      iban,
      number: iban === null ? cleanedOrNull([textAt(account, 'BANKID') ?? '', number].join('/'), 70) : null,
      bic: null,
      holder: null,
      currency,
    },
    number: null,
    opening: null,
    closing: balanceOf(find(statement, 'LEDGERBAL'), currency),
    period: from === null || until === null || until < from ? null : { from, until },
    entries,
    unreadable: faults,
  };
}

function balanceOf(element: Element | undefined, currency: string): Balance | null {
  const on = dateAt(element, 'DTASOF');
  const amountMinor = amountIn(textAt(element, 'BALAMT'), currency);
  return on === null || amountMinor === null ? null : { on, amountMinor };
}

/** With a point, or a comma where the bank's computer writes one. */
const amountIn = (text: string | null, currency: string): number | null =>
  text === null ? null : minorOf(text.replace(',', '.').replace(/\s/g, ''), currency);

function readEntry(element: Element, currency: string): Entry | Unreadable {
  const line = element.line;
  const bookedOn = dateAt(element, 'DTPOSTED');
  if (bookedOn === null) return { line, why: 'The transaction has no date (DTPOSTED).' };
  const amountMinor = amountIn(textAt(element, 'TRNAMT'), currency);
  if (amountMinor === null) return { line, why: `The transaction has no amount in ${currency} (TRNAMT).` };
  const fitId = referenceOrNull(textAt(element, 'FITID'));
  const corrects = referenceOrNull(textAt(element, 'CORRECTFITID'));
  const to = find(element, 'BANKACCTTO') ?? find(element, 'CCACCTTO');
  const number = textAt(to, 'ACCTID');
  const iban = normaliseIban(number ?? '');
  const name = textAt(element, 'NAME') ?? textAt(element, 'PAYEE', 'NAME');
  return {
    ...plainEntry({ place: line, bookedOn, amountMinor, currency }),
    valueOn: dateAt(element, 'DTAVAIL') ?? dateAt(element, 'DTUSER'),
    counterparty: { name: cleanedOrNull(name), iban, number: iban === null ? cleanedOrNull(number, 50) : null, bic: null },
    text: cleaned(
      [textAt(element, 'MEMO') ?? '', textAt(element, 'CHECKNUM') === null ? '' : `Check ${textAt(element, 'CHECKNUM')}`].join(' '),
    ),
    bankReference: fitId,
    endToEndId: referenceOrNull(textAt(element, 'REFNUM')),
    kind: cleanedOrNull(textAt(element, 'TRNTYPE'), 35),
    corrects:
      corrects === null ? null : { bankReference: corrects, how: textAt(element, 'CORRECTACTION') === 'DELETE' ? 'delete' : 'replace' },
  };
}

/** `20231130`, `20231130120000.000[-5:EST]`: the day as the bank writes it. */
function dateAt(element: Element | undefined, name: string): string | null {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})/.exec(textAt(element, name) ?? '') ?? [];
  return year === undefined ? null : dayOf(Number(year), Number(month), Number(day));
}
