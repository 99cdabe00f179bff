import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeCamt, writeCsv } from '../../../test/bank/write.ts';
import { testHttp } from '../../../test/http.ts';

const { send, buildCustomer } = await testHttp();
const entries = [
  {
    bookedOn: '2026-03-12',
    amountMinor: -124_000,
    name: 'Northwind GmbH',
    iban: 'NL91ABNA0417164300',
    text: 'INV-2026-0042',
    reference: 'R1',
    endToEndId: null,
  },
  { bookedOn: '2026-03-13', amountMinor: -350, name: 'Blue Bean', iban: null, text: 'Coffee', reference: 'R2', endToEndId: null },
];
const made = {
  iban: 'DE89370400440532013000',
  currency: 'EUR',
  number: 1,
  openingMinor: 500_000,
  from: '2026-03-12',
  until: '2026-03-13',
  entries,
};
const invoice = [
  'Northwind GmbH',
  'Invoice number: INV-2026-0042',
  'Invoice date: 2026-03-01',
  'Total EUR 1,240.00',
  'IBAN NL91 ABNA 0417 1643 00',
].join('\n');
const xml = { 'content-type': 'application/xml' };
const text = { 'content-type': 'text/plain' };

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
type Row = Record<string, unknown> & { readonly id: string };

test('a bank file comes in, an invoice finds what pays it and says why, a category is corrected', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const get = async <T>(path: string) => (await (await send(`GET /api/v1/ledger/${path}`, { key })).json()) as T; // As the route declares.
  const imported = await send('POST /api/v1/ledger/imports?name=march.xml', { key, body: writeCamt([made]), headers: xml });
  assert.equal(imported.status, 200);
  assert.equal(((await imported.json()) as { added: number }).added, 2);
  const [account] = (await get<Page<Row>>('accounts')).items;
  assert.deepEqual([account?.iban, account?.transactions, account?.notices], [made.iban, 2, []]);
  const first = await get<Page<Row>>(`transactions?limit=1&account=${account?.id}`);
  const second = await get<Page<Row>>(`transactions?limit=1&cursor=${first.nextCursor}`);
  assert.deepEqual([first.items[0]?.text, second.items[0]?.text, second.nextCursor], ['Coffee', 'INV-2026-0042', null]);

  const read = await send('POST /api/v1/ledger/invoices?name=inv.txt', { key, body: invoice, headers: text });
  assert.equal(read.status, 201);
  const { id, state } = (await read.json()) as Row;
  assert.equal(state, 'paid');
  assert.equal((await send('POST /api/v1/ledger/invoices?name=inv.txt', { key, body: invoice, headers: text })).status, 200);
  interface Shown {
    readonly invoice: {
      readonly openMinor: number;
      readonly state: string;
      readonly provenance: Record<string, { readonly quote: string }>;
    };
    readonly matches: readonly {
      readonly state: string;
      readonly score: number;
      readonly reasons: readonly { readonly text: string }[];
      readonly transaction: Row;
    }[];
  }
  const record = await get<Shown>(`invoices/${id}`);
  assert.deepEqual(
    [record.invoice.openMinor, record.matches[0]?.state, record.matches[0]?.transaction.id],
    [0, 'accepted', second.items[0]?.id],
  );
  assert.ok(record.matches[0]?.reasons.some(({ text: reason }) => reason === 'It names the number INV-2026-0042.'));
  assert.equal(record.invoice.provenance.amountMinor?.quote, 'Total EUR 1,240.00');
  const refused = await send(`POST /api/v1/ledger/invoices/${id}/match`, { key, json: { none: true } });
  assert.equal(((await refused.json()) as Shown).invoice.state, 'open');
  const chosen = await send(`POST /api/v1/ledger/invoices/${id}/match`, { key, json: { transactionIds: [second.items[0]?.id] } });
  assert.equal(((await chosen.json()) as Shown).invoice.state, 'paid');

  const closing = async (closed: boolean) =>
    ((await (await send(`POST /api/v1/ledger/invoices/${id}/match`, { key, json: { closed } })).json()) as Shown).invoice.state;
  assert.deepEqual([await closing(true), await closing(false)], ['closed', 'paid']);

  const coffee = first.items[0]?.id ?? '';
  const changed = await send(`PUT /api/v1/ledger/transactions/${coffee}`, { key, json: { category: 'Food' } });
  assert.deepEqual([changed.status, ((await changed.json()) as Row).categorisedBy], [200, 'person']);
  assert.deepEqual(
    (await get<Page<Row>>('transactions?category=food')).items.map((one) => one.id),
    [coffee],
  );
  assert.equal((await get<Page<Row>>('transactions?category=')).items.length, 1);
  assert.deepEqual((await get<Page<Row>>('transactions?from=2026-03-13&to=2026-03-13')).items.length, 1);
  assert.deepEqual((await get<Page<Row>>('hints')).items, []);
});

