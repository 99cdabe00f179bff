import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkPlaybook, createPreviews } from '#flow/playbook';
import { testHttp } from '../../../test/http.ts';

const { platform, send, buildCustomer } = await testHttp();

interface Sample {
  readonly result: string;
  readonly title: string;
  readonly reasons: readonly string[];
  readonly summary: string | null;
  readonly steps: readonly {
    readonly tool: string;
    readonly args: readonly { readonly name: string; readonly text: string; readonly isKnown: boolean }[];
  }[];
  readonly task: { readonly state: string } | null;
}
interface Preview {
  readonly looked: number;
  readonly ended: string;
  readonly matched: number;
  readonly near: number;
  readonly unusable: number;
  readonly faults: readonly { readonly text: string; readonly line: number | null }[];
  readonly samples: readonly Sample[];
}

const example = await readFile(join(import.meta.dirname, '../../../../docs/playbooks/Pay invoices.md'), 'utf8');
const path = 'Playbooks/Pay invoices.md';
const mail = (subject: string, text: string) =>
  `From: billing@northwind.example\r\nTo: us@example.com\r\nSubject: ${subject}\r\n\r\n${text}\r\n`;
const invoice = 'Invoice number: INV-2026-0042\r\nYour order: PO-1042\r\nTotal: EUR 1,240.00';
const bring = async (key: string, raw: string) => {
  const sent = await send('POST /api/v1/events/mail', { key, body: raw, headers: { 'content-type': 'message/rfc822' } });
  assert.equal(sent.status, 202, await sent.clone().text());
};
const ask = async (key: string, text: string) => {
  const answer = await send('POST /api/v1/playbooks/preview', { key, json: { path, text } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Preview; // As the route declares.
};

test('a preview says which mails a playbook would have taken, what plan each would have had, and which it almost took', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  await bring(key, mail('Invoice 42', invoice));
  await bring(key, mail('Invoice 43', 'Your order: PO-7'));
  await bring(key, mail('Lunch', 'At noon?'));
  const other = await buildCustomer();
  await bring(await other.key(), mail('Invoice 99', invoice));

  const found = await ask(key, example);
  const { looked, ended, matched, near, unusable } = found;
  assert.deepEqual({ looked, ended, matched, near, unusable }, { looked: 3, ended: 'all', matched: 1, near: 1, unusable: 0 });
  assert.deepEqual(found.faults, []);
  const [almost, taken] = found.samples.toSorted((one, two) => two.title.localeCompare(one.title));
  assert.deepEqual(
    [taken?.title, taken?.result, taken?.summary],
    ['Invoice 42', 'matched', 'Pay invoice INV-2026-0042 over 1,240.00 EUR to billing@northwind.example'],
  );
  assert.deepEqual(
    taken?.steps[1]?.args.filter(({ name }) => name === 'amountMinor' || name === 'iban'),
    [
      { name: 'iban', text: '$purchase.fields.iban', isKnown: false },
      { name: 'amountMinor', text: '124000', isKnown: true },
    ],
  );
  assert.notEqual(taken?.task, null);
  assert.deepEqual([almost?.result, almost?.reasons.length], ['near', 2]);
});

test('a preview with faults that say their lines looks at nothing; one whose tool is unknown says that its plans cannot be carried out', async () => {
  const key = await (await buildCustomer()).key();
  await bring(key, mail('Invoice 42', invoice));
  const broken = await ask(key, example.replace('type: amount', 'type: money').replace('summary:', 'sumary:'));
  assert.deepEqual([broken.looked, broken.faults.map(({ line }) => line).toSorted()], [0, [11, 2]]);
  const unknown = await ask(key, example.replace('tool: bank.pay', 'tool: bank.play'));
  assert.deepEqual([unknown.matched, unknown.unusable], [0, 1]);
  assert.deepEqual([unknown.faults.length, unknown.faults[0]?.line], [1, 18]);
});

test('a preview shows nothing to somebody who may not see what came in', async () => {
  const customer = await buildCustomer();
  const writer = await customer.key('vault:write', 'vault:read');
  const refused = await send('POST /api/v1/playbooks/preview', { key: writer, json: { path, text: example } });
  assert.equal(refused.status, 403);
});

test('a preview whose time is up ends, and says so with what it had looked at', async () => {
  const customer = await buildCustomer();
  await bring(await customer.key(), mail('Invoice 42', invoice));
  const { playbook } = checkPlaybook({ path, content: example }, platform.catalogue);
  assert.ok(playbook !== null);
  // Over long before a thread has begun.
  const previews = createPreviews({ app: platform.database.app, keysOf: platform.keyring.of, msMax: 1 });
  const { ended, looked } = await previews.preview({
    ...{ tenantId: customer.tenantId, playbook, content: example, habits: { timeZone: 'UTC', locale: 'en-GB' } },
    ...{ catalogue: platform.catalogue, now: new Date(), signal: new AbortController().signal },
  });
  assert.deepEqual([ended, looked], ['time', 0]);
});

test('playbooks are listed with their state and how often they were used', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const write = async (name: string, text: string, trusted = true) => {
    const sent = await send(`PUT /api/v1/vault/notes/Playbooks/${name}.md?trusted=${trusted}`, {
      key,
      body: text,
      headers: { 'content-type': 'text/markdown' },
    });
    assert.equal(sent.status, 201, await sent.clone().text());
  };
  await write('On', example);
  await write('Off', example.replace('---\n', '---\nenabled: false\n'));
  await write('Faulty', example.replace('tool: bank.pay', 'tool: bank.play'));
  await write('Words', '# Only words\n');
  const { items } = (await (await send('GET /api/v1/playbooks', { key })).json()) as {
    items: { path: string; state: string; usesIn30Days: number; lastUsedAt: null; tools: string[]; faults: { line: number }[] }[];
  }; // As the route declares.
  const mine = items.filter(({ path }) => /^Playbooks\/(?:On|Off|Faulty|Words)\.md$/.test(path));
  assert.deepEqual(
    mine.map(({ path, state, usesIn30Days, lastUsedAt }) => [path, state, usesIn30Days, lastUsedAt]),
    [
      ['Playbooks/Faulty.md', 'faulty', 0, null],
      ['Playbooks/Off.md', 'off', 0, null],
      ['Playbooks/On.md', 'on', 0, null],
      ['Playbooks/Words.md', 'plain', 0, null],
    ],
  );
  assert.deepEqual(mine[2]?.tools, ['vault.read', 'bank.pay']);
});

