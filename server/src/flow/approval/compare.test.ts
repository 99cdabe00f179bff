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
