import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  McpError,
  ErrorCode as McpErrorCode,
  SetLevelRequestSchema,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import type { Context } from 'hono';
import { z } from 'zod';
import { FactotumError, isFactotumError, type RateClass } from '#kernel';
import type { Principal } from '#trust/identity';
import type { HttpDeps } from '../deps.ts';
import type { Gate } from '../gate.ts';
import { addressOf, type RateLimit } from '../rate-limit.ts';
import type { App, Env } from '../route.ts';
import { endpointTools } from './tools.ts';

type Deps = Pick<HttpDeps, 'identity' | 'clientAddress'> & { readonly gate: Gate; readonly rateLimit: RateLimit };

/** Where programs of a tenant's find us as an MCP server. */
const mcpPath = '/mcp';
const requestBytesMax = 1_024 * 1_024;

/**
 * Factotum as an MCP server: Streamable HTTP without sessions, each request whole in itself and with its own bearer token (an API key or
 * a token of one; cookies count for nothing). Every tool is a request to our own API in the caller's name, so permissions, limits, the
 * access log and the walls between tenants are those of the API. Nothing here decides about an approval.
 */
export function addMcpEndpoint(app: App, deps: Deps): void {
  app.post(mcpPath, async (c) => {
    c.set('route', mcpPath);
    const principal = await enter(c, deps);
    const server = createEndpoint(principal, async (request, limit) => {
      // The message has been counted as a read, which it is until it calls something that is more.
      if (limit !== 'read') await deps.rateLimit.address(c, limit);
      return app.fetch(request, { principal });
    });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true, maxRequestBodySize: requestBytesMax });
    try {
      await server.connect(transport);
      return await transport.handleRequest(c.req.raw);
    } finally {
      await server.close();
    }
  });
  // There is no stream on which we would speak unasked, and no session to end.
  app.all(mcpPath, () => {
    throw new FactotumError('request.method_not_allowed', 'Only POST is served here.', { details: { allow: ['POST'] } });
  });
}

/** Who asks: by the gate that everybody goes through. What they may do is asked anew for each tool that they call. */
async function enter(c: Context<Env>, { identity, clientAddress, rateLimit, gate }: Deps): Promise<Principal> {
  const { raw: request } = c.req;
  await rateLimit.address(c, 'read');
  const origin = request.headers.get('origin');
  if (origin !== null && new URL(request.url).origin !== origin)
    throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
  const authorization = request.headers.get('authorization');
  const known = authorization === null ? null : await identity.principalOf(new Headers({ authorization }));
  if (known === null) throw new FactotumError('auth.required', 'Send an API key as a bearer token.');
  await rateLimit.requester(c, 'read', known);
  return gate.enter(request, { access: 'signed-in' }, { requestId: c.var.requestId, address: addressOf(c, clientAddress), known });
}

function createEndpoint(principal: Principal, ask: (request: Request, limit: RateClass) => Promise<Response>): Server {
  const tools = endpointTools.filter(({ needs }) => principal.permissions.has(needs));
  const server = new Server({ name: 'factotum', version: '0.1.0' }, { capabilities: { tools: {}, logging: {} }, jsonSchemaValidator });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(describe) }));
  // We send no log messages; a client may say which ones it would like.
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
  let calls = 0;
  server.setRequestHandler(CallToolRequestSchema, async ({ params }): Promise<CallToolResult> => {
    // Older versions of the protocol put many into one request, which is counted once.
    calls += 1;
    if (calls > 1) throw new McpError(McpErrorCode.InvalidRequest, 'Send each call as a request of its own.');
    const tool = tools.find(({ name }) => name === params.name);
    if (tool === undefined) throw new McpError(McpErrorCode.InvalidParams, 'There is no such tool for you.');
    const wanted = tool.request(params.arguments);
    if ('fault' in wanted) return failure(`The arguments do not fit: ${wanted.fault}.`);
    const { method, path, json } = wanted;
    const body = json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } };
    try {
      return await resultOf(await ask(new Request(`http://localhost${path}`, { method, ...body }), tool.limit));
    } catch (error) {
      if (!isFactotumError(error)) throw error;
      return failure(error.message);
    }
  });
  return server;
}

/** The SDK makes one for each server, and none is ever used: we send no elicitations. */
const jsonSchemaValidator = new AjvJsonSchemaValidator();

const problemSchema = z.object({ title: z.string(), detail: z.string().optional() });

/** An answer of the API as a tool's result: JSON as it is, a note as its text, a problem as an error in the API's own words. */
async function resultOf(response: Response): Promise<CallToolResult> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  if (!response.ok) {
    const problem = isJson ? problemSchema.safeParse(JSON.parse(text)) : undefined;
    return failure(problem?.success === true ? (problem.data.detail ?? problem.data.title) : 'Something went wrong here.');
  }
  // A route of ours that answers with JSON answers with an object.
  return { content: [{ type: 'text', text }], ...(isJson ? { structuredContent: JSON.parse(text) } : {}) };
}

const failure = (text: string): CallToolResult => ({ isError: true, content: [{ type: 'text', text }] });

function describe({ name, title, description, input, isReadOnly }: (typeof endpointTools)[number]): Tool {
  // A strict zod object always becomes a JSON schema of type object.
  const inputSchema = z.toJSONSchema(input, { io: 'input', target: 'draft-7' }) as Tool['inputSchema'];
  return { name, title, description, inputSchema, annotations: hintsOf(isReadOnly) };
}

/** Sent again, an act is the same act: events have ids of their sender's. What comes of one, the tenant's playbooks alone can say. */
const hintsOf = (isReadOnly: boolean): Tool['annotations'] =>
  isReadOnly
    ? { readOnlyHint: true, openWorldHint: false }
    : { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true };
