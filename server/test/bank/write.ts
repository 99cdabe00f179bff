import { currencyExponent } from '#trust/policy';

/** A statement as a test makes it, written in whatever format. */
export interface MadeStatement {
  readonly iban: string;
  readonly currency: string;
  readonly number: number;
  readonly openingMinor: number;
  readonly entries: readonly MadeEntry[];
  readonly from: string;
  readonly until: string;
}
export interface MadeEntry {
  readonly bookedOn: string;
  readonly amountMinor: number;
  readonly name: string;
  readonly iban: string | null;
  readonly text: string;
  readonly reference: string | null;
  readonly endToEndId: string | null;
  readonly isReversal?: boolean;
}

export const closingOf = ({ openingMinor, entries }: MadeStatement): number =>
  openingMinor + entries.reduce((sum, { amountMinor }) => sum + amountMinor, 0);

export function decimal(minor: number, currency: string, point = '.'): string {
  const digits = currencyExponent(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}${point}${text.slice(-digits)}`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const direction = (minor: number): string => (minor < 0 ? 'DBIT' : 'CRDT');

/** camt.053 by its message definition: element names and order as of the versions 02 and 08, which differ in names, status and BIC. */
export function writeCamt(statements: readonly MadeStatement[], version: '02' | '04' | '08' | '13' = '08'): string {
  const isOld = version === '02';
  const party = (name: string) => (isOld || version === '04' ? `<Nm>${escaped(name)}</Nm>` : `<Pty><Nm>${escaped(name)}</Nm></Pty>`);
  const amount = (minor: number, currency: string) =>
    `<Amt Ccy="${currency}">${decimal(minor, currency)}</Amt><CdtDbtInd>${direction(minor)}</CdtDbtInd>`;
  const balance = (code: string, minor: number, currency: string, on: string) =>
    `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${amount(minor, currency)}<Dt><Dt>${on}</Dt></Dt></Bal>`;
  const entry = (one: MadeEntry, currency: string) => {
    const side = one.amountMinor < 0 ? 'Cdtr' : 'Dbtr';
    return [
      `<Ntry>${amount(one.amountMinor, currency)}`,
      one.isReversal ? '<RvslInd>true</RvslInd>' : '',
      isOld ? '<Sts>BOOK</Sts>' : '<Sts><Cd>BOOK</Cd></Sts>',
      `<BookgDt><Dt>${one.bookedOn}</Dt></BookgDt><ValDt><DtTm>${one.bookedOn}T00:00:00+02:00</DtTm></ValDt>`,
      one.reference === null ? '' : `<AcctSvcrRef>${one.reference}</AcctSvcrRef>`,
      '<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls>',
      `<Refs><EndToEndId>${one.endToEndId ?? 'NOTPROVIDED'}</EndToEndId></Refs>`,
      `<RltdPties><${side}>${party(one.name)}</${side}>`,
      one.iban === null ? '' : `<${side}Acct><Id><IBAN>${one.iban}</IBAN></Id></${side}Acct>`,
      `</RltdPties><RmtInf><Ustrd>${escaped(one.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`,
    ].join('');
  };
  const body = statements.map((one) =>
    [
      `<Stmt><Id>S${one.number}</Id><ElctrncSeqNb>${one.number}</ElctrncSeqNb><CreDtTm>2026-01-01T00:00:00</CreDtTm>`,
      `<FrToDt><FrDtTm>${one.from}T00:00:00</FrDtTm><ToDtTm>${one.until}T23:59:59</ToDtTm></FrToDt>`,
      `<Acct><Id><IBAN>${one.iban}</IBAN></Id><Ccy>${one.currency}</Ccy></Acct>`,
      balance('OPBD', one.openingMinor, one.currency, one.from),
      balance('CLBD', closingOf(one), one.currency, one.until),
      ...one.entries.map((each) => entry(each, one.currency)),
      '</Stmt>',
    ].join('\n'),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.${version}">`,
    '<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-01-01T00:00:00</CreDtTm></GrpHdr>',
    ...body,
    '</BkToCstmrStmt></Document>',
  ].join('\n');
}

const short = (day: string): string => day.slice(2).replaceAll('-', '');

/** MT940 by SWIFT's category 9, with the details as German banks write them, or plain. */
export function writeMt940(statements: readonly MadeStatement[], details: 'german' | 'plain' = 'german'): string {
  const balance = (tag: string, minor: number, currency: string, on: string) =>
    `:${tag}:${minor < 0 ? 'D' : 'C'}${short(on)}${currency}${decimal(minor, currency, ',')}${currency === 'JPY' ? ',' : ''}`;
  return statements
    .map((one) =>
      [
        ':20:STARTUMS',
        `:25:${one.iban}`,
        `:28C:${String(one.number).padStart(5, '0')}/001`,
        balance('60F', one.openingMinor, one.currency, one.from),
        ...one.entries.flatMap((entry) => {
          const mark = entry.isReversal ? (entry.amountMinor < 0 ? 'RC' : 'RD') : entry.amountMinor < 0 ? 'D' : 'C';
          const amount = `${decimal(entry.amountMinor, one.currency, ',')}${one.currency === 'JPY' ? ',' : ''}`;
          const head = `:61:${short(entry.bookedOn)}${short(entry.bookedOn).slice(2)}${mark}${amount}NTRFNONREF${entry.reference === null ? '' : `//${entry.reference}`}`;
          if (details === 'plain') return [head, `:86:${entry.text}`];
          const remittance = `${entry.endToEndId === null ? '' : `EREF+${entry.endToEndId}`}SVWZ+${entry.text}`;
          const parts = (remittance.match(/.{1,27}/g) ?? []).slice(0, 10).map((part, at) => `?2${at}${part}`);
          const whole = `166?00TRANSFER${parts.join('')}${entry.iban === null ? '' : `?31${entry.iban}`}?32${entry.name.slice(0, 27)}`;
          return [head, ...(`:86:${whole}`.match(/.{1,65}/g) ?? [])];
        }),
        balance('62F', closingOf(one), one.currency, one.until),
        '-',
      ].join('\r\n'),
    )
    .join('\r\n');
}

/** OFX by the Open Financial Exchange specification: 1.0.2 in SGML, 2.1.1 in XML. */
export function writeOfx(one: MadeStatement, version: 1 | 2 = 2): string {
  const leaf = (name: string, text: string) => (version === 1 ? `<${name}>${escaped(text)}` : `<${name}>${escaped(text)}</${name}>`);
  const day = (on: string) => on.replaceAll('-', '');
  const body = [
    '<OFX><SIGNONMSGSRSV1><SONRS><STATUS>',
    leaf('CODE', '0'),
    leaf('SEVERITY', 'INFO'),
    '</STATUS>',
    leaf('DTSERVER', '20260101'),
    leaf('LANGUAGE', 'ENG'),
    '</SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS>',
    leaf('TRNUID', '1'),
    '<STATUS>',
    leaf('CODE', '0'),
    leaf('SEVERITY', 'INFO'),
    '</STATUS><STMTRS>',
    leaf('CURDEF', one.currency),
    '<BANKACCTFROM>',
    leaf('BANKID', '0001'),
    leaf('ACCTID', one.iban),
    leaf('ACCTTYPE', 'CHECKING'),
    '</BANKACCTFROM><BANKTRANLIST>',
    leaf('DTSTART', day(one.from)),
    leaf('DTEND', day(one.until)),
    ...one.entries.flatMap((entry, at) => [
      '<STMTTRN>',
      leaf('TRNTYPE', entry.amountMinor < 0 ? 'DEBIT' : 'CREDIT'),
      leaf('DTPOSTED', `${day(entry.bookedOn)}120000[0:GMT]`),
      leaf('TRNAMT', `${entry.amountMinor < 0 ? '-' : ''}${decimal(entry.amountMinor, one.currency)}`),
      leaf('FITID', entry.reference ?? `F${one.number}-${at}`),
      leaf('NAME', entry.name.slice(0, 32)),
      leaf('MEMO', entry.text),
      '</STMTTRN>',
    ]),
    '</BANKTRANLIST><LEDGERBAL>',
    leaf('BALAMT', `${closingOf(one) < 0 ? '-' : ''}${decimal(closingOf(one), one.currency)}`),
    leaf('DTASOF', day(one.until)),
    '</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>',
  ];
  const head =
    version === 1
      ? 'OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\nCHARSET:NONE\nCOMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n'
      : '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n';
  return head + body.join('\n');
}

/** A table as a German bank exports it, with a column of balances. */
export function writeCsv(one: MadeStatement): string {
  let balance = one.openingMinor;
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const money = (minor: number) => `${minor < 0 ? '-' : ''}${decimal(minor, one.currency, ',').replace(/\B(?=(\d{3})+,)/g, '.')}`;
  const day = (on: string) => on.split('-').reverse().join('.');
  return [
    [
      'Auftragskonto',
      'Buchungstag',
      'Valutadatum',
      'Buchungstext',
      'Verwendungszweck',
      'Beguenstigter/Zahlungspflichtiger',
      'Kontonummer/IBAN',
      'Betrag',
      'Waehrung',
      'Saldo',
    ]
      .map(cell)
      .join(';'),
    ...one.entries.map((entry) => {
      balance += entry.amountMinor;
      return [
        one.iban,
        day(entry.bookedOn),
        day(entry.bookedOn),
        'Überweisung',
        entry.text,
        entry.name,
        entry.iban ?? '',
        money(entry.amountMinor),
        one.currency,
        money(balance),
      ]
        .map(cell)
        .join(';');
    }),
  ].join('\r\n');
}
