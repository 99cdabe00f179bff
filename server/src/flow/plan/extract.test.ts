import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workedMs } from '../../../test/worked.ts';
import { type ExtractType, extract, findValues } from './extract.ts';
import { parsePattern } from './pattern.ts';

const label = { sources: ['mail:a@b.example'], integrity: 'untrusted', readers: 'tenant' } as const;
const habits = { timeZone: 'UTC', locale: 'en-GB' };

function find(type: ExtractType, text: string, pattern?: string) {
  const parsed = pattern === undefined ? undefined : parsePattern(pattern);
  assert.ok(parsed === undefined || !('fault' in parsed), 'the pattern is valid');
  return extract({ type, from: ['text'], pattern: parsed }, { text }, label, habits);
}
function value(type: ExtractType, text: string, pattern?: string) {
  const found = find(type, text, pattern);
  return 'missing' in found ? found.missing : found.value;
}

test('an IBAN is found grouped or not and only if its check digits, country and length hold', () => {
  for (const written of [
    'DE89 3704 0044 0532 0130 00',
    'de89370400440532013000',
    'DE89-3704-0044-0532-0130-00',
    'DE89 3704 0044 0532 0130 00 BIC COBADEFF',
    'AB12 3456 DE89370400440532013000',
  ])
    assert.equal(value('iban', `Pay to ${written}.`), 'DE89370400440532013000', written);
  assert.equal(value('iban', 'NO93 8601 1117 947'), 'NO9386011117947');
  assert.equal(value('iban', 'GB82WEST12345698765432'), 'GB82WEST12345698765432');
  for (const written of [
    'DE88 3704 0044 0532 0130 00',
    'DE8937040044053201300',
    'DE893704004405320130001',
    'XX89370400440532013000',
    'DЕ89370400440532013000',
  ])
    assert.equal(value('iban', written), 'no valid IBAN was found in "text"', written);
});

test('two different values of a kind are no value: nobody is paid because of which came first', () => {
  assert.equal(
    value('iban', 'DE89370400440532013000 or, new, GB82WEST12345698765432'),
    'more than one valid IBAN was found in "text" (DE89370400440532013000 and GB82WEST12345698765432); a pattern can say which',
  );
  assert.equal(value('iban', 'DE89370400440532013000, again DE89 3704 0044 0532 0130 00'), 'DE89370400440532013000');
  assert.deepEqual(value('amount', 'Net: 1.000,00 EUR\nTotal: 1.190,00 EUR', 'Total: (.+)'), { amountMinor: 119_000, currency: 'EUR' });
});

test('invoice numbers and addresses are found in the words around them', () => {
  for (const text of [
    'Invoice INV-2026-0042',
    'Invoice no. INV-2026-0042',
    'Invoice number: INV-2026-0042.',
    'Rechnung Nr. INV-2026-0042',
    'Rechnungsnummer: INV-2026-0042',
    'invoice #INV-2026-0042',
  ])
    assert.equal(value('invoiceNumber', text), 'INV-2026-0042', text);
  for (const text of ['Invoice attached', 'invoices are due', 'no number'])
    assert.equal(value('invoiceNumber', text), 'no invoice number was found in "text"', text);
  assert.equal(value('address', 'write to Jo.Doe+x@Example.COM, please'), 'Jo.Doe+x@example.com');
});

test('a value carries the label of the event and the kind of thing it is', () => {
  assert.deepEqual(find('date', '2026-12-21'), { value: '2026-12-21', label, slot: 'date' });
});

test('a text is what the pattern captures, or the whole field', () => {
  assert.equal(value('text', 'Order: PO-17\nmore', 'Order: (\\S+)'), 'PO-17');
  assert.equal(value('text', ' all of it '), 'all of it');
  assert.equal(value('text', 'nothing', 'Order: (\\S+)'), 'the pattern matches nothing in "text"');
  assert.deepEqual(extract({ type: 'text', from: ['a', 'b'], pattern: undefined }, { a: [] }, label, habits), {
    missing: 'there is no text in "a.b"',
  });
});

test('patterns that hang a backtracking engine end at once, and what cannot be linear is refused', () => {
  for (const source of ['(a+)+$', '(a|a)*$', '(.*)*x', '(a*)*b', '([a-z]+)*1', '(?:a?){25}a{25}$']) {
    const pattern = parsePattern(source);
    assert.ok(!('fault' in pattern), source);
    const started = workedMs();
    pattern.capture(`${'a'.repeat(65_535)}!`);
    assert.ok(workedMs() - started < 2_000, `${source} took ${workedMs() - started} ms`);
  }
  for (const source of ['(?=a)', '(a)\\1', '(', 'a{1001}', '((a{1,30}){1,30})$', 'x'.repeat(501)])
    assert.ok('fault' in parsePattern(source), source);
});

test('only the first 64 K characters of a text are searched', () => {
  const pattern = parsePattern('b');
  assert.ok(!('fault' in pattern));
  assert.equal(pattern.capture(`${'a'.repeat(65_535)}b`), 'b');
  assert.equal(pattern.capture(`${'a'.repeat(65_536)}b`), null);
});

test('everything worth pointing at in a payload is found, once each, and ids of machines are not', () => {
  const payload = {
    sender: 'billing@northwind.example',
    messageId: '<1@x.example>',
    text: 'Invoice INV-7 of 2026-12-01: EUR 5.00, due 2026-12-21. EUR 5.00!',
    attachments: [{ name: 'DE89370400440532013000.pdf' }],
  };
  const found = findValues(payload, label, habits);
  assert.deepEqual(
    Object.entries(found).map(([name, each]) => [name, each.value]),
    [
      ['date_1', '2026-12-01'],
      ['date_2', '2026-12-21'],
      ['amount_1', { amountMinor: 500, currency: 'EUR' }],
      ['iban_1', 'DE89370400440532013000'],
      ['address_1', 'billing@northwind.example'],
      ['invoiceNumber_1', 'INV-7'],
    ],
  );
});
