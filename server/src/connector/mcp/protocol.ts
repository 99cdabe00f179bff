import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  type CallToolRequest,
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type ServerCapabilities,
  SetLevelRequestSchema,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';

/** What a server of ours is asked for. */
interface Offer {
  readonly tools: readonly Tool[];
  /** One call; the signal ends when nobody waits for it any more. */
  call(params: CallToolRequest['params'], signal: AbortSignal): Promise<CallToolResult>;
}

/**
 * The protocol as every tool server of ours speaks it: tools, and nothing that it would say unasked.
 *
 * The low-level server is used on purpose: the high-level one drops unknown arguments silently, so that what was approved and what
 * is done could differ. Here whoever answers the call checks them.
 *
 * @param more - capabilities beside tools; whoever names one serves it
 */
export function createProtocolServer(name: string, { tools, call }: Offer, more: ServerCapabilities = {}): Server {
  const capabilities = { tools: {}, logging: {}, ...more };
  const server = new Server({ name: `factotum-${name}`, version: '0.1.0' }, { capabilities, jsonSchemaValidator });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...tools] }));
  // We send no log messages; a client may say which ones it would like.
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) => call(params, signal));
  return server;
}

/** Made once: a server lives as long as one request where it is far away, and the SDK would build a validator for each (1 ms). */
const jsonSchemaValidator = new AjvJsonSchemaValidator();
