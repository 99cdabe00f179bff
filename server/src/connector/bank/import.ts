import { createHash } from 'node:crypto';
import type { IncomingEvent, Intake } from '#flow/intake';
import {
  type Account,
  askMapping,
  type CsvMapping,
  changeAccount,
  findByHeader,
  markHintAnnounced,
  matchOpen,
  type Notice,
  noticeHints,
  type Recorded,
  readAccount,
  readPending,
  recordStatement,
  type Statement,
  setAnnounced,
  takeAccount,
  type Unit,
  type Unreadable,
  unannouncedHints,
} from '#flow/ledger';
import { type Clock, type Id, isFactotumError, type JsonObject, type Logger } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { batchEvent, hintEvent, transactionEvent } from './event.ts';
import { type Row, readCsv, readRows } from './file/csv.ts';
import { type Detected, detectDelimiter, detectMapping, ownAccountOf } from './file/csv-detect.ts';
import { readBankFile } from './file/read.ts';
import { unreadable } from './file/unreadable.ts';

/** By which way a file came, and who brought it. */
export interface FileDoor {
  readonly channel: 'http' | 'drop' | 'command' | 'connection' | 'upload' | 'webhook';
  readonly submittedBy: string;
  /** The account that a CSV file is of, where somebody says so. */
  readonly accountId?: string | undefined;
}

/** What a CSV file asks before it is read. It waits at the account. */
export interface NeededMapping {
  readonly account: Id<'account'>;
  readonly questions: readonly string[];
  readonly proposal: JsonObject;
  readonly sample: readonly (readonly string[])[];
}

/** What became of a file. */
export interface Imported {
  /** The first account in it. */
  readonly account: Id<'account'>;
  readonly accounts: readonly { readonly account: Id<'account'>; readonly added: number; readonly known: number }[];
  readonly added: number;
  readonly known: number;
  /** Entries that could not be read; all others were. */
  readonly unreadable: readonly Unreadable[];
  /** What is wrong with balances, or missing between statements. */
  readonly notices: readonly Notice[];
  /** Invoices that are paid by what came in. */
  readonly matched: number;
  readonly needsMapping: NeededMapping | null;
}

export interface MappingAnswer {
  readonly mapping: CsvMapping;
  readonly iban?: string | undefined;
  readonly currency?: string | undefined;
  readonly name?: string | undefined;
}

export interface BankImport {
  /**
   * Takes a bank file in, whatever way it came. The same file again changes nothing. What is new becomes an event `bank.transactions`.
   *
   * @throws FactotumError `ledger.unreadable`, naming line and fix; what intake throws, and then the same file is to be sent again.
   */
  importBankFile(tenantId: Id<'tenant'>, name: string, bytes: Uint8Array, door: FileDoor): Promise<Imported>;
  /** Says how the CSV files of an account are read, and reads the one that waits. @throws FactotumError `ledger.not_found`; `ledger.unreadable`. */
  setMapping(tenantId: Id<'tenant'>, accountId: string, answer: MappingAnswer, door: FileDoor): Promise<Imported | null>;
}

