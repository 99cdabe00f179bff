import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { currencyExponent } from '#trust/policy';
import { type PaymentOrder, paymentInitiation, type Transfer } from './pain001.ts';

const transfer: Transfer = {
  endToEndId: '0123456789abcdef0123456789abcdef',
  creditor: { name: 'Northwind', iban: 'DE89370400440532013000' },
  amountMinor: 124_000,
  reference: 'INV-1 PO-2026-0001',
};
const order: PaymentOrder = {
  messageId: '0123456789abcdef0123456789abcdef',
  createdAt: new Date('2026-03-01T10:00:00.123Z'),
  executeOn: '2026-03-01',
  debtor: { name: 'Demo Company', iban: 'NL91ABNA0417164300', bic: 'ABNANL2A' },
  currency: 'EUR',
  transfers: [transfer],
};

/**
 * Element order of the parts of pain.001.001.09 that we write, by the message definition report (ISO 20022, Payments Initiation, 2019):
 * a choice or sequence may leave elements out, and never change their order.
 */
const sequences: Readonly<Record<string, readonly string[]>> = {
  Document: ['CstmrCdtTrfInitn'],
  CstmrCdtTrfInitn: ['GrpHdr', 'PmtInf', 'SplmtryData'],
  GrpHdr: ['MsgId', 'CreDtTm', 'Authstn', 'NbOfTxs', 'CtrlSum', 'InitgPty', 'FwdgAgt', 'InitnSrc'],
  PmtInf: [
    'PmtInfId',
    'PmtMtd',
    'BtchBookg',
    'NbOfTxs',
    'CtrlSum',
    'PmtTpInf',
    'ReqdExctnDt',
    'PoolgAdjstmntDt',
    'Dbtr',
    'DbtrAcct',
    'DbtrAgt',
    'DbtrAgtAcct',
    'InstrForDbtrAgt',
    'UltmtDbtr',
    'ChrgBr',
    'ChrgsAcct',
    'ChrgsAcctAgt',
    'CdtTrfTxInf',
  ],
  CdtTrfTxInf: [
    'PmtId',
    'PmtTpInf',
    'Amt',
    'XchgRateInf',
    'ChrgBr',
    'MndtRltdInf',
    'ChqInstr',
    'UltmtDbtr',
    'IntrmyAgt1',
    'CdtrAgt',
    'CdtrAgtAcct',
    'Cdtr',
    'CdtrAcct',
    'UltmtCdtr',
    'InstrForCdtrAgt',
    'InstrForDbtrAgt',
    'Purp',
    'RgltryRptg',
    'Tax',
    'RltdRmtInf',
    'RmtInf',
    'SplmtryData',
  ],
  RmtInf: ['Ustrd', 'Strd'],
  CdtrRefInf: ['Tp', 'Ref'],
  PmtTpInf: ['InstrPrty', 'SvcLvl', 'LclInstrm', 'CtgyPurp'],
  PmtId: ['InstrId', 'EndToEndId', 'UETR'],
  FinInstnId: ['BICFI', 'ClrSysMmbId', 'LEI', 'Nm', 'PstlAdr', 'Othr'],
};
const mandatory = [
  'GrpHdr',
  'MsgId',
  'CreDtTm',
  'NbOfTxs',
  'InitgPty',
  'PmtInf',
  'PmtInfId',
  'PmtMtd',
  'ReqdExctnDt',
  'Dbtr',
  'DbtrAcct',
  'DbtrAgt',
  'CdtTrfTxInf',
  'PmtId',
  'EndToEndId',
  'Amt',
];

interface Element {
  readonly name: string;
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

/** The message as a tree that keeps the order of its elements. */
function read(xml: string): Element {
  assert.equal(XMLValidator.validate(xml), true);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    trimValues: false,
  });
  const build = (node: Record<string, unknown>): Element => {
    const name = Object.keys(node).find((key) => key !== ':@') ?? '';
    // The parser's own shape: each element's content is a list of such nodes.
    const inside = node[name] as Record<string, unknown>[];
    const texts = inside.filter((part) => '#text' in part).map((part) => String(part['#text']));
    return {
      name,
      text: texts.join('').trim(),
      attributes: (node[':@'] ?? {}) as Record<string, string>,
      children: inside.filter((part) => !('#text' in part)).map(build),
    };
  };
  const parsed: Record<string, unknown>[] = parser.parse(xml);
  return build(parsed.find((node) => 'Document' in node) ?? assert.fail('no Document'));
}

const all = (element: Element): Element[] => [element, ...element.children.flatMap(all)];

/** The text of the one element that these names lead to. */
function at(document: Element, ...names: string[]): string {
  let element: Element | undefined = document;
  for (const name of names) {
    const found: readonly Element[] = element.children.filter((child) => child.name === name);
    assert.equal(found.length, 1, name);
    element = found[0] ?? assert.fail(name);
  }
  return element.text;
}

