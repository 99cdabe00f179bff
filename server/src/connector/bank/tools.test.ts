import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideMatch, listInvoices, listTransactions, setCategory, type Unit } from '#flow/ledger';
import { withTenant } from '#kernel/database';
import { testPlatform } from '../../../test/platform.ts';
import { buildToolCaller } from '../../../test/tool-calls.ts';

const platform = await testPlatform();
const account = { 'Accounting/Account.md': '---\nname: Demo Company\niban: NL91 ABNA 0417 1643 00\nbic: ABNANL2A\n---\n' };
const payment = { creditor: 'Northwind', iban: 'DE89 3704 0044 0532 0130 00', amountMinor: 124_000, currency: 'EUR', reference: 'INV-1' };

test('a payment is one file for the bank and the same bytes sealed in the vault, however often and whenever it is called', async () => {
  const tenant = await buildToolCaller(platform, account);
  assert.deepEqual(await tenant.call('bank.pay', payment, { key: 'k1', operation: 'lookup' }), { kind: 'absent' });
  const late = { key: 'k1', now: new Date('2026-03-02T00:00:01Z') };
  const answers = await Promise.all([tenant.call('bank.pay', payment, { key: 'k1' }), tenant.call('bank.pay', payment, late)]);
  assert.ok(answers.some(({ kind }) => kind === 'done'));
  const result = await tenant.done('bank.pay', payment, late);
  assert.deepEqual(await tenant.done('bank.pay', payment, { key: 'k1', operation: 'lookup' }), result);
  const files = Object.entries(await tenant.outbox('bank'));
  assert.equal(files.length, 1);
  const [name, content] = files[0] ?? assert.fail();
  assert.ok(String(result.file).endsWith(name));
  assert.equal((await tenant.note(String(result.path)))?.content, content);
  for (const part of ['<IBAN>NL91ABNA0417164300</IBAN>', '<IBAN>DE89370400440532013000</IBAN>', '<InstdAmt Ccy="EUR">1240.00</InstdAmt>'])
    assert.ok(content.includes(part), part);
  await tenant.done('bank.pay', payment, { key: 'k2' });
  assert.equal(Object.keys(await tenant.outbox('bank')).length, 2);
});

test('without an account that a member named, nothing is paid', async () => {
  const broken = [
    'name: Demo',
    '---\nname: Demo Company\niban: NL91ABNA0417164301\n---\n',
    '---\niban: NL91ABNA0417164300\n---\n',
    '---\nname: Demo\niban: NL91ABNA0417164300\nbic: nonsense\n---\n',
  ];
  for (const notes of [{}, ...broken.map((content) => ({ 'Accounting/Account.md': content }))])
    assert.equal(await (await buildToolCaller(platform, notes)).refused('bank.pay', payment), 'tool.auth');
  const tenant = await buildToolCaller(platform);
  await tenant.done('vault.write', { path: 'Accounting/Account.md', content: account['Accounting/Account.md'] });
  assert.equal(await tenant.refused('bank.pay', payment), 'tool.auth');
  assert.deepEqual(await tenant.outbox('bank'), {});
});

test('what is no payment is refused, and nothing beside the listed arguments passes', async () => {
  const tenant = await buildToolCaller(platform, account);
  for (const change of [
    { iban: 'DE89370400440532013001' },
    { iban: 'x'.repeat(60) },
    { amountMinor: 0 },
    { amountMinor: -1 },
    { amountMinor: 1.5 },
    { amountMinor: 1e21 },
    { amountMinor: '124000' },
    { currency: 'eur' },
    { currency: 'XXQ' },
    { creditor: '' },
    { creditor: '\u200b \t' },
    { reference: 'x'.repeat(141) },
    { reference: '-' },
    { extra: true },
    { executeOn: '2030-01-01' },
  ])
    assert.equal(await tenant.refused('bank.pay', { ...payment, ...change }), 'tool.invalid_arguments', JSON.stringify(change));
  assert.deepEqual(await tenant.outbox('bank'), {});
});

test('nobody pays back: a payment has no undo', async () => {
  const tenant = await buildToolCaller(platform, account);
  const result = await tenant.done('bank.pay', payment, { key: 'k1' });
  assert.equal(
    await tenant.refused('bank.pay', payment, { key: 'k1', operation: 'undo', resultJson: JSON.stringify(result) }),
    'tool.failed',
  );
  assert.equal(platform.catalogue.get('bank.pay')?.manifest.reversible, false);
});

