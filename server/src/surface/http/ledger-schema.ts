import { z } from 'zod';
import { csvMappingSchema, hintKinds, ruleSchema } from '#flow/ledger';
import { isCurrency, normaliseIban } from '#trust/policy';
import { list, named, time } from './schema.ts';

const day = z.string().meta({ format: 'date' });
const minor = z.int().meta({ description: 'In the smallest unit of the currency; what goes out is negative.' });
const notice = z.object({ code: z.enum(['balance_wrong', 'gap', 'overlap', 'not_booked']), text: z.string() });
const json = z.record(z.string(), z.unknown());

export const accountSchema = named(
  z.object({
    id: z.string(),
    name: z.string(),
    iban: z.string().nullable(),
    number: z.string().nullable(),
    bic: z.string().nullable(),
    holder: z.string().nullable(),
    currency: z.string(),
    balance: z.object({ on: day, amountMinor: minor }).nullable().meta({ description: 'The newest that a statement named.' }),
    transactions: z.int(),
    notices: list(notice).meta({ description: 'What is missing between statements, or does not add up in one.' }),
    mapping: csvMappingSchema.nullable(),
    asked: z
      .object({ name: z.string(), questions: list(z.string()), proposal: json, sample: list(list(z.string())) })
      .nullable()
      .meta({ description: 'A file that waits until somebody says how to read it.' }),
  }),
  { id: 'LedgerAccount', description: 'A bank account as its statements tell of it.' },
);

export const transactionSchema = named(
  z.object({
    id: z.string(),
    account: z.string(),
    bookedOn: day,
    valueOn: day.nullable(),
    amountMinor: minor,
    currency: z.string(),
    counterparty: z.object({
      name: z.string().nullable(),
      iban: z.string().nullable(),
      number: z.string().nullable(),
      bic: z.string().nullable(),
    }),
    text: z.string(),
    kind: z.string().nullable(),
    bankReference: z.string().nullable(),
    endToEndId: z.string().nullable(),
    creditorReference: z.string().nullable(),
    mandateId: z.string().nullable(),
    original: z.object({ amountMinor: minor, currency: z.string() }).nullable(),
    feeMinor: z.int().nullable(),
    category: z.string().nullable(),
    categorisedBy: z.enum(['rule', 'learned', 'tool', 'person']).nullable(),
    categoryWhy: z.string().nullable(),
    proposal: z.object({ category: z.string(), why: z.string() }).nullable().meta({ description: 'What a person has to confirm.' }),
    isReversal: z.boolean(),
    reverses: z.string().nullable(),
    reversedBy: z.string().nullable(),
    replaced: z.boolean().meta({ description: 'The bank has withdrawn it: it counts no longer.' }),
  }),
  { id: 'LedgerTransaction', description: 'One booked transaction, with what it was for.' },
);

const found = z.object({ value: z.union([z.string(), z.int()]), line: z.int(), quote: z.string() });

export const invoiceSchema = named(
  z.object({
    id: z.string(),
    state: z.enum(['open', 'partly', 'paid', 'closed']),
    direction: z.enum(['payable', 'receivable']),
    document: z.string(),
    issuer: z.string().nullable(),
    number: z.string().nullable(),
    issuedOn: day.nullable(),
    dueOn: day.nullable(),
    amountMinor: z.int().nullable(),
    openMinor: z.int().nullable(),
    currency: z.string().nullable(),
    iban: z.string().nullable(),
    bic: z.string().nullable(),
    creditorReference: z.string().nullable(),
    discount: z.object({ percent: z.number(), until: day.nullable() }).nullable(),
    references: list(z.string()),
    provenance: z.record(z.string(), found).meta({ description: 'Where each fact stands in the document: the line and its words.' }),
    doubts: list(z.string()),
    createdAt: time,
  }),
  { id: 'LedgerInvoice', description: 'What an invoice says, where it says so, and how much of it is open.' },
);

export const invoiceRecordSchema = named(
  z.object({
    invoice: invoiceSchema,
    matches: list(
      z.object({
        transaction: transactionSchema,
        state: z.enum(['proposed', 'accepted', 'rejected']),
        decidedBy: z.string().nullable(),
        score: z.number(),
        amountMinor: z.int().meta({ description: 'How much of the transaction is for this invoice.' }),
        settles: z.boolean(),
        reasons: list(z.object({ code: z.string(), points: z.number(), text: z.string() })),
      }),
    ),
  }),
  { id: 'LedgerInvoiceRecord', description: 'An invoice with what pays it, or might, and why.' },
);

export const hintSchema = named(
  z.object({
    id: z.string(),
    kind: z.enum(hintKinds),
    title: z.string(),
    text: z.string(),
    account: z.string(),
    transactions: list(z.string()),
    createdAt: time,
  }),
  { id: 'LedgerHint', description: 'Something that stands out among charges.' },
);

export const importedSchema = named(
  z.object({
    account: z.string(),
    accounts: list(z.object({ account: z.string(), added: z.int(), known: z.int() })),
    added: z.int(),
    known: z.int(),
    matched: z.int(),
    unreadable: list(z.object({ line: z.int(), why: z.string() })),
    notices: list(notice),
    needsMapping: z
      .object({ account: z.string(), questions: list(z.string()), proposal: json, sample: list(list(z.string())) })
      .nullable()
      .meta({ description: 'The file waits: say how to read it with PUT /ledger/accounts/{id}/mapping.' }),
  }),
  { id: 'LedgerImport', description: 'What became of a bank file.' },
);

export const rulesSchema = z.object({ version: z.int(), rules: list(ruleSchema), learnUpToMinor: z.int() });
export const rulesInput = z.strictObject({
  version: z.int().min(0).meta({ description: 'That they were changed from.' }),
  rules: z.array(ruleSchema).max(500),
  learnUpToMinor: z.int().min(0),
});

export const trialInput = z.strictObject({ rules: z.array(ruleSchema).max(500) });
export const trialSchema = z.object({
  looked: z.int().meta({ description: 'Transactions that they were held against, the newest ones.' }),
  since: day.nullable().meta({ description: 'When the oldest of them was booked.' }),
  matched: list(z.int()).meta({ description: 'How many each of the rules would have decided, in their order.' }),
});

export const mappingInput = z.strictObject({
  mapping: csvMappingSchema,
  iban: z
    .string()
    .max(50)
    .transform((text, context) => {
      const iban = normaliseIban(text);
      if (iban !== null) return iban;
      context.addIssue('is not a valid IBAN');
      return z.NEVER;
    })
    .optional(),
  currency: z.string().refine(isCurrency, 'is not an ISO 4217 currency').optional(),
  name: z.string().min(1).max(140).optional(),
});

export const matchInput = z.union([
  z.strictObject({ transactionIds: z.array(z.string().max(100)).min(1).max(50) }),
  z.strictObject({ none: z.literal(true) }),
  z.strictObject({ closed: z.boolean().meta({ description: 'Nothing more will be paid by these accounts, or it is open again.' }) }),
]);
