import type { z } from 'zod';
import type { ErrorCode, Id, JsonObject } from '#kernel';
import type { Label } from '#trust/policy';
import type { ToolManifest } from './manifest.ts';

/** What a tool is told about the call besides its arguments. */
export interface ToolContext {
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  /** Equal for all attempts of one step: a tool that has seen it does not act again. */
  readonly key: string;
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** What a tool answers. `unknown`: it may have happened. `absent`: what a lookup says when it did not happen. */
export type ToolAnswer =
  | { readonly kind: 'done'; readonly result: JsonObject; readonly label?: Label }
  | {
      readonly kind: 'failed';
      readonly failure: 'transient' | 'rate_limited' | 'auth' | 'permanent';
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'absent' };

/** One thing the employee can do. Arguments and results have passed `input` and `output`. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  readonly manifest: ToolManifest;
  /** Strict: an argument that is not listed is refused. */
  readonly input: Input;
  readonly output: Output;
  run(context: ToolContext, args: z.infer<Input>): Promise<ToolAnswer>;
  lookup?(context: ToolContext): Promise<ToolAnswer>;
  undo?(context: ToolContext, args: z.infer<Input>, result: z.infer<Output>): Promise<ToolAnswer>;
}

export interface ToolCall {
  readonly tool: string;
  readonly operation: 'do' | 'undo' | 'lookup';
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  readonly key: string;
  /** The canonical bytes that were hashed and approved. */
  readonly argsJson: string;
  /** For `undo`: what the step returned. */
  readonly resultJson?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly now: Date;
}

/** Where tools run. What it throws means that the call broke off and the outcome is not known. */
export interface ToolHost {
  call(call: ToolCall): Promise<ToolAnswer>;
}
