import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolManifest } from '#flow/tool';
import { createPolicyEngine, type Label } from '#trust/policy';
import { by, call, member, pay, stranger } from '../../../test/gate-calls.ts';
import { decideStep, type GateInput } from './decide-step.ts';

const known = 'DE89370400440532013000';
const unknown = 'NL91ABNA0417164300';
const another = 'GB82WEST12345698765432';

/** Several payments as lines of payee, account and amount. */
const payAll: ToolManifest = {
  ...pay,
  tool: 'bank.pay_all',
  title: 'Pay several',
  args: {
    list: { role: 'steering', slot: 'text', title: 'Payments' },
    amount: { role: 'steering', slot: 'amount', title: 'Sum' },
    currency: { role: 'steering', slot: 'currency', title: 'Currency' },
  },
  parts: {
    title: 'Payment',
    arg: 'list',
    manifest: pay,
    shared: { currency: 'currency' },
    read: (value) =>
      Array.isArray(value)
        ? value.map((line) => {
            const [payee, iban, amount] = String(line).split('|');
            return payee === undefined || iban === undefined || amount === undefined ? null : { payee, iban, amount: Number(amount) };
          })
        : [],
  },
};

const line = (iban: string, payee = 'Northwind', amount = 100) => `${payee}|${iban}|${amount}`;
const order = (lines: readonly string[], label: Label = member, more: Partial<GateInput> = {}): GateInput =>
  call(payAll, { list: by(label, lines), amount: by(member, 100 * lines.length), currency: by(member, 'EUR') }, more);
/** Ninety-nine sound payments, and this one among them. */
const hidden = (one: string): string[] => Array.from({ length: 100 }, (_, at) => (at === 67 ? one : line(known)));

const engine = createPolicyEngine();
const under =
  (text: string): GateInput['policy'] =>
  (facts) =>
    engine.evaluate({ tenantId: 'ten_a', version: text.length, text }, facts);
const all = '@id("all") @title("All") permit (principal, action, resource);';
const refusing = (when: string, resource = 'resource') =>
  `${all}\n@id("no") @title("Not this") forbid (principal, action, ${resource}) when { ${when} };`;

test('many sound payments at once run where each alone would', () => {
  assert.deepEqual(decideStep(order(hidden(line(known)))).reasons, []);
  assert.equal(decideStep(order(hidden(line(known)))).verdict, 'auto');
});

test("one known account under somebody else's name among a hundred asks, and is named", () => {
  const { verdict, reasons } = decideStep(order(hidden(line(known, 'Somebody Else'))));
  assert.equal(verdict, 'ask');
  assert.deepEqual(
    reasons.map(({ rule, args }) => [rule, args]),
    [['payee.name', ['list']]],
  );
  assert.match(reasons[0]?.text ?? '', /^Payment 68: .*"Northwind Trading", not "Somebody Else"/);
});

test('one account with wrong digits, a hidden sign in a name, an amount of nothing, or a line that cannot be read refuses all', () => {
  for (const one of ['Northwind|DE89370400440532013001|1', line(known, 'North\u200bwind'), line(known, 'Northwind', 0), 'Northwind']) {
    const { verdict, reasons } = decideStep(order(hidden(one)));
    assert.equal(verdict, 'deny', one);
    assert.equal(reasons[0]?.rule, 'argument.malformed');
    assert.match(reasons[0]?.text ?? '', /Payment 68/);
  }
  for (const list of [[], 'text', null]) assert.equal(decideStep(order([], member, { args: { list: by(member, list) } })).verdict, 'deny');
  assert.equal(decideStep(order([], member, { args: { amount: by(member, 1) } })).verdict, 'deny');
});

test('one unknown payee among a hundred is an unknown payee, and a list of known ones is known', () => {
  const strict = { policy: under(refusing('!context.payeeKnown')) };
  assert.equal(decideStep(order(hidden(line(known)), member, strict)).verdict, 'auto');
  const { verdict, reasons, policies } = decideStep(order(hidden(line(unknown)), member, strict));
  assert.equal(verdict, 'deny');
  assert.ok(reasons.some(({ text }) => text.startsWith('Payment 68: ')));
  assert.deepEqual(policies, [{ id: 'no', title: 'Not this' }]);
});

test('an amount that is too much for one payment is too much for one of several, and for their sum', () => {
  const most = { policy: under(refusing('context has amountMinor && context.amountMinor > 5000')) };
  assert.equal(decideStep(order([line(known), line(known)], member, most)).verdict, 'auto');
  assert.equal(decideStep(order([line(known), line(known, 'Northwind', 5_001)], member, most)).verdict, 'deny');
  assert.equal(decideStep(order(hidden(line(known)), member, most)).verdict, 'deny', 'the sum');
});

test('what a policy says of the tool that pays once holds for each of several', () => {
  const once = { policy: under(refusing('!context.payeeKnown', 'resource == Tool::"bank.pay"')) };
  assert.equal(decideStep(order([line(known), line(known)], member, once)).verdict, 'auto');
  assert.equal(decideStep(order([line(known), line(unknown)], member, once)).verdict, 'deny');
});

test('accounts out of a message are refused like the account of one payment', () => {
  const policy = under(refusing('!context.payeeKnown && !context.payeeFromTrusted'));
  assert.equal(decideStep(order([line(known), line(known)], stranger, { policy })).verdict, 'ask');
  assert.equal(decideStep(order([line(known), line(unknown)], stranger, { policy })).verdict, 'deny');
  assert.equal(decideStep(order([line(another), line(unknown)], member, { policy })).verdict, 'auto');
});

test('what holds for each is said once, and many numbers are cut', () => {
  const { reasons } = decideStep(order(Array.from({ length: 9 }, () => line(known, 'Eve'))));
  assert.match(reasons.map(({ text }) => text).join(), /^Each payment: Your payees/);
  const lines = Array.from({ length: 9 }, (_, at) => line(known, at === 0 ? 'Northwind' : 'Eve'));
  assert.match(decideStep(order(lines)).reasons[0]?.text ?? '', /^Payment 2, 3, 4, 5, 6 and 3 more: /);
  assert.deepEqual(
    decideStep(order([line(known), line(known)], stranger)).reasons.filter(({ rule }) => rule === 'steering.untrusted').length,
    1,
  );
});
