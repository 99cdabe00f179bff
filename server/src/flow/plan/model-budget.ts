import type { ModelBudget } from '#trust/quota';
import { type ModelConnection, type ModelRequest, type ModelTurn, outputTokensMax } from './model-call.ts';
import { countedCost, type TokenCounts } from './model-price.ts';
import type { PlanningTask, PlanOutcome } from './schema.ts';

/** What is sent beside our own words: the schema of the answer and what the vendor adds for it. Measured: 1,100 tokens; this is above it. */
const overheadTokens = 4_000;

/**
 * The most that a request can use. A token stands for at least one byte of text, and all that goes in is counted as written to the cache,
 * the dearest kind of input.
 */
function boundOf({ instructions, messages }: Pick<ModelRequest, 'instructions' | 'messages'>): TokenCounts {
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), Buffer.byteLength(instructions));
  const tokensIn = bytes + overheadTokens;
  return { tokensIn, tokensOut: outputTokensMax, cacheReadTokens: 0, cacheWriteTokens: tokensIn };
}

/**
 * Asks within the tenant's budget: what the call costs at most is put aside before, and what it cost is counted after.
 *
 * @returns an outcome instead of a turn where the budget does not cover the call; then nobody has been asked.
 */
export async function askWithin(
  {
    budget,
    connection,
    provider,
    model,
  }: { budget: ModelBudget | null; connection: ModelConnection; provider: 'anthropic' | 'openai-compatible'; model: string },
  task: Pick<PlanningTask, 'tenantId' | 'now'>,
  request: ModelRequest,
): Promise<ModelTurn | Extract<PlanOutcome, { kind: 'used_up' }>> {
  const bound = boundOf(request);
  const boundMicros = countedCost(provider, model, bound, task.now);
  if (budget === null || boundMicros === 0) return connection.ask(request);
  const reserved = await budget.reserve(task.tenantId, boundMicros);
  if (reserved.kind === 'used_up') return { kind: 'used_up', until: reserved.until, message: reserved.text };
  const turn = await connection.ask(request);
  // An answer that nobody counted was paid all the same; a failure that nobody counted was no answer.
  const counted = turn.tokens ?? (turn.kind === 'failed' ? nothing : bound);
  await reserved.settle(countedCost(provider, model, counted, task.now));
  return turn;
}

const nothing: TokenCounts = { tokensIn: 0, tokensOut: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
