import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { exampleCatalogue } from '../../../test/example-tools.ts';
import { workedMs } from '../../../test/worked.ts';
import { type MatchedEvent, matchPlaybooks, planFromPlaybook } from './match.ts';
import { type Playbook, parsePlaybook } from './playbook.ts';
import { playbookJsonSchema } from './playbook-schema.ts';
import { validatePlan } from './validate.ts';

const habits = { timeZone: 'Europe/Berlin', locale: 'en-GB' };
const label = { sources: ['mail:billing@northwind.example'], integrity: 'untrusted', readers: 'tenant' } as const;

const head = 'when: {source: mail}';
const step = 'steps: [{id: keep, tool: vault.write, args: {path: x.md, content: y}}]';
const note = (yaml: string, path = 'Playbooks/Test.md') => ({ path, content: `---\n${yaml}\n---\nFor people.\n`, trusted: true });

function playbook(yaml: string, path?: string): Playbook {
  const parsed = parsePlaybook(note(yaml, path));
  assert.ok(parsed.kind === 'playbook', JSON.stringify(parsed));
  return parsed.playbook;
}
function faults(yaml: string): readonly string[] {
  const parsed = parsePlaybook(note(yaml));
  assert.ok(parsed.kind === 'faulty', JSON.stringify(parsed));
  return parsed.faulty.faults;
}
const mail = (payload: Record<string, string>): MatchedEvent => ({ source: 'mail', kind: 'message', payload, label });
const fits = (yaml: string, event: MatchedEvent): boolean =>
  matchPlaybooks(event, [playbook(`${yaml}\n${step}`)], habits).matches.length === 1;

test('a playbook fits by source, kind and fields, whatever the case of Latin letters', () => {
  const event = mail({ sender: 'Billing@Northwind.example', subject: 'Invoice 7', note: '' });
  assert.ok(fits('when: {source: mail}', event));
  assert.ok(fits('when: {source: mail, kind: message, match: {sender: billing@northwind.example}}', event));
  assert.ok(fits('when: {source: mail, match: {subject: {regex: "(?i)^invoice"}, sender: {regex: "@Northwind"}}}', event));
  assert.ok(
    fits('when: {source: mail, match: {subject: {regex: "Invoice( copy)?"}}}', event),
    'a group that takes no part does not unmatch',
  );
  for (const when of [
    '{source: bank}',
    '{source: mail, kind: other}',
    '{source: mail, match: {sender: x}}',
    '{source: mail, match: {subject: {regex: "^invoice"}}}',
    '{source: mail, match: {missing: ""}}'.replace('""', 'x'),
  ])
    assert.ok(!fits(`when: ${when}`, event), when);
});

test('a look-alike letter does not pass for the real one', () => {
  assert.ok(!fits('when: {source: mail, match: {sender: kim@bank.example}}', mail({ sender: '\u212Aim@bank.example' })));
});

test('values are extracted with their labels, and become the plan together with the steps', () => {
  const book = playbook(
    `title: Pay
summary: Pay \${extract.total} to \${event.name}
${head}
extract:
  total: {type: amount, from: text, pattern: "Total: (.*)"}
  due: {type: date, from: $event.text, optional: true}
steps:
  - {id: keep, tool: vault.write, args: {path: "Accounting/\${task.id}.md", content: $event.text}, why: So that it is found again.}
  - {id: tell, tool: mail.draft, args: {to: [$event.sender, office@us.example], subject: "\${event.name}: \${extract.total}", text: "$$5 for $\${this}"}, after: [keep]}`,
  );
  const event = mail({ name: 'Northwind', sender: 'billing@northwind.example', text: 'Net: 1.000,00 EUR\nTotal: 1.190,00 EUR' });
  const [match] = matchPlaybooks(event, [book], habits).matches;
  assert.ok(match !== undefined);
  assert.deepEqual(match.values, {
    total: { value: { amountMinor: 119_000, currency: 'EUR' }, label, slot: 'amount' },
    due: { value: null, label, slot: 'date' },
  });
  const plan = planFromPlaybook(match, event, { taskId: 'tsk_1', receivedAt: new Date('2026-12-01T23:30:00Z'), timeZone: 'Europe/Berlin' });
  assert.equal(plan.summary, 'Pay 1,190.00 EUR to Northwind');
  assert.deepEqual(plan.literal, { sources: ['playbook:Pay'], integrity: 'trusted', readers: 'anyone' });
  assert.deepEqual(plan.steps[0], {
    id: 'keep',
    tool: 'vault.write',
    args: { path: { template: 'Accounting/${task.id}.md' }, content: { ref: '$event.text' } },
    after: [],
    why: 'So that it is found again.',
  });
  assert.deepEqual(plan.steps[1]?.args, {
    to: { list: [{ ref: '$event.sender' }, { value: 'office@us.example' }] },
    subject: { template: '${event.name}: ${extract.total}' },
    text: { template: '$$5 for $${this}' },
  });
  assert.ok(validatePlan(plan, exampleCatalogue, event.payload).plan !== undefined);
});

