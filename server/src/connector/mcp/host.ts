import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpError, ErrorCode as McpErrorCode } from '@modelcontextprotocol/sdk/types.js';
import type { Tool, ToolAnswer, ToolCall, ToolHost } from '#flow/tool';
import type { Logger } from '#kernel';
import { createCallSignals } from './abort.ts';
import { readAnswer, writeMeta } from './meta.ts';
import { createToolServer } from './server.ts';

/**
 * Runs our own tools behind MCP inside this process, one server a domain (the part of the name before the dot), reached through an
 * in-memory pair. One pair serves all tenants: what tells them apart travels with each call.
 */
export async function createToolHost(tools: readonly Tool[], log: Logger): Promise<ToolHost & { close(): Promise<void> }> {
  const signals = createCallSignals();
  const clients = new Map<string, Client>();
  for (const domain of new Set(tools.map(domainOf))) {
    const server = createToolServer(
      domain,
      tools.filter((tool) => domainOf(tool) === domain),
      log,
    );
    const client = new Client({ name: 'factotum', version: '0.1.0' });
    const [near, far] = InMemoryTransport.createLinkedPair();
    await server.connect(far);
    await client.connect(near);
    clients.set(domain, client);
  }
  return {
    async call(call): Promise<ToolAnswer> {
      const client = clients.get(call.tool.split('.')[0] ?? '');
      if (client === undefined)
        return { kind: 'failed', failure: 'permanent', code: 'tool.unknown', message: `There is no tool called ${call.tool}.` };
      if (call.signal.aborted) return { kind: 'failed', failure: 'transient', code: 'server.busy', message: 'The server is stopping.' };
      // Parsed anew from the very bytes that were hashed: the handler gets copies, so it cannot change what was approved.
      const args: Record<string, unknown> = JSON.parse(call.argsJson);
      const { signal, end } = signals.begin(call.signal);
      try {
        const result = await client.callTool({ name: call.tool, arguments: args, _meta: writeMeta(call) }, undefined, {
          timeout: call.timeoutMs,
          signal,
        });
        return readAnswer(result);
      } catch (error) {
        if (error instanceof McpError && error.code === McpErrorCode.RequestTimeout)
          return brokenOff(call, `${call.tool} did not answer within ${Math.round(call.timeoutMs / 1000)} s.`);
        log.warn({ tool: call.tool, error: error instanceof Error ? error.name : typeof error }, 'a tool call broke off');
        return brokenOff(call, `${call.tool} broke off in the middle of the call.`);
      } finally {
        end();
      }
    },
    close: async () => {
      for (const client of clients.values()) await client.close();
    },
  };
}

/** What it did is anybody's guess, unless it was only asked a question: that can be asked again. */
const brokenOff = ({ operation }: ToolCall, message: string): ToolAnswer =>
  operation === 'lookup' ? { kind: 'failed', failure: 'transient', code: 'tool.unavailable', message } : { kind: 'unknown', message };

const domainOf = (tool: Tool): string => tool.manifest.tool.split('.')[0] ?? '';
