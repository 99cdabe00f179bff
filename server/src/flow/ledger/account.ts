import { z } from 'zod';
import { FactotumError, type Id, type JsonObject, newId } from '#kernel';
import { recordAudit } from '#trust/audit';
import { normaliseIban } from '#trust/policy';
import { continuityNotices } from './continuity.ts';
import {
  type AccountBody,
  type AccountNumber,
  accountBodySchema,
  type CsvMapping,
  type Notice,
  type StatementBody,
  statementBodySchema,
} from './schema.ts';
import {
  type AccountRow,
  findAccount,
  findPending,
  insertAccount,
  listAccountRows,
  listStatementRows,
  lockAccountByNumber,
  lockAccountRows,
  type StatementRow,
  type Unit,
  updateAccount,
} from './store.ts';

export interface Account extends AccountBody {
  readonly accountId: Id<'account'>;
  readonly version: number;
  /** A file waits until somebody says how to read it. */
  readonly hasPending: boolean;
}

export interface ListedAccount extends Account {
  readonly transactions: number;
  /** The newest closing balance that a statement named. */
  readonly balance: { readonly on: string; readonly amountMinor: number } | null;
  /** What is missing between its statements, or wrong in them. */
  readonly notices: readonly Notice[];
}

const openAccount = ({ keys }: Pick<Unit, 'keys'>, { accountId, body, version, hasPending }: AccountRow): Account => ({
  accountId,
  version,
  hasPending,
  ...keys.openJson({ kind: 'ledger.account', id: accountId }, body, accountBodySchema),
});

const sealAccount = ({ keys }: Unit, accountId: string, body: AccountBody): Buffer =>
  keys.sealJson({ kind: 'ledger.account', id: accountId }, accountBodySchema.parse(body));

/** What is the same for one account in whatever format: its IBAN, else its number, and its currency. */
const numberMac = ({ keys }: Unit, { iban, number, currency }: AccountNumber): Buffer =>
  iban === null ? keys.mac('ledger.account', 'number', number ?? '', currency) : keys.mac('ledger.account', 'iban', iban, currency);

/** The account of a statement, made where it is new, and locked until the transaction ends. */
export async function takeAccount(unit: Unit, given: AccountNumber, at: Date): Promise<Account> {
  const iban = given.iban === null ? null : normaliseIban(given.iban);
  const number = { ...given, iban };
  const mac = numberMac(unit, number);
  let row = await lockAccountByNumber(unit, mac);
  if (row === undefined) {
    const accountId = newId('account', at.getTime());
    const name = number.holder ?? iban ?? number.number ?? 'Account';
    await insertAccount(unit, {
      accountId,
      numberMac: mac,
      body: sealAccount(unit, accountId, { ...number, name: name.slice(0, 140), mapping: null, asked: null }),
      at,
    });
    row = await lockAccountByNumber(unit, mac);
  }
  if (row === undefined) throw new Error('an account was neither stored nor found');
  return openAccount(unit, row);
}

/** The accounts with this number, one for each of its currencies, locked until the transaction ends: before that of a statement is taken. */
export async function lockAccounts(unit: Unit, { iban, number }: AccountNumber): Promise<Id<'account'>[]> {
  const accounts = (await listAccountRows(unit)).map((row) => openAccount(unit, row));
  const same = accounts.filter((one) => (iban === null ? one.iban === null && one.number === number : one.iban === normaliseIban(iban)));
  return lockAccountRows(
    unit,
    same.map(({ accountId }) => accountId),
  );
}

/** @throws FactotumError `ledger.not_found` */
export async function readAccount(unit: Unit, accountId: string): Promise<Account> {
  const row = await findAccount(unit, accountId);
  if (row === undefined) throw new FactotumError('ledger.not_found', 'There is no such account.');
  return openAccount(unit, row);
}

export const openStatement = ({ keys }: Unit, { statementId, body }: StatementRow): StatementBody =>
  keys.openJson({ kind: 'ledger.statement', id: statementId }, body, statementBodySchema);

/** All accounts, with the balance that is known and what is missing. */
export async function listAccounts(unit: Unit): Promise<ListedAccount[]> {
  const rows = await listAccountRows(unit);
  return Promise.all(
    rows.map(async (row) => {
      const account = openAccount(unit, row);
      const statements = (await listStatementRows(unit, row.accountId)).map((one) => ({ ...one, body: openStatement(unit, one) }));
      const closings = statements.flatMap(({ body }) => body.closing ?? []).sort((one, other) => (one.on < other.on ? -1 : 1));
      return {
        ...account,
        transactions: row.transactions,
        balance: closings.at(-1) ?? null,
        notices: [
          ...continuityOf(statements, account.currency),
          ...statements.flatMap(({ body }) => body.notices.filter(({ code }) => code === 'balance_wrong')),
        ],
      };
    }),
  );
}

