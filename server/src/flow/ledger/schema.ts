import { z } from 'zod';
import { jsonObjectSchema } from '#kernel';

/** A whole number of a currency's smallest unit. Money that goes out is negative. */
const amount = z.int();

/** What a file says of one booked entry. Texts are cleaned and cut by whoever reads them. */
const entrySchema = z.object({
  /** Where in the file: a line, or the number of the entry. */
  place: z.int(),
  bookedOn: z.iso.date(),
  valueOn: z.iso.date().nullable(),
  amountMinor: amount,
  currency: z.string(),
  counterparty: z.object({
    name: z.string().nullable(),
    iban: z.string().nullable(),
    number: z.string().nullable(),
    bic: z.string().nullable(),
  }),
  /** What the payer wrote, without the parts that have a place of their own. */
  text: z.string(),
  /** The bank's own id of the entry, null where it gives none. */
  bankReference: z.string().nullable(),
  endToEndId: z.string().nullable(),
  /** ISO 11649, or the payee's own structured reference. */
  creditorReference: z.string().nullable(),
  mandateId: z.string().nullable(),
  /** What kind of entry it is in the bank's words or codes. */
  kind: z.string().nullable(),
  /** It takes an earlier entry back. */
  isReversal: z.boolean(),
  /**
   * The bank's id of the entry that this one corrects, where a file says so. `replace`: this stands for it; `delete`: nothing does. With its
   * own id it stands for whatever came before with that id.
   */
  corrects: z.object({ bankReference: z.string(), how: z.enum(['replace', 'delete']) }).nullable(),
  /** What it was before a conversion. */
  original: z.object({ amountMinor: amount, currency: z.string() }).nullable(),
  /** What the bank kept of it, in the currency of the account. */
  feeMinor: amount.nullable(),
});
export type Entry = z.infer<typeof entrySchema>;

/** Something in a file that could not be read, and why; everything else was. */
const unreadableSchema = z.object({ line: z.int(), why: z.string() });
export type Unreadable = z.infer<typeof unreadableSchema>;

const formats = ['camt', 'mt940', 'ofx', 'csv', 'plaid'] as const;

const balance = z.object({ on: z.iso.date(), amountMinor: amount });
export type Balance = z.infer<typeof balance>;

/** The account as a file names it. */
const accountNumberSchema = z.object({
  iban: z.string().nullable(),
  /** Where there is no IBAN: what the bank calls it, with the bank's id before it. */
  number: z.string().nullable(),
  bic: z.string().nullable(),
  holder: z.string().nullable(),
  currency: z.string(),
});
export type AccountNumber = z.infer<typeof accountNumberSchema>;

/** One statement of one account as a file has it. */
export interface Statement {
  readonly format: (typeof formats)[number];
  readonly account: AccountNumber;
  /** The bank's own number of the statement. */
  readonly number: string | null;
  readonly opening: Balance | null;
  readonly closing: Balance | null;
  /** The period it claims to cover; without one, that of its entries. */
  readonly period: { readonly from: string; readonly until: string } | null;
  readonly entries: readonly Entry[];
  readonly unreadable: readonly Unreadable[];
  /** Ids by the bank of entries that stood in earlier files and do not hold any more. */
  readonly withdrawn?: readonly string[];
}

/** What was noticed about a statement as a whole. */
const noticeSchema = z.object({
  code: z.enum(['balance_wrong', 'gap', 'overlap', 'not_booked']),
  text: z.string(),
});
export type Notice = z.infer<typeof noticeSchema>;

/** How the CSV files of an account are read. Columns count from nought. */
export const csvMappingSchema = z.strictObject({
  /** The names of the columns, as the file has them: another header is another file. */
  header: z.array(z.string().max(200)).max(100),
  delimiter: z.enum([',', ';', '\t', '|']),
  decimalPoint: z.enum(['.', ',']),
  dateOrder: z.enum(['ymd', 'dmy', 'mdy']),
  columns: z.strictObject({
    bookedOn: z.int().min(0).max(99),
    valueOn: z.int().min(0).max(99).nullable().default(null),
    /** One signed column, or one for what comes in and one for what goes out. */
    amount: z.int().min(0).max(99).nullable().default(null),
    credit: z.int().min(0).max(99).nullable().default(null),
    debit: z.int().min(0).max(99).nullable().default(null),
    /** Words like D, C, Soll, Haben that give an unsigned amount its sign. */
    sign: z.int().min(0).max(99).nullable().default(null),
    currency: z.int().min(0).max(99).nullable().default(null),
    counterparty: z.int().min(0).max(99).nullable().default(null),
    counterpartyAccount: z.int().min(0).max(99).nullable().default(null),
    text: z.array(z.int().min(0).max(99)).max(10).default([]),
    balance: z.int().min(0).max(99).nullable().default(null),
    reference: z.int().min(0).max(99).nullable().default(null),
    ownAccount: z.int().min(0).max(99).nullable().default(null),
  }),
});
export type CsvMapping = z.infer<typeof csvMappingSchema>;

/** An account as it is kept, sealed. */
export const accountBodySchema = accountNumberSchema.extend({
  name: z.string(),
  mapping: csvMappingSchema.nullable(),
  /** A file that waits for a mapping: its name, what is proposed, and what has to be said. */
  asked: z
    .object({
      name: z.string(),
      proposal: jsonObjectSchema,
      questions: z.array(z.string()),
      sample: z.array(z.array(z.string())),
    })
    .nullable(),
});
export type AccountBody = z.infer<typeof accountBodySchema>;