test('several payments are one order; each stands in it as it was approved, and a sum that is not theirs is refused', async () => {
  const tenant = await buildToolCaller(platform, account);
  const payments = ['Northwind | DE89 3704 0044 0532 0130 00 | 124000 | INV-1', 'Acme | NL91ABNA0417164300 | 50 | INV-2'];
  const order = { payments, amountMinor: 124_050, currency: 'EUR', executeOn: '2026-03-15' };
  const result = await tenant.done('bank.pay_collective', order, { key: 'k1' });
  const content = (await tenant.note(String(result.path)))?.content ?? '';
  for (const part of ['<NbOfTxs>2</NbOfTxs>', '<CtrlSum>1240.50</CtrlSum>', '<IBAN>DE89370400440532013000</IBAN>', '<Dt>2026-03-15</Dt>'])
    assert.ok(content.includes(part), part);
  for (const change of [
    { amountMinor: 124_049 },
    { payments: ['one', 'two'] },
    { executeOn: '2026-02-01' },
    { payments: [payments[0] ?? ''] },
  ])
    assert.equal(await tenant.refused('bank.pay_collective', { ...order, ...change }), 'tool.invalid_arguments', JSON.stringify(change));
});

const bill = [
  'Northwind GmbH',
  'Invoice number: INV-2026-0042',
  'Invoice date: 2026-03-01',
  'Total EUR 1,240.00',
  'IBAN DE89 3704 0044 0532 0130 00',
];

test('an invoice is read, its facts say where they stand, and a payment for it has to be what it asks for', async () => {
  const tenant = await buildToolCaller(platform, account);
  const read = await tenant.done('bank.invoice', { text: bill.join('\n'), document: 'march.pdf' });
  assert.deepEqual(
    [read.iban, read.amountMinor, read.currency, read.reference],
    ['DE89370400440532013000', 124_000, 'EUR', 'INV-2026-0042'],
  );
  assert.match(String(read.basis), /account: line 5, "IBAN DE89 3704 0044 0532 0130 00"/);
  const pay = { ...payment, creditor: 'Northwind GmbH', invoice: String(read.invoice), basis: String(read.basis) };
  for (const change of [
    { iban: 'NL91ABNA0417164300' },
    { amountMinor: 124_001 },
    { currency: 'USD' },
    { invoice: 'ivc_000000000000000000000000' },
  ])
    assert.equal(await tenant.refused('bank.pay', { ...pay, ...change }), 'tool.invalid_arguments', JSON.stringify(change));
  await tenant.done('bank.pay', { ...pay, creditorReference: 'RF18 5390 0754 7034' });
  assert.deepEqual((await tenant.done('bank.match', { invoice: String(read.invoice) })).matches, []);
  assert.equal(await tenant.refused('bank.invoice', { text: 'Good morning' }), 'ledger.unreadable');
});

test('a category that a task gives is marked as such, and taken back', async () => {
  const tenant = await buildToolCaller(platform, account);
  const file =
    ':20:S\n:25:NL91ABNA0417164300\n:28C:1/1\n:60F:C260301EUR9,00\n:61:2603010301D1,00NTRFNONREF\n:86:Coffee\n:62F:C260301EUR8,00\n-';
  await platform.ledger.importBankFile(tenant.tenantId, 'a.sta', Buffer.from(file), { channel: 'drop', submittedBy: 'connector:drop' });
  const keys = await platform.keyring.of(tenant.tenantId);
  const first = () =>
    withTenant(platform.database.app.db, tenant.tenantId, (tx) => listTransactions({ tx, keys }, { limit: 1 })).then(
      ([one]) => one ?? assert.fail(),
    );
  const args = { transaction: (await first()).transactionId, category: 'Food' };
  const result = await tenant.done('bank.categorise', args, { key: 'c1' });
  assert.deepEqual([(await first()).category, (await first()).categorisedBy], ['Food', 'tool']);
  await tenant.call('bank.categorise', args, { key: 'c1', operation: 'undo', resultJson: JSON.stringify(result) });
  assert.equal((await first()).category, null);
  const later = await tenant.done('bank.categorise', args, { key: 'c2' });
  await withTenant(platform.database.app.db, tenant.tenantId, (tx) =>
    setCategory({ tx, keys }, args.transaction, 'Travel', { actor: 'user:usr_1', at: new Date() }),
  );
  await tenant.call('bank.categorise', args, { key: 'c2', operation: 'undo', resultJson: JSON.stringify(later) });
  assert.equal((await first()).category, 'Travel', 'what a person has said since stays');
  assert.equal(await tenant.refused('bank.categorise', { ...args, transaction: 'trx_000000000000000000000000' }), 'ledger.not_found');
});

