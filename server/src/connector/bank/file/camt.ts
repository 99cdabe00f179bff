import { type Balance, type Entry, minorOf, type Statement, sumMinor, type Unreadable } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { cleaned, cleanedOrNull } from './decode.ts';
import { dayOf, plainEntry, referenceOrNull } from './entry.ts';
import { type Element, find, findAll, readMarkup, textAt } from './markup.ts';
import { unreadable } from './unreadable.ts';

/** What each message calls its parts: the end-of-day statement, the report within the day, the notification of single entries. */
const messages: readonly (readonly [message: string, part: string])[] = [
  ['BkToCstmrStmt', 'Stmt'],
  ['BkToCstmrAcctRpt', 'Rpt'],
  ['BkToCstmrDbtCdtNtfctn', 'Ntfctn'],
];

export const isCamt = (text: string): boolean =>
  /<(?:[\w.-]+:)?(?:BkToCstmrStmt|BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn)[\s>]/.test(text.slice(0, 8_192));

/**
 * Reads camt.053, and the entries of camt.052 and camt.054, in the versions 02 to 13 (ISO 20022, Bank-to-Customer Cash Management). The
 * versions differ in where a name, a status and an amount stand, so each is looked for in all its places. Pending entries are left out.
 *
 * @throws FactotumError `ledger.unreadable` when there is no statement in it.
 */
export function readCamt(text: string): Statement[] {
  const document = readMarkup(text, 'xml');
  for (const [message, part] of messages) {
    const root = document?.name === message ? document : find(document ?? undefined, message);
    if (root === undefined) continue;
    const statements = findAll(root, part).map(readStatement);
    if (statements.length > 0) return statements;
  }
  throw unreadable(document?.line ?? 1, 'There is no statement in this XML.', 'Export camt.053 from your bank.');
}

function readStatement(statement: Element): Statement {
  const account = find(statement, 'Acct');
  const iban = normaliseIban(textAt(account, 'Id', 'IBAN') ?? '');
  const other = textAt(account, 'Id', 'Othr', 'Id') ?? textAt(account, 'Id', 'PrtryAcct', 'Id');
  const currency = textAt(account, 'Ccy') ?? currencyIn(statement);
  if (currency === null || !isCurrency(currency))
    throw unreadable(statement.line, 'The statement names no currency.', 'Ask your bank for a complete camt.053.');
  if (iban === null && other === null)
    throw unreadable(statement.line, 'The statement names no account.', 'Ask your bank for a complete camt.053.');
  const agent = find(account, 'Svcr', 'FinInstnId');
  const bic = textAt(agent, 'BICFI') ?? textAt(agent, 'BIC');
  const balances = findAll(statement, 'Bal').flatMap((one) => readBalance(one, currency) ?? []);
  const of = (...codes: string[]) =>
    codes.flatMap((code) => balances.filter((one) => one.code === code).slice(0, 1)).at(0)?.balance ?? null;
  const entries: Entry[] = [];
  const faults: Unreadable[] = [];
  for (const element of findAll(statement, 'Ntry')) {
    const read = readEntry(element, { currency, iban });
    if ('why' in read) faults.push(read);
    else entries.push(...read.entries);
  }
  if (statement.isCut) faults.push({ line: statement.line, why: 'The file ends inside this statement: what came after is missing.' });
  const [from, until] = [dateAt(find(statement, 'FrToDt'), 'FrDtTm'), dateAt(find(statement, 'FrToDt'), 'ToDtTm')];
  return {
    format: 'camt',
    account: {
      iban,
      number: iban === null ? cleanedOrNull([textAt(agent, 'ClrSysMmbId', 'MmbId') ?? bic ?? '', other ?? ''].join('/')) : null,
      bic: bic === null ? null : cleanedOrNull(bic, 11),
      holder: cleanedOrNull(nameOf(find(account, 'Ownr'))),
      currency,
    },
    number: cleanedOrNull(textAt(statement, 'ElctrncSeqNb') ?? textAt(statement, 'LglSeqNb'), 35),
    opening: of('OPBD', 'PRCD', 'OPAV'),
    // Of several pages only the last has a closing balance; interim ones are no end.
    closing: of('CLBD'),
    period: from === null || until === null || until < from ? null : { from, until },
    entries,
    unreadable: faults,
  };
}

