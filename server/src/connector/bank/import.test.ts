import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createIntake, type IncomingEvent, type Intake } from '#flow/intake';
import { listAccounts, listHints, listTransactions, readRules, saveRules, setCategory, type Transaction } from '#flow/ledger';
import { createLogger, FactotumError, isFactotumError, systemClock } from '#kernel';
import { plaidAccount, plaidTransaction } from '../../../test/bank/plaid.ts';
import { closingOf, type MadeEntry, type MadeStatement, writeCamt, writeCsv, writeMt940, writeOfx } from '../../../test/bank/write.ts';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { createBankImport } from './import.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});
const door = { channel: 'http', submittedBy: 'key:test' } as const;

/** A tenant with a door for bank files, and what came out of it. */
async function buildLedger(now = new Date('2026-04-01T10:00:00Z')) {
  const { tenantId, keys, run } = await tenants.build();
  const events: IncomingEvent[] = [];
  const clock = { ...systemClock, now: () => now };
  const real = createIntake({
    ...{ database, clock, keysOf: tenants.keyring.of },
    admit: async () => undefined,
    onAccepted: () => undefined,
    readDocumentOf: () => async () => {
      throw new FactotumError('document.unreadable', 'Nothing is read here.');
    },
  });
  const box = { refuses: false };
  const intake: Pick<Intake, 'accept'> = {
    async accept(id, event) {
      if (box.refuses) throw new FactotumError('quota.exceeded', 'Later.');
      const accepted = await real.accept(id, event);
      if (accepted.created) events.push(event);
      return accepted;
    },
  };
  const bank = createBankImport({ database, keysOf: tenants.keyring.of, intake, clock, log: createLogger({ level: 'silent' }) });
  return {
    events,
    box,
    take: (text: string | Uint8Array, name = 'statement.xml', accountId?: string) =>
      bank.importBankFile(tenantId, name, typeof text === 'string' ? Buffer.from(text) : text, { ...door, accountId }),
    setMapping: (account: string, answer: Parameters<typeof bank.setMapping>[2]) => bank.setMapping(tenantId, account, answer, door),
    transactions: (limit = 10_000) => run((tx) => listTransactions({ tx, keys }, { limit })),
    accounts: () => run((tx) => listAccounts({ tx, keys })),
    hints: () => run((tx) => listHints({ tx, keys }, 100)),
    categorise: (id: string, category: string | null) =>
      run((tx) => setCategory({ tx, keys }, id, category, { actor: 'user:usr_1', at: now })),
    rules: (rules: Parameters<typeof saveRules>[1]['rules'], learnUpToMinor = 100_000) =>
      run(async (tx) =>
        saveRules(
          { tx, keys },
          { rules, learnUpToMinor, version: (await readRules({ tx, keys })).version },
          { actor: 'user:usr_1', at: now },
        ),
      ),
  };
}

const entry = (change: Partial<MadeEntry> = {}): MadeEntry => ({
  bookedOn: '2026-03-02',
  amountMinor: -1_250,
  name: 'Northwind GmbH',
  iban: 'NL91ABNA0417164300',
  text: 'Rechnung 4711',
  reference: null,
  endToEndId: null,
  ...change,
});
const statementOf = (entries: readonly MadeEntry[], change: Partial<MadeStatement> = {}): MadeStatement => ({
  iban: 'DE89370400440532013000',
  currency: 'EUR',
  number: 1,
  openingMinor: 100_000,
  entries,
  from: entries[0]?.bookedOn ?? '2026-03-01',
  until: entries.at(-1)?.bookedOn ?? '2026-03-01',
  ...change,
});
const shown = (transactions: readonly Transaction[]) =>
  transactions.map(({ bookedOn, amountMinor, counterparty, text }) => [bookedOn, amountMinor, counterparty.name, text].join(' | ')).sort();