/** A statement with one payment of the bill. */
const paid = [
  ...[':20:S', ':25:NL91ABNA0417164300', ':28C:1/1', ':60F:C260301EUR2000,00', ':61:2603100310D1240,00NTRFNONREF'],
  ...[':86:166?00TRANSFER?20INV-2026-0042?31DE89370400440532013000?32Northwind GmbH', ':62F:C260310EUR760,00', '-'],
].join('\n');

/** A tenant that has read the bill, and its ledger. */
async function buildReader() {
  const tenant = await buildToolCaller(platform, account);
  const keys = await platform.keyring.of(tenant.tenantId);
  const inUnit = <R>(work: (unit: Unit) => Promise<R>) => withTenant(platform.database.app.db, tenant.tenantId, (tx) => work({ tx, keys }));
  const args = { text: bill.join('\n'), document: 'march.pdf' };
  return {
    ...tenant,
    inUnit,
    invoices: () => inUnit((unit) => listInvoices(unit, { limit: 2 })),
    importPaid: () =>
      platform.ledger.importBankFile(tenant.tenantId, 'a.sta', Buffer.from(paid), { channel: 'drop', submittedBy: 'connector:drop' }),
    read: (key: string) => tenant.done('bank.invoice', args, { key }),
    undo: (key: string, result: object) =>
      tenant.call('bank.invoice', args, { key, operation: 'undo', resultJson: JSON.stringify(result) }),
  };
}

test('an invoice that a task had kept is taken back with what pays it, and its document is new again', async () => {
  const { read, undo, importPaid, invoices, refused } = await buildReader();
  const first = await read('i1');
  assert.deepEqual([(await importPaid()).matched, (await invoices()).map(({ state }) => state)], [1, ['paid']]);
  for (let time = 0; time < 2; time += 1) assert.equal((await undo('i1', first)).kind, 'done');
  assert.deepEqual(await invoices(), []);
  assert.equal(await refused('bank.match', { invoice: String(first.invoice) }), 'ledger.not_found');
  const second = await read('i2');
  assert.notEqual(second.invoice, first.invoice);
  // Its payment was free, and pays it.
  assert.deepEqual(
    (await invoices()).map(({ invoiceId, state }) => [invoiceId, state]),
    [[second.invoice, 'paid']],
  );
});

test('an invoice that somebody else uses stays: another task has read it, or it is being paid', async () => {
  const { read, undo, invoices, done } = await buildReader();
  const first = await read('i1');
  assert.equal((await read('i1')).invoice, first.invoice, 'the same call again is no other');
  const again = await read('i2');
  assert.equal(again.invoice, first.invoice);
  for (const [key, result] of Object.entries({ i2: again, i1: first })) assert.equal((await undo(key, result)).kind, 'done');
  assert.equal((await invoices()).length, 1);
  const other = await buildReader();
  const own = await other.read('i1');
  await other.done('bank.pay', { ...payment, creditor: 'Northwind GmbH', invoice: String(own.invoice) }, { key: 'p1' });
  assert.equal((await other.undo('i1', own)).kind, 'done');
  assert.equal((await other.invoices()).length, 1);
  assert.equal((await done('bank.match', { invoice: String(first.invoice) })).state, 'open');
});

test('an invoice that a person has decided about is not taken back', async () => {
  const { read, undo, importPaid, invoices, inUnit } = await buildReader();
  const first = await read('i1');
  await importPaid();
  await inUnit((unit) => decideMatch(unit, String(first.invoice), [], { actor: 'user:usr_1', at: new Date() }));
  assert.deepEqual(await undo('i1', first).then((answer) => (answer.kind === 'failed' ? [answer.failure, answer.code] : answer)), [
    'permanent',
    'tool.failed',
  ]);
  assert.equal((await invoices()).length, 1);
});

test('taken back while its payment comes in, the invoice is gone and the payment is free, whoever was first', async () => {
  const { read, undo, importPaid, invoices } = await buildReader();
  const first = await read('i1');
  const [, undone] = await Promise.all([importPaid(), undo('i1', first)]);
  assert.equal(undone.kind, 'done');
  assert.deepEqual(await invoices(), []);
  await read('i2');
  assert.deepEqual(
    (await invoices()).map(({ state }) => state),
    ['paid'],
  );
});
