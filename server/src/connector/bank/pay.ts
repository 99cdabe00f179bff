import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Keeper, readSetup } from '#flow/action';
import { ibanSchema, normaliseCreditorReference, readInvoice, retainInvoice, shownAmount } from '#flow/ledger';
import type { Tool, ToolAnswer, ToolContext, ToolManifest } from '#flow/tool';
import { isFactotumError } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { formatMinor, isCurrency } from '#trust/policy';
import { bicPattern, paymentInitiation, type Transfer } from './pain001.ts';

export interface PayDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly keeper: Keeper;
}

/** Something that can be read: a bank refuses an empty name or reference. */
const words = z
  .string()
  .max(140)
  .regex(/[\p{L}\p{N}]/u, 'needs a letter or a digit');
const amountMinor = z.int().min(1).max(99_999_999_999);
const currency = z.string().refine(isCurrency, 'is not an ISO 4217 currency');
const creditorReference = z.string().transform((text, context) => {
  const reference = normaliseCreditorReference(text);
  if (reference !== null) return reference;
  context.addIssue('is not a creditor reference (ISO 11649)');
  return z.NEVER;
});
const payInput = z.strictObject({
  creditor: words,
  iban: ibanSchema,
  amountMinor,
  currency,
  reference: words,
  creditorReference: creditorReference.optional(),
  /** Left out: today. */
  executeOn: z.iso.date().optional(),
  /** The invoice in the ledger that it pays. */
  invoice: z.string().max(100).optional(),
  /** Where the facts were read, as `bank.invoice` gives it. */
  basis: z.string().max(2_000).optional(),
});
const output = z.object({ path: z.string(), etag: z.string(), file: z.string().nullable() });
type Line = Pick<z.infer<typeof payInput>, 'creditor' | 'iban' | 'amountMinor' | 'reference'>;
const lineSchema = z.tuple([
  words,
  ibanSchema,
  z
    .string()
    .regex(/^\d{1,11}$/)
    .transform(Number)
    .pipe(amountMinor),
  words,
]);
const lineForm = 'Northwind | DE89370400440532013000 | 124000 | INV-1';

/** One payment of several. Exactly four parts, so that a bar in a name or reference shifts nothing: it is refused. */
function lineIn(text: string): Line | null {
  const { success, data } = lineSchema.safeParse(text.split('|').map((part) => part.trim()));
  return success ? { creditor: data[0], iban: data[1], amountMinor: data[2], reference: data[3] } : null;
}

const collectiveInput = z
  .strictObject({
    payments: z
      .array(
        z
          .string()
          .max(400)
          .meta({ description: `name | IBAN | amount in the smallest unit | reference, like ${lineForm}` })
          .transform((text, context) => {
            const line = lineIn(text);
            if (line !== null) return line;
            context.addIssue(`is not like "${lineForm}", the amount in the smallest unit`);
            return z.NEVER;
          }),
      )
      .min(2)
      .max(100),
    amountMinor,
    currency,
    executeOn: z.iso.date().optional(),
  })
  .refine((order) => order.payments.reduce((sum, line) => sum + line.amountMinor, 0) === order.amountMinor, {
    path: ['amountMinor'],
    message: 'is not the sum of the payments',
  });

const outbox = 'bank';
/** Banks take orders for a year ahead at most. */
const aheadDaysMax = 365;

/** The account to pay from. */
const accountSchema = z.object({ name: words, iban: ibanSchema, bic: z.string().regex(bicPattern).optional() });

const manifest = {
  effect: 'money',
  risk: 'high',
  reversible: false,
  visibleOutside: true,
  readsPrivate: false,
  canLookup: true,
  timeoutMs: 15_000,
  consequence: 'A payment order for your bank is written to the outbox. Once the bank has taken it, it cannot be called back.',
} as const;

const failed = (code: 'tool.invalid_arguments' | 'tool.auth', message: string): ToolAnswer => ({
  kind: 'failed',
  failure: 'permanent',
  code,
  message,
});

const payManifest: ToolManifest = {
  ...manifest,
  tool: 'bank.pay',
  title: 'Pay',
  args: {
    creditor: { role: 'steering', slot: 'name', title: 'Payee' },
    iban: { role: 'steering', slot: 'iban', title: 'Account (IBAN)' },
    amountMinor: { role: 'steering', slot: 'amount', title: 'Amount' },
    currency: { role: 'steering', slot: 'currency', title: 'Currency' },
    reference: { role: 'content', slot: 'text', title: 'Reference' },
    creditorReference: { role: 'content', slot: 'id', title: 'Creditor reference' },
    executeOn: { role: 'steering', slot: 'date', title: 'On' },
    invoice: { role: 'content', slot: 'id', title: 'Invoice' },
    basis: { role: 'content', slot: 'text', title: 'Read from' },
  },
  headline: (args) =>
    `Pay ${formatMinor(Number(args.amountMinor), String(args.currency))} to ${String(args.creditor)}${args.executeOn === undefined ? '' : ` on ${String(args.executeOn)}`}`,
};