test('a statement becomes an account, its transactions and one event; the same file again is known, and two equal payments of a day both stay', async () => {
  const ledger = await buildLedger();
  const file = writeCamt([statementOf([entry(), entry(), entry({ amountMinor: 9_900, bookedOn: '2026-03-03' })])]);
  const first = await ledger.take(file);
  assert.deepEqual([first.added, first.known, first.unreadable, first.notices, first.needsMapping], [3, 0, [], [], null]);
  const again = await ledger.take(file);
  assert.deepEqual([again.added, again.known], [0, 3]);
  assert.equal((await ledger.transactions()).length, 3);
  assert.deepEqual(
    ledger.events.map(({ kind, payload }) => [kind, payload.count]),
    [['bank.transactions', 3]],
  );
  const [account] = await ledger.accounts();
  assert.deepEqual(
    [account?.iban, account?.currency, account?.balance?.amountMinor, account?.transactions],
    ['DE89370400440532013000', 'EUR', 107_400, 3],
  );
});

test('of two files that overlap each entry is there once, in whatever format the second comes', async () => {
  const all = [1, 2, 2, 3, 4].map((day, at) =>
    entry({ bookedOn: `2026-03-0${day}`, amountMinor: day === 2 ? -500 : 100 * (at + 1), text: day === 2 ? 'Same' : `Text ${at}` }),
  );
  const part = all.slice(0, 3);
  const rest = statementOf(all.slice(1), { openingMinor: 100_000 + (all[0]?.amountMinor ?? 0) });
  for (const write of [
    (made: MadeStatement) => writeCamt([made]),
    (made: MadeStatement) => writeMt940([made]),
    (made: MadeStatement) => writeOfx(made),
    writeCsv,
  ]) {
    const ledger = await buildLedger();
    await ledger.take(writeCamt([statementOf(part)]));
    const second = await ledger.take(write(rest), 'statement.csv');
    assert.deepEqual([second.added, second.known, second.notices], [2, 2, []]);
    assert.deepEqual(
      (await ledger.transactions()).map(({ amountMinor }) => amountMinor).sort((a, b) => a - b),
      all.map(({ amountMinor }) => amountMinor).sort((a, b) => a - b),
    );
  }
});

