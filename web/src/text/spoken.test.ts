import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoken as german } from './de/spoken.ts';
import { spoken as english } from './en/spoken.ts';

const field = (name: string, title: string, display: string) => ({ name, title, display, value: display });
const payment = {
  id: 'apr_1',
  tool: 'bank.pay',
  toolTitle: 'Pay',
  headline: 'Pay 1,240.00 EUR to Every payment needs a person',
  consequence: 'A payment order.',
  args: { creditor: 'Pay', tool: 'bank.pay', title: 'Pay' },
  fields: [field('creditor', 'Payee', 'Northwind'), field('amountMinor', 'Amount', '1,240.00 EUR')],
  reason: 'Amount comes from mail.',
  reasons: [
    { rule: 'steering.untrusted', text: 'Amount comes from mail.', args: ['amountMinor'] },
    { rule: 'policy.payments-ask', text: 'Every payment needs a person.' },
    { rule: 'policy.own', text: 'Our own rule.' },
  ],
  policies: [{ id: 'payments-ask', title: 'Every payment needs a person' }],
  task: { id: 'tsk_1', title: 'Every payment needs a person', from: null },
};

test('in English an answer stays as it is', () => assert.equal(english(payment), payment));

test('in German the server’s words about an action are German, and what others wrote stays', () => {
  const [shown] = german({ items: [payment] }).items;
  assert.equal(shown?.headline, '1.240,00 EUR an Northwind zahlen');
  assert.equal(shown?.toolTitle, 'Zahlen');
  assert.deepEqual(
    shown?.fields.map(({ title, display }) => [title, display]),
    [
      ['Empfänger', 'Northwind'],
      ['Betrag', '1.240,00 EUR'],
    ],
  );
  assert.match(shown?.reasons[0]?.text ?? '', /: Betrag\.$/);
  assert.equal(shown?.reasons[1]?.text, 'Jede Zahlung braucht einen Menschen.');
  assert.equal(shown?.reasons[2]?.text, 'Our own rule.');
  assert.equal(shown?.reason, shown?.reasons[0]?.text);
  assert.deepEqual(shown?.args, payment.args);
  assert.deepEqual(shown?.task, payment.task);
});

test('entries are told in German, and a kind that is not known as the server tells it', () => {
  assert.equal(german({ seq: 1, kind: 'task.created', text: 'Arrived.' }).text, 'Eingegangen.');
  assert.equal(german({ seq: 1, kind: 'new.kind', text: 'Something.' }).text, 'Something.');
});

test('a tool of somebody else keeps its words', () => {
  const foreign = { tool: 'mcp.acme.ship', headline: 'Ship it', title: 'Ship', fields: [field('to', 'To', 'here')] };
  assert.deepEqual(german(foreign), foreign);
});
