import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { addInvoice, decideMatch, listTransactions, readInvoice as readKept, type Unit } from '#flow/ledger';
import { withTenant } from '#kernel/database';
import { listEntries } from '#trust/audit';
import { plaidAccount, plaidTransaction } from '../../../test/bank/plaid.ts';
import { type MadeEntry, writeOfx } from '../../../test/bank/write.ts';
import { testPlatform } from '../../../test/platform.ts';
import { readInvoice } from './invoice/facts.ts';

const platform = await testPlatform();
const by = { actor: 'user:usr_1', at: new Date() };

const balances = { available: 100, current: 110.25, limit: null, iso_currency_code: 'EUR', unofficial_currency_code: null };
const accounts = [plaidAccount({ balances })];
/** As `/transactions/get` answers. No two files have the same bytes. */
const got = (...transactions: object[]) => ({ accounts, transactions, request_id: randomUUID() });
const sync = (change: object) => ({ accounts, added: [], modified: [], removed: [], next_cursor: randomUUID(), ...change });
const removed = (transaction_id: string) => sync({ removed: [{ transaction_id, account_id: 'acc1' }] });
const of = (transaction_id: string, change: object = {}) => plaidTransaction({ transaction_id, iso_currency_code: 'EUR', ...change });

/** A tenant that takes bank files in, and what counts of them. */
async function buildLedger() {
  const tenantId = await platform.buildTenant();
  const keys = await platform.keyring.of(tenantId);
  const inUnit = <R>(work: (unit: Unit) => Promise<R>) => withTenant(platform.database.app.db, tenantId, (tx) => work({ tx, keys }));
  return {
    ...{ tenantId, inUnit },
    take: (file: object | string) =>
      platform.ledger.importBankFile(tenantId, 'export.json', Buffer.from(typeof file === 'string' ? file : JSON.stringify(file)), {
        channel: 'drop',
        submittedBy: 'connector:drop',
      }),
    counted: async () =>
      (await inUnit((unit) => listTransactions(unit, { limit: 100 })))
        .filter(({ replaced }) => !replaced)
        .map(({ bankReference, bookedOn, amountMinor, currency }) => `${bankReference} ${bookedOn} ${amountMinor} ${currency}`)
        .sort(),
  };
}

test('a transaction that Plaid moves to an earlier day counts on that day alone', async () => {
  const { take, counted } = await buildLedger();
  await take(sync({ added: [of('A', { date: '2026-03-03' })] }));
  await take(sync({ modified: [of('A', { date: '2026-03-02' })] }));
  assert.deepEqual(await counted(), ['A 2026-03-02 -1000 EUR']);
});

test('its id alone makes a transaction of Plaid the same: in two whole exports the later amount, day and currency count', async () => {
  const { take, counted } = await buildLedger();
  await take(got(of('A'), of('B'), of('C'), of('D')));
  const later = [of('A', { amount: 11 }), of('B', { date: '2026-02-20' }), of('C', { iso_currency_code: 'USD' }), of('D')];
  assert.deepEqual([(await take(got(...later))).known, (await take(got(...later))).added], [1, 0]);
  assert.deepEqual(await counted(), [
    'A 2026-03-02 -1100 EUR',
    'B 2026-02-20 -1000 EUR',
    'C 2026-03-02 -1000 USD',
    'D 2026-03-02 -1000 EUR',
  ]);
});

test('a transaction that changes there and back counts as it was told last', async () => {
  const { take, counted } = await buildLedger();
  for (const amount of [10, 11, 10, 11]) {
    await take(got(of('A', { amount })));
    assert.deepEqual(await counted(), [`A 2026-03-02 ${-100 * amount} EUR`]);
  }
});

