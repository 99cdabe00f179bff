import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Keeper, readForTool } from '#flow/action';
import type { Tool, ToolContext } from '#flow/tool';
import { isFactotumError } from '#kernel';
import type { Database } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { formatMinor, isCurrency, normaliseIban } from '#trust/policy';
import { type Account, paymentInitiation } from './pain001.ts';

interface BankDeps {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly keeper: Keeper;
}

const iban = z.string().transform((value, context) => {
  const normal = normaliseIban(value);
  if (normal !== null) return normal;
  context.addIssue('is not a valid IBAN');
  return z.NEVER;
});
const input = z.strictObject({
  creditor: z.string().min(1).max(140),
  iban: z
    .string()
    .max(50)
    .refine((value) => normaliseIban(value) !== null, 'is not a valid IBAN'),
  amountMinor: z.int().min(1).max(99_999_999_999),
  currency: z.string().refine(isCurrency, 'is not an ISO 4217 currency'),
  reference: z.string().min(1).max(140),
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
      const debtor = await debtorOf(deps, context);
      if (debtor === null)
        return {
          kind: 'failed',
          failure: 'permanent',
          code: 'tool.auth',
          message: 'There is no account to pay from yet. Write name and iban into the front matter of the note Accounting/Account.md.',
        };
      const id = createHash('sha256').update(`${context.tenantId}/${context.key}`).digest('hex').slice(0, 32);
      const content = paymentInitiation({
        messageId: id,
        endToEndId: id,
        createdAt: context.now,
        executeOn: context.now.toISOString().slice(0, 10),
        debtor,
        creditor: { name: args.creditor, iban: iban.parse(args.iban) },
        amountMinor: args.amountMinor,
        currency: args.currency,
        reference: args.reference,
      });
      const path = `Accounting/Payments/${context.now.toISOString().slice(0, 10)}_${id.slice(0, 12)}.xml`;
      return { kind: 'done', result: await deps.keeper.keep(context, { path, content, file: fileOf(path) }) };
    },
    lookup: (context) => deps.keeper.find(context, fileOf),
  };
  return [pay];
}

const fileOf = (path: string) => ({ folder: 'bank', name: path.slice(path.lastIndexOf('/') + 1) });

const accountSchema = z.object({ name: z.string().min(1), iban, bic: z.string().optional() });

/** The account to pay from: only a note that a member wrote counts. */
async function debtorOf(deps: BankDeps, context: ToolContext): Promise<Account | null> {
  try {
    const { note } = await readForTool(deps, context, 'Accounting/Account.md');
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*["']?([^"'\\r\\n]+?)["']?[ \\t]*$`, 'm').exec(note.content)?.[1];
    const account = accountSchema.safeParse({ name: field('name'), iban: field('iban'), bic: field('bic') });
    return note.trusted && account.success ? account.data : null;
  } catch (error) {
    if (isFactotumError(error, 'vault.not_found')) return null;
    throw error;
  }
}
