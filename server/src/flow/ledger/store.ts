import { sql } from 'kysely';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

/** One transaction of one tenant, and its keys. */
export interface Unit {
  readonly tx: Tx;
  readonly keys: TenantKeys;
}

export interface AccountRow {
  readonly accountId: Id<'account'>;
  readonly version: number;
  readonly body: Buffer;
  readonly hasPending: boolean;
}

export const findAccount = ({ tx, keys }: Unit, accountId: string) =>
  sql<AccountRow>`select account_id, version, body, pending is not null as has_pending from app.ledger_account
    where tenant_id = ${keys.tenantId} and account_id = ${accountId}`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** Locks it: what comes in for one account comes in one after the other. */
export const lockAccountByNumber = ({ tx, keys }: Unit, numberMac: Buffer) =>
  sql<AccountRow>`select account_id, version, body, pending is not null as has_pending from app.ledger_account
    where tenant_id = ${keys.tenantId} and number_mac = ${numberMac} for update`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** Always in one order. */
export const lockAccountRows = ({ tx, keys }: Unit, ids: readonly string[]) =>
  sql<{ accountId: Id<'account'> }>`select account_id from app.ledger_account
    where tenant_id = ${keys.tenantId} and account_id = any(${[...ids]}::text[]) order by account_id for update`
    .execute(tx)
    .then(({ rows }) => rows.map(({ accountId }) => accountId));

/** False when somebody else has just made one with this number. */
export const insertAccount = ({ tx, keys }: Unit, row: { accountId: string; numberMac: Buffer; body: Buffer; at: Date }) =>
  sql`insert into app.ledger_account (tenant_id, account_id, number_mac, version, body, created_at, updated_at)
    values (${keys.tenantId}, ${row.accountId}, ${row.numberMac}, 1, ${row.body}, ${row.at}, ${row.at}) on conflict do nothing`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

export const updateAccount = (
  { tx, keys }: Unit,
  row: { accountId: string; body: Buffer; at: Date; numberMac?: Buffer | undefined; pending?: Buffer | null | undefined },
) =>
  sql`update app.ledger_account set body = ${row.body}, version = version + 1, updated_at = ${row.at},
      number_mac = coalesce(${row.numberMac ?? null}, number_mac),
      pending = case when ${row.pending !== undefined} then ${row.pending ?? null}::bytea else pending end
    where tenant_id = ${keys.tenantId} and account_id = ${row.accountId}`.execute(tx);

export const findPending = ({ tx, keys }: Unit, accountId: string) =>
  sql<{ pending: Buffer | null }>`select pending from app.ledger_account where tenant_id = ${keys.tenantId} and account_id = ${accountId}`
    .execute(tx)
    .then(({ rows }) => rows[0]?.pending ?? null);

/** A tenant has few accounts; more than this nobody looks through. */
const accountsMax = 500;

export const listAccountRows = ({ tx, keys }: Unit) =>
  sql<AccountRow & { transactions: number }>`
    select account_id, version, body, pending is not null as has_pending,
      (select count(*)::int from app.ledger_transaction t where t.tenant_id = a.tenant_id and t.account_id = a.account_id) as transactions
    from app.ledger_account a where tenant_id = ${keys.tenantId} order by account_id limit ${accountsMax}`
    .execute(tx)
    .then(({ rows }) => rows);

export interface StatementRow {
  readonly statementId: Id<'statement'>;
  readonly accountId: Id<'account'>;
  readonly fromOn: string | null;
  readonly untilOn: string | null;
  readonly added: number;
  readonly announced: boolean;
  readonly body: Buffer;
}

export const listStatementRows = ({ tx, keys }: Unit, accountId: string, touching?: { from: string; until: string }) =>
  sql<StatementRow>`select statement_id, account_id, from_on::text, until_on::text, added, announced, body from app.ledger_statement
    where tenant_id = ${keys.tenantId} and account_id = ${accountId}
      and (${touching === undefined} or (from_on <= ${touching?.until ?? null}::date and until_on >= ${touching?.from ?? null}::date))
    order by from_on, statement_id limit 5000`
    .execute(tx)
    .then(({ rows }) => rows);

