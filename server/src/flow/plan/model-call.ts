import type { LanguageModel, LanguageModelUsage } from 'ai';
import { guardedAgent, type OutboundLimits, outboundFetch, unguardedAgent } from '#kernel/outbound';
import { redact } from '#kernel/redact';
import { answerSchema, type ModelAnswer } from './model-answer.ts';
import { failureOf, type ModelFailure } from './model-failure.ts';
import type { TokenCounts } from './model-price.ts';

/** Where a model is and how to reach it. */
export interface ModelAddress {
  readonly provider: 'anthropic' | 'openai-compatible';
  readonly model: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly setBy: 'operator' | 'tenant';
  readonly timeoutMs: number;
}
export interface ModelRequest {
  readonly instructions: string;
  /** User and assistant in turn, starting with the user. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** One answer of a model. `tokens` is undefined where the endpoint does not count, or nothing was answered. */
export type ModelTurn =
  | { readonly kind: 'answer'; readonly answer: ModelAnswer; readonly text: string; readonly tokens: TokenCounts | undefined }
  | { readonly kind: 'unusable'; readonly fault: string; readonly text: string; readonly tokens: TokenCounts | undefined }
  | { readonly kind: 'failed'; readonly failure: ModelFailure; readonly tokens: TokenCounts | undefined };

export interface ModelConnection {
  /** Asks once. Never throws; whatever went wrong is in our words and without a word of the prompt. */
  ask(request: ModelRequest): Promise<ModelTurn>;
  close(): Promise<void>;
}

/** A plan of twenty steps takes about 3,000 tokens. Without a limit the SDK asks for up to 128,000. */
export const outputTokensMax = 8_000;
const responseBytesMax = 4 * 1_024 * 1_024;

/** Opens a connection to a model. The SDK, 20 MB of code, is loaded when the first question is asked. */
export function openModel(address: ModelAddress): ModelConnection {
  const { timeoutMs } = address;
  const limits: OutboundLimits = {
    connectTimeoutMs: Math.min(10_000, timeoutMs),
    headersTimeoutMs: timeoutMs,
    bodyTimeoutMs: timeoutMs,
    responseBytesMax,
  };
  const agent = address.setBy === 'operator' ? unguardedAgent(limits) : guardedAgent(limits);
  let loading: ReturnType<typeof loadModel> | undefined;
  return {
    async ask(request) {
      try {
        loading ??= loadModel(address, outboundFetch(agent, limits));
        return await ask(await loading, request, timeoutMs);
      } catch (error) {
        if (request.signal.aborted) return { kind: 'failed', failure: interrupted, tokens: undefined };
        return { kind: 'failed', failure: failureOf(error, request.now), tokens: undefined };
      }
    },
    close: () => agent.close(),
  };
}

const interrupted: ModelFailure = { kind: 'retry', afterMs: 0, code: 'server.busy', message: 'Planning was interrupted and starts again.' };
const refused: ModelFailure = { kind: 'question', code: 'model.refused', message: 'The model refuses to plan this.' };

const notJson = 'The answer was not JSON of the form that was asked for.';

interface Loaded {
  readonly sdk: typeof import('ai');
  readonly model: LanguageModel;
}

async function loadModel(address: ModelAddress, fetch: typeof globalThis.fetch): Promise<Loaded> {
  const sdk = await import('ai');
  // Warnings are counted below; printed they would land between the lines that commands write for programs.
  globalThis.AI_SDK_LOG_WARNINGS = false;
  if (address.provider === 'anthropic') {
    const { createAnthropic } = await import('@ai-sdk/anthropic');
    return { sdk, model: createAnthropic({ apiKey: address.key ?? '', baseURL: address.url, fetch })(address.model) };
  }
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  // With the flag the schema goes out; without it the endpoint would only hear "answer in JSON".
  const settings = { name: 'own', baseURL: address.url, supportsStructuredOutputs: true, includeUsage: true, fetch };
  const provider = createOpenAICompatible(address.key === undefined ? settings : { ...settings, apiKey: address.key });
  // Small models like to put their JSON into a Markdown fence.
  return { sdk, model: sdk.wrapLanguageModel({ model: provider(address.model), middleware: sdk.extractJsonMiddleware() }) };
}

async function ask({ sdk, model }: Loaded, { instructions, messages, signal }: ModelRequest, timeoutMs: number): Promise<ModelTurn> {
  try {
    const result = await sdk.generateText({
      model,
      // A vendor is somebody outside: no secret of ours, or of a tenant's, goes there with what a mail or a note says.
      instructions: {
        role: 'system',
        content: redact(instructions),
        providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
      },
      messages: messages.map(({ role, content }) => ({ role, content: redact(content) })),
      output: sdk.Output.object({ schema: answerSchema, name: 'plan' }),
      maxOutputTokens: outputTokensMax,
      // The engine retries: a parked task holds no slot, and the SDK forgets what retry-after asks for beyond a minute.
      maxRetries: 0,
      timeout: timeoutMs,
      abortSignal: signal,
      telemetry: { isEnabled: false },
    });
    const tokens = countsOf(result.usage);
    // A refusal has no output: reading it would throw.
    if (result.finishReason === 'content-filter') return { kind: 'failed', failure: refused, tokens };
    try {
      return { kind: 'answer', answer: result.output, text: result.text, tokens };
    } catch (error) {
      // The model ended otherwise, for example with a tool call that nobody offered.
      if (sdk.NoOutputGeneratedError.isInstance(error)) return { kind: 'unusable', fault: notJson, text: result.text, tokens };
      throw error;
    }
  } catch (error) {
    if (!sdk.NoObjectGeneratedError.isInstance(error)) throw error;
    const tokens = error.usage === undefined ? undefined : countsOf(error.usage);
    if (error.finishReason === 'content-filter') return { kind: 'failed', failure: refused, tokens };
    const fault =
      error.finishReason === 'length' ? 'The answer was cut off because it was too long. Answer with fewer and shorter steps.' : notJson;
    return { kind: 'unusable', fault, text: error.text ?? '', tokens };
  }
}

function countsOf({ inputTokens, outputTokens, inputTokenDetails }: LanguageModelUsage): TokenCounts | undefined {
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return {
    tokensIn: inputTokens ?? 0,
    tokensOut: outputTokens ?? 0,
    cacheReadTokens: inputTokenDetails.cacheReadTokens ?? 0,
    cacheWriteTokens: inputTokenDetails.cacheWriteTokens ?? 0,
  };
}
