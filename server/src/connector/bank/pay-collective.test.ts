import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headlineOf, presentFields } from '#flow/approval';
import { decideStep, type GateInput } from '#flow/gate';
import { newId } from '#kernel';
import { createPolicyEngine, defaultPolicyText, isStricter, type Label, parseDirectory, policyFromThresholds } from '#trust/policy';
import { testPlatform } from '../../../test/platform.ts';

const platform = await testPlatform();
const manifestOf = (tool: string) => platform.catalogue.get(tool)?.manifest ?? assert.fail(tool);
const [single, several] = [manifestOf('bank.pay'), manifestOf('bank.pay_collective')];

const engine = createPolicyEngine();
const directory = parseDirectory('## Payees\n| Northwind | DE89370400440532013000 |\n| Acme | NL91ABNA0417164300 |');
const permit = '@id("all") @title("All") permit (principal, action, resource);';
const forbid = (what: string, when: string) => `@id("no") @title("No") forbid (principal, ${what}) when { ${when} };`;
const texts = [
  defaultPolicyText(),
  policyFromThresholds({ payUnattendedUpToMinor: 5_000 }),
  permit,
  `${permit}\n${forbid('action, resource', '!context.payeeKnown')}`,
  `${permit}\n${forbid('action == Action::"callUnattended", resource == Tool::"bank.pay"', 'context has amountMinor && context.amountMinor > 5000')}`,
];
const trusted: Label = { sources: ['member:usr_1'], integrity: 'trusted', readers: 'anyone' };
const untrusted: Label = { sources: ['mail:eve@evil.example'], integrity: 'untrusted', readers: 'tenant' };

const lines = fc.array(
  fc.record({
    creditor: fc.constantFrom('Northwind', 'Acme', 'Eve', 'North\u200bwind'),
    iban: fc.constantFrom('DE89370400440532013000', 'NL91ABNA0417164300', 'GB82WEST12345698765432', 'DE89370400440532013001'),
    amountMinor: fc.constantFrom(1, 5_000, 5_001, 99_999),
    reference: fc.constantFrom('INV-1', 'see www.evil.example'),
  }),
  { minLength: 2, maxLength: 6 },
);

test('an order of several payments is judged at least as strictly as each of them would be alone', () => {
  fc.assert(
    fc.property(lines, fc.boolean(), fc.boolean(), fc.constantFrom(...texts), (payments, isTrusted, isMailTask, text) => {
      const label = isTrusted ? trusted : untrusted;
      const decide = (manifest: GateInput['manifest'] & object, args: GateInput['args']) =>
        decideStep({
          ...{ tool: manifest.tool, manifest, args, spec: { args: {} }, source: 'mail', playbook: null, grants: [], directory },
          ...{ taskLabels: isMailTask ? [untrusted] : [], readPrivate: false, now: new Date('2026-03-02T10:00:00Z'), timeZone: 'UTC' },
          policy: (facts) => engine.evaluate({ tenantId: 'ten_a', version: texts.indexOf(text), text }, facts),
        }).verdict;
      const currency = { value: 'EUR', label: trusted };
      const together = decide(several, {
        payments: { value: payments.map((one) => [one.creditor, one.iban, one.amountMinor, one.reference].join(' | ')), label },
        amountMinor: { value: payments.reduce((sum, one) => sum + one.amountMinor, 0), label: trusted },
        currency,
      });
      for (const { creditor, iban, amountMinor, reference } of payments) {
        const values = { creditor, iban, amountMinor, reference };
        const alone = decide(single, {
          ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, label }])),
          currency,
        });
        assert.ok(!isStricter(alone, together), `${JSON.stringify(values)}: ${alone} alone, ${together} with others`);
      }
    }),
    { numRuns: 500 },
  );
});

test('whoever approves sees each payment by itself: payee, account, amount, reference, and what is odd about it', () => {
  const args = {
    payments: ['Northwind | DE89 3704 0044 0532 0130 00 | 124000 | INV-1', 'Ас\u0441me | NL91ABNA0417164300 | 50 | INV-2', 'nonsense'],
    amountMinor: 124_050,
    currency: 'EUR',
  };
  const fields = presentFields(several, args, { payments: untrusted }, { 'payments[1]': 'Listed in Contacts.md as Northwind' });
  assert.deepEqual(
    fields.map(({ title, display }) => [title, display]),
    [
      ['Payment 1', 'Northwind · DE89 3704 0044 0532 0130 00 · 1,240.00 EUR · INV-1'],
      ['Payment 2', 'Ас\u0441me · NL91 ABNA 0417 1643 00 · 0.50 EUR · INV-2'],
      ['Payment 3', 'nonsense'],
      ['Sum', '1,240.50 EUR'],
      ['Currency', 'EUR'],
    ],
  );
  assert.deepEqual(fields.map(({ integrity, known, warnings }) => [integrity, known, warnings.length]).slice(0, 2), [
    ['untrusted', 'Listed in Contacts.md as Northwind', 0],
    ['untrusted', null, 1],
  ]);
  assert.equal(new Set(fields.map(({ name }) => name)).size, fields.length);
});

test('a bar inside a name or reference shifts nothing: the payment cannot be read', () => {
  const read = (line: string) => several.parts?.read([line])[0];
  assert.equal(read('Northwind | DE89370400440532013000 | 1 | INV-1 | NL91ABNA0417164300'), null);
  assert.equal(read('Eve | NL91ABNA0417164300 | 5 | x | DE89370400440532013000 | 1 | INV-1'), null);
  assert.deepEqual(read('Northwind | DE89 3704 0044 0532 0130 00 | 1 | INV-1'), {
    ...{ creditor: 'Northwind', iban: 'DE89370400440532013000' },
    ...{ amountMinor: 1, reference: 'INV-1' },
  });
});

test('what is asked is said to each in their language, with the amount and the day of their place', async () => {
  const { id } = await platform.createTenant({ name: 'said', actor: 'operator:root' });
  const keys = await platform.keyring.of(id);
  const asked = (manifest: typeof single, given: { [name: string]: string | number | string[] }) => {
    const approvalId = newId('approval');
    const args = { amountMinor: 124_000, currency: 'EUR', executeOn: '2026-03-01', ...given };
    const body = { args, labels: {}, reasons: [], policies: [], why: '', headline: manifest.headline(args), title: '' };
    return headlineOf(keys, { approvalId, tool: manifest.tool, body: keys.sealJson({ kind: 'approval', id: approvalId }, body) });
  };
  const one = asked(single, { creditor: 'Northwind' });
  assert.equal(one('en-GB'), 'Pay 1,240.00 EUR to Northwind on 2026-03-01');
  assert.equal(one('de-DE'), '1.240,00 EUR an Northwind zahlen, am 1. März 2026');
  const many = asked(several, { payments: ['a', 'b'], currency: 'HUF' });
  assert.equal(many('de-DE'), '1.240,00 HUF an mehrere Empfänger zahlen, am 1. März 2026', 'as many decimals as banks count');
});
