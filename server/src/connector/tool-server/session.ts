import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import { clientInfo } from '#connector/mcp';
import { type OfferedTool, offeredToolSchema } from '#flow/tool-server';
import { canonicalJson, isFactotumError } from '#kernel';
import { BrokenAnswer } from './fault.ts';
import { callResultSchema } from './result.ts';

/** How long a server may take to answer to being introduced, or to give one page of its tools, in milliseconds. */
const introductionMsMax = 20_000;
const toolsMax = 200;
const pagesMax = 20;
/** What a server may say of one tool, in characters of JSON. */
const toolCharsMax = 32_768;

/** A server that we are introduced to. */
export interface Session {
  /** Everything that it offers. Throws what `faultOf` explains. */
  list(signal: AbortSignal): Promise<readonly OfferedTool[]>;
  call(
    name: string,
    args: Record<string, unknown>,
    limits: { timeoutMs: number; signal: AbortSignal },
  ): Promise<z.infer<typeof callResultSchema>>;
  readonly isClosed: boolean;
  close(): Promise<void>;
}

/** Introduces us, with no capability at all: what a server asks of us (sampling, elicitation, roots) is refused by the SDK's client. */
export async function openSession(transport: Transport, signal: AbortSignal): Promise<Session> {
  const client = new Client(clientInfo, { capabilities: {} });
  // What a server sends beside the answers is its own affair; a call that fails by it says so itself.
  client.onerror = () => undefined;
  let isClosed = false;
  client.onclose = () => {
    isClosed = true;
  };
  try {
    await client.connect(transport, { timeout: introductionMsMax, signal });
  } catch (error) {
    await transport.close().catch(() => undefined);
    throw error;
  }
  return {
    get isClosed() {
      return isClosed;
    },
    async list(listSignal) {
      const tools: OfferedTool[] = [];
      let cursor: string | undefined;
      for (let page = 1; page <= pagesMax; page += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const answer = await client.request({ method: 'tools/list', params }, pageSchema, {
          timeout: introductionMsMax,
          signal: listSignal,
        });
        tools.push(...answer.tools.map(offered));
        if (tools.length > toolsMax) throw new BrokenAnswer(`The server offers more than ${toolsMax} tools.`);
        cursor = answer.nextCursor;
        if (cursor === undefined) return distinct(tools);
      }
      throw new BrokenAnswer('The list of its tools does not end.');
    },
    call: (name, args, { timeoutMs, signal: callSignal }) =>
      // Not the client's `callTool`: it would compile code from the server's output schema.
      client.request({ method: 'tools/call', params: { name, arguments: args } }, callResultSchema, {
        timeout: timeoutMs,
        signal: callSignal,
      }),
    async close() {
      isClosed = true;
      await client.close();
    },
  };
}

const pageSchema = z.looseObject({ tools: z.array(z.unknown()).max(toolsMax + 1), nextCursor: z.string().max(4_000).optional() });
const claimedSchema = z.looseObject({
  name: z.string().min(1).max(200),
  title: z.string().nullish(),
  description: z.string().nullish(),
  inputSchema: z.record(z.string(), z.unknown()),
  outputSchema: z.record(z.string(), z.unknown()).nullish(),
  annotations: z.record(z.string(), z.unknown()).nullish(),
});

/** One tool as it is offered, if it is one and short enough to be read by a person. */
function offered(given: unknown): OfferedTool {
  const claimed = claimedSchema.safeParse(given);
  if (!claimed.success) throw new BrokenAnswer('The server offers a tool that is not described as the protocol has it.');
  const { name, title = null, description = null, inputSchema, outputSchema = null, annotations } = claimed.data;
  try {
    const tool = offeredToolSchema.parse({ name, title, description, inputSchema, outputSchema, annotations: annotations ?? {} });
    if (canonicalJson(tool).length <= toolCharsMax) return tool;
  } catch (error) {
    if (!isFactotumError(error) && !(error instanceof z.ZodError) && !(error instanceof RangeError)) throw error;
  }
  throw new BrokenAnswer(`What the server says of one of its tools is longer than ${toolCharsMax} characters, or is not JSON.`);
}

function distinct(tools: readonly OfferedTool[]): readonly OfferedTool[] {
  if (new Set(tools.map(({ name }) => name)).size !== tools.length) throw new BrokenAnswer('The server offers two tools of one name.');
  return tools;
}
