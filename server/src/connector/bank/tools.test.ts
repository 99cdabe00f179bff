import assert from 'node:assert/strict';
import { test } from 'node:test';
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
