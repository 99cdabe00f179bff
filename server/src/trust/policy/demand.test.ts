import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastDemands, mostDemanding } from './demand.ts';
import { createPolicyEngine } from './engine.ts';
import type { CallFacts } from './facts.ts';
import { validatePolicy } from './validate.ts';

const engine = createPolicyEngine();
let versions = 0;
function evaluate(text: string, facts: CallFacts) {
  versions += 1;
  return engine.evaluate({ tenantId: 'ten_demand', version: versions, text }, facts);
}

const payment: CallFacts = {
  ...{ tool: 'bank.pay', effect: 'money', reversible: false, visibleOutside: true, amountMinor: 5000, currency: 'EUR', hour: 12 },
  ...{ recipientsKnown: true, recipientCount: 0, payeeKnown: true, payeeFromTrusted: true, trustedSourcesOnly: true },
  ...{ steeringBound: true, readsPrivate: false },
};
const ask = '@id("ask") @title("Ask") permit (principal, action == Action::"callWithApproval", resource);';
const two =
  '@id("two") @title("Two") @approvals("2") permit (principal, action == Action::"callWithApproval", resource) when { context.effect == "money" };';
const proof =
  '@id("proof") @title("Proof") @stepup("true") forbid (principal, action == Action::"callUnattended", resource == Tool::"bank.pay");';
const others =
  '@id("others") @title("Others") @foureyes("true") @approvals("1") permit (principal, action == Action::"callWithApproval", resource);';
const alone = '@id("alone") @title("Alone") permit (principal, action == Action::"callUnattended", resource);';

test('where no policy asks for more, one plain yes is enough', () => {
  assert.deepEqual(evaluate(ask, payment).demands, leastDemands);
});

test('the most demanding of the policies that decide holds, whichever of them permits or forbids', () => {
  assert.deepEqual(evaluate([ask, two, proof, others].join('\n'), payment).demands, { approvals: 2, stepUp: true, fourEyes: true });
  assert.deepEqual(
    evaluate([ask, two].join('\n'), { ...payment, effect: 'write' }).demands,
    leastDemands,
    'a policy that does not apply demands nothing',
  );
  assert.deepEqual(mostDemanding([]), leastDemands);
});

test('what is demanded of those who are asked holds also where only a floor asks, and is bound with the rest', () => {
  const verdict = evaluate([alone, two].join('\n'), payment);
  assert.equal(verdict.verdict, 'auto');
  assert.equal(verdict.demands.approvals, 2);
  const three = evaluate([alone, two.replace('"2"', '"3"')].join('\n'), payment);
  assert.equal(three.demands.approvals, 3);
  assert.notEqual(three.policyHash, verdict.policyHash);
});

test('another number of people is another policy: what was asked under the old one is asked anew', () => {
  const [before, after] = [two, two.replace('"2"', '"1"')].map((text) => evaluate([ask, text].join('\n'), payment).policyHash);
  assert.notEqual(before, after);
});

test('a reading is held against a text that demands something as well', () => {
  const reading: CallFacts = { ...payment, tool: 'vault.read', effect: 'read', visibleOutside: false };
  assert.deepEqual(evaluate([ask, others].join('\n'), reading).demands, { approvals: 1, stepUp: false, fourEyes: true });
  assert.equal(evaluate([ask, others].join('\n'), reading).verdict, 'auto');
});

for (const [text, message] of [
  ['@approvals("two")', /from "1" to "5"/],
  ['@approvals("0")', /from "1" to "5"/],
  ['@approvals("9")', /from "1" to "5"/],
  ['@approvals', /from "1" to "5"/],
  ['@stepup("yes")', /"true" or "false"/],
  ['@approval("2")', /Did you mean @approvals/],
  ['@stepUp("true")', /Did you mean/],
  ['@four_eyes("true")', /Did you mean/],
] as const)
  test(`${text} is a fault and never silently nothing`, () => {
    const faulty = ask.replace('@title', `${text} @title`);
    const fault = validatePolicy(faulty)[0];
    assert.equal(fault?.policy, 'ask');
    assert.match(fault.message, message);
    assert.equal(evaluate(faulty, payment).verdict, 'deny');
  });
