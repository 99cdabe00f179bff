import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import type { Statement } from '#flow/ledger';
import { isFactotumError } from '#kernel';
import { plaidAccount, plaidTransaction } from '../../../../test/bank/plaid.ts';
import { readBankFile } from './read.ts';
import { bankFileFormat } from './recognise.ts';

const fixtures = process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '../../../../../../shared/fixtures');
const corpus = join(fixtures, 'corpora/bank');
const specification = join(fixtures, 'specs/plaid-2020-09-14.trimmed.openapi.json');

const read = (json: unknown): readonly Statement[] => {
  const file = readBankFile(Buffer.from(JSON.stringify(json)), 'export.json');
  assert.ok(file.kind === 'statements');
  return file.statements;
};
const only = (json: unknown): Statement => {
  const statements = read(json);
  assert.equal(statements.length, 1);
  return statements[0] ?? assert.fail();
};
const answer = (...transactions: unknown[]) => ({ accounts: [plaidAccount()], transactions });
const sync = (change: object) => ({
  accounts: [plaidAccount()],
  added: [],
  modified: [],
  removed: [],
  next_cursor: 'c',
  has_more: false,
  ...change,
});

test('what Plaid calls positive has gone out, and what it calls negative has come in, to the cent', () => {
  const { entries, unreadable, account } = only(
    answer(
      plaidTransaction({ amount: 28.34 }),
      plaidTransaction({ amount: -7_500 }),
      plaidTransaction({ amount: 0.1 }),
      plaidTransaction({ amount: 0 }),
    ),
  );
  assert.deepEqual(
    entries.map(({ amountMinor }) => amountMinor),
    [-2_834, 750_000, -10, 0],
  );
  assert.deepEqual(unreadable, []);
  assert.deepEqual([account.number, account.currency], ['plaid/acc1', 'USD']);
});

test('a booking says who, what, when and by which id', () => {
  const [entry] = only(
    answer(
      plaidTransaction({
        ...{ transaction_id: 'T1', date: '2026-03-04', authorized_date: '2026-03-02', merchant_name: 'Walmart', check_number: '17' },
        ...{ name: 'WM SUPERCENTER', original_description: 'PURCHASE WM #1700', payment_channel: 'in store' },
        counterparties: [
          { name: 'x', type: 'merchant', account_numbers: { international: { iban: 'DE89370400440532013000', bic: null } } },
        ],
      }),
    ),
  ).entries;
  assert.deepEqual(
    [entry?.bookedOn, entry?.valueOn, entry?.counterparty.name, entry?.counterparty.iban, entry?.text, entry?.bankReference, entry?.kind],
    ['2026-03-04', '2026-03-02', 'Walmart', 'DE89370400440532013000', 'PURCHASE WM #1700 Check 17', 'T1', 'in store'],
  );
});

test('what is pending is not booked; its booking is one entry, and an export of pending ones alone has none', () => {
  const pending = plaidTransaction({ transaction_id: 'P', pending: true, amount: 20 });
  const posted = plaidTransaction({ transaction_id: 'T', pending_transaction_id: 'P', amount: 23.5 });
  assert.deepEqual(
    only(answer(pending, posted)).entries.map(({ bankReference, amountMinor }) => [bankReference, amountMinor]),
    [['T', -2_350]],
  );
  assert.throws(
    () => read(answer(pending)),
    (error) => isFactotumError(error, 'ledger.unreadable'),
  );
});

test('a currency of no standard, no currency and an amount of half a cent are listed, and cost no other', () => {
  const { entries, unreadable } = only(
    answer(
      plaidTransaction({ iso_currency_code: null, unofficial_currency_code: 'DOGE' }),
      plaidTransaction({ iso_currency_code: null }),
      plaidTransaction({ amount: 1.005 }),
      plaidTransaction({ amount: null }),
      plaidTransaction({ date: '2026-02-30' }),
      { transaction_id: 'x' },
      plaidTransaction({ amount: 5 }),
    ),
  );
  assert.deepEqual(
    entries.map(({ amountMinor }) => amountMinor),
    [-500],
  );
  assert.equal(unreadable.length, 6);
  assert.match(unreadable.map(({ why }) => why).join('\n'), /Transaction 1 is in DOGE, which is no currency of ISO 4217/);
});

test('a transaction in another currency than its account is of a statement of its own, and yen have no cents', () => {
  const statements = read(answer(plaidTransaction({ amount: 5 }), plaidTransaction({ amount: 500, iso_currency_code: 'JPY' })));
  assert.deepEqual(
    statements.map(({ account, entries }) => [account.currency, entries[0]?.amountMinor]),
    [
      ['USD', -500],
      ['JPY', -500],
    ],
  );
});

test('pages of a sync are one history: added, changed and withdrawn, each transaction as it is told last', () => {
  const { entries, withdrawn } = only([
    sync({ added: ['A', 'B', 'C'].map((transaction_id) => plaidTransaction({ transaction_id })) }),
    sync({
      modified: [plaidTransaction({ transaction_id: 'B', amount: 99 })],
      removed: [
        { transaction_id: 'C', account_id: 'acc1' },
        { transaction_id: 'OLD', account_id: 'acc1' },
      ],
    }),
  ]);
  assert.deepEqual(
    entries.map(({ bankReference, amountMinor, corrects }) => [bankReference, amountMinor, corrects?.how]),
    [
      ['A', -1_000, 'replace'],
      ['B', -9_900, 'replace'],
    ],
  );
  assert.deepEqual(withdrawn, ['C', 'OLD']);
});

