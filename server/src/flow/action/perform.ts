import type { Effect, ToolAnswer, ToolHost, ToolManifest } from '#flow/tool';
import type { ErrorCode, Id, JsonObject } from '#kernel';
import { isFactotumError } from '#kernel';
import type { Label } from '#trust/policy';

export interface Action {
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  /** Equal for all attempts of this step and direction. */
  readonly key: string;
  readonly manifest: ToolManifest;
  /** The canonical bytes that were hashed and approved; the tool gets exactly these. */
  readonly argsJson: string;
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** What came of an effect, as far as anybody can tell. */
export type ActionOutcome =
  | { readonly kind: 'done'; readonly result: JsonObject; readonly label: Label | undefined }
  /** It did not happen. `retry` says whether the same call may be tried again by itself. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly retry: boolean;
      readonly retryAfterMs: number | undefined;
    }
  /** It may have happened. Nothing may be repeated before a person has looked. */
  | { readonly kind: 'unknown'; readonly message: string };

/** Money, rights and destruction are never tried again without a person (design, section 6). */
const retriedByItself: Readonly<Record<Effect, boolean>> = {
  read: true,
  write: true,
  egress: true,
  money: false,
  grant: false,
  destroy: false,
};

/** Performs one step's effect and says what the far side answered. Never throws for what a tool does wrong. */
export async function performAction(host: ToolHost, action: Action): Promise<ActionOutcome> {
  return settle(host, action, await call(host, action, 'do'));
}

/**
 * After a takeover: finds out what became of an attempt that left no outcome.
 * @returns `absent` when the tool knows that nothing happened, so the step may be performed.
 */
export async function lookUpAction(host: ToolHost, action: Action): Promise<ActionOutcome | { readonly kind: 'absent' }> {
  if (action.manifest.effect === 'read') return { kind: 'absent' };
  if (!action.manifest.canLookup)
    return {
      kind: 'unknown',
      message: `${action.manifest.title} was under way when the server stopped, and the tool cannot say whether it happened.`,
    };
  const answer = await call(host, action, 'lookup');
  if (answer.kind === 'absent') return answer;
  if (answer.kind === 'failed' && (answer.failure === 'transient' || answer.failure === 'rate_limited'))
    return { kind: 'failed', code: answer.code, message: answer.message, retry: true, retryAfterMs: answer.retryAfterMs };
  if (answer.kind === 'failed')
    return {
      kind: 'unknown',
      message: `${action.manifest.title} was under way when the server stopped, and asking about it failed: ${answer.message}`,
    };
  return settle(host, action, answer);
}

/** Takes back what a finished step did. The tool finds its own traces by the key of the step; `resultJson` is what the step returned. */
export async function undoAction(host: ToolHost, action: Action & { readonly resultJson: string }): Promise<ActionOutcome> {
  const answer = await call(host, action, 'undo', action.resultJson);
  // Undoing is idempotent by contract, so it may be tried again whatever the effect was.
  const outcome = await settle(host, action, answer);
  return outcome.kind === 'failed' && answer.kind === 'failed'
    ? { ...outcome, retry: answer.failure === 'transient' || answer.failure === 'rate_limited' }
    : outcome;
}

async function call(host: ToolHost, action: Action, operation: 'do' | 'undo' | 'lookup', resultJson?: string): Promise<ToolAnswer> {
  try {
    return await host.call({
      tool: action.manifest.tool,
      operation,
      tenantId: action.tenantId,
      taskId: action.taskId,
      key: action.key,
      argsJson: action.argsJson,
      timeoutMs: action.manifest.timeoutMs,
      signal: action.signal,
      now: action.now,
      ...(resultJson === undefined ? {} : { resultJson }),
    });
  } catch (error) {
    // The host answers with values; what it throws is a broken connection or a time-out in the middle of a call.
    if (isFactotumError(error, 'tool.unknown') || isFactotumError(error, 'tool.invalid_arguments'))
      return { kind: 'failed', failure: 'permanent', code: error.code, message: error.message };
    return { kind: 'unknown', message: isFactotumError(error) ? error.message : 'The tool broke off in the middle of the call.' };
  }
}

async function settle(host: ToolHost, action: Action, answer: ToolAnswer): Promise<ActionOutcome> {
  const { effect } = action.manifest;
  switch (answer.kind) {
    case 'done':
      return { kind: 'done', result: answer.result, label: answer.label };
    case 'failed': {
      const passing = answer.failure === 'transient' || answer.failure === 'rate_limited';
      return {
        kind: 'failed',
        code: answer.code,
        message: answer.message,
        retry: passing && retriedByItself[effect],
        retryAfterMs: answer.retryAfterMs,
      };
    }
    case 'absent':
      return {
        kind: 'failed',
        code: 'tool.failed',
        message: 'The tool says that nothing happened.',
        retry: retriedByItself[effect],
        retryAfterMs: undefined,
      };
    case 'unknown':
      // A read that broke off changed nothing; for the rest ask the tool at once, while it still remembers best.
      if (effect === 'read')
        return { kind: 'failed', code: 'tool.timed_out', message: answer.message, retry: true, retryAfterMs: undefined };
      return action.manifest.canLookup ? afterUnknown(host, action, answer.message) : { kind: 'unknown', message: answer.message };
  }
}

async function afterUnknown(host: ToolHost, action: Action, message: string): Promise<ActionOutcome> {
  const found = await call(host, action, 'lookup');
  if (found.kind === 'done') return { kind: 'done', result: found.result, label: found.label };
  if (found.kind === 'absent')
    return { kind: 'failed', code: 'tool.timed_out', message, retry: retriedByItself[action.manifest.effect], retryAfterMs: undefined };
  return { kind: 'unknown', message };
}
