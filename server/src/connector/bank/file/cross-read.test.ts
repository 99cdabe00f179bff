import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XMLParser } from 'fast-xml-parser';
import { Parser } from 'mt940js';
import { parse as parseOfx } from 'ofx-js';
import { z } from 'zod';
import { closingOf, decimal, type MadeStatement, writeCamt, writeMt940, writeOfx } from '../../../../test/bank/write.ts';

/** The statements that our tests make, read by parsers of others: what they do not understand would prove nothing of ours. */
const made: MadeStatement = {
  iban: 'DE89370400440532013000',
  currency: 'EUR',
  number: 7,
  openingMinor: 100_000,
  from: '2026-03-01',
  until: '2026-03-04',
  entries: [
    {
      bookedOn: '2026-03-01',
      amountMinor: -1_250,
      name: 'Northwind',
      iban: 'NL91ABNA0417164300',
      text: 'Invoice 4711',
      reference: 'R1',
      endToEndId: 'E1',
    },
    { bookedOn: '2026-03-02', amountMinor: 200_099, name: 'Acme', iban: null, text: 'Thanks & regards', reference: 'R2', endToEndId: null },
    { bookedOn: '2026-03-04', amountMinor: -7, name: 'Fee', iban: null, text: 'Fee', reference: null, endToEndId: null },
  ],
};
const signed = made.entries.map(({ amountMinor }) => amountMinor / 100);
const days = made.entries.map(({ bookedOn }) => bookedOn);

test('mt940js reads our MT940: balances, days, amounts, details', () => {
  const statement = z.object({
    openingBalance: z.number(),
    closingBalance: z.number(),
    currency: z.string(),
    accountIdentification: z.string(),
    transactions: z.array(z.object({ amount: z.number(), date: z.date(), details: z.string() })),
  });
  const [one] = z.array(statement).parse(new Parser().parse(writeMt940([made], 'plain')));
  assert.deepEqual(
    [one?.openingBalance, one?.closingBalance, one?.currency, one?.accountIdentification],
    [1_000, closingOf(made) / 100, 'EUR', made.iban],
  );
  assert.deepEqual(
    one?.transactions.map(({ amount }) => amount),
    signed,
  );
  assert.deepEqual(
    one?.transactions.map(({ date }) => date.toISOString().slice(0, 10)),
    days,
  );
  assert.equal(one?.transactions[0]?.details, 'Invoice 4711');
});

test('ofx-js reads our OFX of both kinds: account, days, amounts', async () => {
  const schema = z.object({
    OFX: z.object({
      BANKMSGSRSV1: z.object({
        STMTTRNRS: z.object({
          STMTRS: z.object({
            CURDEF: z.string(),
            BANKACCTFROM: z.object({ ACCTID: z.string() }),
            BANKTRANLIST: z.object({ STMTTRN: z.array(z.object({ DTPOSTED: z.string(), TRNAMT: z.string(), MEMO: z.string() })) }),
            LEDGERBAL: z.object({ BALAMT: z.string() }),
          }),
        }),
      }),
    }),
  });
  for (const version of [1, 2] as const) {
    const statement = schema.parse(await parseOfx(writeOfx(made, version))).OFX.BANKMSGSRSV1.STMTTRNRS.STMTRS;
    assert.deepEqual(
      [statement.CURDEF, statement.BANKACCTFROM.ACCTID, statement.LEDGERBAL.BALAMT],
      ['EUR', made.iban, decimal(closingOf(made), 'EUR')],
    );
    const list = statement.BANKTRANLIST.STMTTRN;
    assert.deepEqual(
      list.map(({ TRNAMT }) => Number(TRNAMT)),
      signed,
    );
    assert.deepEqual(
      list.map(({ DTPOSTED }) => DTPOSTED.slice(0, 8)),
      days.map((day) => day.replaceAll('-', '')),
    );
  }
});

test('an XML parser of others reads our camt.053: the tree is the one of the message definition', () => {
  const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: false, isArray: (name) => name === 'Ntry' || name === 'Bal' });
  const amount = z.object({ '#text': z.string(), '@_Ccy': z.literal('EUR') });
  const schema = z.object({
    Document: z.object({
      BkToCstmrStmt: z.object({
        Stmt: z.object({
          Acct: z.object({ Id: z.object({ IBAN: z.literal(made.iban) }) }),
          Bal: z.array(z.object({ Amt: amount, CdtDbtInd: z.enum(['CRDT', 'DBIT']) })).length(2),
          Ntry: z.array(z.object({ Amt: amount, CdtDbtInd: z.enum(['CRDT', 'DBIT']), BookgDt: z.object({ Dt: z.string() }) })),
        }),
      }),
    }),
  });
  const { Stmt } = schema.parse(parser.parse(writeCamt([made]))).Document.BkToCstmrStmt;
  assert.deepEqual(
    Stmt.Ntry.map(({ Amt, CdtDbtInd, BookgDt }) => [BookgDt.Dt, Number(Amt['#text']) * (CdtDbtInd === 'DBIT' ? -1 : 1)]),
    made.entries.map(({ bookedOn }, at) => [bookedOn, signed[at]]),
  );
  assert.equal(Stmt.Bal[1]?.Amt['#text'], decimal(closingOf(made), 'EUR'));
});