/** `bank.pay`: one payment order that a bank takes. Money: it always needs somebody, and is never repeated by itself. */
export function payTool(deps: PayDeps): Tool<typeof payInput, typeof output> {
  return {
    manifest: payManifest,
    input: payInput,
    output,
    async run(context, args) {
      const fault = args.invoice === undefined ? null : await invoiceFault(deps, context, { ...args, invoice: args.invoice });
      if (fault !== null) return failed('tool.invalid_arguments', fault);
      return order(deps, context, args, [
        {
          creditor: { name: args.creditor, iban: args.iban },
          amountMinor: args.amountMinor,
          reference: args.reference,
          creditorReference: args.creditorReference,
        },
      ]);
    },
    lookup: (context) => deps.keeper.find(context, outbox),
  };
}

/** `bank.pay_collective`: several payments as one order. The gate judges each as `bank.pay` would be, and the approval shows each. */
export function payCollectiveTool(deps: PayDeps): Tool<typeof collectiveInput, typeof output> {
  return {
    manifest: {
      ...manifest,
      tool: 'bank.pay_collective',
      title: 'Pay several',
      args: {
        payments: { role: 'steering', slot: 'text', title: 'Payments' },
        amountMinor: { role: 'steering', slot: 'amount', title: 'Sum' },
        currency: { role: 'steering', slot: 'currency', title: 'Currency' },
        executeOn: { role: 'steering', slot: 'date', title: 'On' },
      },
      parts: {
        title: 'Payment',
        arg: 'payments',
        manifest: payManifest,
        shared: { currency: 'currency', executeOn: 'executeOn' },
        read: (value) => (Array.isArray(value) ? value.map((line) => (typeof line === 'string' ? lineIn(line) : null)) : []),
      },
      headline: (args) =>
        `Pay ${formatMinor(Number(args.amountMinor), String(args.currency))} to ${Array.isArray(args.payments) ? args.payments.length : 0} payees`,
    },
    input: collectiveInput,
    output,
    run: (context, args) =>
      order(
        deps,
        context,
        args,
        args.payments.map(({ creditor, iban, ...line }) => ({ ...line, creditor: { name: creditor, iban } })),
      ),
    lookup: (context) => deps.keeper.find(context, outbox),
  };
}

/** Writes the order, the same for the same call: its ids are the hash of the call's key. */
async function order(
  deps: PayDeps,
  context: ToolContext,
  { currency: code, executeOn }: { readonly currency: string; readonly executeOn?: string | undefined },
  transfers: readonly Omit<Transfer, 'endToEndId'>[],
): Promise<ToolAnswer> {
  const debtor = accountSchema.safeParse(await readSetup(deps, context, 'Accounting/Account.md'));
  if (!debtor.success)
    return failed(
      'tool.auth',
      'There is no account to pay from yet. Write name and iban, and bic if you like, into the front matter of the note Accounting/Account.md.',
    );
  const today = context.now.toISOString().slice(0, 10);
  if (executeOn !== undefined && (executeOn < today || executeOn > dayAfter(today, aheadDaysMax)))
    return failed('tool.invalid_arguments', `Banks take orders from today on and for a year ahead; ${executeOn} is not.`);
  const id = createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 32);
  const [first, ...others] = transfers.map((transfer, at) => ({
    ...transfer,
    endToEndId: transfers.length === 1 ? id : `${id.slice(0, 28)}${String(at + 1).padStart(4, '0')}`,
  }));
  if (first === undefined) return failed('tool.invalid_arguments', 'There is nothing to pay.');
  const content = paymentInitiation({
    messageId: id,
    createdAt: context.now,
    executeOn: executeOn ?? today,
    debtor: debtor.data,
    currency: code,
    transfers: [first, ...others],
  });
  const path = `Accounting/Payments/${today}_${id.slice(0, 12)}.xml`;
  return { kind: 'done', result: await deps.keeper.keep(context, { path, content, outbox }) };
}

/**
 * Why an invoice is not paid like this: what was approved must be what it asks for, and nothing is paid twice. One that is paid stays,
 * whatever becomes of the task that had it kept; that is said before the order is written, since what dies in between is not repeated.
 */
async function invoiceFault(
  { database, keysOf }: PayDeps,
  { tenantId, now }: ToolContext,
  args: { readonly invoice: string; readonly iban: string; readonly amountMinor: number; readonly currency: string },
): Promise<string | null> {
  const keys = await keysOf(tenantId);
  try {
    return await withTenant(database.app.db, tenantId, async (tx) => {
      const unit = { tx, keys };
      const { invoice } = await readInvoice(unit, args.invoice);
      if (invoice.state === 'paid' || invoice.state === 'closed')
        return `The invoice ${invoice.number ?? args.invoice} is settled already.`;
      if (invoice.iban !== null && invoice.iban !== args.iban)
        return `The invoice names the account ${invoice.iban}, and the payment goes to ${args.iban}.`;
      if (invoice.currency !== null && invoice.currency !== args.currency) return `The invoice is in ${invoice.currency}.`;
      if (invoice.openMinor !== null && args.amountMinor > Math.max(0, invoice.openMinor))
        return `Open are ${shownAmount(Math.max(0, invoice.openMinor), args.currency)}, which is less than ${shownAmount(args.amountMinor, args.currency)}.`;
      await retainInvoice(unit, args.invoice, { at: now });
      return null;
    });
  } catch (error) {
    if (isFactotumError(error, 'ledger.not_found')) return 'There is no such invoice.';
    throw error;
  }
}

const dayAfter = (day: string, days: number): string => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
