import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost } from '@factotum/connector-sdk/test';
import { createFolderConnector } from '#connector/files';
import { listAccounts, listTransactions } from '#flow/ledger';
import { withTenant } from '#kernel/database';
import { testPlatform } from '../platform.ts';
import { plaidAccount, plaidTransaction } from './plaid.ts';
import { type MadeStatement, writeCamt, writeCsv, writeMt940, writeOfx } from './write.ts';

const corpus = join(
  process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '../../../../shared/fixtures'),
  'corpora/bank/plaid-custom-users',
);

const platform = await testPlatform();
const root = await mkdtemp(join(tmpdir(), 'factotum-bank-'));
after(() => rm(root, { recursive: true, force: true }));

/** A folder of the server that a tenant watches, its ledger, and whatever of it was not taken for a bank file. */
async function buildFolder(name: string) {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  const tenantId = await platform.buildTenant();
  const keys = await platform.keyring.of(tenantId);
  const connector = createFolderConnector({ files: platform.fileIntake, rootsOf: async () => [root] });
  // The kit's host is of one tenant; the vault is of ours, and an hour later everything is whole.
  const at = () => new Date(Date.now() + 3_600_000);
  const poll = connector.poll ?? assert.fail('a folder is polled');
  const ours: typeof connector = { ...connector, poll: (context, ...rest) => poll({ ...context, tenantId, now: at }, ...rest) };
  const host = createHost({ connector: ours, settings: { path: folder, existing: 'new' }, credentials: {} });
  const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(platform.database.app.db, tenantId, work);
  return {
    folder,
    host,
    arrivals: () =>
      host.arrivals.flatMap((one) => (one.form === 'event' ? [{ title: one.title, payload: JSON.stringify(one.payload) }] : [])),
    transactions: () => inTenant((tx) => listTransactions({ tx, keys }, { limit: 10_000 })),
    accounts: () => inTenant((tx) => listAccounts({ tx, keys })),
  };
}

const made = (at: number): MadeStatement => ({
  ...{
    iban:
      ['DE89370400440532013000', 'NL91ABNA0417164300', 'GB29NWBK60161331926819', 'CH9300762011623852957', 'FR1420041010050500013M02606'][
        at
      ] ?? '',
  },
  ...{ currency: 'EUR', number: 1, openingMinor: 100_000, from: '2026-03-01', until: '2026-03-04' },
  entries: [
    { bookedOn: '2026-03-01', amountMinor: -1_250, name: 'Northwind', iban: null, text: 'Invoice 4711', reference: 'R1', endToEndId: null },
    { bookedOn: '2026-03-04', amountMinor: 200_099, name: 'Acme', iban: null, text: 'Thanks', reference: 'R2', endToEndId: null },
  ],
});

test('bank files in a watched folder come into the ledger, each known by its content, whatever it is called', async () => {
  const { folder, host, accounts, transactions, arrivals } = await buildFolder('formats');
  const files: Record<string, string> = {
    'statement.dat': writeCamt([made(0)]),
    download: writeMt940([made(1)]),
    'older.txt': writeOfx(made(2), 1),
    'newer.bin': writeOfx(made(3), 2),
    'table.csv': writeCsv(made(4)),
    'export.json': JSON.stringify({ accounts: [plaidAccount()], transactions: [plaidTransaction(), plaidTransaction({ amount: -5 })] }),
    'export.txt': JSON.stringify([plaidTransaction({ account_id: 'acc2' }), plaidTransaction({ account_id: 'acc2', amount: -5 })]),
    'letter.txt': 'Dear Sir,\nplease find attached our camt.053 statement.\n',
    'people.csv': 'Name,City\nAda,London\n',
    'event.json': '{"source":"shop","kind":"order","transaction_id":"1","currency":"EUR"}',
    'other.xml': '<?xml version="1.0"?><order><amount>1.00</amount></order>',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  await host.drain();
  assert.deepEqual(
    arrivals()
      .map(({ title }) => title)
      .sort(),
    ['event.json', 'letter.txt', 'other.xml', 'people.csv'],
  );
  assert.equal((await accounts()).length, 7);
  const found = await transactions();
  assert.deepEqual(
    Object.entries(Object.groupBy(found, ({ format }) => format))
      .map(([format, list]) => [format, list?.length])
      .sort(),
    [
      ['camt', 2],
      ['csv', 2],
      ['mt940', 2],
      ['ofx', 4],
      ['plaid', 4],
    ],
  );
  // The same statement under another name and in another format is known.
  await writeFile(join(folder, 'again.sta'), writeMt940([made(0)]));
  await writeFile(join(folder, 'copy.xml'), writeCamt([made(0)]));
  await host.drain();
  assert.equal((await transactions()).length, found.length);
});

/** Each kind of file that the corpus has; all of them are read one by one in the test of the reader. */
const folders = ['transactions', 'assets', 'liabilities', 'auth', 'blank_template_custom_sandbox_user.json'];

test(
  'files of the bank corpus in a watched folder are in the ledger, or arrive with the reason',
  existsSync(corpus) ? {} : { skip: `no ${corpus}` },
  async (t) => {
    const { folder, host, accounts, transactions, arrivals } = await buildFolder('corpus');
    for (const name of folders) await cp(join(corpus, name), join(folder, name), { recursive: true });
    await host.drain();
    const [kept, told] = [await transactions(), arrivals()];
    const reasons = Map.groupBy(
      told,
      ({ payload }) => /There is no booked transaction|names no currency/.exec(payload)?.[0] ?? 'no reason',
    );
    t.diagnostic(`${kept.length} transactions of ${(await accounts()).length} accounts`);
    for (const [reason, list] of reasons) t.diagnostic(`${reason}: ${list.map(({ title }) => title).join(', ')}`);
    assert.ok(kept.length >= 350 && kept.every(({ format }) => format === 'plaid'));
    assert.deepEqual(reasons.get('no reason') ?? [], []);
    // In the file it is -7500: what Plaid calls negative has come in.
    assert.ok(kept.some(({ amountMinor, text }) => amountMinor === 750_000 && /Gingham/.test(text)));
  },
);