interface BankImportDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly intake: Pick<Intake, 'accept'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The way of bank files into the ledger. */
export function createBankImport(deps: BankImportDeps): BankImport {
  const inUnit = async <R>(tenantId: Id<'tenant'>, work: (unit: Unit) => Promise<R>): Promise<R> => {
    const keys = await deps.keysOf(tenantId);
    return withTenant(deps.database.app.db, tenantId, (tx) => work({ tx, keys }));
  };

  async function importBankFile(tenantId: Id<'tenant'>, name: string, bytes: Uint8Array, door: FileDoor): Promise<Imported> {
    const file = readBankFile(bytes, name);
    if (file.kind === 'statements') return take(tenantId, name, bytes, file.statements, door);
    const table = await inUnit(tenantId, (unit) =>
      readTable(unit, { name, bytes, text: file.text, accountId: door.accountId }, deps.clock.now()),
    );
    if (table.kind === 'asks') return table.imported;
    const imported = await take(tenantId, name, bytes, [table.statement], door);
    const { learned } = table;
    // Certain as it was, from now on it counts: another header asks.
    if (learned !== null)
      await inUnit(tenantId, (unit) =>
        changeAccount(unit, imported.account, { mapping: learned }, { actor: door.submittedBy, at: deps.clock.now() }),
      );
    return imported;
  }

  /** Each statement is a transaction of its own: a file of a year is no reason to lock a year. */
  async function take(
    tenantId: Id<'tenant'>,
    name: string,
    bytes: Uint8Array,
    statements: readonly Statement[],
    door: FileDoor,
  ): Promise<Imported> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const recorded: Recorded[] = [];
    let matched = 0;
    for (const [index, statement] of statements.entries()) {
      const at = deps.clock.now();
      const one = await inUnit(tenantId, async (unit) => {
        const done = await recordStatement(unit, statement, { name, sha256, index }, { actor: door.submittedBy, at });
        if ((done.added.length > 0 && !done.isRepeated) || done.gone > 0) matched += (await matchOpen(unit, at)).accepted.length;
        return done;
      });
      recorded.push(one);
      await announce(tenantId, statement, one, door);
    }
    await tellHints(tenantId, door);
    const [first] = recorded;
    if (first === undefined) throw unreadable(1, 'There is no statement in this file.', 'Export it again from your bank.');
    return {
      account: first.accountId,
      accounts: recorded.map(({ accountId, added, known, isRepeated }, at) => ({
        account: accountId,
        added: isRepeated ? 0 : added.length,
        known: isRepeated ? (statements[at]?.entries.length ?? 0) : known,
      })),
      added: recorded.reduce((sum, { added, isRepeated }) => sum + (isRepeated ? 0 : added.length), 0),
      known: recorded.reduce((sum, { known, isRepeated, added }) => sum + known + (isRepeated ? added.length : 0), 0),
      unreadable: statements.flatMap((statement) => statement.unreadable),
      notices: [...new Map(recorded.flatMap(({ notices }) => notices).map((notice) => [notice.text, notice])).values()],
      matched,
      needsMapping: null,
    };
  }

  /** The event has the statement's id, so that whoever dies between the two commits tells it again and no second task is made. */
  async function announce(tenantId: Id<'tenant'>, statement: Statement, recorded: Recorded, door: FileDoor): Promise<void> {
    if (recorded.announced || recorded.added.length === 0) return;
    const account = await inUnit(tenantId, (unit) => readAccount(unit, recorded.accountId));
    await tell(tenantId, batchEvent(account, statement, recorded, door));
    for (const transaction of recorded.added.filter(({ transactionId }) => recorded.eventIds.includes(transactionId)))
      await tell(tenantId, transactionEvent(account, transaction, door));
    await inUnit(tenantId, (unit) => setAnnounced(unit, recorded.statementId));
  }

  /** Told before in other words, since a person has changed something meanwhile: the first counts. */
  async function tell(tenantId: Id<'tenant'>, event: IncomingEvent): Promise<void> {
    await deps.intake.accept(tenantId, event).catch((error: unknown) => {
      if (!isFactotumError(error, 'event.conflict')) throw error;
    });
  }

  async function tellHints(tenantId: Id<'tenant'>, door: FileDoor): Promise<void> {
    try {
      await inUnit(tenantId, (unit) => noticeHints(unit, deps.clock.now()));
      for (const hint of await inUnit(tenantId, unannouncedHints)) {
        await tell(tenantId, hintEvent(hint, door));
        await inUnit(tenantId, (unit) => markHintAnnounced(unit, hint.id));
      }
    } catch (error) {
      // The transactions are in; what is not told now is told with the next file.
      if (!isFactotumError(error, 'quota.exceeded')) throw error;
      deps.log.info({ tenantId }, 'bank: hints wait, since the tenant has sent as many events as it may');
    }
  }

  return {
    importBankFile,
    async setMapping(tenantId, accountId, { mapping, ...names }, door) {
      const pending = await inUnit(tenantId, async (unit) => {
        const account = await readAccount(unit, accountId);
        const by = { actor: door.submittedBy, at: deps.clock.now() };
        const file = await readPending(unit, account);
        await changeAccount(unit, accountId, { ...names, mapping }, by);
        return file;
      });
      if (pending === null) return null;
      const imported = await importBankFile(tenantId, pending.name, pending.bytes, { ...door, accountId });
      // Once it is in, and not before: a mapping that does not fit can be corrected.
      if (imported.needsMapping === null)
        await inUnit(tenantId, (unit) =>
          changeAccount(unit, accountId, { answered: true }, { actor: door.submittedBy, at: deps.clock.now() }),
        );
      return imported;
    },
  };
}

type Table =
  | { readonly kind: 'read'; readonly statement: Statement; readonly learned: CsvMapping | null }
  | { readonly kind: 'asks'; readonly imported: Imported };

