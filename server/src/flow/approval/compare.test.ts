import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#kernel';
import { compareWithSource } from './compare.ts';

const args = {
  amount: { role: 'steering', slot: 'amount', title: 'Amount' },
  iban: { role: 'steering', slot: 'iban', title: 'Account' },
  to: { role: 'steering', slot: 'addresses', title: 'Recipients' },
  due: { role: 'steering', slot: 'date', title: 'Due' },
  payee: { role: 'steering', slot: 'name', title: 'Payee' },
  text: { role: 'content', slot: 'text', title: 'Text' },
} as const;
const manifest = { args };

const compare = (values: JsonObject, payload: JsonObject) =>
  compareWithSource(manifest, values, { kind: 'mail', id: 'evt_1', payload, timeZone: 'Europe/Berlin', locale: 'en-GB' });

const invoice = {
  subject: 'Invoice INV-7',
  text: 'Dear all,\nnet 1,000.00 EUR\nTotal: 1,240.00 EUR, due on 30 November 2026\nto DE89 3704 0044 0532 0130 00, Northwind Supplies GmbH\nQuestions: bill@northwind.example',
};

test('what the source says as well is told with its line, however it is written there', () => {
  const found = compare(
    {
      amount: { amountMinor: 124_000, currency: 'EUR' },
      iban: 'DE89370400440532013000',
      due: '2026-11-30',
      payee: 'northwind supplies GMBH',
      to: ['BILL@northwind.example'],
      text: 'Hello',
    },
    invoice,
  );
  assert.deepEqual(
    found.map(({ field, relation }) => [field, relation]),
    [
      ['amount', 'same'],
      ['iban', 'same'],
      ['to', 'same'],
      ['due', 'same'],
      ['payee', 'same'],
    ],
  );
  assert.deepEqual(found[0]?.source, { kind: 'mail', id: 'evt_1', path: 'text', text: 'Total: 1,240.00 EUR, due on 30 November 2026' });
});

test('what the source says otherwise is told as it says it: of several amounts the largest, which is the total', () => {
  const found = compare(
    { amount: { amountMinor: 142_000, currency: 'EUR' }, iban: 'GB82WEST12345698765432', to: ['other@example.com'], due: '2026-12-01' },
    invoice,
  );
  assert.deepEqual(
    found.map(({ field, relation, value }) => [field, relation, value]),
    [
      ['amount', 'different', '1,240.00 EUR'],
      ['iban', 'different', 'DE89370400440532013000'],
      ['to', 'different', 'bill@northwind.example'],
      ['due', 'different', '2026-11-30'],
    ],
  );
});

test('the same number in another currency is another amount', () => {
  assert.equal(compare({ amount: { amountMinor: 124_000, currency: 'USD' } }, invoice)[0]?.relation, 'different');
});

test('what the source does not speak of is absent', () => {
  const found = compare({ amount: { amountMinor: 1, currency: 'EUR' }, payee: 'Somebody' }, { text: 'Please call me.' });
  assert.deepEqual(
    found.map(({ relation, source }) => [relation, source.path]),
    [
      ['absent', null],
      ['absent', null],
    ],
  );
});

test('each call of a list of calls is held against the source by itself', () => {
  const read = (value: unknown) => (Array.isArray(value) ? (value as JsonObject[]) : []);
  const parts = { title: 'Payment', arg: 'payments', shared: {}, read, manifest: { args: { iban: args.iban } } };
  const list = { args: { payments: { role: 'steering', slot: 'json', title: 'Payments' } }, parts } as unknown as Parameters<
    typeof compareWithSource
  >[0];
  const payments = [{ iban: 'DE89370400440532013000' }, { iban: 'GB82WEST12345698765432' }];
  const found = compareWithSource(list, { payments }, { kind: 'mail', id: 'evt_1', payload: invoice, timeZone: 'UTC', locale: 'en' });
  assert.deepEqual(
    found.map(({ field, relation }) => [field, relation]),
    [
      ['payments[1]', 'same'],
      ['payments[2]', 'different'],
    ],
  );
});

test('a number or name that stands there as a part of a longer one is not the same', () => {
  const text = 'Invoice RE-123/4 for Acme Holding GmbH, Anna-Maria Lee, 山田商店様, order#77.';
  const relation = (payee: string) => compare({ payee }, { text })[0]?.relation;
  for (const part of ['RE-12', '23/4', 'RE-123', 'Acme Hold', 'Anna', 'Maria']) assert.equal(relation(part), 'absent', part);
  for (const whole of ['re-123/4', 'Acme Holding', 'Holding GmbH', 'Anna-Maria', '山田商店', '77'])
    assert.equal(relation(whole), 'same', whole);
});

test('a number that is a part of an amount, a date or a time of day stands nowhere; one that ends a sentence or a list does', () => {
  const text = 'Total 1.240,00 EUR until 12.05.2026, 09:30. Invoices 77, 78 and 79. No.81';
  const relation = (payee: string) => compare({ payee }, { text })[0]?.relation;
  for (const part of ['240', '1', '12', '05', '2026.', '30.05', '09', '00']) assert.equal(relation(part), 'absent', part);
  for (const whole of ['1.240,00', '12.05.2026', '09:30', '77', '78', '79', '81']) assert.equal(relation(whole), 'same', whole);
});

test('however many values are compared, what arrived is read once', () => {
  let reads = 0;
  const payload = {
    get text() {
      reads += 1;
      return invoice.text;
    },
  };
  const readsFor = (count: number) => {
    reads = 0;
    const to = Array.from({ length: count }, (_, at) => `a${at}@b.example`);
    assert.equal(compare({ to, payee: 'Northwind' }, payload).length, count + 1);
    return reads;
  };
  assert.equal(readsFor(150), readsFor(1));
});
