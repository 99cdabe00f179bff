import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import type { Tool, ToolAnswer, ToolCall } from '#flow/tool';
import { type Clock, createLogger, type Id, newId, systemClock } from '#kernel';
import { createFileEnd, type TlsEnd } from '#trust/certificate';
import { testDatabase } from '../../../test/database.ts';
import { testCertificates, testInstallationKey } from '../../../test/internal-ca.ts';
import { eventually } from '../../../test/platform.ts';
import { createToolListener, type ToolListener } from './listener.ts';
import { createRemoteToolHost } from './remote-host.ts';

const log = createLogger({ level: 'silent' });
const { database, close } = await testDatabase();
const installation = await testInstallationKey();
const ends: (() => Promise<unknown>)[] = [close];
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** Counts what really happens. */
let done = 0;
const input = z.strictObject({ value: z.string() });
const echo: Tool<typeof input, typeof input> = {
  manifest: {
    tool: 'test.echo',
    title: 'Say it again',
    effect: 'write',
    risk: 'low',
    args: { value: { role: 'content', slot: 'text', title: 'Value' } },
    reversible: true,
    visibleOutside: false,
    readsPrivate: false,
    canLookup: true,
    timeoutMs: 30_000,
    headline: () => 'Say it again',
    consequence: 'Nothing.',
  },
  input,
  output: input,
  async run(_, { value }) {
    done += 1;
    return { kind: 'done', result: { value } };
  },
  lookup: async () => ({ kind: 'absent' }),
};

async function serve(end: TlsEnd, everyMs = 15_000): Promise<{ listener: ToolListener; url: string; port: number }> {
  const listener = await createToolListener({ tools: [echo], end, log, everyMs });
  const port = await listener.listen({ host: '127.0.0.1', port: 0 });
  ends.push(() => listener.close(0));
  return { listener, url: `https://127.0.0.1:${port}`, port };
}
function hostAt(url: string, endFor: (tenantId: Id<'tenant'>) => TlsEnd) {
  const host = createRemoteToolHost({ url, endFor, log });
  ends.push(() => host.close());
  const call = (change: Partial<ToolCall> = {}): Promise<ToolAnswer> =>
    host.call({
      tool: 'test.echo',
      operation: 'do',
      tenantId: newId('tenant'),
      taskId: newId('task'),
      key: 'a/1/b',
      argsJson: '{"value":"a"}',
      timeoutMs: 30_000,
      signal: new AbortController().signal,
      now: new Date(),
      ...change,
    });
  return { host, call };
}
const isDone = (answer: ToolAnswer) => answer.kind === 'done';

const certificates = testCertificates(database.auth, installation);
const served = await serve(certificates.toolsEnd());

/** One request by hand, with whatever certificate. Resolves with the status, or the code of the error that TLS ended in. */
async function knock(url: string, tls: { cert?: string; key?: string; ca: readonly string[] }): Promise<number | string> {
  return new Promise((resolve) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const request = httpsRequest(
      new URL('/mcp', url),
      { ...tls, ca: [...tls.ca], method: 'POST', headers, agent: false, checkServerIdentity: () => undefined },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', (error) => resolve('code' in error ? String(error.code) : error.name));
    request.end(body);
  });
}

/** The real time less a week: what it issues has expired. */
const lastWeek: Clock = { ...systemClock, now: () => new Date(Date.now() - 7 * 24 * 3_600_000) };

test('who has no certificate, an expired one or one of another installation does not get past TLS', async () => {
  const { ca, cert, key } = await certificates.workerEnd(newId('tenant')).current();
  assert.equal(await knock(served.url, { ca, cert, key }), 200, 'with a good one there is an answer');
  assert.match(String(await knock(served.url, { ca })), /CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/);

  const elsewhere = await testDatabase();
  const strangers = testCertificates(elsewhere.database.auth, await testInstallationKey());
  const strange = await strangers.workerEnd(newId('tenant')).current();
  assert.match(String(await knock(served.url, { ca, cert: strange.cert, key: strange.key })), /UNKNOWN_CA|ECONNRESET|EPIPE/);
  await elsewhere.close();

  // Of the same authority, but made a week ago; a root is valid from its making on, so it has one of its own.
  const old = await testDatabase();
  const aged = testCertificates(old.database.auth, installation, { clock: lastWeek });
  const { url } = await serve(testCertificates(old.database.auth, installation, { clock: { ...lastWeek } }).toolsEnd());
  const expired = await aged.workerEnd(newId('tenant')).current();
  assert.match(String(await knock(url, expired)), /CERT_HAS_EXPIRED|CERTIFICATE_EXPIRED|ECONNRESET|EPIPE/);
  await old.close();
});

test("an expired client's certificate is what is refused, also by a server whose own is good", async () => {
  const own = await testDatabase();
  ends.push(own.close);
  // Both from one root that was made a week ago.
  const expired = await testCertificates(own.database.auth, installation, { clock: lastWeek }).workerEnd(newId('tenant')).current();
  const now = testCertificates(own.database.auth, installation);
  const { url } = await serve(now.toolsEnd());
  const good = await now.workerEnd(newId('tenant')).current();
  assert.equal(await knock(url, good), 200);
  assert.match(String(await knock(url, { ...good, cert: expired.cert, key: expired.key })), /CERTIFICATE_EXPIRED|ECONNRESET|EPIPE/);
});

