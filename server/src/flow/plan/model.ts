import { type ToolCatalogue, withPlugged } from '#flow/tool';
import { type ErrorCode, FactotumError, type Logger } from '#kernel';
import type { ModelBudget } from '#trust/quota';
import { foldAnswer, writtenOutFaults } from './model-answer.ts';
import { askWithin } from './model-budget.ts';
import { type ModelConnection, type ModelRequest, type ModelTurn, openModel } from './model-call.ts';
import type { ModelFailure } from './model-failure.ts';
import { type TokenCounts, withCost } from './model-price.ts';
import { buildPrompt, type Prompt } from './model-prompt.ts';
import type { Plan, Planner, PlanningTask, PlanOutcome } from './schema.ts';
import { validatePlan } from './validate.ts';

export interface ModelPlannerOptions {
  readonly provider: 'anthropic' | 'openai-compatible';
  readonly model: string;
  /** Left out for Anthropic's own address; needed for openai-compatible. */
  readonly url: string | undefined;
  readonly key: string | undefined;
  /** An address that a tenant set is only dialled on the public internet; the operator's may be anywhere. */
  readonly setBy: 'operator' | 'tenant';
  readonly catalogue: ToolCatalogue;
  /** What each tenant may spend; null where nobody minds. */
  readonly budget: ModelBudget | null;
  readonly log: Logger;
  /** One request from connecting to the last byte, 60 s if left out. */
  readonly timeoutMs?: number;
}
export interface ModelPlanner {
  readonly model: string;
  readonly plan: Planner;
  /** Asks something that costs next to nothing, to see whether the model answers in the form that plans need; null when it does. */
  probe(signal: AbortSignal, now: Date): Promise<{ readonly code: ErrorCode; readonly message: string } | null>;
  /** Lets go of idle connections. */
  close(): Promise<void>;
}

const anthropicUrl = 'https://api.anthropic.com/v1';
/** A model gets one chance to mend its plan. A second round of faults is for a person, and every round costs. */
const roundsMax = 2;

/**
 * A planner that asks a model: Anthropic's, or any endpoint that speaks OpenAI's chat completions. The model sees the event as data, is
 * offered tools and references, and answers in a closed schema; what it answers is validated like any plan.
 *
 * @throws FactotumError `model.misconfigured` without a key for Anthropic or an address for an own endpoint: the SDK would silently take
 * key and address of the process instead, and a tenant would spend the operator's money.
 */
export function createModelPlanner(options: ModelPlannerOptions): ModelPlanner {
  const { provider, model, key, setBy, log, timeoutMs = 60_000 } = options;
  const url = options.url || (provider === 'anthropic' ? anthropicUrl : '');
  if (provider === 'anthropic' && !key) throw new FactotumError('model.misconfigured', 'There is no key for Anthropic. Set one.');
  if (url === '') throw new FactotumError('model.misconfigured', 'There is no address for the model. Set one.');
  const connection = openModel({ provider, model, url, key, setBy, timeoutMs });
  return {
    model,
    async plan(task, context) {
      const catalogue = withPlugged(options.catalogue, context.pluggedTools);
      const prompt = buildPrompt(task, context, catalogue, model);
      const { outcome, tokens } = await converse({ connection, prompt, task, signal: context.signal, options: { ...options, catalogue } });
      const code = 'code' in outcome ? outcome.code : undefined;
      log.info({ taskId: task.taskId, model, outcome: outcome.kind, code, ...tokens }, 'a model was asked for a plan');
      return { ...outcome, model, ...(tokens === undefined ? {} : { usage: withCost(model, tokens, task.now) }) };
    },
    async probe(signal, now) {
      const turn = await connection.ask({ ...probeRequest, signal, now });
      if (turn.kind === 'failed') return { code: turn.failure.code, message: turn.failure.message };
      return turn.kind === 'answer'
        ? null
        : { code: 'model.bad_answer', message: `The model answers, but not as plans need it. ${turn.fault}` };
    },
    close: () => connection.close(),
  };
}