const currencyIn = (statement: Element): string | null =>
  [...findAll(statement, 'Bal'), ...findAll(statement, 'Ntry')]
    .map((one) => find(one, 'Amt')?.attributes.Ccy)
    .find((code) => code !== undefined) ?? null;

function readBalance(element: Element, currency: string): { code: string; balance: Balance } | null {
  const code = textAt(element, 'Tp', 'CdOrPrtry', 'Cd') ?? textAt(element, 'Tp', 'Cd');
  const amountMinor = amountOf(find(element, 'Amt'), currency, currency);
  const on = dateAt(find(element, 'Dt'), 'Dt') ?? dateAt(find(element, 'Dt'), 'DtTm');
  if (code === null || amountMinor === null || on === null) return null;
  return { code, balance: { on, amountMinor: textAt(element, 'CdtDbtInd') === 'DBIT' ? -amountMinor : amountMinor } };
}

/** In the account's currency; null when it is in another, or no amount. */
function amountOf(element: Element | undefined, currency: string, fallback: string): number | null {
  if (element === undefined || (element.attributes.Ccy ?? fallback) !== currency) return null;
  return minorOf(element.text, currency);
}

function readEntry(element: Element, account: { currency: string; iban: string | null }): { entries: Entry[] } | Unreadable {
  const { currency } = account;
  const line = element.line;
  if (element.isCut) return { line, why: 'The file ends inside this entry.' };
  const status = textAt(element, 'Sts', 'Cd') ?? textAt(element, 'Sts', 'Prtry') ?? textAt(element, 'Sts');
  // PDNG, INFO, FUTR: announced and not booked.
  if (status !== null && status !== 'BOOK') return { entries: [] };
  const size = amountOf(find(element, 'Amt'), currency, currency);
  if (size === null || size < 0) return { line, why: `The entry has no amount in ${currency}.` };
  const direction = textAt(element, 'CdtDbtInd');
  if (direction !== 'CRDT' && direction !== 'DBIT') return { line, why: 'The entry says neither credit nor debit.' };
  const bookedOn = dateOf(element, 'BookgDt') ?? dateOf(element, 'ValDt');
  if (bookedOn === null) return { line, why: 'The entry has no date.' };
  const sign = direction === 'DBIT' ? -1 : 1;
  const reference = referenceOrNull(textAt(element, 'AcctSvcrRef')) ?? referenceOrNull(textAt(element, 'NtryRef'));
  const code = find(element, 'BkTxCd');
  const whole: Entry = {
    ...plainEntry({ place: line, bookedOn, amountMinor: sign * size, currency }),
    valueOn: dateOf(element, 'ValDt'),
    text: cleaned(textAt(element, 'AddtlNtryInf') ?? ''),
    bankReference: reference,
    kind: cleanedOrNull(
      textAt(code, 'Prtry', 'Cd') ??
        [textAt(code, 'Domn', 'Cd'), textAt(code, 'Domn', 'Fmly', 'Cd'), textAt(code, 'Domn', 'Fmly', 'SubFmlyCd')]
          .filter(Boolean)
          .join('-'),
      35,
    ),
    isReversal: textAt(element, 'RvslInd') === 'true',
  };
  const details = findAll(element, 'NtryDtls').flatMap((one) => findAll(one, 'TxDtls'));
  const read = details.map((one) => readDetails(one, whole, account));
  if (read.length < 2) return { entries: [read[0] === undefined ? whole : { ...read[0], amountMinor: whole.amountMinor }] };
  // A batch is its parts where they add up to it, and one entry where the bank tells only some of them.
  const isWhole =
    read.every(({ amountMinor }) => amountMinor !== 0) && sumMinor(read.map(({ amountMinor }) => amountMinor)) === whole.amountMinor;
  if (!isWhole) return { entries: [{ ...whole, text: cleaned(`${whole.text} (${read.length} payments)`) }] };
  return {
    entries: read.map((entry, at) => ({
      ...entry,
      bankReference: entry.bankReference === reference && reference !== null ? `${reference}/${at + 1}` : entry.bankReference,
    })),
  };
}

