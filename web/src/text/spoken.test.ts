import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoken as german, spokenProblem as germanProblem } from './de/spoken.ts';
import { spoken as english, spokenProblem as englishProblem } from './en/spoken.ts';

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

test('a refusal is told in German by its code and what it carries, in English as the server tells it', () => {
  const say = (code: string, message: string, details = {}) => germanProblem({ code, message, details });
  assert.equal(englishProblem({ code: 'role.in_use', message: 'Two have it.', details: {} }), 'Two have it.');
  assert.equal(say('role.in_use', 'Two have it.'), 'Jemand hat diese Rolle noch.');
  assert.match(
    say('quota.exceeded', 'Members: …', { quota: 'members', used: 5, limit: 5 }),
    /^Das Kontingent „Mitglieder“ ist aufgebraucht/,
  );
  const faults = [
    { path: 'name', message: 'Too small: expected string to have >=1 characters' },
    { path: 'zone', message: 'must be an IANA time zone like Europe/Berlin' },
    { path: 'odd', message: 'Something that nobody has translated' },
  ];
  assert.equal(
    say('request.invalid', 'The body is not valid.', { faults }),
    'Die Angaben sind nicht gültig. name: darf nicht leer sein; zone: muss eine Zeitzone sein, etwa Europe/Berlin; odd: passt nicht.',
  );
  assert.equal(
    say('connection.refused', 'The mail server does not take the password.'),
    'Die Gegenseite der Verbindung weist uns ab. Gemeldet wurde: „The mail server does not take the password.“',
  );
  assert.equal(say('a.new_one', 'Something new.'), '');
});

test('a failure that an answer tells of is German too', () => {
  const step = { id: 1, error: { code: 'gate.denied', message: 'Policy forbids this' } };
  assert.equal(german(step).error.message, 'Die Richtlinien verbieten das.');
  const answer = { id: 'apr_1', error: { code: 'approval.already_decided', detail: 'Somebody was faster.' } };
  assert.equal(german(answer).error.detail, 'Jemand hat schon entschieden.');
});

test('what the product has names for is called by them, and what a tenant has named stays', () => {
  assert.equal(german({ permission: 'vault:read', meaning: 'Read notes', roles: [] }).meaning, 'Notizen lesen');
  assert.equal(german({ quota: 'vaultBytes', title: 'Vault', used: 1 }).title, 'Ablage');
  assert.equal(german({ id: null, name: 'owner', title: 'Owner', builtIn: true }).title, 'Inhaber');
  assert.equal(german({ id: 'rol_1', name: 'owner-of-cars', title: 'Owner of cars', builtIn: false }).title, 'Owner of cars');
  const gap = { code: 'gap', text: 'Between 2026-11-03 and 2026-11-10 something is missing: the balance goes from 1 to 2.' };
  assert.equal(german(gap).text, 'Zwischen zwei Auszügen fehlt etwas: 03.11.2026 bis 10.11.2026.');
});

const paid = { tool: 'bank.pay', headline: 'Pay 5.00 EUR to Contoso', shown: { amountMinor: '5.00 EUR', creditor: 'Contoso' } };

test('what a line is made of is enough to say it in German, with why and in whatever list it stands', () => {
  const [tried] = german({ cases: [{ ...paid, reasons: payment.reasons }] }).cases;
  assert.equal(tried?.headline, '5,00 EUR an Contoso zahlen');
  assert.deepEqual(
    tried?.reasons.map(({ text }) => text.slice(0, 33)),
    ['Dies kommt aus einer Quelle, in d', 'Jede Zahlung braucht einen Mensch', 'Our own rule.'],
  );
  assert.match(tried?.reasons[0]?.text ?? '', /: Betrag\.$/);
  const foreign = { tool: 'mcp.acme.ship', headline: 'Ship it', shown: { to: 'here' } };
  assert.deepEqual(german(foreign), foreign);
});

