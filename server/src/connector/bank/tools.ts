import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  addInvoice,
  type Invoice,
  readInvoice as readKept,
  readTransaction,
  setCategory,
  shownAmount,
  type Unit,
  withdrawInvoice,
} from '#flow/ledger';
import type { Tool, ToolAnswer, ToolContext } from '#flow/tool';
import { FactotumError, isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { readInvoice } from './invoice/facts.ts';
import { type PayDeps, payCollectiveTool, payTool } from './pay.ts';

/** What our tools do in the ledger, in the name of a task. */
const actor = 'system:engine';

const id = z.string().max(100);
const facts = z.object({
  invoice: z.string(),
  state: z.string(),
  creditor: z.string().nullable(),
  iban: z.string().nullable(),
  amountMinor: z.int().nullable(),
  currency: z.string().nullable(),
  reference: z.string(),
  creditorReference: z.string().nullable(),
  dueOn: z.string().nullable(),
  basis: z.string(),
  doubts: z.array(z.string()),
});
const invoiceInput = z.strictObject({ text: z.string().max(200_000), document: z.string().max(200).optional() });
const matchInput = z.strictObject({ invoice: id });
const matchOutput = z.object({
  state: z.string(),
  openMinor: z.int().nullable(),
  matches: z.array(z.object({ transaction: z.string(), state: z.string(), score: z.number(), reasons: z.array(z.string()) })),
});
const categoryInput = z.strictObject({ transaction: id, category: z.string().trim().min(1).max(100) });
const categoryOutput = z.object({ transaction: z.string(), category: z.string().nullable(), before: z.string().nullable() });

const inside = { risk: 'low', visibleOutside: false, readsPrivate: true, canLookup: false, timeoutMs: 30_000 } as const;

/** Paying, and the ledger's own: `bank.pay`, `bank.pay_collective`, `bank.invoice`, `bank.match`, `bank.categorise`. */
export function bankTools(deps: PayDeps): Tool[] {
  const inUnit = async <R>({ tenantId }: ToolContext, work: (unit: Unit) => Promise<R>): Promise<R> => {
    const keys = await deps.keysOf(tenantId);
    return withTenant(deps.database.app.db, tenantId, (tx) => work({ tx, keys }));
  };

  const invoice: Tool<typeof invoiceInput, typeof facts> = {
    manifest: {
      ...inside,
      tool: 'bank.invoice',
      title: 'Read an invoice',
      effect: 'write',
      args: {
        text: { role: 'content', slot: 'text', title: 'Text of the invoice' },
        document: { role: 'content', slot: 'text', title: 'Document' },
      },
      reversible: true,
      headline: (args) => `Read the invoice ${typeof args.document === 'string' ? args.document : ''}`.trim(),
      consequence: 'What the invoice says is kept in your ledger. Nothing is paid.',
    },
    input: invoiceInput,
    output: facts,
    run: (context, { text, document }) =>
      orFailed(async () => {
        const read = readInvoice(text, document ?? 'invoice');
        if (read === null) throw new FactotumError('ledger.unreadable', 'This does not read like an invoice.');
        const kept = await inUnit(context, async (unit) => {
          const documentHash = createHash('sha256').update(text).digest('hex');
          const { invoiceId } = await addInvoice(unit, { documentHash, body: read, keptFor: context.key }, { actor, at: context.now });
          return (await readKept(unit, invoiceId)).invoice;
        });
        return { kind: 'done', result: factsOf(kept) };
      }),
    async undo(context, _args, { invoice: invoiceId }) {
      const isGone = await inUnit(context, (unit) =>
        withdrawInvoice(unit, { invoiceId, keptFor: context.key }, { actor, at: context.now }),
      );
      if (isGone) return { kind: 'done', result: {} };
      return {
        kind: 'failed',
        failure: 'permanent',
        code: 'tool.failed',
        message: 'Somebody has decided about this invoice, so it stays.',
      };
    },
  };

  const match: Tool<typeof matchInput, typeof matchOutput> = {
    manifest: {
      ...inside,
      tool: 'bank.match',
      title: 'Find what pays an invoice',
      effect: 'read',
      args: { invoice: { role: 'steering', slot: 'id', title: 'Invoice' } },
      reversible: true,
      headline: (args) => `Find what pays the invoice ${String(args.invoice)}`,
      consequence: 'It is looked up in your ledger, which compares invoices with payments whenever either comes in. Nothing is changed.',
    },
    input: matchInput,
    output: matchOutput,
    run: (context, args) =>
      orFailed(async () => {
        const record = await inUnit(context, (unit) => readKept(unit, args.invoice));
        const matches = record.matches.map(({ transactionId, state, score, reasons }) => ({
          ...{ transaction: transactionId, state, score },
          reasons: reasons.map(({ text }) => text),
        }));
        return { kind: 'done', result: { state: record.invoice.state, openMinor: record.invoice.openMinor, matches } };
      }),
  };

  const categorise: Tool<typeof categoryInput, typeof categoryOutput> = {
    manifest: {
      ...inside,
      tool: 'bank.categorise',
      title: 'Say what a transaction was for',
      effect: 'write',
      args: {
        transaction: { role: 'steering', slot: 'id', title: 'Transaction' },
        category: { role: 'steering', slot: 'name', title: 'Category' },
      },
      reversible: true,
      headline: (args) => `Call ${String(args.transaction)} ${String(args.category)}`,
      consequence: 'The category is noted in your ledger. Nothing is learned from it before you confirm it.',
    },
    input: categoryInput,
    output: categoryOutput,
    run: (context, { transaction, category }) =>
      orFailed(async () => {
        const before = await inUnit(context, async (unit) => {
          const found = await readTransaction(unit, transaction);
          await setCategory(unit, transaction, category, { actor, at: context.now, as: 'tool' });
          return found.category;
        });
        return { kind: 'done', result: { transaction, category, before } };
      }),
    async undo(context, { transaction, category }, { before }) {
      await inUnit(context, async (unit) => {
        const found = await readTransaction(unit, transaction);
        // What somebody has said since stays.
        if (found.categorisedBy === 'tool' && found.category === category)
          await setCategory(unit, transaction, before, { actor, at: context.now, as: 'tool' });
      });
      return { kind: 'done', result: {} };
    },
  };

  return [payTool(deps), payCollectiveTool(deps), invoice, match, categorise];
}

/** What is not there, or no invoice, is so at the next attempt as well. */
async function orFailed(work: () => Promise<ToolAnswer>): Promise<ToolAnswer> {
  try {
    return await work();
  } catch (error) {
    if (!isFactotumError(error, 'ledger.not_found') && !isFactotumError(error, 'ledger.unreadable')) throw error;
    return { kind: 'failed', failure: 'permanent', code: error.code, message: error.message };
  }
}

/** What a payment takes, and what the person who approves it reads: each fact with the words it was read from. */
function factsOf(invoice: Invoice) {
  const { invoiceId, state, issuer, iban, openMinor, currency, number, creditorReference, dueOn, document, provenance, doubts } = invoice;
  const titles: Readonly<Record<string, string>> = {
    issuer: 'payee',
    iban: 'account',
    amountMinor: 'amount',
    number: 'number',
    dueOn: 'due',
    creditorReference: 'reference',
  };
  const read = Object.entries(titles).flatMap(([name, title]) => {
    const found = provenance[name];
    return found === undefined ? [] : [`${title}: line ${found.line}, "${found.quote}"`];
  });
  const open = openMinor === null || currency === null ? '' : `, open ${shownAmount(openMinor, currency)}`;
  return {
    ...{
      invoice: invoiceId,
      state,
      creditor: issuer,
      iban,
      amountMinor: openMinor,
      currency,
      creditorReference,
      dueOn,
      doubts: [...doubts],
    },
    reference: number ?? document,
    basis: `Invoice ${number ?? ''} of ${issuer ?? 'somebody unnamed'} in ${document}${open}. ${read.join('; ')}.`.slice(0, 2_000),
  };
}
