import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPlaybooks, type Plan, planFromPlaybook, readPlaybook } from '#flow/plan';
import { writeFields } from '#trust/vault';
import { draftPlaybook } from './draft.ts';

const habits = { timeZone: 'Europe/Berlin', locale: 'en-GB' };
const label = { sources: ['mail:billing@northwind.example'], integrity: 'untrusted', readers: 'tenant' } as const;
const payload = {
  sender: 'billing@northwind.example',
  subject: 'Invoice',
  text: 'Total: EUR 1,240.00\nPay by 2026-12-21 or 2026-12-28.',
};
const body = {
  ...{ externalId: 'x', title: 'Invoice', payload },
  provenance: {
    channel: 'drop' as const,
    submittedBy: 'connector:drop',
    integrity: 'untrusted' as const,
    from: 'billing@northwind.example',
  },
};
const total = { value: { amountMinor: 124_000, currency: 'EUR' }, label, slot: 'amount' } as const;
const due = { value: '2026-12-21', label, slot: 'date' } as const;
const plan: Plan = {
  summary: 'Pay',
  literal: label,
  values: { amount_1: total, date_1: due, iban_1: { value: 'DE89370400440532013000', label, slot: 'iban' } },
  steps: [
    {
      ...{ id: 'pay', tool: 'bank.pay', after: [], why: 'It is due.' },
      args: {
        amountMinor: { ref: '$extract.amount_1.amountMinor' },
        reference: { value: '$5 and ${more}' },
        to: { list: [{ ref: '$event.sender' }, { value: 'a@b.example' }] },
      },
    },
    {
      id: 'tell',
      tool: 'mail.draft',
      after: ['pay'],
      why: '',
      args: { text: { template: 'Due ${extract.date_1}' }, odd: { value: '$event.subject' } },
    },
  ],
};

test('a plan that is written down is made again for the same event, what stands for itself included', () => {
  const { fields, remarks } = draftPlaybook(plan, { source: 'mail', kind: 'message', body }, habits);
  // Two dates are in the text: nothing says which was meant.
  assert.deepEqual(remarks, [
    { kind: 'fixed', name: 'pay.reference' },
    { kind: 'pattern', name: 'date_1' },
  ]);
  const content = writeFields('# Words\n', fields);
  const read = readPlaybook({
    path: 'Playbooks/Pay.md',
    content: content.replace('from: text\nsteps', 'from: text\n    pattern: by (\\S+)\nsteps'),
  });
  assert.deepEqual(read?.faults, []);
  assert.ok(read?.playbook);
  const event = { source: 'mail', kind: 'message', payload, label };
  const [match] = matchPlaybooks(event, [read.playbook], habits).matches;
  assert.ok(match);
  const again = planFromPlaybook(match, event, { taskId: 'tsk_1', receivedAt: new Date(0), timeZone: 'UTC' });
  assert.deepEqual(again.values, { amount_1: total, date_1: due });
  assert.deepEqual(
    again.steps.map(({ id, tool, after }) => [id, tool, after]),
    [
      ['pay', 'bank.pay', []],
      ['tell', 'mail.draft', ['pay']],
    ],
  );
  assert.deepEqual(again.steps[0]?.args.to, { list: [{ ref: '$event.sender' }, { value: 'a@b.example' }] });
  assert.deepEqual(again.steps[0]?.args.reference, { template: '$5 and $${more}' });
  assert.deepEqual(again.steps[1]?.args.odd, { value: '$event.subject' });
});

test('events of other senders are not taken for those of this one', () => {
  const { fields } = draftPlaybook(plan, { source: 'mail', kind: 'message', body }, habits);
  assert.deepEqual(fields.when, { source: 'mail', kind: 'message', match: { sender: 'billing@northwind.example' } });
});
