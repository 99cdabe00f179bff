import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { CallToolRequest, CallToolResult, Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { callFaults, type Tool, type ToolAnswer, type ToolContext } from '#flow/tool';
import { canonicalJson, type Id, isFactotumError, type JsonObject, type Logger } from '#kernel';
import { readMeta, writeAnswer } from './meta.ts';
import type { Permits } from './permit.ts';
import { createProtocolServer } from './protocol.ts';

/**
 * One MCP server over a set of our own tools. What steers a call beside its arguments (key, tenant, operation) travels in `_meta`. An
 * argument that a tool does not have is refused by its strict schema.
 *
 * @param guard.mayActFor - whether the caller may act for that tenant; in this process whoever calls may.
 * @param guard.permits - what whoever changes something must show; left out: nothing, in this process.
 */
export function createToolServer(
  name: string,
  tools: readonly Tool[],
  log: Logger,
  {
    mayActFor = () => true,
    permits,
  }: { readonly mayActFor?: (tenantId: Id<'tenant'>) => boolean; readonly permits?: Permits | undefined } = {},
): Server {
  const byName = new Map(tools.map((tool) => [tool.manifest.tool, tool]));
  const call = async (params: CallToolRequest['params'], signal: AbortSignal): Promise<CallToolResult> => {
    const tool = byName.get(params.name);
    if (tool === undefined)
      return writeAnswer({
        kind: 'failed',
        failure: 'permanent',
        code: 'tool.unknown',
        message: `There is no tool called ${params.name}.`,
      });
    const meta = readMeta(params._meta);
    if (meta === null)
      return writeAnswer({
        kind: 'failed',
        failure: 'permanent',
        code: 'tool.invalid_arguments',
        message: 'The call does not say for whom and under which key it is made.',
      });
    if (!mayActFor(meta.tenantId)) {
      log.warn(
        { tool: tool.manifest.tool, tenantId: meta.tenantId },
        'a worker called a tool for a tenant that its certificate does not name',
      );
      return writeAnswer({
        kind: 'failed',
        failure: 'auth',
        code: 'tool.auth',
        message: 'The certificate of this worker is not for this tenant.',
      });
    }
    if (permits !== undefined && meta.operation !== 'lookup' && tool.manifest.effect !== 'read') {
      const { operation, tenantId, key, result } = meta;
      const argsJson = canonicalJson(plainArguments(params.arguments));
      const resultJson = result === undefined ? undefined : canonicalJson(result);
      if (!(await permits.holds(meta.permit, { tool: tool.manifest.tool, operation, tenantId, key, argsJson, resultJson }))) {
        log.warn({ tool: tool.manifest.tool, tenantId, operation }, 'a call that changes something had no valid permit');
        return writeAnswer({
          kind: 'failed',
          failure: 'auth',
          code: 'tool.auth',
          message: 'The call has no valid permit: nothing was done.',
        });
      }
    }
    const context: ToolContext = { tenantId: meta.tenantId, taskId: meta.taskId, key: meta.key, now: meta.now, signal };
    try {
      return writeAnswer(await run(tool, meta, context, params.arguments ?? {}));
    } catch (error) {
      const { operation } = meta;
      if (isFactotumError(error)) {
        log.info({ tool: tool.manifest.tool, operation, code: error.code }, 'a tool refused');
        return writeAnswer({
          kind: 'failed',
          failure: error.retry ? 'transient' : 'permanent',
          code: error.code,
          message: error.message,
          // A full vault has no room a second later.
          ...(typeof error.details?.retryAfterMs === 'number' ? { retryAfterMs: error.details.retryAfterMs } : {}),
        });
      }
      log.error({ tool: tool.manifest.tool, operation, ...traceOf(error) }, 'a tool broke off');
      // Asking changes nothing, so that the question failed says nothing: it can be asked again.
      if (operation === 'lookup')
        return writeAnswer({
          kind: 'failed',
          failure: 'transient',
          code: 'tool.unavailable',
          message: `${tool.manifest.title} cannot be asked just now.`,
        });
      return writeAnswer({ kind: 'unknown', message: `${tool.manifest.title} broke off; nobody can tell how far it came.` });
    }
  };
  return createProtocolServer(name, { tools: tools.map(describe), call });
}

/** Canonical JSON knows no undefined, and neither does what came over the wire. */
const plainArguments = (args: Readonly<Record<string, unknown>> | undefined): JsonObject => JSON.parse(JSON.stringify(args ?? {}));

/** Where a handler threw. Never its words: they may hold anything it was handling. */
function traceOf(error: unknown): { readonly error: string; readonly code?: string; readonly at?: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error };
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, at: at.map((line) => line.trim()), ...('code' in error ? { code: String(error.code) } : {}) };
}

async function run(tool: Tool, meta: NonNullable<ReturnType<typeof readMeta>>, context: ToolContext, args: unknown): Promise<ToolAnswer> {
  if (meta.operation === 'lookup')
    return tool.lookup === undefined
      ? { kind: 'unknown', message: `${tool.manifest.title} cannot say what became of an earlier call.` }
      : tool.lookup(context);
  const input = tool.input.safeParse(args);
  if (!input.success)
    return {
      kind: 'failed',
      failure: 'permanent',
      code: 'tool.invalid_arguments',
      message: `The arguments do not fit: ${callFaults(input.error).join('; ')}.`,
    };
  if (meta.operation === 'undo') {
    const output = tool.output.safeParse(meta.result);
    if (tool.undo === undefined || !output.success)
      return { kind: 'failed', failure: 'permanent', code: 'tool.failed', message: `${tool.manifest.title} cannot be taken back.` };
    return tool.undo(context, input.data, output.data);
  }
  const answer = await tool.run(context, input.data);
  if (answer.kind !== 'done') return answer;
  const output = tool.output.safeParse(answer.result);
  return output.success
    ? answer
    : { kind: 'unknown', message: `${tool.manifest.title} answered something unexpected: ${callFaults(output.error).join('; ')}.` };
}

function describe(tool: Tool): McpTool {
  // A strict zod object always becomes a JSON schema of type object.
  const inputSchema = z.toJSONSchema(tool.input, { io: 'input', target: 'draft-7' }) as McpTool['inputSchema'];
  return { name: tool.manifest.tool, title: tool.manifest.title, description: tool.manifest.consequence, inputSchema };
}
