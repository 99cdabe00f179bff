import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Keeper, readSetup } from '#flow/action';
import type { Tool } from '#flow/tool';
import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { formatMinor, isCurrency, normaliseIban } from '#trust/policy';
import { bicPattern, paymentInitiation } from './pain001.ts';

interface BankDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly keeper: Keeper;
}

/** In electronic form, however it was written. */
const iban = z
  .string()
  .max(50)
  .transform((text, context) => {
    const normal = normaliseIban(text);
    if (normal !== null) return normal;
    context.addIssue('is not a valid IBAN');
    return z.NEVER;
  });
/** Something that can be read: a bank refuses an empty name or reference. */
const words = z
  .string()
  .max(140)
  .regex(/[\p{L}\p{N}]/u, 'needs a letter or a digit');
const input = z.strictObject({
  creditor: words,
  iban,
  amountMinor: z.int().min(1).max(99_999_999_999),
  currency: z.string().refine(isCurrency, 'is not an ISO 4217 currency'),
  reference: words,
});
const output = z.object({ path: z.string(), etag: z.string(), file: z.string().nullable() });

/** `bank.pay`: writes a payment order that a bank takes. Money: it always needs somebody, and is never repeated by itself. */
export function bankTools(deps: BankDeps): Tool[] {
  const pay: Tool<typeof input, typeof output> = {
    manifest: {
      tool: 'bank.pay',
      title: 'Pay',
      effect: 'money',
      risk: 'high',
      args: {
        creditor: { role: 'steering', slot: 'name', title: 'Payee' },
        iban: { role: 'steering', slot: 'iban', title: 'Account (IBAN)' },
        amountMinor: { role: 'steering', slot: 'amount', title: 'Amount' },
        currency: { role: 'steering', slot: 'currency', title: 'Currency' },
        reference: { role: 'content', slot: 'text', title: 'Reference' },
      },
      reversible: false,
      visibleOutside: true,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 15_000,
      headline: (args) => `Pay ${formatMinor(Number(args.amountMinor), String(args.currency))} to ${String(args.creditor)}`,
      consequence: 'A payment order for your bank is written to the outbox. Once the bank has taken it, it cannot be called back.',
    },
    input,
    output,
    async run(context, args) {
      const debtor = accountSchema.safeParse(await readSetup(deps, context, 'Accounting/Account.md'));
      if (!debtor.success)
        return {
          kind: 'failed',
          failure: 'permanent',
          code: 'tool.auth',
          message:
            'There is no account to pay from yet. Write name and iban, and bic if you like, into the front matter of the note Accounting/Account.md.',
        };
      const id = createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 32);
      const content = paymentInitiation({
        messageId: id,
        endToEndId: id,
        createdAt: context.now,
        executeOn: context.now.toISOString().slice(0, 10),
        debtor: debtor.data,
        creditor: { name: args.creditor, iban: args.iban },
        amountMinor: args.amountMinor,
        currency: args.currency,
        reference: args.reference,
      });
      const path = `Accounting/Payments/${context.now.toISOString().slice(0, 10)}_${id.slice(0, 12)}.xml`;
      return { kind: 'done', result: await deps.keeper.keep(context, { path, content, outbox }) };
    },
    lookup: (context) => deps.keeper.find(context, outbox),
  };
  return [pay];
}

const outbox = 'bank';

/** The account to pay from. */
const accountSchema = z.object({ name: words, iban, bic: z.string().regex(bicPattern).optional() });
