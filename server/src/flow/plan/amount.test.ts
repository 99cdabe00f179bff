import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workedMs } from '../../../test/worked.ts';
import { findAmounts, formatAmount } from './amount.ts';

const read: Readonly<Record<string, string>> = {
  '1.240,00 EUR': '1,240.00 EUR',
  'EUR 1,240.00': '1,240.00 EUR',
  EUR1240: '1,240.00 EUR',
  '€1,240.00': '1,240.00 EUR',
  '€ 1.240,00': '1,240.00 EUR',
  '1\u00a0240,00 €': '1,240.00 EUR',
  '1 240,00 €': '1,240.00 EUR',
  'EUR 1 240,00': '1,240.00 EUR',
  '1.240,- €': '1,240.00 EUR',
  "CHF 1'240.50": '1,240.50 CHF',
  '12.5 EUR': '12.50 EUR',
  '1,240 EUR': '1,240.00 EUR',
  '1.240 EUR': '1,240.00 EUR',
  '3.000.000 EUR': '3,000,000.00 EUR',
  '50 euros': '50.00 EUR',
  '1240 Euro': '1,240.00 EUR',
  '¥1,240': '1,240 JPY',
  '1240 JPY': '1,240 JPY',
  'KWD 1,240.500': '1,240.500 KWD',
  '0.500 KWD': '0.500 KWD',
  'KWD 12': '12.000 KWD',
  '1,24,000.00 INR': '124,000.00 INR',
  '$1,240.00': '1,240.00 USD',
  'US$ 99': '99.00 USD',
  '£0.99': '0.99 GBP',
  '1.240,50 HUF': '1,240.50 HUF',
  '-50.00 EUR': '-50.00 EUR',
  '€-50': '-50.00 EUR',
  '−€50': '-50.00 EUR',
  '+50 EUR': '50.00 EUR',
  'Amount due: EUR 1,240.00.': '1,240.00 EUR',
  '(50.00 EUR)': '50.00 EUR',
  'on 21.12.2026 EUR 50.00': '50.00 EUR',
  'TOP 10.00': '10.00 TOP',
};

test('amounts are read in every usual form, into the smallest unit of their currency', () => {
  for (const [text, expected] of Object.entries(read)) assert.deepEqual(findAmounts(text).map(formatAmount), [expected], text);
  assert.deepEqual(findAmounts('net 1.000,00 EUR, total 1.190,00 EUR').map(formatAmount), ['1,000.00 EUR', '1,190.00 EUR']);
});

test('what could be meant in two ways, or is part of something else, is no amount', () => {
  const unclear = ['1.240 KWD', 'order 7 200 EUR', '10-20 EUR', 'INV-50 EUR', 'EUR 50.00-', 'EUR 100 USD', '12.34.56 EUR'];
  const impossible = ['1,240.50 JPY', '1.24567 EUR', '999,999,999,999,999,999 EUR', '1.2k EUR', '99% EUR', '1,2,3 EUR'];
  for (const text of [...unclear, ...impossible, '100', '100 XYZ', 'TOP 10', 'ALL 3 items', ''])
    assert.deepEqual(findAmounts(text), [], text);
});

test('the longest hostile text takes milliseconds', () => {
  for (const piece of ['1', '1\u00a0000', '1,000', '1.', '1,00', 'EUR ', '$', '-', 'EUR -', '€1']) {
    const text = piece.repeat(65_536 / piece.length);
    const started = workedMs();
    findAmounts(text);
    assert.ok(workedMs() - started < 1_000, `${piece} took ${workedMs() - started} ms`);
  }
});