export const findStatementByFile = ({ tx, keys }: Unit, accountId: string, fileMac: Buffer) =>
  sql<StatementRow>`select statement_id, account_id, from_on::text, until_on::text, added, announced, body from app.ledger_statement
    where tenant_id = ${keys.tenantId} and account_id = ${accountId} and file_mac = ${fileMac}`
    .execute(tx)
    .then(({ rows }) => rows[0]);

export const insertStatement = (
  { tx, keys }: Unit,
  row: {
    statementId: string;
    accountId: string;
    fileMac: Buffer;
    fromOn: string | null;
    untilOn: string | null;
    added: number;
    body: Buffer;
    at: Date;
  },
) =>
  sql`insert into app.ledger_statement (tenant_id, statement_id, account_id, file_mac, from_on, until_on, added, body, created_at)
    values (${keys.tenantId}, ${row.statementId}, ${row.accountId}, ${row.fileMac}, ${row.fromOn}, ${row.untilOn}, ${row.added}, ${row.body}, ${row.at})`.execute(
    tx,
  );

export const setAnnounced = ({ tx, keys }: Unit, statementId: string) =>
  sql`update app.ledger_statement set announced = true where tenant_id = ${keys.tenantId} and statement_id = ${statementId}`.execute(tx);

export interface TransactionRow {
  readonly transactionId: Id<'transaction'>;
  readonly accountId: Id<'account'>;
  readonly statementId: Id<'statement'>;
  readonly bookedOn: string;
  readonly categorisedBy: 'rule' | 'learned' | 'tool' | 'person' | null;
  readonly body: Buffer;
}
const transactionColumns = sql`transaction_id, account_id, statement_id, booked_on::text, categorised_by, body`;

export interface NewTransactionRow {
  readonly transactionId: string;
  readonly accountId: string;
  readonly statementId: string;
  readonly keyMac: Buffer;
  readonly occurrence: number;
  readonly endToEndMac: Buffer | null;
  readonly counterpartyMac: Buffer | null;
  readonly categoryMac: Buffer | null;
  readonly categorisedBy: string | null;
  readonly bookedOn: string;
  readonly body: Buffer;
}

/** Rows of one statement in pieces: an array of a hundred thousand sealed bodies would be one very large message. */
const rowsPerInsert = 1_000;

export async function insertTransactions({ tx, keys }: Unit, rows: readonly NewTransactionRow[], at: Date): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    const part = rows.slice(start, start + rowsPerInsert);
    const column = <K extends keyof NewTransactionRow>(name: K) => part.map((row) => row[name]);
    await sql`
      insert into app.ledger_transaction (tenant_id, transaction_id, account_id, statement_id, key_mac, occurrence, end_to_end_mac,
        counterparty_mac, category_mac, categorised_by, booked_on, body, created_at, updated_at)
      select ${keys.tenantId}, n.*, ${at}, ${at} from unnest(${column('transactionId')}::text[], ${column('accountId')}::text[],
        ${column('statementId')}::text[], ${column('keyMac')}::bytea[], ${column('occurrence')}::int[], ${column('endToEndMac')}::bytea[],
        ${column('counterpartyMac')}::bytea[], ${column('categoryMac')}::bytea[], ${column('categorisedBy')}::text[],
        ${column('bookedOn')}::date[], ${column('body')}::bytea[]) n`.execute(tx);
  }
}

export const updateTransaction = (
  { tx, keys }: Unit,
  row: { transactionId: string; body: Buffer; categorisedBy: string | null; categoryMac: Buffer | null; at: Date },
) =>
  sql`update app.ledger_transaction set body = ${row.body}, categorised_by = ${row.categorisedBy}, category_mac = ${row.categoryMac}, updated_at = ${row.at}
    where tenant_id = ${keys.tenantId} and transaction_id = ${row.transactionId}`.execute(tx);

