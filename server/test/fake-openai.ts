import { type FakeModel, type ModelProtocol, type ModelReply, type ModelScript, openObjectIn, serveModel } from './fake-model-server.ts';

type Answered = Extract<ModelReply, { kind: 'json' | 'text' | 'tool' }>;

/**
 * A server that speaks OpenAI's chat completions as vLLM, Ollama and others do, strictly.
 *
 * @param key - undefined for an endpoint without a key: then a request that brings one is a fault.
 * @param countsTokens - false for an endpoint that sends no usage.
 */
export const startFakeOpenai = (options: { key: string | undefined; script: ModelScript; countsTokens?: boolean }): Promise<FakeModel> =>
  serveModel(protocol(options.key, options.countsTokens ?? true), options.script);

function protocol(key: string | undefined, countsTokens: boolean): ModelProtocol {
  const usage = countsTokens
    ? { usage: { prompt_tokens: 1_000, completion_tokens: 50, total_tokens: 1_050, prompt_tokens_details: { cached_tokens: 300 } } }
    : {};
  const head = { id: 'chatcmpl-1', created: 1, model: 'local' };
  return {
    check({ path, headers, body }) {
      const bad = (fault: string, status = 400) => ({ status, fault });
      if (headers.authorization !== (key === undefined ? undefined : `Bearer ${key}`)) return bad('authorization is missing or wrong', 401);
      if (path !== '/v1/chat/completions') return bad(`there is nothing at ${path}`, 404);
      if (typeof body.model !== 'string') return bad('model is missing');
      if (typeof body.max_tokens !== 'number') return bad('max_tokens is missing: the answer would be unbounded');
      const { messages } = body;
      if (!Array.isArray(messages) || messages.length === 0) return bad('messages are missing');
      const roles = messages.map((message: { role?: unknown }) => message.role).join(' ');
      if (!/^system user( assistant user)*$/.test(roles)) return bad(`messages must be system, user, and then in turn; they are ${roles}`);
      const fault = formatFault(body.response_format);
      return fault === null ? null : bad(fault);
    },
    error: (status, message) => ({
      error: { message, type: status === 429 ? 'rate_limit_exceeded' : 'invalid_request_error', param: null, code: null },
    }),
    whole: (_request, reply) => ({
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message: messageOf(reply), finish_reason: finishOf(reply) }],
      ...usage,
    }),
    events: (_request, reply) => {
      const { tool_calls: calls, content } = messageOf(reply);
      const deltas =
        calls === undefined
          ? [{ role: 'assistant', content: '' }, { content }]
          : [{ role: 'assistant', tool_calls: calls.map((call) => ({ index: 0, ...call })) }];
      const chunks = deltas.map((delta) => ({
        ...head,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta, finish_reason: null }],
      }));
      const last = {
        ...head,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: {}, finish_reason: finishOf(reply) }],
        ...usage,
      };
      return [...[...chunks, last].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'];
    },
  };
}

function formatFault(format: unknown): string | null {
  if (typeof format !== 'object' || format === null || !('type' in format) || format.type !== 'json_schema')
    return 'response_format is not json_schema: the schema is not sent';
  const named = 'json_schema' in format ? format.json_schema : undefined;
  if (typeof named !== 'object' || named === null || !('schema' in named) || !('name' in named)) return 'json_schema lacks name or schema';
  const open = openObjectIn(named.schema);
  return open === null ? null : `json_schema: ${open} is open or has optional members`;
}

interface Message {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly tool_calls?: readonly { id: string; type: 'function'; function: { name: string; arguments: string } }[];
}

function messageOf(reply: Answered): Message {
  if (reply.kind === 'tool') {
    const call = { id: 'call_1', type: 'function', function: { name: reply.name, arguments: JSON.stringify(reply.input) } } as const;
    return { role: 'assistant', content: null, tool_calls: [call] };
  }
  return { role: 'assistant', content: reply.kind === 'json' ? JSON.stringify(reply.value) : reply.text };
}

function finishOf(reply: Answered): string {
  if (reply.kind === 'tool') return 'tool_calls';
  return { whole: 'stop', cut: 'length', refused: 'content_filter' }[(reply.kind === 'text' ? reply.end : undefined) ?? 'whole'];
}