test('a playbook that lacks a value does not fit and says what is missing', () => {
  const book = playbook(`title: Pay\n${head}\nextract: {account: {type: iban, from: text}, due: {type: date, from: text}}\n${step}`);
  const { matches, near } = matchPlaybooks(mail({ text: 'Please pay.' }), [book], habits);
  assert.equal(matches.length, 0);
  assert.deepEqual(
    near.map(({ reasons }) => reasons),
    [['no valid IBAN was found in "text"', 'no date was found in "text"']],
  );
});

test('of several playbooks that fit, the highest priority goes first, then the path, in whatever order they are listed', () => {
  const books = [
    ['Playbooks/b.md', 0],
    ['Playbooks/a.md', 0],
    ['Playbooks/Z.md', 0],
    ['Playbooks/c.md', 5],
    ['Playbooks/d.md', -5],
  ].map(([path, priority]) => playbook(`priority: ${priority}\n${head}\n${step}`, String(path)));
  fc.assert(
    fc.property(fc.shuffledSubarray(books, { minLength: books.length }), (shuffled) => {
      const order = matchPlaybooks(mail({}), shuffled, habits).matches.map((match) => match.playbook.path);
      assert.deepEqual(order, ['Playbooks/c.md', 'Playbooks/Z.md', 'Playbooks/a.md', 'Playbooks/b.md', 'Playbooks/d.md']);
    }),
  );
});

test('a note that no member wrote never becomes a playbook, nor one that is switched off or has no front matter', () => {
  const good = note(`${head}\n${step}`);
  assert.equal(parsePlaybook(good).kind, 'playbook');
  assert.equal(parsePlaybook({ ...good, trusted: false }).kind, 'ignored');
  assert.equal(parsePlaybook(note(`enabled: false\n${head}\n${step}`)).kind, 'ignored');
  assert.equal(parsePlaybook({ ...good, content: 'Only words.' }).kind, 'ignored');
  assert.equal(parsePlaybook({ ...good, content: `Words first.\n${good.content}` }).kind, 'ignored');
  assert.equal(parsePlaybook({ ...good, content: `\uFEFF${good.content.replaceAll('\n', '\r\n')}` }).kind, 'playbook');
});

test('nothing below the front matter is ever an action, however much it looks like one', () => {
  const actions = Array.from(
    { length: 20 },
    (_, index) =>
      `- [ ] bank.pay: {"iban": "DE89370400440532013000", "amountMinor": ${index}00}\n  - {id: s${index}, tool: bank.pay, args: {}}`,
  );
  const parsed = parsePlaybook({
    path: 'Playbooks/P.md',
    trusted: true,
    content: `---\n${head}\n${step}\n---\n# Steps\nsteps:\n${actions.join('\n')}\n---\nsteps: []\n---\n`,
  });
  assert.ok(parsed.kind === 'playbook');
  assert.deepEqual(
    parsed.playbook.steps.map(({ tool }) => tool),
    ['vault.write'],
  );
});

test('all faults of a playbook are named at once', () => {
  const found = faults(
    `when: {source: mail, match: {subject: {regex: "(?=x)"}, "a..b": 5}}\nextract: {n: {type: text, from: "", pattern: "("}}\n${step}`,
  );
  assert.equal(found.length, 1, 'the shape is checked first');
  const deeper = faults(
    'when: {source: mail, match: {subject: {regex: "(?=x)"}, "a..b": 5}}\nsummary: "${"\nextract: {n: {type: text, from: $task.id, pattern: "("}}\nsteps: [{id: a, tool: t.t, args: {x: $evnt., y: "${b c}", z: [$event.a, $b.]}}]',
  );
  assert.equal(deeper.length, 8, deeper.join('\n'));
  assert.match(deeper.join('\n'), /when\.match\.subject.*\n|steps\.a\.args\.y/);
});

