import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError, ErrorCode as McpErrorCode } from '@modelcontextprotocol/sdk/types.js';
import type { ToolAnswer, ToolCall } from '#flow/tool';
import type { Logger } from '#kernel';
import { neverConnected } from '#kernel/outbound';
import { createCallSignals } from './abort.ts';
import { readAnswer, writeMeta } from './meta.ts';
import type { Permits } from './permit.ts';

/**
 * Makes calls through MCP clients, the same way wherever the server is. Never throws: what breaks off is an answer as well.
 *
 * @param permits - what servers in other processes ask for; left out where the server is in this one
 */
export function createCaller(
  log: Logger,
  permits?: Permits,
): (call: ToolCall, clientFor: (signal: AbortSignal) => Promise<Client>) => Promise<ToolAnswer> {
  const signals = createCallSignals();
  return async (call, clientFor) => {
    if (call.signal.aborted) return { kind: 'failed', failure: 'transient', code: 'server.busy', message: 'The server is stopping.' };
    // Parsed anew from the very bytes that were hashed: the handler gets copies, so it cannot change what was approved.
    const args: Record<string, unknown> = JSON.parse(call.argsJson);
    const { signal, end } = signals.begin(call.signal);
    const startedAtMs = performance.now();
    try {
      const client = await clientFor(signal);
      const leftMs = Math.max(1, call.timeoutMs - (performance.now() - startedAtMs));
      const permit = call.operation === 'lookup' || permits === undefined ? undefined : await permitFor(call, permits);
      const result = await client.callTool({ name: call.tool, arguments: args, _meta: writeMeta(call, permit) }, undefined, {
        timeout: leftMs,
        signal,
      });
      return readAnswer(result);
    } catch (error) {
      if (error instanceof McpError && error.code === McpErrorCode.RequestTimeout)
        return brokenOff(call, `${call.tool} did not answer within ${Math.round(call.timeoutMs / 1000)} s.`);
      if (error instanceof NoPermit) return { kind: 'failed', failure: 'transient', code: 'key.unavailable', message: error.message };
      // The server turned the request away at its door, so nothing was done.
      if (error instanceof StreamableHTTPError && error.code === 403) return turnedAway(call);
      log.warn({ tool: call.tool, ...kindOf(error) }, 'a tool call broke off');
      if (call.operation === 'lookup' && neverConnected(error)) return away(call);
      return brokenOff(call, `${call.tool} broke off in the middle of the call.`);
    } finally {
      end();
    }
  };
}

/** Nothing has been sent yet. */
class NoPermit extends Error {}

async function permitFor(call: ToolCall, permits: Permits): Promise<string> {
  try {
    return await permits.issue(call);
  } catch (cause) {
    throw new NoPermit(`${call.tool} was not called: the keys of the tenant cannot be had just now.`, { cause });
  }
}

/** What it did is anybody's guess, unless it was only asked a question: that can be asked again. */
const brokenOff = ({ operation }: ToolCall, message: string): ToolAnswer =>
  operation === 'lookup' ? { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message } : { kind: 'unknown', message };

/** How long to leave a server that is away before it is asked again, in milliseconds: five such tries outlive its replacement. */
const awayMs = 10_000;

const away = ({ tool }: ToolCall): ToolAnswer => ({
  kind: 'failed',
  failure: 'transient',
  code: 'tool.unavailable',
  message: `Where ${tool} runs cannot be reached just now.`,
  retryAfterMs: awayMs,
});

function turnedAway(call: ToolCall): ToolAnswer {
  const message = 'The tool server does not take the certificate of this worker. Ask the operator to look at docs/mtls.md.';
  return call.operation === 'lookup' ? brokenOff(call, message) : { kind: 'failed', failure: 'auth', code: 'tool.auth', message };
}

/** Of an error its kind and the code of what caused it, never its words: they may hold anything. */
function kindOf(error: unknown): { readonly error: string; readonly code?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause = error.cause instanceof Error ? error.cause : error;
  return { error: error.name, ...('code' in cause ? { code: String(cause.code) } : {}) };
}