test('a certificate of this installation that is not a worker’s is refused at the door', async () => {
  const { ca } = await certificates.workerEnd(newId('tenant')).current();
  // A server's certificate may not be shown by a client at all: its usage says so.
  const server = await certificates.issue({ name: 'crm', dnsNames: [], days: 1, actor: 'operator:test' });
  assert.notEqual(await knock(served.url, { ca, cert: server.certPem, key: server.keyPem }), 200);
  const shown = await certificates.workerEnd(newId('tenant')).current();
  const serial = (await certificates.status()).issued[0]?.serial ?? assert.fail();
  const stricter = await serve(testCertificates(database.auth, installation, { timing: { pollMs: 0 } }).toolsEnd(), 50);
  assert.equal(await knock(stricter.url, shown), 200);
  await certificates.revoke(serial, 'operator:test');
  await eventually(async () => ((await knock(stricter.url, shown)) === 403 ? true : undefined), undefined, 40_000);
});

test("one tenant's certificate cannot call for another, and nothing is done", async () => {
  const [own, other] = [newId('tenant'), newId('tenant')];
  const before = done;
  const { call } = hostAt(served.url, () => certificates.workerEnd(own));
  const answer = await call({ tenantId: other });
  assert.deepEqual([answer.kind, answer.kind === 'failed' && answer.code], ['failed', 'tool.auth']);
  assert.equal(done, before);
  assert.ok(isDone(await call({ tenantId: own })));
});

test('a worker calls no server but the tools of its own installation', async () => {
  const before = done;
  const elsewhere = await testDatabase();
  ends.push(elsewhere.close);
  const strange = await serve(testCertificates(elsewhere.database.auth, await testInstallationKey()).toolsEnd());
  const { call } = hostAt(strange.url, (tenantId) => certificates.workerEnd(tenantId));
  assert.equal((await call()).kind, 'unknown');
  // A certificate of the right authority, but of another role.
  const { certPem, keyPem, caPem } = await certificates.issue({ name: 'crm', dnsNames: [], days: 1, actor: 'operator:test' });
  const posing = createHttpsServer({ cert: certPem, key: keyPem, ca: caPem }, (_, response) => response.end());
  await new Promise<void>((resolve) => posing.listen(0, '127.0.0.1', resolve));
  ends.push(async () => posing.close());
  const address = posing.address();
  assert.ok(typeof address === 'object' && address !== null);
  const posed = hostAt(`https://127.0.0.1:${address.port}`, (tenantId) => certificates.workerEnd(tenantId));
  assert.equal((await posed.call()).kind, 'unknown');
  assert.equal((await posed.call({ operation: 'lookup' })).kind, 'failed', 'a question can be asked again');
  assert.equal(done, before);
});

test('leaves and then the root are replaced under calls that never stop, and not one fails', async (t) => {
  const timing = { pollMs: 50, renewAfterMs: 300, learnMs: 500 };
  const [far, near] = [
    testCertificates(database.auth, installation, { timing }),
    testCertificates(database.auth, installation, { timing }),
  ];
  const listener = await createToolListener({ tools: [echo], end: far.toolsEnd(), log, everyMs: 50 });
  const port = await listener.listen({ host: '127.0.0.1', port: 0 });
  ends.push(() => listener.close(0));
  const tenantId = newId('tenant');
  const end = near.workerEnd(tenantId);
  const { call } = hostAt(`https://127.0.0.1:${port}`, () => end);
  let [calls, stopping] = [0, false];
  const failures: ToolAnswer[] = [];
  const callers = Array.from({ length: 6 }, async () => {
    while (!stopping) {
      const answer = await call({ tenantId });
      calls += 1;
      if (answer.kind !== 'done') failures.push(answer);
    }
  });
  const leaves = async (part: string) =>
    (await near.status()).issued.filter(({ subject, issuedAt }) => subject.includes(part) && issuedAt.getTime() >= startedAtMs);
  const startedAtMs = Date.now() - 1_000;
  const renewed = (part: string, times: number) =>
    eventually(
      async () => ((await leaves(part)).length >= times ? true : undefined),
      () => part,
      60_000,
    );
  await renewed(tenantId, 4);
  await renewed('/role/tools', 4);
  const { id } = await near.rotate({ actor: 'operator:test' });
  const signedByNew = async (part: string) =>
    (await leaves(part)).filter(({ authorityId }) => authorityId === id).length >= 2 ? true : undefined;
  await eventually(
    () => signedByNew(tenantId),
    () => 'the worker got no leaf of the new root',
    60_000,
  );
  await eventually(
    () => signedByNew('/role/tools'),
    () => 'the server got no leaf of the new root',
    60_000,
  );
  const upTo = calls + 200;
  await eventually(
    async () => (calls >= upTo ? true : undefined),
    () => 'calls go on',
    60_000,
  );
  stopping = true;
  await Promise.all(callers);
  assert.deepEqual(failures, []);
  t.diagnostic(
    `${calls} calls over ${(await leaves(tenantId)).length} client and ${(await leaves('/role/tools')).length} server certificates and 2 roots`,
  );
});

