import {
  type FakeModel,
  type ModelProtocol,
  type ModelReply,
  type ModelRequest,
  type ModelScript,
  openObjectIn,
  serveModel,
} from './fake-model-server.ts';

export type { FakeModel, ModelReply, ModelRequest, ModelScript } from './fake-model-server.ts';

type Answered = Extract<ModelReply, { kind: 'json' | 'text' | 'tool' }>;

/**
 * A server that speaks Anthropic's Messages API (version 2023-06-01) and is strict about it: what the real one refuses, it refuses.
 *
 * @param structured - `required`: a request without a closed `output_config` schema is a fault. A fake that always answers well would hide
 * that structured output has silently been turned off.
 */
export const startFakeAnthropic = (options: {
  key: string;
  script: ModelScript;
  structured?: 'required' | 'optional';
}): Promise<FakeModel> => serveModel(protocol(options.key, options.structured ?? 'required'), options.script);

const members = new Set([
  'model',
  'max_tokens',
  'messages',
  'system',
  'output_config',
  'stream',
  'tools',
  'tool_choice',
  'temperature',
  'stop_sequences',
  'metadata',
  'thinking',
]);

function protocol(key: string, structured: 'required' | 'optional'): ModelProtocol {
  return {
    check({ path, headers, body }) {
      const bad = (fault: string, status = 400) => ({ status, fault });
      if (headers['x-api-key'] !== key) return bad('authentication: x-api-key is missing or wrong', 401);
      if (path !== '/v1/messages') return bad(`there is nothing at ${path}`, 404);
      if (headers['anthropic-version'] !== '2023-06-01') return bad('anthropic-version must be 2023-06-01');
      if (!headers['content-type']?.startsWith('application/json')) return bad('content-type must be application/json');
      const extra = Object.keys(body).find((name) => !members.has(name));
      if (extra !== undefined) return bad(`${extra}: extra inputs are not permitted`);
      if (typeof body.model !== 'string') return bad('model: field required');
      const tokens = body.max_tokens;
      if (typeof tokens !== 'number' || !Number.isInteger(tokens) || tokens < 1 || tokens > 128_000)
        return bad('max_tokens: must be 1 to 128000');
      const fault = messagesFault(body.messages) ?? formatFault(body.output_config, structured);
      return fault === null ? null : bad(fault);
    },
    error: (status, message) => ({ type: 'error', error: { type: errorTypes[status] ?? 'api_error', message }, request_id: 'req_1' }),
    whole: (request, reply) => ({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: request.body.model,
      content: contentOf(reply),
      stop_reason: stopOf(reply),
      stop_sequence: null,
      usage: usageOf(request),
    }),
    events: (request, reply) => [
      event('message_start', {
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: request.body.model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...usageOf(request), output_tokens: 1 },
        },
      }),
      event('ping', {}),
      ...contentOf(reply).flatMap((block, index) => blockEvents(block, index)),
      event('message_delta', {
        delta: { stop_reason: stopOf(reply), stop_sequence: null },
        usage: { output_tokens: usageOf(request).output_tokens },
      }),
      event('message_stop', {}),
    ],
  };
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Turns alternate, the user begins, and no text is empty. */
function messagesFault(messages: unknown): string | null {
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: field required';
  for (const [index, message] of messages.entries()) {
    const { role, content } = message as { role?: unknown; content?: unknown }; // Whatever is there, its members are compared below.
    if (role !== (index % 2 === 0 ? 'user' : 'assistant')) return `messages.${index}: roles must alternate, starting with user`;
    const texts =
      typeof content === 'string' ? [content] : Array.isArray(content) ? content.map((block: { text?: unknown }) => block.text) : [];
    if (texts.length === 0 || texts.some((text) => typeof text !== 'string' || text.trim() === ''))
      return `messages.${index}: text content blocks must be non-empty`;
  }
  return null;
}

function formatFault(config: unknown, structured: 'required' | 'optional'): string | null {
  const format = typeof config === 'object' && config !== null && 'format' in config ? config.format : undefined;
  if (typeof format !== 'object' || format === null)
    return structured === 'required' ? 'output_config.format: this test wants structured output' : null;
  if (!('type' in format) || format.type !== 'json_schema' || !('schema' in format)) return 'output_config.format: must be a json_schema';
  const open = openObjectIn(format.schema);
  return open === null ? null : `output_config.format.schema: ${open} is open or has optional members`;
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

function contentOf(reply: Answered): readonly Block[] {
  if (reply.kind === 'tool') return [{ type: 'tool_use', id: 'toolu_1', name: reply.name, input: reply.input }];
  return [{ type: 'text', text: reply.kind === 'json' ? JSON.stringify(reply.value) : reply.text }];
}

function stopOf(reply: Answered): string {
  if (reply.kind === 'tool') return 'tool_use';
  return { whole: 'end_turn', cut: 'max_tokens', refused: 'refusal' }[(reply.kind === 'text' ? reply.end : undefined) ?? 'whole'];
}

/** Fixed counts, so that tests can add them up: 1,000 new, 200 written to the cache, 300 read from it, 50 out. */
const usageOf = (_request: ModelRequest) => ({
  input_tokens: 1_000,
  cache_creation_input_tokens: 200,
  cache_read_input_tokens: 300,
  output_tokens: 50,
});

function blockEvents(block: Block, index: number): string[] {
  const isText = block.type === 'text';
  const text = isText ? block.text : JSON.stringify(block.input);
  const half = Math.ceil(text.length / 2);
  const delta = (piece: string) =>
    event('content_block_delta', {
      index,
      delta: isText ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece },
    });
  return [
    event('content_block_start', { index, content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} } }),
    delta(text.slice(0, half)),
    delta(text.slice(half)),
    event('content_block_stop', { index }),
  ];
}

const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