export const findTransactions = ({ tx, keys }: Unit, ids: readonly string[]) =>
  sql<TransactionRow>`select ${transactionColumns} from app.ledger_transaction
    where tenant_id = ${keys.tenantId} and transaction_id = any(${[...ids]}::text[]) order by booked_on, transaction_id`
    .execute(tx)
    .then(({ rows }) => rows);

/** With what decides whether an entry of a file is one of them. */
export const listForPairing = ({ tx, keys }: Unit, accountId: string, days: { from: string; until: string }) =>
  sql<TransactionRow & { keyMac: Buffer; occurrence: number }>`select ${transactionColumns}, key_mac, occurrence from app.ledger_transaction
    where tenant_id = ${keys.tenantId} and account_id = ${accountId} and booked_on between ${days.from}::date and ${days.until}::date
    order by booked_on, transaction_id`
    .execute(tx)
    .then(({ rows }) => rows);

/** Of one period and newest first, at most `limit`: what matching and hints look at. */
export const listRecent = ({ tx, keys }: Unit, since: string, limit: number) =>
  sql<TransactionRow>`select ${transactionColumns} from app.ledger_transaction
    where tenant_id = ${keys.tenantId} and booked_on >= ${since}::date order by booked_on desc, transaction_id desc limit ${limit}`
    .execute(tx)
    .then(({ rows }) => rows);

export const listExamples = ({ tx, keys }: Unit, limit: number) =>
  sql<TransactionRow>`select ${transactionColumns} from app.ledger_transaction
    where tenant_id = ${keys.tenantId} and categorised_by = 'person' order by updated_at desc, transaction_id limit ${limit}`
    .execute(tx)
    .then(({ rows }) => rows);

export interface TransactionFilter {
  readonly accountId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly categoryMac?: Buffer | undefined;
  readonly uncategorised?: boolean | undefined;
  /** After this one, newest first. */
  readonly after?: { readonly bookedOn: string; readonly transactionId: string } | undefined;
  readonly limit: number;
}

export const listTransactionRows = ({ tx, keys }: Unit, filter: TransactionFilter) =>
  sql<TransactionRow>`select ${transactionColumns} from app.ledger_transaction
    where tenant_id = ${keys.tenantId}
      and (${filter.accountId ?? null}::text is null or account_id = ${filter.accountId ?? null})
      and (${filter.from ?? null}::date is null or booked_on >= ${filter.from ?? null}::date)
      and (${filter.to ?? null}::date is null or booked_on <= ${filter.to ?? null}::date)
      and (${filter.categoryMac ?? null}::bytea is null or category_mac = ${filter.categoryMac ?? null})
      and (${filter.uncategorised !== true} or category_mac is null)
      and (${filter.after === undefined} or (booked_on, transaction_id) < (${filter.after?.bookedOn ?? null}::date, ${filter.after?.transactionId ?? null}::text))
    order by booked_on desc, transaction_id desc limit ${filter.limit}`
    .execute(tx)
    .then(({ rows }) => rows);

export interface InvoiceRow {
  readonly invoiceId: Id<'invoice'>;
  readonly state: 'open' | 'partly' | 'paid' | 'closed';
  readonly dueOn: string | null;
  readonly body: Buffer;
  readonly createdAt: Date;
}
const invoiceColumns = sql`invoice_id, state, due_on::text, body, created_at`;

export const findInvoice = ({ tx, keys }: Unit, invoiceId: string) =>
  sql<InvoiceRow>`select ${invoiceColumns} from app.ledger_invoice where tenant_id = ${keys.tenantId} and invoice_id = ${invoiceId} for update`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** By the document it was read from, or by number. */
