import type { ModelUsage } from './schema.ts';

/** USD per million tokens, which is millionths of a USD per token. Cache writes are those kept for five minutes, the kind we ask for. */
interface Price {
  readonly model: string;
  /** Day from which this price is known to hold. */
  readonly from: string;
  readonly input: number;
  readonly output: number;
  readonly cacheWrite: number;
  readonly cacheRead: number;
}

/**
 * Source: platform.claude.com/docs/en/about-claude/pricing, partly as quoted by other published tables of October 2026. Models priced by the
 * length of the prompt (claude-haiku-5-5) are left out, like every model of an own endpoint: their cost is unknown, which is not nothing.
 */
const prices: readonly Price[] = [
  { model: 'claude-sonnet-5-5', from: '2026-09-29', input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.2 },
  { model: 'claude-sonnet-5-5', from: '2026-10-07', input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.1 },
  { model: 'claude-opus-5-5', from: '2026-09-29', input: 4, output: 20, cacheWrite: 5, cacheRead: 0.2 },
  { model: 'claude-fable-5-1', from: '2026-10-01', input: 10, output: 50, cacheWrite: 12.5, cacheRead: 0.25 },
  { model: 'claude-sonnet-5', from: '2026-10-01', input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.2 },
  { model: 'claude-opus-5', from: '2026-10-01', input: 5, output: 25, cacheWrite: 6.25, cacheRead: 0.5 },
  { model: 'claude-haiku-4-5', from: '2026-10-01', input: 1, output: 5, cacheWrite: 1.25, cacheRead: 0.1 },
];

/** Token counts of one call. `tokensIn` is all that went in, read from and written to the cache included. */
export type TokenCounts = Omit<ModelUsage, 'costMicros'>;

/** Adds what tokens cost on that day; null where the price is not known. Dated model names (`claude-haiku-4-5-20251001`) count as their family. */
export function withCost(model: string, counts: TokenCounts, on: Date): ModelUsage {
  const price = priceOf(model, on);
  return { ...counts, costMicros: price === undefined ? null : costOf(price, counts) };
}

/**
 * What tokens count for against a budget, in millionths of a USD. A model of a vendor that takes money and whose price is not known counts
 * as the dearest that is known, or a budget would not hold it; one of an own endpoint counts nothing, as nobody knows whom it costs what.
 */
export function countedCost(provider: 'anthropic' | 'openai-compatible', model: string, counts: TokenCounts, on: Date): number {
  const price = priceOf(model, on);
  if (price !== undefined) return costOf(price, counts);
  return provider === 'anthropic' ? Math.max(...prices.map((each) => costOf(each, counts))) : 0;
}

function priceOf(model: string, on: Date): Price | undefined {
  const day = on.toISOString().slice(0, 10);
  const family = model.replace(/-\d{8}$/, '');
  return prices.findLast((each) => each.model === family && each.from <= day);
}

function costOf(price: Price, { tokensIn, tokensOut, cacheReadTokens, cacheWriteTokens }: TokenCounts): number {
  const plain = Math.max(0, tokensIn - cacheReadTokens - cacheWriteTokens);
  const cost = plain * price.input + tokensOut * price.output + cacheReadTokens * price.cacheRead + cacheWriteTokens * price.cacheWrite;
  return Math.ceil(cost);
}
