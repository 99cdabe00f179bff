import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInReads, hashOfPolicies } from './compile.ts';
import { defaultPolicyText, policyFromThresholds } from './default-policy.ts';
import { createPolicyEngine } from './engine.ts';
import type { CallFacts } from './facts.ts';
import { createSlots } from './slots.ts';
import { validatePolicy } from './validate.ts';

const engine = createPolicyEngine();
let versions = 0;

/** Evaluates under a text that no other test has used the version of. */
function evaluate(text: string, facts: CallFacts, tenantId = 'ten_a') {
  versions += 1;
  return engine.evaluate({ tenantId, version: versions, text }, facts);
}

const harmless: CallFacts = {
  tool: 'vault.write',
  effect: 'write',
  reversible: true,
  visibleOutside: false,
  recipientsKnown: true,
  recipientCount: 0,
  payeeKnown: false,
  payeeFromTrusted: true,
  trustedSourcesOnly: true,
  steeringBound: true,
  readsPrivate: false,
  hour: 12,
};
const payment: CallFacts = {
  ...harmless,
  tool: 'bank.pay',
  effect: 'money',
  reversible: false,
  visibleOutside: true,
  amountMinor: 5000,
  currency: 'EUR',
  payeeKnown: true,
};
const mail: CallFacts = { ...harmless, tool: 'mail.send', effect: 'egress', reversible: false, visibleOutside: true, recipientCount: 1 };
const read: CallFacts = { ...harmless, tool: 'vault.read', effect: 'read' };
const smallPayments = policyFromThresholds({ payUnattendedUpToMinor: 5000, currency: 'EUR' });
const sending = policyFromThresholds({ sendUnattendedToKnown: true, recipientsMax: 3 });

const rows: readonly [name: string, text: string, facts: CallFacts, verdict: string, policies?: readonly string[]][] = [
  ['a note is written alone', defaultPolicyText(), harmless, 'auto', ['own-writes']],
  ['a note steered by a stranger asks', defaultPolicyText(), { ...harmless, steeringBound: false }, 'ask', ['ask']],
  ['a write that others see asks', defaultPolicyText(), { ...harmless, visibleOutside: true }, 'ask'],
  ['a write that cannot be undone asks', defaultPolicyText(), { ...harmless, reversible: false }, 'ask'],
  ['no write runs alone where that is switched off', policyFromThresholds({ writeUnattended: false }), harmless, 'ask'],
  ['every payment asks', defaultPolicyText(), { ...payment, amountMinor: 1 }, 'ask', ['payments-ask', 'ask']],
  [
    'a payee that only a message names is refused',
    defaultPolicyText(),
    { ...payment, payeeKnown: false, payeeFromTrusted: false },
    'deny',
    ['unknown-payee'],
  ],
  ['a payee that a trusted source names is asked about', defaultPolicyText(), { ...payment, payeeKnown: false }, 'ask'],
  ['a small payment runs alone where that is allowed', smallPayments, payment, 'auto', ['small-payments']],
  ['one cent more asks', smallPayments, { ...payment, amountMinor: 5001 }, 'ask', ['ask']],
  ['another currency asks', smallPayments, { ...payment, currency: 'USD' }, 'ask'],
  ['a payment after an untrusted source asks', smallPayments, { ...payment, trustedSourcesOnly: false }, 'ask'],
  ['a small payment to an unknown payee asks', smallPayments, { ...payment, payeeKnown: false }, 'ask'],
  ['a payment of another tool is not the small payment', smallPayments, { ...payment, tool: 'other.pay' }, 'ask'],
  ['mail asks', defaultPolicyText(), mail, 'ask', ['mail-asks', 'ask']],
  [
    'mail to a stranger asks and says so',
    defaultPolicyText(),
    { ...mail, recipientsKnown: false },
    'ask',
    ['mail-asks', 'new-recipient', 'ask'],
  ],
  ['mail to many asks and says so', defaultPolicyText(), { ...mail, recipientCount: 6 }, 'ask', ['bulk-mail', 'mail-asks', 'ask']],
  ['mail to one contact runs alone where that is allowed', sending, mail, 'auto', ['known-recipient']],
  ['mail to two contacts asks', sending, { ...mail, recipientCount: 2 }, 'ask', ['ask']],
  ['mail steered by a stranger asks', sending, { ...mail, steeringBound: false }, 'ask'],
  ['the bulk limit is the chosen one', sending, { ...mail, recipientCount: 4 }, 'ask', ['bulk-mail', 'ask']],
  ['giving access asks', defaultPolicyText(), { ...harmless, effect: 'grant' }, 'ask', ['grave-asks', 'ask']],
  ['deleting asks', defaultPolicyText(), { ...harmless, effect: 'destroy' }, 'ask', ['grave-asks', 'ask']],
  ['reading runs alone', defaultPolicyText(), read, 'auto', ['factotum.reads']],
  ['reading outside asks', defaultPolicyText(), { ...read, visibleOutside: true }, 'ask'],
  ['without policies reading runs alone', '', read, 'auto', ['factotum.reads']],
  ['without policies nothing else runs', '', harmless, 'deny', []],
];
for (const [name, text, facts, verdict, policies] of rows)
  test(`by the policies ${name}`, () => {
    const answer = evaluate(text, facts);
    assert.equal(answer.verdict, verdict);
    assert.equal(answer.fault, false);
    if (policies !== undefined)
      assert.deepEqual(
        answer.policies.map(({ id }) => id),
        policies,
      );
  });

