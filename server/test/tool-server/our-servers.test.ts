import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { createToolListener } from '#connector/mcp';
import { createProtocolListener } from '../../src/connector/mcp/listener.ts';
import { createPermits } from '../../src/connector/mcp/permit.ts';
import { endpointTools } from '../../src/surface/http/mcp/tools.ts';
import { testHttp } from '../http.ts';
import { conformSuite, doorman, failsAtEndpoint, failsAtTools, needsStream } from './conformance.ts';
import { conformanceServer } from './conformance-server.ts';

/** Factotum as a server of the protocol: for programs of a tenant's at `/mcp`, and for its own workers where tools run elsewhere. */
const { platform, http, buildCustomer } = await testHttp();
await platform.identity.start();
const port = await http.listen({ host: '127.0.0.1', port: 0 });
after(() => http.close(0));
const customer = await buildCustomer();
const stranger = await buildCustomer();

const listener = await createToolListener({
  tools: platform.tools,
  permits: createPermits(platform.keyring.of, platform.clock),
  end: platform.certificates.toolsEnd(),
  log: platform.log,
});
const toolsPort = await listener.listen({ host: '127.0.0.1', port: 0 });
after(() => listener.close(0));

/** Our own client of the SDK, so that what is answered is checked by somebody else's code. */
async function connect(key: string): Promise<Client> {
  const client = new Client({ name: 'a program', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL('http://127.0.0.1:4310/mcp'), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
    fetch: async (url, init) => http.fetch(new Request(url, init)),
  });
  // The SDK's class implements its own interface, but for how exact it is about what may be undefined.
  await client.connect(transport as Transport);
  after(() => client.close());
  return client;
}
const textOf = (result: unknown): string => JSON.stringify(result);

// The same at the server of each domain is in system/mcp-conformance.system.ts: it takes a process each.
test('our protocol layer passes the protocol’s own suite, but for what one answer without a session cannot be asked', async () => {
  const { cert, key, ca } = await platform.certificates.workerEnd(customer.tenantId).current();
  const all = await createProtocolListener(conformanceServer, { end: platform.certificates.toolsEnd(), log: platform.log });
  const allPort = await all.listen({ host: '127.0.0.1', port: 0 });
  after(() => all.close(0));
  const { code, said } = await conformSuite(
    await doorman({ url: `https://127.0.0.1:${allPort}/mcp`, tls: { cert, key, ca } }),
    needsStream,
  );
  assert.equal(code, 0, said);
});

test('the MCP endpoint and a tool server of ours pass it, but for what needs tools of the suite’s own', async () => {
  const { cert, key, ca } = await platform.certificates.workerEnd(customer.tenantId).current();
  const headers = { authorization: `Bearer ${await customer.key()}` };
  const endpoint = await doorman({ url: `http://127.0.0.1:${port}/mcp`, host: '127.0.0.1:4310', headers });
  const tools = await doorman({ url: `https://127.0.0.1:${toolsPort}/mcp`, tls: { cert, key, ca } });
  for (const answer of [await conformSuite(endpoint, failsAtEndpoint), await conformSuite(tools, failsAtTools)])
    assert.equal(answer.code, 0, answer.said);
});

test('a program sees what its key may see, and there is nothing with which to decide', async () => {
  const all = await connect(await customer.key());
  const names = (await all.listTools()).tools.map(({ name }) => name);
  assert.deepEqual(names, ['tasks.list', 'tasks.get', 'approvals.list', 'approvals.get', 'vault.search', 'vault.read', 'event.send']);
  const little = await connect(await customer.key('event:write'));
  assert.deepEqual(
    (await little.listTools()).tools.map(({ name }) => name),
    ['event.send'],
  );
  await assert.rejects(little.callTool({ name: 'tasks.list', arguments: {} }), /no such tool/);
});