test('a server is replaced under calls that never stop, and not one is left in doubt', async () => {
  const first = await serve(certificates.toolsEnd());
  const { call } = hostAt(first.url, (tenantId) => certificates.workerEnd(tenantId));
  const tenantIds = Array.from({ length: 3 }, () => newId('tenant'));
  let stopping = false;
  const answers: ToolAnswer[] = [];
  const callers = tenantIds.map(async (tenantId) => {
    while (!stopping) answers.push(await call({ tenantId }));
  });
  const more = (count: number) => {
    const upTo = answers.length + count;
    return eventually(
      async () => (answers.length >= upTo ? true : undefined),
      () => 'calls go on',
      60_000,
    );
  };
  await more(30);
  await first.listener.close();
  const second = await createToolListener({ tools: [echo], end: certificates.toolsEnd(), log });
  ends.push(() => second.close(0));
  await second.listen({ host: '127.0.0.1', port: first.port });
  await more(30);
  stopping = true;
  await Promise.all(callers);
  assert.deepEqual(
    answers.filter((answer) => !isDone(answer)),
    [],
  );
});

test('a server that is stopping lets the calls under way end', async () => {
  let finish: () => void = () => undefined;
  const slow: typeof echo = {
    ...echo,
    async run(_, { value }) {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { kind: 'done', result: { value } };
    },
  };
  const listener = await createToolListener({ tools: [slow], end: certificates.toolsEnd(), log });
  const port = await listener.listen({ host: '127.0.0.1', port: 0 });
  const { call } = hostAt(`https://127.0.0.1:${port}`, (tenantId) => certificates.workerEnd(tenantId));
  const none = finish;
  const answer = call();
  await eventually(async () => (finish === none ? undefined : true));
  const closed = listener.close();
  finish();
  assert.ok(isDone(await answer));
  await closed;
});

test('nothing is served but the tools, and a message has a limit', async () => {
  const { ca, cert, key } = await certificates.workerEnd(newId('tenant')).current();
  const ask = (path: string, method: string, body = '') =>
    new Promise<number>((resolve, reject) => {
      const options = { ca: [...ca], cert, key, method, agent: false as const, checkServerIdentity: () => undefined };
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      httpsRequest(new URL(path, served.url), { ...options, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end(body);
    });
  assert.equal(await ask('/', 'POST'), 404);
  assert.equal(await ask('/mcp', 'GET'), 405);
  assert.equal(await ask('/mcp', 'POST', '{'), 400);
  assert.equal(
    await ask('/mcp', 'POST', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: { a: 'x'.repeat(17 * 1_024 * 1_024) } })),
    413,
  );
});

test("with an operator's certificates from files the names of callers decide", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-files-'));
  t.after(() => rm(folder, { recursive: true }));
  // Somebody else's authority: that of another installation, used by hand.
  const others = await testDatabase();
  ends.push(others.close);
  const authority = testCertificates(others.database.auth, await testInstallationKey());
  const filesOf = async (name: string, { cert, key, ca }: { cert: string; key: string; ca: readonly string[] | string }) => {
    const files = { cert: join(folder, `${name}.cert`), key: join(folder, `${name}.key`), ca: join(folder, `${name}.ca`) };
    await writeFile(files.cert, cert);
    await writeFile(files.key, key, { mode: 0o600 });
    await writeFile(files.ca, typeof ca === 'string' ? ca : ca.join(''));
    return files;
  };
  const issued = await authority.issue({ name: 'tools', dnsNames: ['localhost'], days: 1, actor: 'operator:test' });
  const serverFiles = await filesOf('server', { cert: issued.certPem, key: issued.keyPem, ca: issued.caPem });
  const workers = authority.workerEnd(newId('tenant'));
  const workerFiles = await filesOf('worker', await workers.current());
  const name = (await authority.status()).issued[0]?.subject ?? assert.fail();
  const fileEnd = (files: typeof serverFiles, clients: string[]) => createFileEnd(files, { clients, clock: systemClock, log });

  const open = await serve(fileEnd(serverFiles, [name]));
  const named = hostAt(`https://localhost:${open.port}`, () => fileEnd(workerFiles, []));
  assert.ok(isDone(await named.call()), 'for any tenant');
  const byAddress = hostAt(open.url, () => fileEnd(workerFiles, []));
  assert.equal((await byAddress.call()).kind, 'unknown', 'the certificate does not name that address');
  const shut = await serve(fileEnd(serverFiles, ['worker.internal']));
  const turnedAway = await hostAt(`https://localhost:${shut.port}`, () => fileEnd(workerFiles, [])).call();
  assert.deepEqual([turnedAway.kind, turnedAway.kind === 'failed' && turnedAway.code], ['failed', 'tool.auth']);
});