test('every generated policy is valid', () => {
  for (const text of [
    defaultPolicyText(),
    smallPayments,
    sending,
    policyFromThresholds({ writeUnattended: false, payUnattendedUpToMinor: 1, currency: 'JPY' }),
  ])
    assert.deepEqual(validatePolicy(text), []);
  assert.match(smallPayments, /Payments up to 50\.00 EUR/);
  assert.throws(() => policyFromThresholds({ currency: 'EUR" } permit' }));
  assert.throws(() => policyFromThresholds({ payUnattendedUpToMinor: 1.5 }));
});

test('a forbid on the group blocks both ways, a forbid on running alone asks', () => {
  const allowed = '@id("all") @title("All") permit (principal, action, resource);';
  assert.equal(evaluate(allowed, payment).verdict, 'auto');
  assert.equal(
    evaluate(`${allowed} @id("no") @title("No") forbid (principal, action == Action::"callUnattended", resource);`, payment).verdict,
    'ask',
  );
  assert.equal(
    evaluate(`${allowed} @id("no") @title("No") forbid (principal, action in Action::"call", resource);`, payment).verdict,
    'deny',
  );
});

test('what cannot be evaluated is denied as a fault', () => {
  const fault = (text: string, facts: CallFacts) => {
    const answer = evaluate(text, facts);
    assert.deepEqual([answer.verdict, answer.fault], ['deny', true]);
  };
  fault('permit (principal', harmless);
  fault('permit (principal', read);
  fault(defaultPolicyText(), { ...payment, amountMinor: 12.5 });
  fault(defaultPolicyText(), { ...payment, amountMinor: Number.NaN });
  // A forbid that fails is skipped by Cedar, so the permit alone would win.
  const overflowing = `@id("all") @title("All") permit (principal, action, resource);
    @id("no") @title("No") forbid (principal, action, resource) when { context.hour * 9223372036854775807 > 1 };`;
  fault(overflowing, { ...harmless, hour: 23 });
});

