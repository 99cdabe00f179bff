/** The source of every event of the bench. */
export const benchSource = 'bench';

/** What is sent: a task of three steps that only read, of three that write, one that waits for a person and then writes, one that waits and then pays. */
export type EventKind = 'read' | 'write' | 'ask' | 'pay';

const labels = '["order: order, purchase, parcel", "invoice: invoice, payment, due", "meeting: meeting, calendar, call"]';

/** The notes a tenant of the bench has besides its first ones. No model is asked, and the tools take no time of their own. */
export const notes: Readonly<Record<string, string>> = {
  'Playbooks/Bench read.md': `---
title: Bench read
summary: "Classify \${event.subject}"
when: { source: bench, kind: read }
steps:
  - { id: one, tool: text.classify, args: { text: $event.subject, labels: ${labels} } }
  - { id: two, tool: text.classify, after: [one], args: { text: $event.text, labels: ${labels} } }
  - { id: three, tool: text.classify, after: [two], args: { text: "\${event.subject} \${two.label}", labels: ${labels} } }
---
`,
  'Playbooks/Bench write.md': `---
title: Bench write
summary: "File \${event.subject}"
when: { source: bench, kind: write }
steps:
  - { id: one, tool: vault.write, args: { path: "Bench/\${task.id}-1.md", content: $event.text } }
  - { id: two, tool: vault.write, after: [one], args: { path: "Bench/\${task.id}-2.md", content: $event.text } }
  - { id: three, tool: vault.write, after: [two], args: { path: "Bench/\${task.id}-3.md", content: $event.text } }
---
`,
  // Where to write is said by the event, whose sender could be anybody: so a person is asked.
  'Playbooks/Bench ask.md': `---
title: Bench ask
summary: "Keep \${event.subject}"
when: { source: bench, kind: ask }
steps:
  - { id: keep, tool: vault.write, args: { path: "Bench/\${event.subject}.md", content: $event.text } }
---
`,
  'Playbooks/Bench pay.md': `---
title: Bench pay
summary: "Pay \${event.subject}"
when: { source: bench, kind: pay }
steps:
  - id: pay
    tool: bank.pay
    args: { creditor: Northwind Ltd, iban: DE89370400440532013000, amountMinor: 124000, currency: EUR, reference: Invoice 4711 }
---
`,
  'Accounting/Account.md': `---
name: Bench Company
iban: GB29NWBK60161331926819
---
`,
};

/** A payload like a short mail. */
export const payload = (subject: string) => ({
  subject,
  text: 'Hello,\n\nplease find the invoice for your order of last week below. Payment is due within thirty days.\n\nKind regards\nAda\n'.repeat(
    3,
  ),
});