test('it sends an event and follows its task; another tenant’s program finds nothing of it', async () => {
  const client = await connect(await customer.key());
  const payload = { subject: 'by a program' };
  const sent = await client.callTool({
    name: 'event.send',
    arguments: { source: 'test', kind: 'hello', externalId: 'program-1', payload },
  });
  const { taskId } = sent.structuredContent as { taskId: string }; // The route declares it.
  assert.match(textOf(await client.callTool({ name: 'tasks.get', arguments: { id: taskId } })), /by a program/);
  assert.match(textOf(await client.callTool({ name: 'tasks.list', arguments: { limit: 5 } })), new RegExp(taskId));
  const other = await connect(await stranger.key());
  const refused = await other.callTool({ name: 'tasks.get', arguments: { id: taskId } });
  assert.equal(refused.isError, true);
  assert.ok(!textOf(refused).includes('by a program'));
  assert.ok(!textOf(await other.callTool({ name: 'tasks.list', arguments: {} })).includes(taskId));
});

test('what sends or changes anything is no read: not by its permission, its method, its hint, nor to the limits', async () => {
  const samples: Record<string, object> = { id: { id: 'x' }, 'vault.search': { q: 'x' }, 'vault.read': { path: 'x' } };
  const event = { source: 'test', kind: 'hello', externalId: 'limits-1', payload: {} };
  for (const tool of endpointTools) {
    const asked = tool.request(tool.name === 'event.send' ? event : (samples[tool.name] ?? (tool.name.endsWith('.get') ? samples.id : {})));
    assert.ok('method' in asked, tool.name);
    const isRead = asked.method === 'GET';
    assert.deepEqual([tool.isReadOnly, tool.limit === 'read', tool.needs.endsWith(':read')], [isRead, isRead, isRead], tool.name);
  }
  const hints = (await (await connect(await customer.key())).listTools()).tools.filter(
    ({ annotations }) => annotations?.readOnlyHint !== true,
  );
  assert.deepEqual(
    hints.map(({ name }) => name),
    ['event.send'],
  );
  const door = await doorman({
    ...{ url: `http://127.0.0.1:${port}/mcp`, host: '127.0.0.1:4310' },
    headers: { authorization: `Bearer ${await customer.key()}` },
  });
  const countedAs = async (name: string, args: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const response = await fetch(door, { method: 'POST', body, headers });
    assert.match(await response.text(), /structuredContent/);
    return response.headers.get('ratelimit-policy') ?? '';
  };
  assert.match(await countedAs('event.send', event), /"address-intake"/);
  assert.ok(!(await countedAs('tasks.list', {})).includes('intake'));
});

test('of our own tools only these read; every other one does nothing without a permit', async () => {
  const looked = new Set(['bank.match', 'briefing.compose', 'calendar.find_slot', 'text.classify', 'vault.read']);
  const reads = platform.tools.filter(({ manifest }) => manifest.effect === 'read');
  for (const { manifest, undo } of reads) {
    assert.ok(looked.has(manifest.tool), `${manifest.tool} says that it only reads: look whether it does, and name it here`);
    assert.match(manifest.consequence, /Nothing is changed\.$/, manifest.tool);
    assert.deepEqual([manifest.visibleOutside, undo], [false, undefined], manifest.tool);
  }
  const { cert, key, ca } = await platform.certificates.workerEnd(customer.tenantId).current();
  const door = await doorman({ url: `https://127.0.0.1:${toolsPort}/mcp`, tls: { cert, key, ca } });
  const client = new Client({ name: 'a thief', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(door)) as Transport); // As above.
  after(() => client.close());
  const meta = { tenantId: customer.tenantId, taskId: 'tsk_000000000000000000000000', key: 'tsk/1/a', now: new Date().toISOString() };
  for (const { manifest } of platform.tools.filter((tool) => !reads.includes(tool)))
    for (const operation of ['do', 'undo']) {
      const call = { name: manifest.tool, arguments: {}, _meta: { 'factotum.dev/call': { ...meta, operation } } };
      assert.match(textOf(await client.callTool(call)), /no valid permit/, manifest.tool);
    }
});

test('arguments that a tool does not have are refused, and a path is only ever a path', async () => {
  const client = await connect(await customer.key());
  const unknown = await client.callTool({ name: 'tasks.list', arguments: { tenant: stranger.tenantId } });
  assert.equal(unknown.isError, true);
  for (const id of ['../approvals', '..%2Fapprovals', '?limit=1', 'a/cancel']) {
    const answer = await client.callTool({ name: 'tasks.get', arguments: { id } });
    assert.equal(answer.isError, true, id);
  }
});