test('a read is decided in code only when no policy could forbid it', () => {
  const allowAll = '@id("all") @title("All") permit (principal, action, resource);';
  const forbids = [
    ['forbid (principal, action, resource == Tool::"vault.read")', 'deny'],
    ['forbid (principal, action, resource) when { resource == Tool::"vault.read" }', 'deny'],
    ['forbid (principal, action, resource in Tool::"vault.read")', 'deny'],
    ['forbid (principal, action, resource is Tool)', 'deny'],
    ['forbid (principal, action, resource) when { context.hour < 24 }', 'deny'],
    ['forbid (principal, action, resource) unless { context.effect == "write" }', 'deny'],
    ['forbid (principal, action, resource) when { context.effect == "money" || context.hour < 24 }', 'deny'],
    ['forbid (principal, action, resource) when { !(context.effect == "money") }', 'deny'],
    ['forbid (principal, action, resource) when { "read" == context.effect }', 'deny'],
    ['forbid (principal, action == Action::"callUnattended", resource)', 'ask'],
    ['forbid (principal, action, resource == Tool::"bank.pay")', 'auto'],
    ['forbid (principal, action, resource) when { context.effect == "money" && context.hour < 24 }', 'auto'],
    ['forbid (principal, action, resource) when { context.effect != "read" }', 'auto'],
    ['forbid (principal, action, resource) unless { context.effect == "read" || context.hour > 24 }', 'auto'],
  ] as const;
  for (const [forbid, verdict] of forbids)
    assert.equal(evaluate(`${allowAll} @id("no") @title("No") ${forbid};`, read).verdict, verdict, forbid);
});

test('the short cut for reads gives the very answer that Cedar gives', () => {
  const byCedar = evaluate(
    '@id("other") @title("Names the tool, says nothing") forbid (principal, action, resource == Tool::"vault.read") when { context.hour > 23 };',
    read,
  );
  assert.deepEqual(evaluate('', read), byCedar);
  assert.equal(byCedar.policyHash, hashOfPolicies([builtInReads]));
});

test('the policy hash changes with the text of a determining policy and with nothing else', () => {
  const before = evaluate(defaultPolicyText(), mail);
  const elsewhere = evaluate(defaultPolicyText().replace('Every payment needs a person', 'Any payment needs a person'), mail);
  const here = evaluate(defaultPolicyText().replace('Sending mail needs a person', 'Mail needs a person'), mail);
  assert.match(before.policyHash, /^[0-9a-f]{64}$/);
  assert.equal(elsewhere.policyHash, before.policyHash);
  assert.notEqual(here.policyHash, before.policyHash);
});

test('a version is decided by its own text, also after many tenants have come and gone', () => {
  const small = createPolicyEngine({ slotsMax: 3, decisionsMax: 2 });
  for (let round = 0; round < 3; round += 1)
    for (let tenant = 0; tenant < 12; tenant += 1) {
      const text = `@id("limit") @title("Limit") permit (principal, action == Action::"callUnattended", resource) when { context.hour < ${tenant} };`;
      const policy = { tenantId: `ten_${tenant}`, version: 1, text };
      assert.equal(small.evaluate(policy, { ...harmless, hour: tenant }).verdict, 'deny');
      if (tenant > 0) assert.equal(small.evaluate(policy, { ...harmless, hour: tenant - 1 }).verdict, 'auto');
    }
  const changed = { tenantId: 'ten_0', version: 1, text: '@id("all") @title("All") permit (principal, action, resource);' };
  assert.equal(small.evaluate(changed, harmless).verdict, 'auto', 'the text counts even if a version were written twice');
});

test('a slot that cannot be filled is not given away, and never to two keys', () => {
  const held = new Map<string, number>();
  const slots = createSlots(2, (slot, value: number) => {
    if (value < 0) return false;
    held.set(slot, value);
    return true;
  });
  assert.equal(slots.slotOf('bad', -1), null);
  for (const value of [1, 2, 3, 1, 2, 2, 3]) {
    const slot = slots.slotOf(`key ${value}`, value);
    assert.equal(held.get(slot ?? ''), value);
    assert.equal(slots.slotOf('bad', -1), null);
  }
  assert.equal(held.size, 2);
});
