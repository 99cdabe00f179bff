import type { Span } from '#flow/report';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';

/** Money of one currency in a span, in minor units. */
export interface CurrencyFlow {
  readonly currency: string;
  /** What came in, positive. */
  readonly inMinor: bigint;
  /** What went out, positive. */
  readonly outMinor: bigint;
  /** Where most went, the largest first. */
  readonly largest: readonly { readonly name: string; readonly outMinor: bigint }[];
}

/** What is known of a tenant's money. */
export interface MoneyFigures {
  readonly flows: readonly CurrencyFlow[];
  /** Invoices that nothing was paid for yet, and which of them are due before the next briefing. */
  readonly openInvoices: number;
  readonly dueSoon: number;
  /** Unusual charges and subscriptions worth a look, each in one line. */
  readonly hints: readonly string[];
}

/** Null where no account is known: then nothing is said of money. */
export type ReadMoney = (tx: Tx, keys: TenantKeys, span: Span) => Promise<MoneyFigures | null>;