function assertStructure(document: Element): void {
  assert.equal(document.attributes.xmlns, 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09');
  const elements = all(document);
  for (const { name, children } of elements) {
    const places = children.map((child) => sequences[name]?.indexOf(child.name) ?? 0);
    assert.ok(
      places.every((place) => place >= 0),
      `${name} has ${children.map((child) => child.name).join(' ')}`,
    );
    assert.deepEqual(
      places,
      [...places].sort((one, other) => one - other),
      `${name}: order`,
    );
  }
  for (const name of mandatory)
    assert.ok(
      elements.some((element) => element.name === name),
      name,
    );
  for (const { name, text } of elements.filter(({ children }) => children.length === 0)) {
    assert.notEqual(text, '', name);
    const most = name === 'Nm' || name === 'Ustrd' ? 140 : 35;
    assert.ok([...text].length <= most, name);
  }
}

const payment = ['CstmrCdtTrfInitn', 'PmtInf', 'CdtTrfTxInf'];

test('an order is a message that a bank takes: structure, parties, account, amount and reference', () => {
  const document = read(paymentInitiation(order));
  assertStructure(document);
  assert.equal(at(document, ...payment, 'Amt', 'InstdAmt'), '1240.00');
  assert.equal(all(document).find(({ name }) => name === 'InstdAmt')?.attributes.Ccy, 'EUR');
  assert.equal(at(document, ...payment, 'CdtrAcct', 'Id', 'IBAN'), 'DE89370400440532013000');
  assert.equal(at(document, ...payment, 'Cdtr', 'Nm'), 'Northwind');
  assert.equal(at(document, ...payment, 'RmtInf', 'Ustrd'), transfer.reference);
  assert.equal(at(document, 'CstmrCdtTrfInitn', 'PmtInf', 'DbtrAgt', 'FinInstnId', 'BICFI'), 'ABNANL2A');
  assert.equal(at(document, 'CstmrCdtTrfInitn', 'GrpHdr', 'CreDtTm'), '2026-03-01T10:00:00');
  const { name, iban } = order.debtor;
  assertStructure(
    read(
      paymentInitiation({
        ...order,
        currency: 'JPY',
        debtor: { name, iban },
        transfers: [{ ...transfer, creditor: { ...transfer.creditor, bic: 'COBADEFFXXX' } }],
      }),
    ),
  );
});

test('amounts are exact in every currency: the digits of the smallest unit, none lost and none added', () => {
  const currencies = fc.constantFrom('EUR', 'USD', 'JPY', 'KRW', 'KWD', 'BHD', 'TND', 'HUF', 'CLF');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999_999 }), currencies, (amountMinor, currency) => {
      const document = read(paymentInitiation({ ...order, currency, transfers: [{ ...transfer, amountMinor }] }));
      const digits = currencyExponent(currency);
      const written = at(document, ...payment, 'Amt', 'InstdAmt');
      assert.match(written, digits === 0 ? /^[1-9]\d*$/ : new RegExp(`^(0|[1-9]\\d*)\\.\\d{${digits}}$`));
      assert.equal(BigInt(written.replace('.', '')), BigInt(amountMinor));
      // Both control sums are the amount: there is one payment.
      assert.ok(
        all(document)
          .filter(({ name }) => name === 'CtrlSum')
          .every(({ text }) => text === written),
      );
    }),
    { numRuns: 150 },
  );
});

test('whatever is in a name or a reference stays text inside its element', () => {
  const words = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).map((text) => `A${text}`);
  const evil = ['</Nm></Cdtr><Cdtr>', ']]>', '<!--', '&amp;&#x41;&evil;', '<?xml?>', '"\'', 'A\u0000\ufffeB', `A${'😀'.repeat(200)}`];
  fc.assert(
    fc.property(fc.oneof(words, fc.constantFrom(...evil.map((text) => `A${text}`))), (text) => {
      const document = read(
        paymentInitiation({ ...order, transfers: [{ ...transfer, creditor: { ...transfer.creditor, name: text }, reference: text }] }),
      );
      assertStructure(document);
      assert.equal(at(document, ...payment, 'CdtrAcct', 'Id', 'IBAN'), transfer.creditor.iban);
      assert.equal(at(document, ...payment, 'Amt', 'InstdAmt'), '1240.00');
    }),
    { numRuns: 80 },
  );
});

test('several payments are one order whose sums are theirs, and a creditor reference goes instead of the text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 99_999_999_999 }), { minLength: 2, maxLength: 20 }),
      fc.constantFrom('EUR', 'JPY', 'KWD'),
      (amounts, currency) => {
        const transfers = amounts.map((amountMinor, at) => ({
          ...transfer,
          amountMinor,
          endToEndId: `E${at}`,
          creditorReference: 'RF18539007547034',
        }));
        const [first, ...others] = transfers;
        const document = read(paymentInitiation({ ...order, currency, transfers: [first ?? transfer, ...others] }));
        assertStructure(document);
        const texts = (name: string) =>
          all(document)
            .filter((element) => element.name === name)
            .map(({ text }) => text);
        assert.deepEqual(texts('NbOfTxs'), [String(amounts.length), String(amounts.length)]);
        const sum = amounts.reduce((total, amount) => total + BigInt(amount), 0n);
        for (const written of texts('CtrlSum')) assert.equal(BigInt(written.replace('.', '')), sum);
        assert.deepEqual(
          texts('EndToEndId'),
          transfers.map(({ endToEndId }) => endToEndId),
        );
        assert.equal(texts('Ref').length, amounts.length);
        assert.deepEqual(texts('Ustrd'), []);
      },
    ),
    { numRuns: 30 },
  );
});