/** One payment of an entry. Its amount is nought where it has none of its own. */
function readDetails(details: Element, whole: Entry, account: { currency: string; iban: string | null }): Entry {
  const { currency } = account;
  const refs = find(details, 'Refs');
  const amounts = find(details, 'AmtDtls');
  const own = amountOf(find(details, 'Amt'), currency, currency) ?? amountOf(find(amounts, 'TxAmt', 'Amt'), currency, currency) ?? 0;
  const direction = textAt(details, 'CdtDbtInd') ?? (whole.amountMinor < 0 ? 'DBIT' : 'CRDT');
  const isOut = direction === 'DBIT';
  const remittance = find(details, 'RmtInf');
  const structured = findAll(remittance, 'Strd');
  const texts = [
    ...findAll(remittance, 'Ustrd').map(({ text }) => text),
    ...structured.flatMap((one) => textAt(one, 'AddtlRmtInf') ?? []),
    ...structured.flatMap((one) => textAt(one, 'RfrdDocInf', 'Nb') ?? []),
  ];
  const instructed = find(amounts, 'InstdAmt', 'Amt');
  const originalCurrency = instructed?.attributes.Ccy;
  const originalMinor =
    instructed === undefined || originalCurrency === undefined || originalCurrency === currency || !isCurrency(originalCurrency)
      ? null
      : minorOf(instructed.text, originalCurrency);
  const charges = find(details, 'Chrgs');
  const fee = amountOf(find(charges, 'TtlChrgsAndTaxAmt') ?? find(charges, 'Rcrd', 'Amt') ?? find(charges, 'Amt'), currency, currency);
  return {
    ...whole,
    amountMinor: isOut ? -own : own,
    counterparty: counterpartyOf(details, isOut, account.iban),
    text: cleaned(texts.join(' ') || (textAt(details, 'AddtlTxInf') ?? '') || whole.text),
    bankReference: referenceOrNull(textAt(refs, 'AcctSvcrRef')) ?? whole.bankReference,
    endToEndId: referenceOrNull(textAt(refs, 'EndToEndId')),
    creditorReference: structured.map((one) => referenceOrNull(textAt(one, 'CdtrRefInf', 'Ref'))).find((one) => one !== null) ?? null,
    mandateId: referenceOrNull(textAt(refs, 'MndtId')),
    isReversal: whole.isReversal || find(details, 'RtrInf') !== undefined,
    original:
      originalMinor === null || originalCurrency === undefined
        ? null
        : { amountMinor: isOut ? -originalMinor : originalMinor, currency: originalCurrency },
    feeMinor: fee === null || fee === 0 ? null : fee,
  };
}

function counterpartyOf(details: Element, isOut: boolean, ownIban: string | null): Entry['counterparty'] {
  const parties = find(details, 'RltdPties');
  const sides = isOut ? (['Cdtr', 'Dbtr'] as const) : (['Dbtr', 'Cdtr'] as const);
  for (const side of sides) {
    const account = find(parties, `${side}Acct`, 'Id');
    const iban = normaliseIban(textAt(account, 'IBAN') ?? '');
    const name = nameOf(find(parties, side)) ?? nameOf(find(parties, `Ultmt${side}`));
    const number = textAt(account, 'Othr', 'Id');
    // What goes back stands on the other side; ourselves are never meant.
    if ((iban !== null && iban === ownIban) || (iban === null && name === null && number === null)) continue;
    const agent = find(details, 'RltdAgts', `${side}Agt`, 'FinInstnId');
    return {
      name: cleanedOrNull(name),
      iban,
      number: cleanedOrNull(number, 50),
      bic: cleanedOrNull(textAt(agent, 'BICFI') ?? textAt(agent, 'BIC'), 11),
    };
  }
  return { name: null, iban: null, number: null, bic: null };
}

const nameOf = (party: Element | undefined): string | null => textAt(party, 'Nm') ?? textAt(party, 'Pty', 'Nm');

const dateOf = (element: Element, name: string): string | null => dateAt(find(element, name), 'Dt') ?? dateAt(find(element, name), 'DtTm');

/** The day as the bank writes it: of a time it is the bank's day, whatever the offset. */
function dateAt(element: Element | undefined, name: string): string | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})(?:$|[TZ+-])/.exec(textAt(element, name) ?? '') ?? [];
  return year === undefined ? null : dayOf(Number(year), Number(month), Number(day));
}