test('however a history is cut into statements, in whatever order they come and how often: the ledger is the same', async () => {
  const few = fc.record({
    day: fc.integer({ min: 1, max: 9 }),
    amountMinor: fc.integer({ min: -900_000, max: 900_000 }).filter((amount) => amount !== 0),
    twice: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(few, { minLength: 2, maxLength: 12 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat()),
      async (made, cuts, random) => {
        const entries = made
          .flatMap(({ day, amountMinor, twice }) => {
            const one = entry({ bookedOn: `2026-03-0${day}`, amountMinor, text: 'Equal' });
            return twice ? [one, one] : [one];
          })
          .sort((a, b) => (a.bookedOn < b.bookedOn ? -1 : 1));
        const places = [...new Set([0, ...cuts.map((cut) => cut % entries.length), entries.length])].sort((a, b) => a - b);
        const parts = places.slice(1).map((end, at) => {
          const begin = places[at] ?? 0;
          const openingMinor = 100_000 + entries.slice(0, begin).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
          return statementOf(entries.slice(begin, end), { openingMinor, number: at + 1 });
        });
        const ledger = await buildLedger();
        const order = parts.map((part) => ({ part, key: random.next().value })).sort((a, b) => a.key - b.key);
        for (const { part, key } of order) {
          await ledger.take(writeCamt([part]));
          if (key % 3 === 0) await ledger.take(writeCamt([part]));
        }
        assert.deepEqual(
          shown(await ledger.transactions()),
          entries.map(({ bookedOn, amountMinor, name, text }) => [bookedOn, amountMinor, name, text].join(' | ')).sort(),
        );
        // The whole at the end adds nothing.
        assert.equal((await ledger.take(writeCamt([statementOf(entries, { number: 99 })]))).added, 0);
        assert.deepEqual((await ledger.accounts())[0]?.notices, []);
      },
    ),
    { numRuns: 10, endOnFailure: true },
  );
});

test('what is missing between statements is named, and so is one that does not add up', async () => {
  const ledger = await buildLedger();
  await ledger.take(writeCamt([statementOf([entry()])]));
  const later = statementOf([entry({ bookedOn: '2026-03-20' })], { openingMinor: 50_000, number: 3 });
  const gap = await ledger.take(writeCamt([later]));
  assert.match(gap.notices[0]?.text ?? '', /Between 2026-03-02 and 2026-03-20 .* from 987\.50 EUR to 500\.00 EUR/);
  const middle = statementOf([entry({ bookedOn: '2026-03-10', amountMinor: -48_750 })], { openingMinor: 98_750, number: 2 });
  assert.deepEqual((await ledger.take(writeCamt([middle]))).notices, []);
  const wrong = statementOf([entry({ bookedOn: '2026-03-25' })], { openingMinor: closingOf(later), number: 4 });
  const broken = await ledger.take(writeCamt([wrong]).replaceAll('>12.50<', '>13.50<'));
  assert.match(broken.notices[0]?.text ?? '', /off by 1\.00 EUR/);
});

test('a reversal is tied to what it takes back, and a correction of OFX replaces', async () => {
  const ledger = await buildLedger();
  await ledger.take(writeMt940([statementOf([entry(), entry({ bookedOn: '2026-03-05', amountMinor: 1_250, isReversal: true })])]));
  const [back, taken] = await ledger.transactions();
  assert.deepEqual([back?.reverses, taken?.reversedBy], [taken?.transactionId, back?.transactionId]);
  const other = await buildLedger();
  const made = statementOf([entry({ reference: 'F1' })]);
  await other.take(writeOfx(made));
  await other.take(
    writeOfx(statementOf([entry({ reference: 'F2', amountMinor: -1_300 })])).replace(
      '<NAME>',
      '<CORRECTFITID>F1</CORRECTFITID><CORRECTACTION>REPLACE</CORRECTACTION><NAME>',
    ),
  );
  assert.deepEqual(
    (await other.transactions()).map(({ amountMinor, replaced }) => [amountMinor, replaced]).sort(),
    [
      [-1_250, true],
      [-1_300, false],
    ].sort(),
  );
});

test('an event that could not be told is told when the file comes again, and once', async () => {
  const ledger = await buildLedger();
  const file = writeCamt([statementOf([entry()])]);
  ledger.box.refuses = true;
  await assert.rejects(ledger.take(file), (error) => isFactotumError(error, 'quota.exceeded'));
  ledger.box.refuses = false;
  await ledger.take(file);
  await ledger.take(file);
  assert.deepEqual(
    ledger.events.map(({ kind }) => kind),
    ['bank.transactions'],
  );
  assert.equal((await ledger.transactions()).length, 1);
});

test('two processes that take the same file in at once make each transaction once', async () => {
  const ledger = await buildLedger();
  const file = writeCamt([statementOf([entry(), entry()])]);
  await Promise.all(Array.from({ length: 4 }, () => ledger.take(file)));
  assert.equal((await ledger.transactions()).length, 2);
});

test('a table that says everything itself is read at once; another header asks again', async () => {
  const ledger = await buildLedger();
  const made = statementOf([entry({ amountMinor: -123_456 }), entry({ bookedOn: '2026-03-14', amountMinor: 50 })]);
  const first = await ledger.take(Buffer.from(writeCsv(made), 'latin1'), 'umsaetze.csv');
  assert.deepEqual([first.added, first.needsMapping, first.unreadable], [2, null, []]);
  const changed = writeCsv(statementOf([entry({ bookedOn: '2026-03-20' })])).replace('"Betrag"', '"Betrag in EUR"');
  const asked = await ledger.take(changed, 'umsaetze.csv');
  assert.equal(asked.added, 0);
  assert.ok(asked.needsMapping?.questions.some((question) => /not those of the files before/.test(question)));
  const mapping = { ...(await ledger.accounts())[0]?.mapping, header: asked.needsMapping?.sample[0] ?? [] };
  const answered = await ledger.setMapping(asked.account, { mapping: mapping as Parameters<typeof ledger.setMapping>[1]['mapping'] }); // As the account has it.
  assert.equal(answered?.added, 1);
  assert.equal((await ledger.accounts())[0]?.asked, null);
});

test('a table that could be read in two ways waits for a person, whose answer is kept', async () => {
  const ledger = await buildLedger();
  const table = (day: string) => `Date,Description,Amount\n${day},Coffee,-3.50\n04/05/2026,Tea,-2.50\n`;
  const asked = await ledger.take(table('03/04/2026'), 'export.csv');
  assert.deepEqual(asked.needsMapping?.questions, [
    'Are dates written day first or month first?',
    'Which account is this?',
    'Which currency are the amounts in?',
  ]);
  const columns = {
    bookedOn: 0,
    amount: 2,
    text: [1],
    valueOn: null,
    credit: null,
    debit: null,
    sign: null,
    currency: null,
    counterparty: null,
  };
  const answered = await ledger.setMapping(asked.account, {
    mapping: {
      header: ['Date', 'Description', 'Amount'],
      delimiter: ',',
      decimalPoint: '.',
      dateOrder: 'mdy',
      columns: { ...columns, counterpartyAccount: null, balance: null, reference: null, ownAccount: null },
    },
    currency: 'USD',
    name: 'Petty cash',
  });
  assert.equal(answered?.added, 2);
  assert.equal((await ledger.take(table('03/06/2026'), 'export.csv')).added, 1);
  assert.deepEqual(
    (await ledger.transactions()).map(({ bookedOn, amountMinor, currency }) => `${bookedOn} ${amountMinor} ${currency}`).sort(),
    ['2026-03-04 -350 USD', '2026-03-06 -350 USD', '2026-04-05 -250 USD'],
  );
});

test('rules come first, then what a person has shown; large amounts wait for a person; each category says why', async () => {
  const ledger = await buildLedger();
  await ledger.rules([{ category: 'Rent', text: 'Miete', direction: 'out', event: true }], 10_000);
  await ledger.take(writeCamt([statementOf([entry({ text: 'Miete März' }), entry({ name: 'Blue Bean Coffee', text: 'Cappuccino' })])]));
  const coffee = (await ledger.transactions()).find(({ text }) => text === 'Cappuccino') ?? assert.fail();
  assert.equal(coffee.category, null);
  await ledger.categorise(coffee.transactionId, 'Food');
  const next = [
    entry({ bookedOn: '2026-03-09', name: 'Blue Bean Coffee', text: 'Espresso' }),
    entry({ bookedOn: '2026-03-09', name: 'Blue Bean Coffee', text: 'Machine', amountMinor: -90_000 }),
  ];
  await ledger.take(writeCamt([statementOf(next, { openingMinor: 97_500, number: 2 })]));
  const by = new Map((await ledger.transactions()).map((one) => [one.text, one]));
  assert.deepEqual(
    [by.get('Miete März')?.category, by.get('Miete März')?.categorisedBy, by.get('Miete März')?.categoryWhy],
    ['Rent', 'rule', 'Rule 1: the text has "Miete", money goes out.'],
  );
  assert.deepEqual([by.get('Espresso')?.category, by.get('Espresso')?.categorisedBy], ['Food', 'learned']);
  assert.match(by.get('Espresso')?.categoryWhy ?? '', /Like "Blue Bean Coffee", which a person called Food/);
  assert.deepEqual([by.get('Machine')?.category, by.get('Machine')?.proposal?.category], [null, 'Food']);
  assert.deepEqual(
    ledger.events.map(({ kind }) => kind),
    ['bank.transactions', 'bank.transaction', 'bank.transactions'],
  );
});

test('an unusual charge, a subscription and its rise are told once', async () => {
  const ledger = await buildLedger();
  const monthly = Array.from({ length: 8 }, (_, at) => {
    const day = new Date(Date.UTC(2025, 7 + at, 15)).toISOString().slice(0, 10);
    return [
      entry({ bookedOn: day, name: 'Streamly', text: 'Plan', amountMinor: at === 7 ? -1_299 : -999 }),
      entry({ bookedOn: day, name: 'Power Co', text: 'Power', amountMinor: at === 7 ? -90_000 : -9_000 - at * 10 }),
    ];
  }).flat();
  const file = statementOf(monthly);
  await ledger.take(writeCamt([file]));
  assert.deepEqual((await ledger.hints()).map(({ kind, title }) => `${kind}: ${title}`).sort(), [
    'price_rise: Streamly costs more: 12.99 EUR instead of 9.99 EUR',
    'subscription: Streamly takes 12.99 EUR every month',
    'unused: Is Streamly still used?',
    'unusual: Unusual charge: 900.00 EUR to Power Co',
  ]);
  const before = ledger.events.length;
  await ledger.take(writeCamt([statementOf([entry({ bookedOn: '2026-03-20' })], { openingMinor: closingOf(file), number: 2 })]));
  assert.equal(ledger.events.filter(({ kind }) => kind === 'bank.hint').length, 4);
  assert.equal(ledger.events.length, before + 1);
});

test('yen and dinars are counted in their own smallest units', async () => {
  const ledger = await buildLedger();
  for (const currency of ['JPY', 'KWD']) await ledger.take(writeCamt([statementOf([entry({ amountMinor: -1_250 })], { currency })]));
  assert.deepEqual(
    (await ledger.transactions()).map(({ amountMinor, currency }) => [amountMinor, currency]).sort(),
    [
      [-1_250, 'JPY'],
      [-1_250, 'KWD'],
    ].sort(),
  );
  assert.equal((await ledger.accounts()).length, 2);
});

test('transactions of Plaid come in once, first pending and then posted; changed ones are replaced, withdrawn ones count no longer', async () => {
  const { take, transactions, accounts, events } = await buildLedger();
  const sync = (change: object) =>
    JSON.stringify({ accounts: [plaidAccount()], added: [], modified: [], removed: [], next_cursor: 'c', has_more: false, ...change });
  const of = (transaction_id: string, change: object = {}) => plaidTransaction({ transaction_id, ...change });
  const first = await take(sync({ added: [of('A'), of('B'), of('P', { pending: true })] }), 'first.json');
  assert.deepEqual([first.added, first.unreadable], [2, []]);
  const second = await take(
    sync({
      added: [of('T', { pending_transaction_id: 'P', amount: 23.5 })],
      modified: [of('A', { amount: 11 })],
      removed: [
        { transaction_id: 'P', account_id: 'acc1' },
        { transaction_id: 'B', account_id: 'acc1' },
      ],
    }),
    'second.json',
  );
  assert.deepEqual([second.added, second.known], [2, 0]);
  const counted = (await transactions()).filter(({ replaced }) => !replaced);
  assert.deepEqual(counted.map(({ bankReference, amountMinor, format }) => [bankReference, amountMinor, format]).sort(), [
    ['A', -1_100, 'plaid'],
    ['T', -2_350, 'plaid'],
  ]);
  assert.equal((await transactions()).length, 4);
  // The whole history again, as /transactions/get has it.
  const all = JSON.stringify({ accounts: [plaidAccount()], transactions: [of('T', { amount: 23.5 }), of('A', { amount: 11 })] });
  assert.deepEqual([(await take(all, 'all.json')).added, (await accounts()).length, events.length], [0, 1, 2]);
});
