import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import { pino } from 'pino';
import { z } from 'zod';
import { performAction } from '#flow/action';
import type { Tool, ToolAnswer, ToolCall, ToolContext, ToolHost } from '#flow/tool';
import { FactotumError, newId } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { testCertificates, testInstallationKey } from '../../../test/internal-ca.ts';
import { eventually } from '../../../test/platform.ts';
import { createToolHost } from './host.ts';
import { createToolListener } from './listener.ts';
import { createRemoteToolHost } from './remote-host.ts';
import { createToolServer } from './server.ts';

let logged = '';
const log = pino(
  new Writable({
    write(line, _encoding, next) {
      logged += String(line);
      next();
    },
  }),
);

const input = z.strictObject({ value: z.string().max(20), list: z.array(z.string()).optional() });
const output = z.object({ value: z.string() });
type Handler = (context: ToolContext, args: z.infer<typeof input>) => Promise<ToolAnswer>;

const makeTool = (
  name: string,
  run: Handler,
  more: Partial<Tool<typeof input, typeof output>> = {},
): Tool<typeof input, typeof output> => ({
  manifest: {
    tool: name,
    title: 'Test it',
    effect: 'write',
    risk: 'low',
    args: { value: { role: 'content', slot: 'text', title: 'Value' }, list: { role: 'content', slot: 'text', title: 'List' } },
    reversible: true,
    visibleOutside: false,
    readsPrivate: false,
    canLookup: true,
    timeoutMs: 1_500,
    headline: () => 'Test it',
    consequence: 'Something is tested.',
  },
  input,
  output,
  run,
  lookup: async ({ key }) => (finished.has(key) ? { kind: 'done', result: { value: 'found' } } : { kind: 'absent' }),
  ...more,
});

const finished = new Set<string>();
/** Keys of calls whose handler was told that nobody waits any more. */
const stopped = new Set<string>();
const secret = 'hunter2 and the mail said';
const tools = [
  makeTool('test.echo', async (_, args) => ({ kind: 'done', result: { value: args.value } })),
  makeTool('test.tamper', async (_, args) => {
    Object.assign(args, { value: 'tampered' });
    args.list?.push('more');
    return { kind: 'done', result: { value: args.value } };
  }),
  makeTool('test.throw', async () => {
    throw Object.assign(new TypeError(secret), { code: 'E_TEST' });
  }),
  makeTool('test.refuse', async () => {
    throw new FactotumError('vault.changed', 'The note has changed.', { cause: new Error(secret) });
  }),
  makeTool('test.busy', async () => {
    throw new FactotumError('server.busy', 'Come again.');
  }),
  makeTool('test.hang', async ({ key, signal }, { value }) => {
    if (value === 'after') finished.add(key);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    stopped.add(key);
    return { kind: 'done', result: { value } };
  }),
  makeTool('test.lie', async () => ({ kind: 'done', result: { other: 1 } })),
  makeTool(
    'other.who',
    async ({ tenantId, taskId, key }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { kind: 'done', result: { value: `${tenantId} ${taskId} ${key}` } };
    },
    { undo: async (_, args, result) => ({ kind: 'done', result: { value: `${args.value} ${result.value}` } }) },
  ),
];
/** A host, and what else has to end with it. */
interface Made {
  readonly host: ToolHost;
  close(): Promise<void>;
}

async function makeRemote(): Promise<Made> {
  const { database, close } = await testDatabase();
  const installation = await testInstallationKey();
  // Two processes of one installation.
  const listener = await createToolListener({ tools, end: testCertificates(database.auth, installation).toolsEnd(), log });
  const port = await listener.listen({ host: '127.0.0.1', port: 0 });
  const certificates = testCertificates(database.auth, installation);
  const host = createRemoteToolHost({ url: `https://127.0.0.1:${port}`, endFor: (tenantId) => certificates.workerEnd(tenantId), log });
  return {
    host,
    async close() {
      await host.close();
      await listener.close(0);
      await close();
    },
  };
}

