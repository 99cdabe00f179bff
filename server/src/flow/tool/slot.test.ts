import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#kernel';
import type { Slot } from './manifest.ts';
import { slotFault } from './slot.ts';

const rows: readonly [Slot, readonly Json[], readonly Json[]][] = [
  ['text', ['', 'any\ntext', 3, true, ['a', 'b']], [{}, [['a']], [{}]]],
  ['path', ['Inbox/A.md', 'Rechnungen/März.md'], ['', '/etc/passwd', '../a', 'a/../b', 3]],
  [
    'address',
    ['a@example.com', 'a@EXAMPLE.com'],
    ['a', 'A <a@example.com>', ' a@example.com', 'a@example.com\n', 'a@example.com,b@example.com', ['a@example.com']],
  ],
  ['addresses', [[], ['a@example.com', 'b@example.com']], ['a@example.com', ['a'], [['a@example.com']]]],
  ['iban', ['GB82WEST12345698765432', 'gb82 west 1234 5698 7654 32'], ['GB82WEST12345698765433', 'GB82', 82]],
  ['bic', ['DEUTDEFF', 'DEUTDEFF500'], ['DEUTDEF', 'deutdeff', 'DEUTDEFF50']],
  ['amount', [1, 124000, { amountMinor: 5, currency: 'EUR' }], [0, -1, 1.5, '1', 2 ** 53, {}, { amountMinor: '5' }]],
  ['currency', ['EUR', 'JPY'], ['eur', 'EURO', 'XXZ', 978]],
  ['date', ['2026-02-28', '2024-02-29'], ['2026-02-29', '2026-2-3', '03.02.2026', '2026-02-28T00:00', 20260228]],
  [
    'datetime',
    ['2026-03-04', '2026-03-04T14:00', '2026-03-04T14:00:00Z', '2026-03-04T14:00:00.5+05:30'],
    ['2026-02-30', '2026-03-04T25:00', '2026-02-30T14:00', '2026-03-04T14:00+25:00', 'tomorrow'],
  ],
  ['name', ['Northwind GmbH', '株式会社'], ['', ' ', 'a\nb', 'a\u202eb', 'a\u200bb', 'x'.repeat(201), '\ud800', 3]],
  ['id', ['evt_1', '13', 13], ['', 'a b', 'ä', 'x'.repeat(201), 1.5, {}]],
  ['labels', [[], ['a', 'b c']], ['a', [''], ['a\n'], [1]]],
];
for (const [slot, sound, faulty] of rows)
  test(`a value for ${slot} has its form or is refused with a reason`, () => {
    for (const value of sound) assert.equal(slotFault(slot, value), null, JSON.stringify(value));
    for (const value of faulty) assert.match(slotFault(slot, value) ?? '', /^is not /, JSON.stringify(value));
  });

test('a value that is left out has no form to keep', () => assert.equal(slotFault('iban', null), null));