export const statementBodySchema = z.object({
  format: z.enum(formats),
  file: z.string(),
  number: z.string().nullable(),
  opening: balance.nullable(),
  closing: balance.nullable(),
  /** Balances after each entry, where an opening is known. */
  running: z.array(z.int()),
  notices: z.array(noticeSchema),
  unreadable: z.array(unreadableSchema),
});
export type StatementBody = z.infer<typeof statementBodySchema>;

/** A transaction as it is kept, sealed. */
export const transactionBodySchema = entrySchema.omit({ bookedOn: true, place: true }).extend({
  format: z.enum(formats),
  category: z.string().nullable(),
  /** Why it has this category, for a person. */
  categoryWhy: z.string().nullable(),
  /** A category that a program would give and a person has to confirm, with its reason. */
  proposal: z.object({ category: z.string(), why: z.string() }).nullable(),
  /** The entry that this one takes back, or that was taken back by this one. */
  reverses: z.string().nullable(),
  reversedBy: z.string().nullable(),
  /** The bank has replaced or withdrawn it: it counts no longer. */
  replaced: z.boolean(),
});
export type TransactionBody = z.infer<typeof transactionBodySchema>;

/** A rule for categories. What is given has to hold, all of it; the first rule that fits decides. */
export const ruleSchema = z
  .strictObject({
    category: z.string().min(1).max(100),
    counterparty: z.string().min(1).max(140).optional().meta({ description: 'Words that the name of the counterparty has in it.' }),
    iban: z.string().min(5).max(42).optional(),
    text: z.string().min(1).max(140).optional().meta({ description: 'Words that the text has in it.' }),
    direction: z.enum(['in', 'out']).optional(),
    minMinor: z.int().min(0).optional().meta({ description: 'In the smallest unit, without a sign.' }),
    maxMinor: z.int().min(0).optional(),
    currency: z.string().length(3).optional(),
    event: z.boolean().optional().meta({ description: 'Each new transaction that it fits becomes an event of its own.' }),
  })
  .refine((rule) => Object.keys(rule).some((key) => key !== 'category' && key !== 'event'), { message: 'says nothing about transactions' });
export type Rule = z.infer<typeof ruleSchema>;

export const rulesBodySchema = z.object({
  rules: z.array(ruleSchema).max(500),
  /** Above this, in the smallest unit of whatever currency, no program gives a category by example: a person confirms it. */
  learnUpToMinor: z.int().min(0),
});
export type RulesBody = z.infer<typeof rulesBodySchema>;

/** Where a fact of an invoice was read. */
const foundSchema = z.object({ value: z.union([z.string(), z.int()]), line: z.int(), quote: z.string() });
export type Found = z.infer<typeof foundSchema>;

/** An invoice as it is kept, sealed. Amounts are what is asked for; of a credit note they are negative. */
const invoiceBodySchema = z.object({
  document: z.string(),
  /** payable: we owe it. receivable: it is owed to us. */
  direction: z.enum(['payable', 'receivable']),
  issuer: z.string().nullable(),
  number: z.string().nullable(),
  issuedOn: z.iso.date().nullable(),
  dueOn: z.iso.date().nullable(),
  amountMinor: amount.nullable(),
  currency: z.string().nullable(),
  iban: z.string().nullable(),
  bic: z.string().nullable(),
  creditorReference: z.string().nullable(),
  /** What may be taken off when it is paid by that day. */
  discount: z.object({ percent: z.number().min(0).max(50), until: z.iso.date().nullable() }).nullable(),
  /** Other words that payers write: order and customer numbers. */
  references: z.array(z.string()),
  /** Where each of these was read, by its name. */
  provenance: z.record(z.string(), foundSchema),
  /** What could not be found or is not sure, for a person. */
  doubts: z.array(z.string()),
});
export type InvoiceBody = z.infer<typeof invoiceBodySchema>;

/** The same with what nobody outside sees. */
export const keptInvoiceSchema = invoiceBodySchema.extend({
  /** The key of the call that had it kept: that call alone takes it back. */
  keptFor: z.string().optional(),
  /** It was taken back: there is no such invoice any more. */
  withdrawn: z.literal(true).optional(),
});

const reasonSchema = z.object({
  code: z.enum(['amount', 'reference', 'number', 'iban', 'name', 'date', 'currency', 'collective']),
  /** What it adds to the score, which may be less than nothing. */
  points: z.number(),
  text: z.string(),
});
export type Reason = z.infer<typeof reasonSchema>;

export const matchBodySchema = z.object({
  /** 0 to 1. */
  score: z.number(),
  reasons: z.array(reasonSchema),
  /** How much of the transaction is for this invoice, without a sign. */
  amountMinor: z.int(),
  /** What is still open of the invoice after it, where that is not what was paid: less by a discount or fee. */
  settles: z.boolean(),
});
export type MatchBody = z.infer<typeof matchBodySchema>;

export const hintKinds = ['unusual', 'subscription', 'price_rise', 'unused'] as const;
export const hintBodySchema = z.object({ title: z.string(), text: z.string(), transactionIds: z.array(z.string()), accountId: z.string() });
export type HintBody = z.infer<typeof hintBodySchema>;
