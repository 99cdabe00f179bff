import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { createLogger } from '#kernel';
import { exampleCatalogue } from '../../../test/example-tools.ts';
import type { ModelReply } from '../../../test/fake-anthropic.ts';
import { anthropic, canary, context, key, silent, task } from '../../../test/model-planner.ts';
import { createModelPlanner } from './model.ts';
import type { PlanOutcome } from './schema.ts';

type Expected = Partial<Record<'kind' | 'code' | 'afterMs', unknown>> & { requests?: number; tokensIn?: number | undefined };
const tokensOfTwo = 3_000;
/** What a model does on a bad day, and what becomes of the task. */
const badDays: Readonly<Record<string, readonly [reply: ModelReply, expected: Expected]>> = {
  'a rate limit with seconds to wait': [
    { kind: 'status', status: 429, headers: { 'retry-after': '90' } },
    { kind: 'retry', code: 'model.rate_limited', afterMs: 90_000 },
  ],
  'a rate limit with a date': [
    { kind: 'status', status: 429, headers: { 'retry-after': 'Fri, 20 Nov 2026 10:02:01 GMT' } },
    { kind: 'retry', code: 'model.rate_limited', afterMs: 120_000 },
  ],
  'a rate limit with milliseconds': [
    { kind: 'status', status: 429, headers: { 'retry-after-ms': '2500' } },
    { kind: 'retry', code: 'model.rate_limited', afterMs: 2_500 },
  ],
  'a rate limit for days': [
    { kind: 'status', status: 429, headers: { 'retry-after': '999999' } },
    { kind: 'retry', code: 'model.rate_limited', afterMs: 3_600_000 },
  ],
  'a rate limit with nonsense': [
    { kind: 'status', status: 429, headers: { 'retry-after': 'later' } },
    { kind: 'retry', code: 'model.rate_limited', afterMs: 30_000 },
  ],
  overload: [
    { kind: 'status', status: 529, headers: { 'retry-after': '0' } },
    { kind: 'retry', code: 'model.rate_limited', afterMs: 1_000 },
  ],
  'a server error': [
    { kind: 'status', status: 500 },
    { kind: 'retry', code: 'model.unavailable', afterMs: 30_000 },
  ],
  maintenance: [
    { kind: 'status', status: 503, headers: { 'retry-after': '600' } },
    { kind: 'retry', code: 'model.unavailable', afterMs: 600_000 },
  ],
  'a refused key': [
    { kind: 'status', status: 401, message: `invalid x-api-key ${key}` },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'a refused request': [
    { kind: 'status', status: 400, message: `prompt is too ${canary}` },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'an empty account': [
    { kind: 'status', status: 402 },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'an unknown model': [
    { kind: 'status', status: 404 },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'a request that is too long': [
    { kind: 'status', status: 413 },
    { kind: 'question', code: 'model.bad_answer' },
  ],
  'an unheard-of refusal': [
    { kind: 'status', status: 418 },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'a redirect': [
    { kind: 'status', status: 307, headers: { location: 'http://127.0.0.1:1/' } },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'a web page': [
    { kind: 'raw', contentType: 'text/html', body: '<html>Sign in</html>' },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'half a body': [
    { kind: 'raw', contentType: 'application/json', body: '{"id": "m' },
    { kind: 'question', code: 'model.misconfigured' },
  ],
  'silence before the headers': [
    { kind: 'hang', at: 'headers' },
    { kind: 'retry', code: 'model.unavailable', afterMs: 30_000 },
  ],
  'silence in the body': [
    { kind: 'hang', at: 'body' },
    { kind: 'retry', code: 'model.unavailable', afterMs: 30_000 },
  ],
  'an endless body': [
    { kind: 'endless', contentType: 'application/json' },
    { kind: 'question', code: 'model.bad_answer' },
  ],
  'an endless stream': [
    { kind: 'endless', contentType: 'text/event-stream' },
    { kind: 'question', code: 'model.bad_answer' },
  ],
  'a broken connection': [
    { kind: 'reset', at: 'headers' },
    { kind: 'retry', code: 'model.unavailable', afterMs: 30_000 },
  ],
  'a connection that breaks in the body': [
    { kind: 'reset', at: 'body' },
    { kind: 'retry', code: 'model.unavailable', afterMs: 30_000 },
  ],
  prose: [
    { kind: 'text', text: `I would rather not. ${canary}` },
    { kind: 'question', code: 'model.bad_answer', requests: 2, tokensIn: tokensOfTwo },
  ],
  'JSON of another shape': [
    { kind: 'json', value: { plan: [] } },
    { kind: 'question', code: 'model.bad_answer', requests: 2, tokensIn: tokensOfTwo },
  ],
  'an answer that is cut off': [
    { kind: 'text', text: '{"summary": "x", "st', end: 'cut' },
    { kind: 'question', code: 'model.bad_answer', requests: 2, tokensIn: tokensOfTwo },
  ],
  'a refusal': [
    { kind: 'text', text: `No. ${canary}`, end: 'refused' },
    { kind: 'question', code: 'model.refused', tokensIn: 1_500 },
  ],
  'a tool call that nobody offered': [
    { kind: 'tool', name: 'bash', input: {} },
    { kind: 'question', code: 'model.bad_answer', requests: 2, tokensIn: tokensOfTwo },
  ],
};

describe('a model on a bad day', () => {
  for (const [name, [reply, { requests = 1, tokensIn, ...expected }]] of Object.entries(badDays))
    test(`${name}: ${expected.kind}, ${expected.code}, nothing of prompt or key in it`, async () => {
      const lines: string[] = [];
      const log = Object.assign(createLogger({ level: 'silent' }), { info: (...given: unknown[]) => lines.push(JSON.stringify(given)) });
      const { fake, planner } = await anthropic([reply], { timeoutMs: reply.kind === 'hang' ? 700 : 5_000, log });
      const outcome = await planner.plan(task(), context());
      for (const [member, value] of Object.entries(expected)) assert.equal({ ...outcome }[member as keyof PlanOutcome], value, member);
      assert.equal(fake.requests.length, requests, 'our own engine retries, not the SDK');
      assert.equal(outcome.usage?.tokensIn, tokensIn, 'tokens that were spent are accounted for');
      assert.ok(fake.endlessBytes() < 64 * 1_024 * 1_024, `${fake.endlessBytes()} bytes were taken`);
      const visible = `${JSON.stringify(outcome)}${lines.join('')}`;
      assert.ok(!visible.includes(canary) && !visible.includes(key), visible);
      assert.equal(lines.length, 1);
    });

  test('an address that nobody listens at, and one that answers something else than HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const at = (port: number) =>
      createModelPlanner({
        provider: 'anthropic',
        model: 'm',
        url: `http://127.0.0.1:${port}/v1`,
        key,
        setBy: 'operator',
        catalogue: exampleCatalogue,
        budget: null,
        log: silent,
      });
    for (const port of [address.port, 9]) {
      const planner = at(port);
      const outcome = await planner.plan(task(), context());
      assert.ok(outcome.kind === 'retry' && outcome.code === 'model.unavailable', JSON.stringify(outcome));
      await planner.close();
    }
    server.close();
  });

  test('planning that is interrupted stops at once and starts again', async () => {
    const { fake, planner } = await anthropic([{ kind: 'hang', at: 'headers' }]);
    const stopping = new AbortController();
    const outcome = planner.plan(task(), context({ signal: stopping.signal }));
    while (fake.requests.length === 0) await new Promise((tick) => setImmediate(tick));
    stopping.abort(new Error(canary));
    assert.deepEqual(await outcome, {
      kind: 'retry',
      afterMs: 0,
      code: 'server.busy',
      message: 'Planning was interrupted and starts again.',
      model: 'claude-sonnet-5-5',
    });
  });
});
