import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readBankFile } from '../../src/connector/bank/file/read.ts';
import { closingOf, type MadeEntry, type MadeStatement, writeCamt } from '../bank/write.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-camt-'));
after(() => rm(folder, { recursive: true, force: true }));

/** What a reader says of one account: number, last balance, and of each entry day, amount in units of the currency, end-to-end id. */
interface Read {
  readonly iban: string | null;
  readonly closing: number | null;
  readonly entries: readonly (readonly [day: string, amount: number, endToEndId: string | null])[];
}

/** The statements as AqBanking reads them, with its own XML parser and its own description of camt.053. */
async function askAqBanking(camt: string): Promise<Read[]> {
  const [file, context] = [join(folder, 'statement.xml'), join(folder, 'statement.ctx')];
  await writeFile(file, camt);
  await rm(context, { force: true });
  const given = ['import', '--importer=xml', '--profile=camt_053_001_04', '-f', file, '-c', context];
  const ran = spawnSync('aqbanking-cli', [`--cfgdir=${join(folder, 'settings')}`, ...given], {
    timeout: 60_000,
    env: { ...process.env, HOME: folder },
  });
  assert.equal(ran.status, 0, ran.stderr.toString());
  // Its own form of keeping data: groups in braces, values percent-encoded, amounts as fractions.
  const text = await readFile(context, 'utf8');
  const valueIn = (part: string, name: string) => {
    const found = new RegExp(`char ${name}="([^"]*)"`).exec(part)?.[1];
    return found === undefined ? null : decodeURIComponent(found);
  };
  const groups = (part: string, name: string) =>
    part
      .split(new RegExp(`\\b${name} \\{`))
      .slice(1)
      .map((rest) => rest.split(`} #${name}`)[0] ?? '');
  const amountIn = (part: string) => {
    const [, count, unit] = /^(-?\d+)(?:\/(\d+))?:/.exec(valueIn(part, 'value') ?? '') ?? [];
    return Number(count) / Number(unit ?? 1);
  };
  const dayIn = (part: string) => (valueIn(part, 'date') ?? '').replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  return groups(text, 'accountInfo').map((account) => {
    const closing = groups(account, 'balance').find((one) => valueIn(one, 'type') === 'booked');
    return {
      iban: valueIn(account, 'iban'),
      closing: closing === undefined ? null : amountIn(closing),
      entries: groups(account, 'transaction').map((one) => {
        const id = valueIn(one, 'endToEndReference');
        return [dayIn(one), amountIn(one), id === 'NOTPROVIDED' ? null : id] as const;
      }),
    };
  });
}

const entry = (change: Partial<MadeEntry>): MadeEntry => ({
  ...{ bookedOn: '2026-03-01', amountMinor: -1_250, name: 'Northwind', iban: 'NL91ABNA0417164300', text: 'Invoice 4711' },
  ...{ reference: null, endToEndId: null, ...change },
});
const statements: readonly MadeStatement[] = [
  {
    ...{ iban: 'DE89370400440532013000', currency: 'EUR', number: 7, openingMinor: 100_000, from: '2026-03-01', until: '2026-03-31' },
    entries: [
      entry({ endToEndId: 'E2E-1', reference: 'R1' }),
      entry({ amountMinor: 200_099, bookedOn: '2026-03-02', name: 'Größe & Söhne <GmbH>', iban: null, text: 'Thanks & regards' }),
      entry({ amountMinor: -7, bookedOn: '2026-03-31', isReversal: true, endToEndId: 'E2E-2' }),
      entry({ amountMinor: 12_345_678_901, bookedOn: '2026-03-31' }),
    ],
  },
  {
    ...{ iban: 'NL91ABNA0417164300', currency: 'EUR', number: 8, openingMinor: -50_001, from: '2028-02-29', until: '2028-02-29' },
    entries: [entry({ bookedOn: '2028-02-29', amountMinor: 1 }), entry({ bookedOn: '2028-02-29', amountMinor: -100 })],
  },
];

for (const version of ['02', '04', '08', '13'] as const)
  test(`AqBanking reads the same out of camt.053 version ${version} as we do: accounts, balances, days, amounts, references`, async () => {
    const camt = writeCamt(statements, version);
    const ours = readBankFile(Buffer.from(camt), 'statement.xml');
    assert.ok(ours.kind === 'statements');
    const seen = ours.statements.map(
      ({ account, closing, entries }): Read => ({
        iban: account.iban,
        closing: closing === null ? null : closing.amountMinor / 100,
        entries: entries.map(({ bookedOn, amountMinor, endToEndId }) => [bookedOn, amountMinor / 100, endToEndId]),
      }),
    );
    const theirs = await askAqBanking(camt);
    assert.deepEqual(theirs, seen);
    assert.deepEqual(
      theirs.map(({ closing }) => closing),
      statements.map((one) => closingOf(one) / 100),
    );
  });
