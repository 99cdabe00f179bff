import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { streamText, tool } from 'ai';
import { z } from 'zod';
import { type ModelScript, startFakeAnthropic } from './fake-anthropic.ts';

const key = 'sk-of-the-fake';
const open: { close(): Promise<void> }[] = [];
after(() => Promise.all(open.map((each) => each.close())));

describe('the fake that stands in for Anthropic', () => {
  const connect = async (script: ModelScript) => {
    const fake = await startFakeAnthropic({ key, script, structured: 'optional' });
    open.push(fake);
    return createAnthropic({ apiKey: key, baseURL: fake.url })('claude-sonnet-5-5');
  };

  test('streams words and tool calls as the SDK understands them', async () => {
    const model = await connect([
      { kind: 'text', text: 'Hello there' },
      { kind: 'tool', name: 'look', input: { at: 'this' } },
    ]);
    const words = streamText({ model, prompt: 'Hi', maxRetries: 0 });
    assert.equal(await words.text, 'Hello there');
    assert.equal((await words.usage).inputTokens, 1_500);
    const calls = streamText({
      model,
      prompt: 'Hi',
      maxRetries: 0,
      tools: { look: tool({ description: 'Looks', inputSchema: z.strictObject({ at: z.string() }) }) },
    });
    assert.deepEqual(
      (await calls.toolCalls).map(({ toolName, input }) => ({ toolName, input })),
      [{ toolName: 'look', input: { at: 'this' } }],
    );
  });

  test('refuses an open schema, which the real one would quietly empty', async () => {
    const fake = await startFakeAnthropic({ key, script: [{ kind: 'json', value: {} }] });
    open.push(fake);
    const format = (schema: object) => ({ output_config: { format: { type: 'json_schema', schema } } });
    const send = (body: object, headers: Record<string, string> = { 'x-api-key': key }) =>
      fetch(`${fake.url}/messages`, {
        method: 'POST',
        headers: { 'anthropic-version': '2023-06-01', 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'x' }], ...body }),
      }).then((response) => response.status);
    const closed = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
    assert.equal(await send(format(closed)), 200);
    assert.equal(await send(format(closed), { 'x-api-key': 'other' }), 401);
    assert.equal(await send({}), 400);
    for (const schema of [
      { ...closed, additionalProperties: true },
      { ...closed, required: [] },
      { type: 'array', items: { type: 'object' } },
    ])
      assert.equal(await send(format(schema)), 400);
    assert.equal(await send({ ...format(closed), messages: [{ role: 'assistant', content: 'x' }] }), 400);
    assert.equal(await send({ ...format(closed), max_tokens: 0 }), 400);
    assert.equal(await send({ ...format(closed), surprise: 1 }), 400);
  });
});