/** How many lines a person sees when asked. */
const sampleLines = 5;

/**
 * Reads a table by what is known of its account, or by what it says itself where that is certain; else it is kept and a person is asked.
 * A header that is not the one of the account asks again, however certain its reading would be: the bank has changed something.
 */
async function readTable(
  unit: Unit,
  file: { readonly name: string; readonly bytes: Uint8Array; readonly text: string; readonly accountId: string | undefined },
  at: Date,
): Promise<Table> {
  const delimiter = detectDelimiter(file.text);
  if (delimiter === null) throw unreadable(1, 'The lines of this file have no columns.', 'Export CSV with a header from your bank.');
  const rows = readRows(file.text, delimiter);
  const cells = rows.map((row) => row.cells);
  const given = file.accountId === undefined ? null : await readAccount(unit, file.accountId);
  const mapped = await knownMapping(unit, rows, given);
  if (mapped !== null) return { kind: 'read', statement: readCsv(rows, mapped.headerAt, mapped.mapping, mapped.account), learned: null };
  const detected = detectMapping(cells, delimiter);
  const headerAt = detected?.headerAt ?? 0;
  const own = ownAccountOf(cells, headerAt, detected?.mapping.columns ?? {}, file.name);
  const currency = own.currency ?? given?.currency ?? null;
  const iban = own.iban ?? given?.iban ?? null;
  const header = cells[headerAt] ?? [];
  const number = given ?? { iban, number: `table:${header.join('|').slice(0, 60)}`, bic: null, holder: null, currency: currency ?? 'EUR' };
  const before = given ?? (iban !== null && currency !== null ? await takeAccount(unit, number, at) : null);
  const questions = [
    ...(detected?.questions ?? ['Which line is the header, and what are its columns?']),
    ...(given === null && iban === null ? ['Which account is this?'] : []),
    ...(currency === null ? ['Which currency are the amounts in?'] : []),
    ...(before !== null && before.mapping !== null ? ['The columns are not those of the files before. Are they read correctly?'] : []),
  ];
  const mapping = questions.length > 0 || detected === null ? null : completed(detected.mapping);
  if (mapping !== null)
    return {
      kind: 'read',
      statement: readCsv(rows, headerAt, mapping, { ...number, currency: currency ?? number.currency }),
      learned: mapping,
    };
  // What is JSON of numbers and texts, with the members left out that are not there.
  const proposal: JsonObject = JSON.parse(JSON.stringify(detected?.mapping ?? { header, delimiter, columns: {} }));
  const sample = cells.slice(headerAt, headerAt + 1 + sampleLines);
  const account = await askMapping(unit, { account: number, file: file.name, bytes: file.bytes, proposal, questions, sample }, at);
  return {
    kind: 'asks',
    imported: {
      ...{ account: account.accountId, accounts: [], added: 0, known: 0, unreadable: [], notices: [], matched: 0 },
      needsMapping: { account: account.accountId, questions, proposal, sample },
    },
  };
}

/** A line of the file that is the header of the account's mapping, or of just one account's. */
async function knownMapping(
  unit: Unit,
  rows: readonly Row[],
  given: Account | null,
): Promise<{ headerAt: number; mapping: CsvMapping; account: Account } | null> {
  for (const [headerAt, { cells }] of rows.slice(0, 40).entries()) {
    if (cells.length < 2) continue;
    const account = given ?? (await findByHeader(unit, cells));
    const mapping = account?.mapping ?? null;
    if (account !== null && mapping !== null && JSON.stringify(mapping.header) === JSON.stringify(cells))
      return { headerAt, mapping, account };
    if (given !== null && given.mapping === null) return null;
  }
  return null;
}

/** With every column that was not found named as such; null when something is missing after all. */
function completed({ columns, header, delimiter, decimalPoint, dateOrder }: Detected['mapping']): CsvMapping | null {
  const { bookedOn, text, ...others } = columns;
  if (bookedOn === undefined || header === undefined || delimiter === undefined || decimalPoint === undefined || dateOrder === undefined)
    return null;
  const none = {
    valueOn: null,
    amount: null,
    credit: null,
    debit: null,
    sign: null,
    currency: null,
    counterparty: null,
    counterpartyAccount: null,
  };
  return {
    header,
    delimiter,
    decimalPoint,
    dateOrder,
    columns: { ...none, balance: null, reference: null, ownAccount: null, ...others, bookedOn, text: text ?? [] },
  };
}