export const continuityOf = (
  statements: readonly { readonly fromOn: string | null; readonly untilOn: string | null; readonly body: StatementBody }[],
  currency: string,
): Notice[] =>
  continuityNotices(
    statements.flatMap(({ fromOn, untilOn, body: { opening, closing, running } }) =>
      fromOn === null || untilOn === null || opening === null || closing === null
        ? []
        : [{ fromOn, untilOn, opening: opening.amountMinor, closing: closing.amountMinor, running }],
    ),
    currency,
  );

/** What a CSV file asks before it can be read. */
export interface MappingQuestion {
  readonly account: AccountNumber;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly proposal: JsonObject;
  readonly questions: readonly string[];
  readonly sample: readonly (readonly string[])[];
}

/** Keeps a file until somebody has said how to read it. One file an account: the newest. */
export async function askMapping(unit: Unit, asked: MappingQuestion, at: Date): Promise<Account> {
  const { accountId, version: _, hasPending: __, ...body } = await takeAccount(unit, asked.account, at);
  const next: AccountBody = {
    ...body,
    asked: {
      name: asked.file,
      proposal: asked.proposal,
      questions: [...asked.questions],
      sample: asked.sample.map((line) => [...line]),
    },
  };
  const pending = unit.keys.seal('content', { kind: 'ledger.pending', id: accountId }, asked.bytes);
  await updateAccount(unit, { accountId, body: sealAccount(unit, accountId, next), pending, at });
  return readAccount(unit, accountId);
}

/** The file that waits at an account, and its name. */
export async function readPending(unit: Unit, account: Account): Promise<{ name: string; bytes: Buffer } | null> {
  const sealed = await findPending(unit, account.accountId);
  if (sealed === null) return null;
  return {
    name: account.asked?.name ?? 'file',
    bytes: unit.keys.open('content', { kind: 'ledger.pending', id: account.accountId }, sealed),
  };
}

export interface AccountChange {
  readonly name?: string | undefined;
  readonly iban?: string | undefined;
  readonly currency?: string | undefined;
  readonly mapping?: CsvMapping | undefined;
  /** The waiting file has been read. */
  readonly answered?: boolean;
}

/**
 * Names an account, or says how its files are read. An account of a CSV file gets its number this way.
 *
 * @throws FactotumError `ledger.not_found`; `request.invalid` when another account has this number.
 */
export async function changeAccount(
  unit: Unit,
  accountId: string,
  change: AccountChange,
  by: { readonly actor: string; readonly at: Date },
): Promise<Account> {
  const { accountId: id, version: _, hasPending: __, ...body } = await readAccount(unit, accountId);
  const next: AccountBody = {
    ...body,
    name: change.name ?? body.name,
    iban: change.iban ?? body.iban,
    currency: change.currency ?? body.currency,
    mapping: change.mapping ?? body.mapping,
    asked: change.answered === true ? null : body.asked,
  };
  const isRenumbered = next.iban !== body.iban || next.currency !== body.currency;
  const mac = numberMac(unit, next);
  if (isRenumbered) {
    const other = await lockAccountByNumber(unit, mac);
    if (other !== undefined && other.accountId !== id)
      throw new FactotumError(
        'request.invalid',
        `Another account has this number and currency: ${other.accountId}. Import the file for it.`,
      );
  }
  await updateAccount(unit, {
    accountId: id,
    body: sealAccount(unit, id, next),
    numberMac: isRenumbered ? mac : undefined,
    pending: change.answered === true ? null : undefined,
    at: by.at,
  });
  await recordAudit(unit.tx, unit.keys.tenantId, [
    {
      kind: 'ledger.changed',
      actor: by.actor,
      at: by.at,
      objectId: id,
      detail: { change: change.mapping === undefined ? 'account' : 'mapping' },
    },
  ]);
  return readAccount(unit, id);
}

/** The account whose CSV files have this header, when there is just one. */
export async function findByHeader(unit: Unit, header: readonly string[]): Promise<Account | null> {
  const accounts = (await listAccountRows(unit)).map((row) => openAccount(unit, row));
  const wanted = JSON.stringify(header);
  const found = accounts.filter(({ mapping }) => mapping !== null && JSON.stringify(mapping.header) === wanted);
  return found.length === 1 ? (found[0] ?? null) : null;
}

export const ibanSchema = z
  .string()
  .max(50)
  .transform((text, context) => {
    const iban = normaliseIban(text);
    if (iban !== null) return iban;
    context.addIssue('is not a valid IBAN');
    return z.NEVER;
  });