export const findInvoiceIds = ({ tx, keys }: Unit, by: { documentMac?: Buffer; numberMac?: Buffer }) =>
  sql<{ invoiceId: Id<'invoice'> }>`select invoice_id from app.ledger_invoice where tenant_id = ${keys.tenantId}
      and (document_mac = ${by.documentMac ?? null} or number_mac = ${by.numberMac ?? null}) order by invoice_id limit 50`
    .execute(tx)
    .then(({ rows }) => rows.map(({ invoiceId }) => invoiceId));

/** Null when this document was read before. */
export const insertInvoice = (
  { tx, keys }: Unit,
  row: {
    invoiceId: string;
    documentMac: Buffer;
    numberMac: Buffer | null;
    ibanMac: Buffer | null;
    dueOn: string | null;
    body: Buffer;
    at: Date;
  },
) =>
  sql`insert into app.ledger_invoice (tenant_id, invoice_id, document_mac, number_mac, iban_mac, state, due_on, body, created_at, updated_at)
    values (${keys.tenantId}, ${row.invoiceId}, ${row.documentMac}, ${row.numberMac}, ${row.ibanMac}, 'open', ${row.dueOn}, ${row.body}, ${row.at}, ${row.at})
    on conflict do nothing`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

/** Those that are compared with payments, locked, so that no two comparisons give away the same invoice. Always in one order. */
export const lockOpenInvoices = ({ tx, keys }: Unit, limit: number) =>
  sql<InvoiceRow>`select ${invoiceColumns} from app.ledger_invoice where tenant_id = ${keys.tenantId} and state in ('open', 'partly')
      order by invoice_id desc limit ${limit} for update`
    .execute(tx)
    .then(({ rows }) => rows);

/** Closes it for good; its document is one that nobody has read. */
export const withdrawInvoiceRow = ({ tx, keys }: Unit, row: { invoiceId: string; documentMac: Buffer; body: Buffer; at: Date }) =>
  sql`update app.ledger_invoice set state = 'closed', document_mac = ${row.documentMac}, number_mac = null, iban_mac = null, due_on = null,
      body = ${row.body}, updated_at = ${row.at} where tenant_id = ${keys.tenantId} and invoice_id = ${row.invoiceId}`.execute(tx);

export const updateInvoice = ({ tx, keys }: Unit, row: { invoiceId: string; body: Buffer; at: Date }) =>
  sql`update app.ledger_invoice set body = ${row.body}, updated_at = ${row.at}
    where tenant_id = ${keys.tenantId} and invoice_id = ${row.invoiceId}`.execute(tx);

export const setInvoiceState = ({ tx, keys }: Unit, invoiceId: string, state: string, at: Date) =>
  sql`update app.ledger_invoice set state = ${state}, updated_at = ${at} where tenant_id = ${keys.tenantId} and invoice_id = ${invoiceId}
    and state <> ${state}`.execute(tx);

export const listInvoiceRows = (
  { tx, keys }: Unit,
  filter: { readonly states: readonly string[]; readonly before?: string | undefined; readonly limit: number },
) =>
  sql<InvoiceRow>`select ${invoiceColumns} from app.ledger_invoice where tenant_id = ${keys.tenantId} and state = any(${[...filter.states]}::text[])
      and (${filter.before ?? null}::text is null or invoice_id < ${filter.before ?? null}) order by invoice_id desc limit ${filter.limit}`
    .execute(tx)
    .then(({ rows }) => rows);

export interface MatchRow {
  readonly invoiceId: Id<'invoice'>;
  readonly transactionId: Id<'transaction'>;
  readonly state: 'proposed' | 'accepted' | 'rejected';
  readonly decidedBy: string | null;
  readonly body: Buffer;
}

/** Of these invoices, or of these transactions. */
export const listMatchRows = ({ tx, keys }: Unit, of: { invoiceIds?: readonly string[]; transactionIds?: readonly string[] }) =>
  sql<MatchRow>`select invoice_id, transaction_id, state, decided_by, body from app.ledger_match where tenant_id = ${keys.tenantId}
      and (invoice_id = any(${[...(of.invoiceIds ?? [])]}::text[]) or transaction_id = any(${[...(of.transactionIds ?? [])]}::text[]))
    order by invoice_id, transaction_id`
    .execute(tx)
    .then(({ rows }) => rows);