test('misspelt keys, wrong types and unknown kinds of value are faults', () => {
  for (const yaml of [
    `${head}\n${step}\nextrakt: {}`,
    `when: {}\n${step}`,
    head,
    `${head}\nsteps: []`,
    `${head}\n${step}\npriority: high`,
    `${head}\n${step}\nextract: {n: {type: phone, from: text}}`,
    'x',
    '- a',
    '42',
  ])
    assert.ok(faults(yaml).length > 0, yaml);
});

test('YAML that is made to hurt is a fault, quickly', () => {
  const bomb = `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]`;
  const deep = Array.from({ length: 300 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
  for (const yaml of [
    bomb,
    deep,
    '['.repeat(30_000),
    '{a: '.repeat(10_000),
    '- '.repeat(30_000),
    '? '.repeat(30_000),
    'a: 1\na: 2',
    'a: !!js/function x',
    'a: !x 1',
    '__proto__: {when: 1}',
    `a: ${'x'.repeat(70_000)}`,
    'a: "',
    '\0',
  ]) {
    const started = workedMs();
    assert.ok(faults(yaml).length > 0, yaml.slice(0, 40));
    assert.ok(workedMs() - started < 2_000, `${yaml.slice(0, 20)} took ${workedMs() - started} ms`);
  }
});

test('reading a note never throws, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('', `${head}\n`, `${head}\n${step}\n`), (noise, before) => {
      parsePlaybook(note(`${before}${noise}`));
      parsePlaybook({ path: noise, content: noise, trusted: true });
    }),
  );
});

test('the served JSON schema takes what is read and refuses what is not', () => {
  const schema = playbookJsonSchema();
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.deepEqual(schema.required, ['when', 'steps']);
  assert.equal(schema.additionalProperties, false);
  // Read back as a schema, it agrees with what the parser says.
  const served = z.fromJSONSchema(JSON.parse(JSON.stringify(schema)));
  const value = { when: { source: 'mail' }, steps: [{ id: 'a', tool: 'vault.write', args: { path: '$event.x' } }] };
  assert.ok(served.safeParse(value).success);
  assert.ok(!served.safeParse({ ...value, extrakt: {} }).success);
});

test('the examples of the documentation are playbooks, and their plans hold', async () => {
  const docs = join(import.meta.dirname, '../../../../docs');
  const page = await readFile(join(docs, 'playbooks.md'), 'utf8');
  const files = await readdir(join(docs, 'playbooks'));
  const events: Readonly<Record<string, MatchedEvent>> = {
    'Hold meeting times.md': mail({
      sender: 'kim@fabrikam.example',
      subject: 'Meeting about the roof',
      text: 'Could we meet on 21 December 2026 at 14:30?',
    }),
    'Pay invoices.md': mail({
      sender: 'billing@northwind.example',
      subject: 'Invoice INV-2026-0042',
      text: 'Invoice number: INV-2026-0042\nYour order: PO-1042\nTotal: EUR 1,240.00\n',
    }),
  };
  assert.deepEqual(files.sort(), Object.keys(events).sort());
  for (const name of files) {
    const content = await readFile(join(docs, 'playbooks', name), 'utf8');
    assert.ok(page.includes(content.trim()), `${name} stands in playbooks.md as it is`);
    const parsed = parsePlaybook({ path: `Playbooks/${name}`, content, trusted: true });
    assert.ok(parsed.kind === 'playbook', JSON.stringify(parsed));
    const event = events[name]!;
    const [match] = matchPlaybooks(event, [parsed.playbook], habits).matches;
    assert.ok(match !== undefined, `${name} fits its event`);
    const validated = validatePlan(
      planFromPlaybook(match, event, { taskId: 'tsk_1', receivedAt: new Date(0), timeZone: 'UTC' }),
      exampleCatalogue,
      event.payload,
    );
    assert.deepEqual(validated.faults, undefined, name);
  }
});
