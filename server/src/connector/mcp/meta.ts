import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { ToolAnswer, ToolCall } from '#flow/tool';
import { type ErrorCode, errorCatalogue, idSchema, jsonObjectSchema } from '#kernel';
import { labelSchema } from '#trust/policy';

/** The key under which our side of a call travels in MCP's `_meta` (prefix as the protocol asks for). */
const field = 'factotum.dev/call';
const answerField = 'factotum.dev/answer';

const metaSchema = z.strictObject({
  operation: z.enum(['do', 'undo', 'lookup']),
  tenantId: idSchema('tenant'),
  taskId: idSchema('task'),
  key: z.string().min(1).max(300),
  now: z.iso.datetime().transform((text) => new Date(text)),
  result: jsonObjectSchema.optional(),
  permit: z.string().max(100).optional(),
});
export type CallMeta = z.infer<typeof metaSchema>;

/** What goes along with the arguments. */
export function writeMeta(call: ToolCall, permit?: string): Record<string, unknown> {
  const { operation, tenantId, taskId, key } = call;
  return {
    [field]: {
      operation,
      tenantId,
      taskId,
      key,
      now: call.now.toISOString(),
      ...(call.resultJson === undefined ? {} : { result: JSON.parse(call.resultJson) }),
      ...(permit === undefined ? {} : { permit }),
    },
  };
}

/** Null when it is missing or malformed. */
export function readMeta(meta: Readonly<Record<string, unknown>> | undefined): CallMeta | null {
  const parsed = metaSchema.safeParse(meta?.[field]);
  return parsed.success ? parsed.data : null;
}

const codeSchema = z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(errorCatalogue, value));
const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), label: labelSchema.optional() }),
  z.object({
    kind: z.literal('failed'),
    failure: z.enum(['transient', 'rate_limited', 'auth', 'permanent']),
    code: codeSchema,
    message: z.string(),
    retryAfterMs: z.number().optional(),
  }),
  z.object({ kind: z.literal('unknown'), message: z.string() }),
  z.object({ kind: z.literal('absent') }),
]);

/** A tool's answer as an MCP result: the result itself is structured content, all that went wrong is an error with words. */
export function writeAnswer(answer: ToolAnswer): CallToolResult {
  if (answer.kind === 'done') {
    const { result, ...rest } = answer;
    return { content: [], structuredContent: { ...result }, _meta: { [answerField]: rest } };
  }
  const text = answer.kind === 'absent' ? 'It did not happen.' : answer.message;
  return { content: [{ type: 'text', text }], isError: answer.kind !== 'absent', _meta: { [answerField]: answer } };
}

/** Reads it back. A result that is not of our making is a broken call: its outcome is unknown. */
export function readAnswer(result: Pick<CallToolResult, '_meta' | 'structuredContent'>): ToolAnswer {
  const answer = answerSchema.safeParse(result._meta?.[answerField]);
  if (!answer.success) return { kind: 'unknown', message: 'The tool server gave an answer that is not ours.' };
  if (answer.data.kind === 'failed') {
    const { retryAfterMs, ...failed } = answer.data;
    return retryAfterMs === undefined ? failed : { ...failed, retryAfterMs };
  }
  if (answer.data.kind !== 'done') return answer.data;
  const content = jsonObjectSchema.safeParse(result.structuredContent ?? {});
  if (!content.success) return { kind: 'unknown', message: 'The tool server gave a result that is not JSON.' };
  return answer.data.label === undefined
    ? { kind: 'done', result: content.data }
    : { kind: 'done', result: content.data, label: answer.data.label };
}
