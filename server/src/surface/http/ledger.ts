import { z } from 'zod';
import {
  closeInvoice,
  decideMatch,
  type Hint,
  type Invoice,
  type InvoiceRecord,
  type ListedAccount,
  listAccounts,
  listHints,
  listInvoices,
  listTransactions,
  readInvoice,
  readRules,
  saveRules,
  setCategory,
  type Transaction,
  tryRules,
} from '#flow/ledger';
import type { Principal } from '#trust/identity';
import { jsonBody, rawBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import {
  accountSchema,
  hintSchema,
  importedSchema,
  invoiceRecordSchema,
  invoiceSchema,
  mappingInput,
  matchInput,
  rulesInput,
  rulesSchema,
  transactionSchema,
  trialInput,
  trialSchema,
} from './ledger-schema.ts';
import type { Routes } from './route.ts';
import { page } from './schema.ts';

const tag = 'ledger';
const path = '/api/v1/ledger';
const params = z.object({ id: z.string() });
const fileBytesMax = 32 * 1024 * 1024;
/** Rules are tried on so many transactions. */
const triedMax = 1_000;
const fileTypes = [
  'application/octet-stream',
  'application/xml',
  'text/xml',
  'text/plain',
  'text/csv',
  'application/x-ofx',
  'application/vnd.intu.qfx',
  'application/pdf',
];
const fileName = z.string().min(1).max(200).default('statement');

const transactionQuery = z.object({
  account: z.string().max(100).optional(),
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  category: z.string().max(100).optional().meta({ description: 'Empty: those without one.' }),
  ...pageQuery,
});
const invoiceQuery = z.object({ state: z.enum(['open', 'partly', 'paid', 'closed']).optional(), ...pageQuery });
const categoryInput = z.strictObject({ category: z.string().trim().min(1).max(100).nullable() });

/** Bank accounts, their transactions, and the invoices that they pay. */
export function addLedgerRoutes(routes: Routes, { ledger }: Pick<HttpDeps, 'ledger'>): void {
  routes.add(
    'ledger:read',
    {
      method: 'get',
      path: `${path}/accounts`,
      summary: 'List bank accounts, with what their statements lack',
      tag,
      answers: { 200: page(accountSchema) },
    },
    async ({ inTenant, keys }) => {
      const accounts = await inTenant((tx) => listAccounts({ tx, keys }));
      return { status: 200, body: { items: accounts.map(presentAccount), nextCursor: null } };
    },
  );

  routes.add(
    'ledger:read',
    {
      method: 'get',
      path: `${path}/transactions`,
      summary: 'List transactions, the newest first',
      tag,
      query: transactionQuery,
      answers: { 200: page(transactionSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ inTenant, keys, query: { account, cursor, limit, ...query } }) => {
      const position = readCursor(keys, 'ledger.transactions', cursor);
      const [bookedOn = '', transactionId = ''] = position?.split(' ') ?? [];
      const after = position === null ? undefined : { bookedOn, transactionId };
      const rows = await inTenant((tx) => listTransactions({ tx, keys }, { ...query, accountId: account, after, limit: limit + 1 }));
      return {
        status: 200,
        body: pageOf(rows, limit, {
          present: presentTransaction,
          cursorOf: (row) => makeCursor(keys, 'ledger.transactions', `${row.bookedOn} ${row.transactionId}`),
        }),
      };
    },
  );

  routes.add(
    'ledger:write',
    {
      method: 'put',
      path: `${path}/transactions/{id}`,
      summary: 'Say what a transaction was for; from that is learned',
      tag,
      params,
      body: jsonBody(categoryInput),
      answers: { 200: transactionSchema },
      errors: ['ledger.not_found'],
    },
    async ({ inTenant, keys, params: { id }, body, principal, now }) => {
      const changed = await inTenant((tx) => setCategory({ tx, keys }, id, body.category, { actor: principal.actor, at: now }));
      return { status: 200, body: presentTransaction(changed) };
    },
  );

  routes.add(
    'ledger:read',
    { method: 'get', path: `${path}/rules`, summary: 'Show the rules for categories, in their order', tag, answers: { 200: rulesSchema } },
    async ({ inTenant, keys }) => ({ status: 200, body: await inTenant((tx) => readRules({ tx, keys })) }),
  );

  routes.add(
    'ledger:write',
    {
      method: 'put',
      path: `${path}/rules`,
      summary: 'Replace the rules for categories; they count for what comes in from now on',
      tag,
      body: jsonBody(rulesInput),
      answers: { 200: rulesSchema },
    },
    async ({ inTenant, keys, body, principal, now }) => ({
      status: 200,
      body: await inTenant((tx) => saveRules({ tx, keys }, body, { actor: principal.actor, at: now })),
    }),
  );

  routes.add(
    'ledger:read',
    {
      method: 'post',
      path: `${path}/rules/trial`,
      summary: 'Say how many of the newest transactions each of these rules would have decided. Nothing is changed',
      tag,
      body: jsonBody(trialInput),
      answers: { 200: trialSchema },
    },
    async ({ inTenant, keys, body }) => {
      const past = await inTenant((tx) => listTransactions({ tx, keys }, { limit: triedMax }));
      const { looked, since, matched } = await tryRules(body.rules, past);
      return { status: 200, body: { looked, since, matched: [...matched] } };
    },
  );

  routes.add(
    'ledger:read',
    {
      method: 'get',
      path: `${path}/invoices`,
      summary: 'List invoices, the newest first',
      tag,
      query: invoiceQuery,
      answers: { 200: page(invoiceSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ inTenant, keys, query: { state, cursor, limit } }) => {
      const before = readCursor(keys, 'ledger.invoices', cursor) ?? undefined;
      const states = state === undefined ? undefined : [state];
      const rows = await inTenant((tx) => listInvoices({ tx, keys }, { states, before, limit: limit + 1 }));
      return {
        status: 200,
        body: pageOf(rows, limit, { present: presentInvoice, cursorOf: (row) => makeCursor(keys, 'ledger.invoices', row.invoiceId) }),
      };
    },
  );

  routes.add(
    'ledger:write',
    {
      method: 'post',
      path: `${path}/invoices`,
      summary: 'Read an invoice (PDF, DOCX, text) and look for what pays it',
      tag,
      limit: 'intake',
      query: z.object({ name: fileName }),
      body: rawBody([...fileTypes, 'application/json'], fileBytesMax),
      answers: { 201: invoiceSchema, 200: invoiceSchema },
      errors: ['ledger.unreadable', 'document.unreadable', 'document.too_large', 'document.busy'],
    },
    async ({ tenantId, query: { name }, body, principal }) => {
      const { invoice, created } = await ledger.importInvoice(tenantId, name, body, principal.actor);
      return created ? { status: 201, body: presentInvoice(invoice) } : { status: 200, body: presentInvoice(invoice) };
    },
  );

  routes.add(
    'ledger:read',
    {
      method: 'get',
      path: `${path}/invoices/{id}`,
      summary: 'Show an invoice with what pays it, or might, and why',
      tag,
      params,
      answers: { 200: invoiceRecordSchema },
      errors: ['ledger.not_found'],
    },
    async ({ inTenant, keys, params: { id } }) => ({
      status: 200,
      body: presentRecord(await inTenant((tx) => readInvoice({ tx, keys }, id))),
    }),
  );

  routes.add(
    'ledger:write',
    {
      method: 'post',
      path: `${path}/invoices/{id}/match`,
      summary: 'Say which transactions pay an invoice, that none of those proposed does, or that it is settled otherwise',
      tag,
      params,
      body: jsonBody(matchInput),
      answers: { 200: invoiceRecordSchema },
      errors: ['ledger.not_found'],
    },
    async ({ inTenant, keys, params: { id }, body, principal, now }) => {
      const by = { actor: principal.actor, at: now };
      const record = await inTenant((tx) =>
        'closed' in body
          ? closeInvoice({ tx, keys }, id, body.closed, by)
          : decideMatch({ tx, keys }, id, 'none' in body ? [] : body.transactionIds, by),
      );
      return { status: 200, body: presentRecord(record) };
    },
  );

  routes.add(
    'ledger:read',
    {
      method: 'get',
      path: `${path}/hints`,
      summary: 'List what stands out among charges, the newest first',
      tag,
      answers: { 200: page(hintSchema) },
    },
    async ({ inTenant, keys }) => {
      const hints = await inTenant((tx) => listHints({ tx, keys }, 200));
      return { status: 200, body: { items: hints.map(presentHint), nextCursor: null } };
    },
  );

  routes.add(
    'ledger:write',
    {
      method: 'post',
      path: `${path}/imports`,
      summary: 'Take a bank file in: camt.053, MT940, OFX, QFX or CSV',
      tag,
      limit: 'intake',
      query: z.object({ name: fileName, account: z.string().max(100).optional().meta({ description: 'Whose a CSV file is.' }) }),
      body: rawBody(fileTypes, fileBytesMax),
      answers: { 200: importedSchema },
      errors: ['ledger.unreadable', 'ledger.not_found', 'quota.exceeded'],
    },
    async ({ tenantId, query: { name, account }, body, principal }) => ({
      status: 200,
      body: await ledger.importBankFile(tenantId, name, body, { ...doorOf(principal), accountId: account }),
    }),
  );

  routes.add(
    'ledger:write',
    {
      method: 'put',
      path: `${path}/accounts/{id}/mapping`,
      summary: 'Say how the CSV files of an account are read, and read the one that waits',
      tag,
      params,
      body: jsonBody(mappingInput),
      answers: { 200: importedSchema, 204: null },
      errors: ['ledger.not_found', 'ledger.unreadable', 'quota.exceeded'],
    },
    async ({ tenantId, params: { id }, body, principal }) => {
      const imported = await ledger.setMapping(tenantId, id, body, doorOf(principal));
      return imported === null ? { status: 204 } : { status: 200, body: imported };
    },
  );
}

/** The operator's command comes through the same routes. */
const doorOf = ({ kind, actor }: Principal) => ({ channel: kind === 'operator' ? 'command' : 'http', submittedBy: actor }) as const;

const presentAccount = ({ accountId, version: _, hasPending: __, ...account }: ListedAccount) => ({ id: accountId, ...account });

function presentTransaction({ transactionId, accountId, ...transaction }: Transaction): z.input<typeof transactionSchema> {
  // What is not in the schema is for the matching alone.
  const { corrects: _, format: __, ...shown } = transaction;
  return { id: transactionId, account: accountId, ...shown };
}

const presentInvoice = ({ invoiceId, createdAt, ...invoice }: Invoice) => ({
  id: invoiceId,
  ...invoice,
  createdAt: createdAt.toISOString(),
});

const presentRecord = ({ invoice, matches }: InvoiceRecord): z.input<typeof invoiceRecordSchema> => ({
  invoice: presentInvoice(invoice),
  matches: matches.map(({ transaction, invoiceId: _, transactionId: __, ...match }) => ({
    ...match,
    transaction: presentTransaction(transaction),
  })),
});

const presentHint = ({ accountId, transactionIds, createdAt, ...hint }: Hint) => ({
  ...hint,
  account: accountId,
  transactions: transactionIds,
  createdAt: createdAt.toISOString(),
});