test('what OFX has replaced is known when it comes again', async () => {
  const { take, counted } = await buildLedger();
  const entry: MadeEntry = {
    bookedOn: '2026-03-02',
    amountMinor: -1_250,
    name: 'Northwind',
    iban: null,
    text: 'A',
    reference: 'F1',
    endToEndId: null,
  };
  const statement = {
    iban: 'DE89370400440532013000',
    currency: 'EUR',
    number: 1,
    openingMinor: 0,
    from: '2026-03-02',
    until: '2026-03-04',
  };
  const correction = '<CORRECTFITID>F1</CORRECTFITID><CORRECTACTION>REPLACE</CORRECTACTION><NAME>';
  await take(writeOfx({ ...statement, entries: [entry] }));
  await take(writeOfx({ ...statement, entries: [{ ...entry, reference: 'F2', amountMinor: -1_300 }] }).replace('<NAME>', correction));
  await take(writeOfx({ ...statement, entries: [entry, { ...entry, reference: 'F3', bookedOn: '2026-03-04' }] }));
  assert.deepEqual(await counted(), ['F2 2026-03-02 -1300 EUR', 'F3 2026-03-04 -1250 EUR']);
});

test('a withdrawn transaction in another currency than its account counts no longer', async () => {
  const { take, counted } = await buildLedger();
  await take(got(of('A'), of('J', { iso_currency_code: 'JPY' })));
  assert.equal((await counted()).length, 2);
  await take(removed('J'));
  assert.deepEqual(await counted(), ['A 2026-03-02 -1000 EUR']);
});

const bill = ['Northwind GmbH', 'Invoice number: INV-2026-0042', 'Invoice date: 2026-03-01', 'Total EUR 1,240.00'].join('\n');
const paying = (id: string, change: object = {}) =>
  of(id, { date: '2026-03-10', amount: 1_240, name: 'INV-2026-0042', merchant_name: 'Northwind GmbH', ...change });

/** A ledger with an invoice that the transaction A has paid. */
async function buildPaid() {
  const ledger = await buildLedger();
  const body = readInvoice(bill, 'march.pdf') ?? assert.fail();
  const { invoiceId } = await ledger.inUnit((unit) => addInvoice(unit, { documentHash: 'march', body }, by));
  const record = () => ledger.inUnit((unit) => readKept(unit, invoiceId));
  await ledger.take(got(paying('A')));
  assert.equal((await record()).invoice.state, 'paid');
  return { ...ledger, invoiceId, record };
}

test('an invoice is open again when the bank withdraws what the ledger thought had paid it, and the log says so', async () => {
  const { take, record, inUnit, tenantId, invoiceId } = await buildPaid();
  await take(removed('A'));
  const { invoice, matches } = await record();
  assert.deepEqual([invoice.state, invoice.openMinor, matches], ['open', 124_000, []]);
  await platform.sequencer.drained();
  const entries = await inUnit(({ tx }) => listEntries(tx, { tenantId, limit: 100 }));
  assert.deepEqual(
    entries.filter(({ detail }) => detail.change === 'payment_withdrawn').map(({ kind, actor, objectId }) => [kind, actor, objectId]),
    [['ledger.changed', 'connector:drop', invoiceId]],
  );
});

test('when a payment changes, the invoice is compared with what it has become, and with all others', async () => {
  const { take, record } = await buildPaid();
  await take(sync({ modified: [paying('A', { date: '2026-03-11' })] }));
  const moved = await record();
  assert.deepEqual([moved.invoice.state, moved.matches.map(({ transaction }) => transaction.bookedOn)], ['paid', ['2026-03-11']]);
  // The invoice is paid, so that B stays free; it pays it once A is gone.
  assert.equal((await take(got(paying('B', { date: '2026-03-12' })))).matched, 0);
  assert.equal((await take(removed('A'))).matched, 1);
  const other = await record();
  assert.deepEqual([other.invoice.state, other.matches.map(({ transaction }) => transaction.bankReference)], ['paid', ['B']]);
});

test('what a person has said pays an invoice stays when the bank withdraws it, and the invoice says that it is gone', async () => {
  const { take, record, inUnit, invoiceId } = await buildPaid();
  const [match] = (await record()).matches;
  await inUnit((unit) => decideMatch(unit, invoiceId, [match?.transactionId ?? ''], by));
  assert.deepEqual(
    (await record()).invoice.doubts.filter((doubt) => /withdrawn/.test(doubt)),
    [],
  );
  await take(removed('A'));
  const { invoice, matches } = await record();
  assert.deepEqual([invoice.state, matches.map(({ state, transaction }) => [state, transaction.replaced])], ['paid', [['accepted', true]]]);
  assert.match(invoice.doubts.join('\n'), /2026-03-10.*the bank has withdrawn or changed/);
});
