import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tools } from '@factotum/translation/de';
import { z } from 'zod';
import { errorCatalogue, newId } from '#kernel';
import { auditKinds } from '#trust/audit';
import { allPermissions } from '#trust/identity';
import { quotas } from '#trust/quota';
import { entries } from '../../web/src/text/de/spoken/entries.ts';
import { moneySaid } from '../../web/src/text/de/spoken/money.ts';
import { quotas as germanQuotas, permissions, roles } from '../../web/src/text/de/spoken/names.ts';
import { problems } from '../../web/src/text/de/spoken/problems.ts';
import { tasksText } from '../../web/src/text/de/tasks.ts';
import { text } from '../../web/src/text/de/work.ts';
import { type Charge, findHints } from '../src/flow/ledger/notice.ts';
import { type Claim, type Payment, scoreMatch } from '../src/flow/ledger/score.ts';
import { testPlatform } from './platform.ts';

const platform = await testPlatform();

test('every kind of entry is told in German', () => {
  assert.deepEqual(Object.keys(entries).sort(), Object.keys(auditKinds).sort());
});

/** What no page is ever told: it ends the process at its start, or is a command's. */
const startFaults = ['config.invalid', 'database.not_walled', 'database.migration_failed', 'command.usage'];

test('every permission, quota and role of the product has a German name', () => {
  assert.deepEqual(Object.keys(permissions).sort(), [...allPermissions].sort());
  assert.deepEqual(Object.keys(germanQuotas).sort(), Object.keys(quotas).sort());
  assert.deepEqual(Object.keys(roles).sort(), ['admin', 'approver', 'auditor', 'member', 'owner']);
});

test('every failure that a page can be told of has German words', () => {
  const told = new Set([...Object.keys(problems), ...Object.keys(text.errors.codes), ...startFaults]);
  assert.deepEqual(
    Object.keys(errorCatalogue).filter((code) => !told.has(code)),
    [],
  );
  assert.deepEqual(
    Object.keys(problems).filter((code) => !Object.hasOwn(errorCatalogue, code)),
    [],
  );
});

test('every tool of ours, and each of its arguments, has German words', () => {
  const manifests = platform.catalogue.list().map(({ manifest }) => manifest);
  assert.ok(manifests.length > 10);
  assert.deepEqual(Object.keys(tools).sort(), manifests.map(({ tool }) => tool).sort());
  for (const { tool, args } of manifests)
    assert.deepEqual(
      Object.keys(args).filter((name) => tools[tool]?.fields[name] === undefined),
      [],
      tool,
    );
});

test('every member of our tools’ results that a page shows has a name', () => {
  for (const { manifest, output } of platform.catalogue.list()) {
    const shown = Object.entries(output instanceof z.ZodObject ? output.shape : {}).filter(([, member]) => !isCompound(member));
    assert.deepEqual(
      shown.map(([name]) => name).filter((name) => tasksText.step.results[name] === undefined),
      [],
      manifest.tool,
    );
  }
});

const claim: Claim = {
  ...{ direction: 'payable', issuer: 'Northwind Supplies', number: 'INV-7731', issuedOn: '2026-03-01', dueOn: '2026-03-15' },
  ...{ amountMinor: 100_000, currency: 'EUR', iban: 'DE89370400440532013000', creditorReference: 'RF18539007547034' },
  ...{ discount: null, references: ['PO-2041-X'] },
};
const payment: Payment = {
  ...{ amountMinor: -100_000, currency: 'EUR', bookedOn: '2026-03-10', text: '', endToEndId: null, creditorReference: null },
  ...{
    counterparty: { name: 'Northwind Supplies', iban: 'DE89370400440532013000', number: null, bic: null },
    original: null,
    feeMinor: null,
  },
};
const paidBy = (name: string) => ({ ...payment.counterparty, name });

test('every reason why a payment may be that of an invoice is told in German', () => {
  const pairs: readonly (readonly [Partial<Claim>, Partial<Payment>])[] = [
    [{}, {}],
    [{}, { currency: 'USD', amountMinor: -110_000, original: { amountMinor: -100_000, currency: 'EUR' } }],
    [{ discount: { percent: 2.5, until: null } }, { amountMinor: -97_500 }],
    [{}, { amountMinor: -99_000, feeMinor: 1_000 }],
    ...[-100_200, -99_800, -60_000, -170_000].map((amountMinor) => [{}, { amountMinor }] as const),
    ...['RF18539007547034', 'INV-7731', 'PO-2041-X'].map((text) => [{}, { text }] as const),
    ...['Northwind Trading', 'Contoso'].map((name) => [{}, { counterparty: paidBy(name) }] as const),
    [{ iban: 'NL91ABNA0417164300' }, {}],
    ...['2026-02-01', '2026-04-20', '2026-09-01'].map((bookedOn) => [{}, { bookedOn }] as const),
  ];
  const told = pairs.flatMap(([asked, done]) => {
    const paid = { ...payment, ...done };
    const { reasons } = scoreMatch({ ...claim, ...asked }, 100_000, paid, Math.abs(paid.amountMinor)) ?? { reasons: [] };
    assert.ok(reasons.length > 0, JSON.stringify(done));
    return reasons.map(({ text: said }) => said);
  });
  assert.ok(new Set(told).size >= 18, [...new Set(told)].join('\n'));
  assert.deepEqual(
    told.filter((one) => moneySaid(one) === null),
    [],
  );
});

test('everything that stands out among charges is told in German', () => {
  const charge = (at: number, amountMinor: number): Charge => ({
    ...{ transactionId: newId('transaction'), accountId: newId('account'), currency: 'EUR', amountMinor },
    ...{ replaced: false, reversedBy: null, reverses: null },
    ...{ bookedOn: new Date(Date.UTC(2025, at, 3)).toISOString().slice(0, 10), counterparty: paidBy('Contoso Cloud') },
  });
  const monthly = Array.from({ length: 9 }, (_, at) => charge(at, at === 8 ? -1_200 : -1_000));
  const odd = [...Array.from({ length: 8 }, (_, at) => charge(at, -1_000 - (at % 3))), charge(8, -90_000)];
  const found = [monthly, odd].flatMap((charges) =>
    [true, false].flatMap((knowsInvoices) => findHints(charges, { today: '2025-09-05', knowsInvoices })),
  );
  assert.deepEqual([...new Set(found.map(({ kind }) => kind))].sort(), ['price_rise', 'subscription', 'unused', 'unusual']);
  assert.deepEqual(
    found.flatMap(({ title, text: said }) => [title, said]).filter((one) => moneySaid(one) === null),
    [],
  );
});

/** Lists and objects are not shown beside each other. */
const isCompound = (member: unknown): boolean =>
  member instanceof z.ZodNullable
    ? isCompound(member.unwrap())
    : member instanceof z.ZodArray || member instanceof z.ZodObject || member instanceof z.ZodRecord;