async function makeInside(): Promise<Made> {
  const host = await createToolHost(tools, log);
  return { host, close: () => host.close() };
}

const codeOf = (answer: ToolAnswer) => (answer.kind === 'failed' ? `${answer.failure} ${answer.code}` : answer.kind);

/** What flow/action relies on, wherever tools run. */
for (const [place, make] of [
  ['in this process', makeInside],
  ['in another process, over mutual TLS', makeRemote],
] as const)
  describe(`tools ${place}`, async () => {
    const { host, close } = await make();
    after(close);
    const call = (tool: string, args: unknown, change: Partial<ToolCall> = {}) =>
      host.call({
        tool,
        operation: 'do',
        tenantId: newId('tenant'),
        taskId: newId('task'),
        key: 'task/1/step',
        argsJson: JSON.stringify(args),
        timeoutMs: 30_000,
        signal: new AbortController().signal,
        now: new Date(),
        ...change,
      });

    test('an argument that the schema does not list is refused, never dropped', async () => {
      assert.deepEqual(await call('test.echo', { value: 'a' }), { kind: 'done', result: { value: 'a' } });
      for (const args of [{ value: 'a', extra: 1 }, { value: 1 }, {}, { value: 'x'.repeat(21) }, { value: 'a', __proto__x: 1 }])
        assert.equal(codeOf(await call('test.echo', args)), 'permanent tool.invalid_arguments');
      assert.equal(codeOf(await call('test.gone', { value: 'a' })), 'permanent tool.unknown');
      assert.equal(codeOf(await call('gone.echo', { value: 'a' })), 'permanent tool.unknown');
    });

    test('a handler gets copies: what it does to them changes neither what was approved nor what the next call gets', async () => {
      const args = { value: 'a', list: ['b'] };
      const argsJson = JSON.stringify(args);
      assert.deepEqual(await call('test.tamper', args, { argsJson }), { kind: 'done', result: { value: 'tampered' } });
      assert.equal(argsJson, '{"value":"a","list":["b"]}');
      assert.deepEqual(args, { value: 'a', list: ['b'] });
      const answer = await call('test.echo', args, { argsJson });
      assert.deepEqual(answer, { kind: 'done', result: { value: 'a' } });
    });

    test("a broken handler's words reach neither the answer nor the log; where it broke does reach the log", async () => {
      logged = '';
      const answer = await call('test.throw', { value: 'a' });
      assert.equal(answer.kind, 'unknown');
      assert.match(logged, /"error":"TypeError","at":\[.*host\.test\.ts.*"code":"E_TEST"/);
      for (const text of [JSON.stringify(answer), logged]) assert.equal(text.includes('hunter2'), false);
    });

    test('a refusal of ours arrives with its code and words, without its cause', async () => {
      logged = '';
      assert.deepEqual(await call('test.refuse', { value: 'a' }), {
        kind: 'failed',
        failure: 'permanent',
        code: 'vault.changed',
        message: 'The note has changed.',
      });
      assert.equal(codeOf(await call('test.busy', { value: 'a' })), 'transient server.busy');
      assert.equal(logged.includes('hunter2'), false);
    });

    test('a result that is not what the tool promises is unknown, not done', async () => {
      assert.equal((await call('test.lie', { value: 'a' })).kind, 'unknown');
    });

    test('a call that takes too long is unknown, its handler is told to stop, and the lookup decides', async () => {
      const tenantId = newId('tenant');
      // What comes first of a tenant has the connection to make, where there is one.
      assert.equal((await call('test.echo', { value: 'a' }, { tenantId })).kind, 'done');
      const started = performance.now();
      assert.equal((await call('test.hang', { value: 'before' }, { tenantId, timeoutMs: 50 })).kind, 'unknown');
      // Far less than the tool hangs, or than calls have by themselves.
      assert.ok(performance.now() - started < 20_000);
      const manifest = tools.find((tool) => tool.manifest.tool === 'test.hang')?.manifest ?? assert.fail();
      const shared = { tenantId, taskId: newId('task'), manifest, signal: new AbortController().signal, now: new Date() };
      const lost = await performAction(host, { ...shared, key: 'lost', argsJson: '{"value":"before"}' });
      assert.deepEqual([lost.kind, lost.kind === 'failed' && lost.code], ['failed', 'tool.timed_out']);
      await eventually(
        async () => (stopped.has('lost') ? true : undefined),
        () => 'the handler was not told to stop',
      );
      const found = await performAction(host, { ...shared, key: 'found', argsJson: '{"value":"after"}' });
      assert.deepEqual(found, { kind: 'done', result: { value: 'found' }, label: undefined });
    });

    test('a server that is stopping starts no call, and leaves what is under way unknown', async () => {
      assert.equal(codeOf(await call('test.echo', { value: 'a' }, { signal: AbortSignal.abort() })), 'transient server.busy');
      const stopping = new AbortController();
      const answer = call('test.hang', { value: 'before' }, { signal: stopping.signal });
      setImmediate(() => stopping.abort());
      assert.equal((await answer).kind, 'unknown');
      // The pair still serves others.
      assert.equal((await call('test.echo', { value: 'a' })).kind, 'done');
    });

    test('two hundred calls of different tenants at once over one pair never mix', async () => {
      const calls = Array.from({ length: 200 }, (_, at) => ({ tenantId: newId('tenant'), taskId: newId('task'), key: `k${at}` }));
      const answers = await Promise.all(calls.map((one) => call('other.who', { value: 'a' }, { ...one, timeoutMs: 110_000 })));
      for (const [at, answer] of answers.entries()) {
        const { tenantId, taskId, key } = calls[at] ?? assert.fail();
        assert.deepEqual(answer, { kind: 'done', result: { value: `${tenantId} ${taskId} ${key}` } });
      }
    });

    test('an undo gets the arguments and the result of its deed; a tool without one says so', async () => {
      assert.deepEqual(await call('other.who', { value: 'a' }, { operation: 'undo', resultJson: '{"value":"b"}' }), {
        kind: 'done',
        result: { value: 'a b' },
      });
      assert.equal(codeOf(await call('other.who', { value: 'a' }, { operation: 'undo', resultJson: '{"x":1}' })), 'permanent tool.failed');
      assert.equal(
        codeOf(await call('test.echo', { value: 'a' }, { operation: 'undo', resultJson: '{"value":"b"}' })),
        'permanent tool.failed',
      );
      assert.deepEqual(await call('test.echo', {}, { operation: 'lookup' }), { kind: 'absent' });
    });
  });

test('our server goes through the life of an MCP connection with a client that knows nothing of us', async () => {
  const server = createToolServer('test', tools, log);
  const client = new Client({ name: 'stranger', version: '1.0.0' });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  await client.connect(near);
  assert.equal(client.getServerVersion()?.name, 'factotum-test');
  assert.deepEqual(client.getServerCapabilities(), { tools: {}, logging: {} });
  assert.ok(LATEST_PROTOCOL_VERSION >= '2025-06-18');
  await client.ping();
  const listed = await client.listTools();
  assert.deepEqual(
    listed.tools.map(({ name }) => name),
    tools.map(({ manifest }) => manifest.tool),
  );
  const [echo] = listed.tools;
  assert.deepEqual(
    [echo?.inputSchema.type, echo?.inputSchema.required, echo?.inputSchema.additionalProperties],
    ['object', ['value'], false],
  );
  // Without saying for whom, nothing is done.
  const anonymous = await client.callTool({ name: 'test.echo', arguments: { value: 'a' } });
  assert.equal(anonymous.isError, true);
  const unknown = await client.callTool({ name: 'nothing.such', arguments: {} });
  assert.equal(unknown.isError, true);
  await client.close();
  await server.close();
});