test('a balance counts only with its day, and what is owed on a card is less than nothing', () => {
  assert.equal(only(answer(plaidTransaction())).closing, null);
  const balances = {
    current: 410.25,
    iso_currency_code: 'USD',
    unofficial_currency_code: null,
    last_updated_datetime: '2026-03-05T00:00:00Z',
  };
  const closing = (type: string) => only({ accounts: [plaidAccount({ type, balances })], transactions: [plaidTransaction()] }).closing;
  assert.deepEqual(closing('depository'), { on: '2026-03-05', amountMinor: 41_025 });
  assert.deepEqual(closing('credit'), { on: '2026-03-05', amountMinor: -41_025 });
});

test('an account that is exported with its IBAN is the account of other files of it', () => {
  const numbers = { international: [{ account_id: 'acc1', iban: 'DE89 3704 0044 0532 0130 00', bic: 'COBADEFF' }] };
  const { account } = only({ ...answer(plaidTransaction()), numbers });
  assert.deepEqual([account.iban, account.number, account.bic], ['DE89370400440532013000', null, 'COBADEFF']);
});

test('what is cut off, nested without end or shaped otherwise is no export, and says so', () => {
  const whole = JSON.stringify(answer(plaidTransaction()));
  const marks = '"transaction_id" "account_id" "iso_currency_code"';
  for (const text of [
    whole.slice(0, -5),
    `${'['.repeat(200_000)}${marks}`,
    `[${marks}]`,
    JSON.stringify({ accounts: marks, transactions: 3 }),
  ])
    assert.throws(
      () => readBankFile(Buffer.from(text), 'export.json'),
      (error) => isFactotumError(error, 'ledger.unreadable'),
      text.slice(0, 40),
    );
  assert.equal(bankFileFormat(Buffer.from('{"id":"evt_1","currency":"usd"}'), 'event.json'), null);
});

test('the examples of its own specification are read', existsSync(specification) ? {} : { skip: `no ${specification}` }, async (t) => {
  const example = z.object({ value: z.looseObject({}) });
  const operation = z.object({
    post: z.object({
      responses: z.object({
        200: z.object({ content: z.object({ 'application/json': z.object({ examples: z.record(z.string(), example) }) }) }),
      }),
    }),
  });
  const { paths } = z.object({ paths: z.looseObject({}) }).parse(JSON.parse(await readFile(specification, 'utf8')));
  for (const path of ['/transactions/get', '/transactions/sync']) {
    const { examples } = operation.parse(paths[path]).post.responses[200].content['application/json'];
    for (const { value } of Object.values(examples)) {
      const bytes = Buffer.from(JSON.stringify(value));
      assert.equal(bankFileFormat(bytes, 'answer.json'), 'plaid');
      const { entries, unreadable } = only(value);
      t.diagnostic(`${path}: ${entries.map((one) => `${one.bookedOn} ${one.amountMinor} ${one.counterparty.name}`).join(', ')}`);
      assert.ok(entries.length > 0 && unreadable.length === 0);
    }
  }
});

/** The booked transactions that a file of the corpus describes, counted without our reader. */
function describedIn(text: string): number {
  const user = z.object({ override_accounts: z.array(z.object({ transactions: z.array(z.looseObject({})).optional() })) });
  const { success, data } = user.safeParse(JSON.parse(text));
  return success ? data.override_accounts.reduce((sum, { transactions = [] }) => sum + transactions.length, 0) : 0;
}

test('every bank file of the corpus is read, or refused with the reason', existsSync(corpus) ? {} : { skip: `no ${corpus}` }, async (t) => {
  const files = (await readdir(corpus, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
  const sums = { files: 0, read: 0, transactions: 0, entries: 0, listed: 0 };
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const bytes = await readFile(path);
    const count = file.name.endsWith('.json') ? describedIn(bytes.toString()) : 0;
    sums.files += 1;
    sums.transactions += count;
    try {
      const found = readBankFile(bytes, file.name);
      assert.ok(found.kind === 'statements', path);
      assert.equal(bankFileFormat(bytes, file.name), 'plaid', path);
      const entries = found.statements.flatMap((one) => one.entries);
      const listed = found.statements.flatMap((one) => one.unreadable);
      assert.equal(entries.length + listed.length, count, path);
      sums.read += 1;
      sums.entries += entries.length;
      sums.listed += listed.length;
      for (const { why } of listed) t.diagnostic(`${relative(corpus, path)}: ${why}`);
    } catch (error) {
      assert.ok(isFactotumError(error, 'ledger.unreadable'), path);
      t.diagnostic(`not read: ${relative(corpus, path)}: ${error.message}`);
      // Only a template of blanks has transactions and none of them.
      assert.ok(count <= 1, path);
    }
  }
  t.diagnostic(
    `${sums.read} of ${sums.files} files have bookings; ${sums.entries} of ${sums.transactions} transactions are read, ${sums.listed} listed`,
  );
  assert.ok(sums.entries >= 0.99 * sums.transactions);
});