test('rules are saved over the version that they were read from, and over no other', async () => {
  const key = await (await buildCustomer()).key();
  const json = { version: 0, rules: [{ category: 'Food', counterparty: 'Blue Bean' }], learnUpToMinor: 5_000 };
  assert.equal((await send('PUT /api/v1/ledger/rules', { key, json })).status, 200);
  assert.equal((await send('PUT /api/v1/ledger/rules', { key, json })).status, 400);
  assert.deepEqual(await (await send('GET /api/v1/ledger/rules', { key })).json(), { ...json, version: 1 });
  assert.equal((await send('PUT /api/v1/ledger/rules', { key, json: { ...json, rules: [{ category: 'All' }] } })).status, 400);
});

test('rules are tried on what was booked: the first that fits is counted, and nothing is changed', async () => {
  const key = await (await buildCustomer()).key();
  await send('POST /api/v1/ledger/imports?name=a.xml', { key, body: writeCamt([made]), headers: xml });
  const rules = [
    { category: 'Food', counterparty: 'blue bean' },
    { category: 'Nobody', counterparty: 'Red Bean' },
    { category: 'Rest', direction: 'out' },
  ];
  const tried = await send('POST /api/v1/ledger/rules/trial', { key, json: { rules } });
  assert.deepEqual([tried.status, await tried.json()], [200, { looked: 2, since: '2026-03-12', matched: [1, 0, 1] }]);
  const { items } = (await (await send('GET /api/v1/ledger/transactions', { key })).json()) as Page<{ category: string | null }>; // As the route declares.
  assert.deepEqual(
    items.map(({ category }) => category),
    [null, null],
  );
  const none = await send('POST /api/v1/ledger/rules/trial', { key: await (await buildCustomer()).key(), json: { rules } });
  assert.deepEqual(await none.json(), { looked: 0, since: null, matched: [0, 0, 0] });
});

test('a table waits for its mapping, and is read when that is said', async () => {
  const key = await (await buildCustomer()).key();
  const table = writeCsv(made).replace('"Betrag"', '"?"').replace('"Buchungstag"', '"??"');
  const asked = (await (
    await send('POST /api/v1/ledger/imports?name=a.csv', { key, body: table, headers: { 'content-type': 'text/csv' } })
  ).json()) as {
    added: number;
    account: string;
    needsMapping: { questions: string[]; sample: string[][] };
  };
  assert.equal(asked.added, 0);
  assert.ok(asked.needsMapping.questions.length > 0);
  const columns = { bookedOn: 1, text: [4], counterparty: 5, amount: 7 };
  const json = {
    mapping: { header: asked.needsMapping.sample[0], delimiter: ';', decimalPoint: ',', dateOrder: 'dmy', columns },
    iban: made.iban,
    currency: 'EUR',
  };
  const answered = await send(`PUT /api/v1/ledger/accounts/${asked.account}/mapping`, { key, json });
  assert.deepEqual([answered.status, ((await answered.json()) as { added: number }).added], [200, 2]);
  assert.equal((await send(`PUT /api/v1/ledger/accounts/${asked.account}/mapping`, { key, json })).status, 204);
});

test('what is no bank file, no invoice, or not permitted is refused by its name', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const refused = await send('POST /api/v1/ledger/imports', { key, body: 'hello', headers: text });
  const { code, line } = (await refused.json()) as { code: string; line?: number };
  assert.deepEqual([refused.status, code], [422, 'ledger.unreadable'], String(line));
  assert.equal((await send('POST /api/v1/ledger/invoices', { key, body: 'hello', headers: text })).status, 422);
  const reader = await customer.key('ledger:read');
  assert.equal((await send('POST /api/v1/ledger/imports', { key: reader, body: writeCamt([made]), headers: xml })).status, 403);
  assert.equal((await send('GET /api/v1/ledger/accounts', { key: await customer.key('task:read') })).status, 403);
  assert.equal((await send('GET /api/v1/ledger/invoices/ivc_000000000000000000000000', { key })).status, 404);
  assert.equal((await send('PUT /api/v1/ledger/transactions/trx_000000000000000000000000', { key, json: { category: null } })).status, 404);
});
