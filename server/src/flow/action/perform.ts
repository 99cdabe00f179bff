import type { Effect, ToolAnswer, ToolHost, ToolManifest } from '#flow/tool';
import { type ErrorCode, type Id, isFactotumError, type JsonObject } from '#kernel';
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
  | { readonly kind: 'unknown'; readonly message: string }
  /** It may have happened, and the tool, which would know, cannot be asked just now. The attempt stays open: it is looked up later. */
  | { readonly kind: 'undecided'; readonly message: string; readonly retryAfterMs: number | undefined };

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
  const { effect } = action.manifest;
  const answer = await call(host, action, 'do');
  switch (answer.kind) {
    case 'done':
      return done(answer);
    case 'failed':
      return failed(answer, isPassing(answer) && retriedByItself[effect]);
    case 'absent':
      return failed({ code: 'tool.failed', message: 'The tool says that nothing happened.' }, retriedByItself[effect]);
    case 'unknown':
      // A read that broke off changed nothing.
      return effect === 'read'
        ? failed({ code: 'tool.timed_out', message: answer.message }, true)
        : afterUnknown(host, action, answer.message);
  }
}

/**
 * After a takeover: finds out what became of an attempt that left no outcome.
 * @returns `absent` when the tool knows that nothing happened, so the step may be performed.
 * `failed` with `retry` says nothing about the attempt, only that the tool cannot be asked just now: ask again later.
 */
export async function lookUpAction(host: ToolHost, action: Action): Promise<ActionOutcome | { readonly kind: 'absent' }> {
  const { effect, canLookup, title } = action.manifest;
  if (effect === 'read') return { kind: 'absent' };
  const interrupted = `${title} was under way when the server stopped`;
  if (!canLookup) return { kind: 'unknown', message: `${interrupted}, and the tool cannot say whether it happened.` };
  const answer = await call(host, action, 'lookup');
  switch (answer.kind) {
    case 'done':
      return done(answer);
    case 'absent':
      return answer;
    case 'failed':
      if (isPassing(answer)) return failed({ ...answer, message: `${interrupted}, and the tool cannot be asked about it yet.` }, true);
      return { kind: 'unknown', message: `${interrupted}, and asking about it failed: ${answer.message}` };
    case 'unknown':
      return { kind: 'unknown', message: `${interrupted}. ${answer.message}` };
  }
}

/**
 * Takes back what a finished step did. The tool finds its own traces by the key of the step; `resultJson` is what the step returned.
 * By contract undoing twice is undoing once, so whatever leaves doubt may be asked again, whatever the effect was.
 */
export async function undoAction(host: ToolHost, action: Action & { readonly resultJson: string }): Promise<ActionOutcome> {
  const answer = await call(host, action, 'undo', action.resultJson);
  switch (answer.kind) {
    case 'done':
      return done(answer);
    case 'failed':
      return failed(answer, isPassing(answer));
    case 'absent':
      return failed({ code: 'tool.failed', message: 'The tool says that nothing happened.' }, true);
    case 'unknown':
      // Not looked up: a lookup by this key tells of what is being undone, and would be taken for the undoing.
      return failed({ code: 'tool.timed_out', message: answer.message }, true);
  }
}

/** The tool is asked at once, while it still remembers best. */
async function afterUnknown(host: ToolHost, action: Action, message: string): Promise<ActionOutcome> {
  const { canLookup, effect } = action.manifest;
  if (!canLookup) return { kind: 'unknown', message };
  const found = await call(host, action, 'lookup');
  if (found.kind === 'done') return done(found);
  // Whatever cut the call off, a database that is away for instance, cuts the question off as well.
  if (found.kind === 'failed' && isPassing(found)) return { kind: 'undecided', message, retryAfterMs: found.retryAfterMs };
  if (found.kind !== 'absent') return { kind: 'unknown', message };
  // A call that was given up may still be under way. Where the key makes a second one harmless that does not matter; money, rights and
  // destruction are not repeated, so calling them undone now could be a lie in a moment.
  return retriedByItself[effect]
    ? failed({ code: 'tool.timed_out', message }, true)
    : { kind: 'unknown', message: `${message} The tool finds no trace of it so far.` };
}

type Failed = Extract<ToolAnswer, { kind: 'failed' }>;

const isPassing = ({ failure }: Failed): boolean => failure === 'transient' || failure === 'rate_limited';

const done = ({ result, label }: Extract<ToolAnswer, { kind: 'done' }>): ActionOutcome => ({ kind: 'done', result, label });

const failed = ({ code, message, retryAfterMs }: Pick<Failed, 'code' | 'message' | 'retryAfterMs'>, retry: boolean): ActionOutcome => ({
  kind: 'failed',
  code,
  message,
  retry,
  retryAfterMs,
});

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
    // The host answers with values; what it throws is a call that broke off in the middle. A question that broke off can be asked again.
    const message = isFactotumError(error) ? error.message : 'The tool broke off in the middle of the call.';
    return operation === 'lookup'
      ? { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message }
      : { kind: 'unknown', message };
  }
}
