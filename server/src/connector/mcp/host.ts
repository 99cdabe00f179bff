import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { Tool, ToolAnswer, ToolHost } from '#flow/tool';
import type { Logger } from '#kernel';
import { createCaller } from './call-tool.ts';
import { clientInfo } from './connection.ts';
import { createToolServer } from './server.ts';

/** A host, and what it holds open. */
export interface ClosableToolHost extends ToolHost {
  close(): Promise<void>;
}

/**
 * Runs our own tools behind MCP inside this process, one server a domain (the part of the name before the dot), reached through an
 * in-memory pair. One pair serves all tenants: what tells them apart travels with each call.
 */
export async function createToolHost(tools: readonly Tool[], log: Logger): Promise<ClosableToolHost> {
  const callThrough = createCaller(log);
  const clients = new Map<string, Client>();
  for (const domain of new Set(tools.map(domainOf))) {
    const server = createToolServer(
      domain,
      tools.filter((tool) => domainOf(tool) === domain),
      log,
    );
    const client = new Client(clientInfo);
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
      return callThrough(call, async () => client);
    },
    close: async () => {
      for (const client of clients.values()) await client.close();
    },
  };
}

const domainOf = (tool: Tool): string => tool.manifest.tool.split('.')[0] ?? '';