test('what became of a task is told in German with the lines about its calls, and what others wrote in it stays', () => {
  const told = (note: string, calls: readonly object[] = [paid]) => german({ id: 'tsk_1', note, question: null, calls }).note;
  assert.equal(told('Pay 5.00 EUR to Contoso'), '5,00 EUR an Contoso zahlen');
  assert.equal(told('Refused: Every payment needs a person.', []), 'Abgelehnt: Jede Zahlung braucht einen Menschen.');
  assert.equal(told('Pay 5.00 EUR to Contoso. Refused: Not now, please.'), '5,00 EUR an Contoso zahlen. Abgelehnt: Not now, please.');
  assert.equal(told('Cancelled. 3 steps had been done already.'), 'Abgebrochen. 3 Schritte waren schon getan.');
  assert.equal(told('What their planner said of it.'), 'What their planner said of it.');
  assert.equal(
    german({
      note: null,
      question: 'Nobody can tell whether this happened: Pay 5.00 EUR to Contoso. Please look, then say so here.',
      calls: [paid],
    }).question,
    'Niemand kann sagen, ob es geschehen ist: 5,00 EUR an Contoso zahlen. Bitte sehen Sie nach, und sagen Sie es hier.',
  );
});

test('each of several payments in one is called a payment, and only its amount is written otherwise', () => {
  const part = {
    ...field('payments[2]', 'Payment 2', '1,240.00 EUR · 1,240.00 EUR'),
    members: [
      { name: 'creditor', display: '1,240.00 EUR' },
      { name: 'amountMinor', display: '1,240.00 EUR' },
    ],
    warnings: ['Mixes letters of different alphabets that look alike.'],
    known: 'Listed in Contacts.md as Northwind',
  };
  const reasons = [{ rule: 'steering.untrusted', text: 'x', args: ['payments[2]'] }];
  const shown = german({ tool: 'bank.pay_collective', fields: [part], reasons });
  assert.deepEqual([shown.fields[0]?.title, shown.fields[0]?.display], ['Zahlung 2', '1,240.00 EUR · 1.240,00 EUR']);
  assert.equal(shown.fields[0]?.known, 'Steht in Contacts.md als Northwind');
  assert.match(shown.fields[0]?.warnings[0] ?? '', /^Mischt Buchstaben/);
  assert.match(shown.reasons[0]?.text ?? '', /: Zahlung 2\.$/);
});

test('why a payment is taken for that of an invoice is German, and names in it stay as they are', () => {
  const why = (text: string) => german({ code: 'name', points: 1, text }).text;
  assert.equal(why('The amount is 1,240.00 EUR less 2.5 % discount.'), 'Der Betrag ist 1.240,00 EUR abzüglich 2,5 % Skonto.');
  assert.equal(why('It was paid on 2026-03-01, in time.'), 'Gezahlt wurde am 01.03.2026, rechtzeitig.');
  assert.equal(why('The name "The name is {1}." is another than $& Co.'), 'Der Name „The name is {1}.“ ist ein anderer als $& Co.');
  assert.equal(
    german({ category: 'Rent', categoryWhy: 'Rule 2: the name has "A, from B", money goes out, up to 5.00 EUR.' }).categoryWhy,
    'Regel 2: der Name enthält „A, from B“, Geld geht hinaus, bis 5,00 EUR.',
  );
});

test('a tool is called in German where playbooks are written with it', () => {
  const tool = {
    name: 'vault.read',
    title: 'Read a note',
    consequence: 'Nothing is changed.',
    args: [{ name: 'path', title: 'Note', required: true }],
  };
  const [shown] = german({ items: [tool] }).items;
  assert.deepEqual([shown?.title, shown?.consequence, shown?.args[0]?.title], ['Eine Notiz lesen', 'Nichts wird geändert.', 'Notiz']);
  const foreign = { ...tool, name: 'mcp.acme.ship' };
  assert.deepEqual(german(foreign), foreign);
});