test('fields are put into a note that keeps its comments and its text', async () => {
  const key = await (await buildCustomer()).key();
  const text =
    '---\n# Why\nwhen: {source: mail} # only mail\nenabled: true\nsteps:\n  - {id: a, tool: vault.read, args: {path: x.md}}\n---\n# Words\n';
  const checked = async (json: object) => {
    const answer = await send('POST /api/v1/playbooks/check', { key, json });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as { text: string; fields: Record<string, unknown>; faults: unknown[] }; // As the route declares.
  };
  const before = await checked({ path, text });
  assert.deepEqual(before.faults, []);
  assert.equal(before.text, text);
  const after = await checked({ path, text, fields: { ...before.fields, enabled: false, priority: 5 } });
  assert.match(after.text, /# Why\nwhen: \{ ?source: mail ?\} # only mail\nenabled: false\n/);
  assert.match(after.text, /priority: 5\n---\n# Words\n$/);
  assert.deepEqual(after.fields, { ...before.fields, enabled: false, priority: 5 });
  const made = await checked({ path, text: '# Words\n', fields: { when: { source: 'mail' }, steps: [] } });
  assert.match(made.text, /^---\nwhen:\n {2}source: mail\nsteps: \[\]\n---\n# Words\n$/);
  assert.equal(made.faults.length, 1);
});
