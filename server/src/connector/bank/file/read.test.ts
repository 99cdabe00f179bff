import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Statement } from '#flow/ledger';
import { isFactotumError } from '#kernel';
import { closingOf, type MadeEntry, type MadeStatement, writeCamt, writeMt940, writeOfx } from '../../../../test/bank/write.ts';
import { readBankFile } from './read.ts';
import { isBankFile } from './recognise.ts';

const read = (text: string | Uint8Array, name = 'file.txt'): readonly Statement[] => {
  const file = readBankFile(typeof text === 'string' ? Buffer.from(text) : text, name);
  assert.ok(file.kind === 'statements');
  return file.statements;
};
const one = (text: string | Uint8Array): Statement => read(text)[0] ?? assert.fail('no statement');

const ibans = ['DE89370400440532013000', 'NL91ABNA0417164300', 'GB29NWBK60161331926819', 'CH9300762011623852957'];
// What MT940 can carry: its character set has few signs, and texts do not begin or end with a space.
const words = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 .,-]{0,60}[A-Za-z0-9]$/).map((text) => text.replace(/ +/g, ' '));
const day = fc.integer({ min: 0, max: 3_000 }).map((days) => new Date(Date.UTC(2020, 0, 1 + days)).toISOString().slice(0, 10));
const entry: fc.Arbitrary<MadeEntry> = fc.record({
  bookedOn: day,
  amountMinor: fc.integer({ min: -99_999_999, max: 99_999_999 }).filter((amount) => amount !== 0),
  name: words,
  iban: fc.option(fc.constantFrom(...ibans)),
  text: words,
  reference: fc.option(fc.stringMatching(/^[A-Z][A-Z0-9]{3,12}$/)),
  endToEndId: fc.option(fc.stringMatching(/^E2E[A-Z0-9]{3,12}$/)),
});
const statement: fc.Arbitrary<MadeStatement> = fc
  .record({
    iban: fc.constantFrom(...ibans),
    currency: fc.constantFrom('EUR', 'CHF', 'JPY', 'KWD'),
    number: fc.integer({ min: 1, max: 99_999 }),
    openingMinor: fc.integer({ min: -999_999_999, max: 999_999_999 }),
    entries: fc.array(entry, { minLength: 1, maxLength: 12 }),
  })
  .map((made) => {
    const entries = made.entries.toSorted((a, b) => (a.bookedOn < b.bookedOn ? -1 : 1));
    return { ...made, entries, from: entries[0]?.bookedOn ?? '', until: entries.at(-1)?.bookedOn ?? '' };
  });

const booked = ({ entries }: Pick<Statement, 'entries'> | MadeStatement) =>
  entries.map(({ bookedOn, amountMinor }) => [bookedOn, amountMinor]);