test('nobody gets in without a key, with somebody’s cookie, from a foreign page or under a foreign name', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const ask = (more: Record<string, string>) =>
    http.fetch(new Request('http://127.0.0.1:4310/mcp', { method: 'POST', body, headers: { ...headers, ...more } }));
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ cookie: await customer.signIn() })).status, 401);
  assert.equal((await ask({ authorization: 'Bearer nobody' })).status, 401);
  const authorization = `Bearer ${await customer.key()}`;
  assert.equal((await ask({ authorization })).status, 200);
  assert.equal((await ask({ authorization, origin: 'https://evil.example' })).status, 403);
  const foreign = new Request('http://evil.example/mcp', { method: 'POST', body, headers: { ...headers, authorization } });
  assert.ok((await http.fetch(foreign)).status >= 400);
  assert.equal((await http.fetch(new Request('http://127.0.0.1:4310/mcp', { headers: { authorization } }))).status, 405);
});

test('one request is one call: a thousand in one body would be counted as one', async () => {
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'tasks.list', arguments: {} } });
  const headers = {
    ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    authorization: `Bearer ${await customer.key()}`,
  };
  const body = JSON.stringify(Array.from({ length: 5 }, (_, id) => call(id)));
  const response = await http.fetch(new Request('http://127.0.0.1:4310/mcp', { method: 'POST', body, headers }));
  const answers = response.ok ? ((await response.json()) as { result?: object }[]) : [];
  assert.ok(answers.filter(({ result }) => result !== undefined).length <= 1);
});

test('reading through it is in the access log, like any other read', async () => {
  const client = await connect(await customer.key());
  await client.callTool({ name: 'approvals.list', arguments: {} });
  await platform.sequencer.drained();
  const key = await customer.key();
  const entries = await http.fetch(
    new Request('http://127.0.0.1:4310/api/v1/audit/entries?limit=50', { headers: { authorization: `Bearer ${key}` } }),
  );
  assert.match(await entries.text(), /access\.read/);
});

test('a tool server moves nothing for a worker’s certificate alone: a call needs a permit for these bytes, this attempt, this tenant', async () => {
  const permits = createPermits(platform.keyring.of, platform.clock);
  const call = {
    tool: 'vault.write',
    operation: 'do',
    tenantId: customer.tenantId,
    key: 'tsk/1/a',
    argsJson: '{"content":"x","path":"A.md"}',
  } as const;
  const permit = await permits.issue(call);
  assert.ok(await permits.holds(permit, call));
  for (const other of [
    { ...call, argsJson: '{"content":"y","path":"A.md"}' },
    { ...call, key: 'tsk/1/b' },
    { ...call, tool: 'vault.move' },
    { ...call, operation: 'undo' as const },
    { ...call, tenantId: stranger.tenantId },
  ])
    assert.equal(await permits.holds(permit, other), false, JSON.stringify(other));
  assert.equal(await permits.holds(undefined, call), false);
  const later = createPermits(platform.keyring.of, { ...platform.clock, now: () => new Date(Date.now() + 3_600_000) });
  assert.equal(await later.holds(permit, call), false);
  // Over the wire.
  const { cert, key: certKey, ca } = await platform.certificates.workerEnd(customer.tenantId).current();
  const door = await doorman({ url: `https://127.0.0.1:${toolsPort}/mcp/vault`, tls: { cert, key: certKey, ca } });
  const client = new Client({ name: 'a thief', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(door)) as Transport); // As above.
  after(() => client.close());
  const meta = {
    operation: 'do',
    tenantId: customer.tenantId,
    taskId: 'tsk_000000000000000000000000',
    key: call.key,
    now: new Date().toISOString(),
  };
  const params = { name: 'vault.write', arguments: JSON.parse(call.argsJson), _meta: { 'factotum.dev/call': meta } };
  const refused = await client.callTool(params);
  assert.match(textOf(refused), /no valid permit/);
  const done = await client.callTool({ ...params, _meta: { 'factotum.dev/call': { ...meta, permit } } });
  assert.ok(!textOf(done).includes('no valid permit'), textOf(done));
});