export const saveMatch = (
  { tx, keys }: Unit,
  row: { invoiceId: string; transactionId: string; state: MatchRow['state']; decidedBy: string | null; body: Buffer; at: Date },
) =>
  sql`insert into app.ledger_match (tenant_id, invoice_id, transaction_id, state, decided_by, decided_at, body, created_at)
    values (${keys.tenantId}, ${row.invoiceId}, ${row.transactionId}, ${row.state}, ${row.decidedBy}, ${row.decidedBy === null ? null : row.at}, ${row.body}, ${row.at})
    on conflict (tenant_id, invoice_id, transaction_id) do update
      set state = excluded.state, decided_by = excluded.decided_by, decided_at = excluded.decided_at, body = excluded.body`.execute(tx);

/** Whatever was accepted of these transactions by this decider is a proposal again. @returns the invoices of it */
export const reopenMatches = ({ tx, keys }: Unit, of: { transactionIds: readonly string[]; decidedBy: string }) =>
  sql<Pick<MatchRow, 'invoiceId'>>`update app.ledger_match set state = 'proposed', decided_by = null, decided_at = null
    where tenant_id = ${keys.tenantId} and transaction_id = any(${[...of.transactionIds]}::text[])
      and state = 'accepted' and decided_by = ${of.decidedBy} returning invoice_id`
    .execute(tx)
    .then(({ rows }) => rows.map(({ invoiceId }) => invoiceId));

export const findRules = ({ tx, keys }: Unit) =>
  sql<{ version: number; body: Buffer }>`select version, body from app.ledger_rules where tenant_id = ${keys.tenantId}`
    .execute(tx)
    .then(({ rows }) => rows[0]);

/** False when there is this version already. */
export const saveRulesRow = ({ tx, keys }: Unit, row: { version: number; body: Buffer; author: string; at: Date }) =>
  sql`insert into app.ledger_rules (tenant_id, version, body, author, updated_at)
    values (${keys.tenantId}, ${row.version}, ${row.body}, ${row.author}, ${row.at})
    on conflict (tenant_id) do update set version = excluded.version, body = excluded.body, author = excluded.author, updated_at = excluded.updated_at
      where ledger_rules.version = excluded.version - 1`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

export interface HintRow {
  readonly keyMac: Buffer;
  readonly kind: 'unusual' | 'subscription' | 'price_rise' | 'unused';
  readonly body: Buffer;
  readonly announced: boolean;
  readonly createdAt: Date;
}

/** False when it was noticed before. */
export const insertHint = ({ tx, keys }: Unit, row: { keyMac: Buffer; kind: string; body: Buffer; at: Date }) =>
  sql`insert into app.ledger_hint (tenant_id, key_mac, kind, body, created_at) values (${keys.tenantId}, ${row.keyMac}, ${row.kind}, ${row.body}, ${row.at})
    on conflict do nothing`
    .execute(tx)
    .then(({ numAffectedRows }) => numAffectedRows === 1n);

export const listHintRows = ({ tx, keys }: Unit, of: { readonly announced?: boolean; readonly limit: number }) =>
  sql<HintRow>`select key_mac, kind, body, announced, created_at from app.ledger_hint where tenant_id = ${keys.tenantId}
      and (${of.announced ?? null}::boolean is null or announced = ${of.announced ?? null}) order by created_at desc, key_mac limit ${of.limit}`
    .execute(tx)
    .then(({ rows }) => rows);

export const setHintAnnounced = ({ tx, keys }: Unit, keyMac: Buffer) =>
  sql`update app.ledger_hint set announced = true where tenant_id = ${keys.tenantId} and key_mac = ${keyMac}`.execute(tx);