test('camt.053 of each version is read as it was written: account, balances, days, amounts, parties, references', () => {
  fc.assert(
    fc.property(statement, fc.constantFrom('02', '04', '08', '13'), (made, version) => {
      const found = one(writeCamt([made], version));
      assert.deepEqual(booked(found), booked(made));
      assert.deepEqual(
        [
          found.account.iban,
          found.account.currency,
          found.opening?.amountMinor,
          found.closing?.amountMinor,
          found.number,
          found.unreadable,
        ],
        [made.iban, made.currency, made.openingMinor, closingOf(made), String(made.number), []],
      );
      for (const [at, each] of made.entries.entries()) {
        const entry = found.entries[at];
        assert.deepEqual(
          [entry?.counterparty.name, entry?.counterparty.iban, entry?.text, entry?.bankReference, entry?.endToEndId, entry?.currency],
          [
            each.iban === made.iban ? null : each.name,
            each.iban === made.iban ? null : each.iban,
            each.text,
            each.reference,
            each.endToEndId,
            made.currency,
          ],
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('MT940 in the German way is read as it was written, wherever the bank cuts its lines', () => {
  fc.assert(
    fc.property(statement, (made) => {
      const found = one(writeMt940([made]));
      assert.deepEqual(booked(found), booked(made));
      assert.deepEqual(
        [found.account.iban, found.opening?.amountMinor, found.closing?.amountMinor, found.unreadable],
        [made.iban, made.openingMinor, closingOf(made), []],
      );
      for (const [at, each] of made.entries.entries()) {
        const entry = found.entries[at];
        const bare = (text: string | null | undefined) => (text ?? '').replaceAll(' ', '');
        assert.equal(bare(entry?.text), bare(each.text));
        assert.deepEqual([entry?.endToEndId, entry?.bankReference, entry?.counterparty.iban], [each.endToEndId, each.reference, each.iban]);
        assert.equal(bare(entry?.counterparty.name), bare(each.name.slice(0, 27)));
      }
    }),
    { numRuns: 60 },
  );
});

test('OFX of both kinds is read as it was written', () => {
  fc.assert(
    fc.property(statement, fc.constantFrom(1 as const, 2 as const), (made, version) => {
      const found = one(writeOfx(made, version));
      assert.deepEqual(booked(found), booked(made));
      assert.deepEqual([found.account.iban, found.closing?.amountMinor, found.unreadable], [made.iban, closingOf(made), []]);
      assert.deepEqual(
        found.entries.map(({ text, counterparty }) => [text, counterparty.name]),
        made.entries.map(({ text, name }) => [text, name.slice(0, 32).trim()]),
      );
    }),
    { numRuns: 60 },
  );
});

const made: MadeStatement = {
  iban: 'DE89370400440532013000',
  currency: 'EUR',
  number: 7,
  openingMinor: 100_000,
  from: '2026-03-01',
  until: '2026-03-02',
  entries: [
    {
      bookedOn: '2026-03-01',
      amountMinor: -1_250,
      name: 'Müller & Söhne',
      iban: 'NL91ABNA0417164300',
      text: 'Rechnung 4711',
      reference: 'R1',
      endToEndId: 'E1',
    },
    { bookedOn: '2026-03-02', amountMinor: 2_000, name: 'Ähre', iban: null, text: 'Danke', reference: 'R2', endToEndId: null },
  ],
};

test('one entry that cannot be read is listed with its line, and the others are there', () => {
  const camt = one(writeCamt([made]).replace('<Amt Ccy="EUR">12.50</Amt>', '<Amt Ccy="EUR">twelve</Amt>'));
  assert.deepEqual(
    camt.entries.map(({ amountMinor }) => amountMinor),
    [2_000],
  );
  assert.equal(camt.unreadable.length, 1);
  assert.ok((camt.unreadable[0]?.line ?? 0) > 1);
  const mt940 = one(writeMt940([made]).replace('D12,50', 'X12,50'));
  assert.deepEqual([mt940.entries.length, mt940.unreadable.length], [1, 1]);
  assert.match(mt940.unreadable[0]?.why ?? '', /X12,50/);
  const ofx = one(writeOfx(made, 1).replace('<DTPOSTED>20260301', '<DTPOSTED>20261301'));
  assert.deepEqual([ofx.entries.length, ofx.unreadable.length], [1, 1]);
});

test('a file that was cut off gives what is whole, and says so', () => {
  const camt = writeCamt([made]);
  const cut = one(camt.slice(0, camt.lastIndexOf('<RmtInf>')));
  assert.equal(cut.entries.length, 1);
  assert.ok(cut.unreadable.some(({ why }) => /ends inside/.test(why)));
  const mt940 = writeMt940([made]);
  assert.ok(one(mt940.slice(0, mt940.indexOf(':62F:'))).unreadable.some(({ why }) => /closing balance/.test(why)));
  const ofx = writeOfx(made, 2);
  assert.ok(one(ofx.slice(0, ofx.lastIndexOf('<FITID>'))).unreadable.length > 0);
});

test('UTF-8, Windows-1252 and UTF-16 give the same text', () => {
  const text = writeMt940([made]);
  const latin = Buffer.from(text, 'latin1');
  const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
  for (const bytes of [Buffer.from(text), latin, wide, Buffer.from(wide).swap16(), Buffer.from(text, 'utf16le')])
    assert.equal(one(bytes).entries[0]?.counterparty.name, 'Müller & Söhne');
});

test('entities are not defined, expanded or fetched, and nesting has an end', () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${writeCamt([made]).slice(39)}`;
  const named = writeCamt([made]).replace('Rechnung 4711', '&xxe; &#x41;&amp;');
  const deep = `<Document><BkToCstmrStmt>${'<Stmt>'.repeat(200_000)}`;
  for (const text of [bomb, deep]) {
    const started = performance.now();
    assert.throws(
      () => read(text),
      (error) => isFactotumError(error, 'ledger.unreadable') && /Line \d+/.test(error.message),
    );
    assert.ok(performance.now() - started < 5_000);
  }
  assert.equal(one(named).entries[0]?.text, '&xxe; A&');
});

test('what is no bank file is refused in words that say what to do, and nothing else is ever thrown', () => {
  const inputs = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 400 }).map((text) => Buffer.from(text)),
    fc
      .tuple(
        statement,
        fc.constantFrom(
          writeOfx,
          (made: MadeStatement) => writeCamt([made]),
          (made: MadeStatement) => writeMt940([made]),
        ),
        fc.nat(),
      )
      .map(([made, write, seed]) => {
        const text = write(made);
        const at = seed % text.length;
        return Buffer.from(text.slice(0, at) + text.slice(at + (seed % 37)));
      }),
  );
  fc.assert(
    fc.property(inputs, fc.constantFrom('a.csv', 'a.sta', 'a.xml'), (bytes, name) => {
      isBankFile(bytes, name);
      try {
        readBankFile(bytes, name);
      } catch (error) {
        assert.ok(isFactotumError(error, 'ledger.unreadable'), String(error));
        assert.ok(error.message.length > 20);
      }
    }),
    { numRuns: 300 },
  );
});

test('a file of 100 MB is refused before it is read', () => {
  assert.throws(
    () => readBankFile(Buffer.alloc(100 * 1024 * 1024, 'x'), 'a.sta'),
    (error) => isFactotumError(error, 'ledger.unreadable') && /shorter period/.test(error.message),
  );
});

test('the ways of banks with MT940: reversals, account as bank code and number, third letters, days at new year, pages, Dutch and plain details', () => {
  const text = [
    '{1:F01BANKDEFFXXXX0000000000}{2:I940XXXXXXXXXXXXN}{4:',
    ':20:940S',
    ':25:50880050/0194774400EUR',
    ':28C:00001/001',
    ':60F:C251231EUR1.000,00',
    ':61:2601021231DR10,50N024NONREF//BANKREF1',
    ':86:/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/Jansen B.V./REMI/Factuur 2025-77/EREF/E-1',
    ':61:2601020102RC100,NTRFNONREF',
    ':86:Retour, RF18539007547034 fuer Kunde DE89370400440532013000',
    ':62M:C260102EUR889,50',
    '-',
    ':20:940S',
    ':25:50880050/0194774400EUR',
    ':28C:00001/002',
    ':60M:C260102EUR889,50',
    ':61:2601030103C0,5NMSC',
    ' more of it',
    ':62F:C260103EUR890,00',
    '-}',
  ].join('\n');
  const [found, ...others] = read(text);
  assert.equal(others.length, 0);
  assert.deepEqual([found?.account.number, found?.closing?.amountMinor, found?.unreadable], ['50880050/0194774400', 89_000, []]);
  assert.deepEqual(
    found?.entries.map(({ bookedOn, amountMinor, isReversal }) => [bookedOn, amountMinor, isReversal]),
    [
      ['2025-12-31', -1_050, false],
      ['2026-01-02', -10_000, true],
      ['2026-01-03', 50, false],
    ],
  );
  const [dutch, plain, bare] = found?.entries ?? [];
  assert.deepEqual(
    [dutch?.counterparty.name, dutch?.counterparty.iban, dutch?.text, dutch?.endToEndId],
    ['Jansen B.V.', 'NL91ABNA0417164300', 'Factuur 2025-77', 'E-1'],
  );
  assert.equal(plain?.counterparty.iban, 'DE89370400440532013000');
  assert.equal(bare?.text, 'more of it');
});

test('a batch of camt is its payments where they add up, and pending entries are left out', () => {
  const part = (amount: string, name: string) =>
    `<TxDtls><Refs><EndToEndId>${name}</EndToEndId></Refs><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><RltdPties><Cdtr><Pty><Nm>${name}</Nm></Pty></Cdtr></RltdPties></TxDtls>`;
  const batch = (second: string) =>
    `<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>B</AcctSvcrRef><NtryDtls>${part('10.00', 'One')}${part(second, 'Two')}</NtryDtls></Ntry>`;
  const pending = batch('20.00').replace('BOOK', 'PDNG');
  const found = one(writeCamt([{ ...made, entries: [] }]).replace('</Stmt>', `${batch('20.00')}${batch('19.00')}${pending}</Stmt>`));
  assert.deepEqual(
    found.entries.map(({ amountMinor, counterparty, bankReference }) => [amountMinor, counterparty.name, bankReference]),
    [
      [-1_000, 'One', 'B/1'],
      [-2_000, 'Two', 'B/2'],
      [-3_000, null, 'B'],
    ],
  );
});