const probeRequest = {
  instructions: 'This is a test of the connection. Answer with no steps, an empty summary, and the question "Ready?".',
  messages: [{ role: 'user', content: 'Are you ready?' }],
} as const;

interface Conversation {
  readonly connection: ModelConnection;
  readonly prompt: Prompt;
  readonly task: PlanningTask;
  readonly signal: AbortSignal;
  readonly options: ModelPlannerOptions;
}

async function converse({
  connection,
  prompt,
  task,
  signal,
  options,
}: Conversation): Promise<{ outcome: PlanOutcome; tokens: TokenCounts | undefined }> {
  const messages: ModelRequest['messages'][number][] = [{ role: 'user', content: prompt.request }];
  let tokens: TokenCounts | undefined;
  let faults: readonly string[] = [];
  for (let round = 1; round <= roundsMax; round += 1) {
    const turn = await askWithin({ ...options, connection }, task, { instructions: prompt.instructions, messages, signal, now: task.now });
    if (turn.kind === 'used_up') return { outcome: turn, tokens };
    tokens = sumOf(tokens, turn.tokens);
    if (turn.kind === 'failed') return { outcome: outcomeOf(turn.failure), tokens };
    const judged = judge(turn, prompt, task, options);
    if ('outcome' in judged) return { outcome: judged.outcome, tokens };
    faults = judged.faults;
    messages.push({ role: 'assistant', content: turn.text || '{}' }, { role: 'user', content: mendRequest(faults) });
  }
  const question = `The model made no usable plan for this. Handle it yourself, or say what should be done and let it try again. What was wrong: ${faults.slice(0, 5).join(' ')}`;
  return { outcome: { kind: 'question', question, code: 'model.bad_answer' }, tokens };
}

type Judged = { readonly outcome: PlanOutcome } | { readonly faults: readonly string[] };

/** Whether a turn holds a plan that may go on, or a question, or faults for the model to mend. */
function judge(
  turn: Exclude<ModelTurn, { kind: 'failed' }>,
  prompt: Prompt,
  task: PlanningTask,
  { catalogue, provider }: ModelPlannerOptions,
): Judged {
  if (turn.kind === 'unusable') return { faults: [turn.fault] };
  const { answer } = turn;
  const question = answer.question?.trim() ?? '';
  if (question !== '' && answer.steps.length === 0) return { outcome: { kind: 'question', question: question.slice(0, 2_000) } };
  if (question !== '') return { faults: ['Either ask a question and give no steps, or give steps and ask nothing.'] };
  const { candidate, faults } = foldAnswer(answer, prompt);
  const validated = validatePlan(candidate, catalogue, task.event.payload);
  const all = [...faults, ...(validated.faults ?? []), ...writtenOutFaults(candidate, catalogue)];
  if (all.length > 0 || validated.plan === undefined) return { faults: all };
  return { outcome: { kind: 'plan', plan: onlyUsedValues(validated.plan), planner: provider } };
}

/** What was found and not pointed at is left out of the sealed plan. */
function onlyUsedValues(plan: Plan): Plan {
  const steps = JSON.stringify(plan.steps);
  return {
    ...plan,
    values: Object.fromEntries(Object.entries(plan.values).filter(([name]) => new RegExp(`extract\\.${name}\\b`).test(steps))),
  };
}

const mendRequest = (faults: readonly string[]): string =>
  `This plan cannot be used:\n${faults.map((fault) => `- ${fault}`).join('\n')}\nAnswer again with a whole plan in which all of this is mended.`;

function outcomeOf(failure: ModelFailure): PlanOutcome {
  if (failure.kind === 'retry') return failure;
  const { code, message } = failure;
  const advice =
    code === 'model.misconfigured'
      ? 'Ask whoever runs Factotum to look at its settings, then let it try again.'
      : 'Handle it yourself, or say what should be done and let it try again.';
  return { kind: 'question', code, question: `${message} ${advice}` };
}

function sumOf(one: TokenCounts | undefined, other: TokenCounts | undefined): TokenCounts | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    tokensIn: one.tokensIn + other.tokensIn,
    tokensOut: one.tokensOut + other.tokensOut,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
  };
}
