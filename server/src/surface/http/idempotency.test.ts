import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { sql } from 'kysely';
import { type Clock, createLogger, FactotumError, isFactotumError, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Permission } from '#trust/identity';
import type { TenantKeys } from '#trust/key';
import { type TestCustomer, testHttp } from '../../../test/http.ts';
import { createIdempotency } from './idempotency.ts';

const { platform, send, buildCustomer } = await testHttp();
let nowMs = Date.now();
const clock: Clock = { now: () => new Date(nowMs), monotonicMs: systemClock.monotonicMs };
const idempotency = createIdempotency({ database: platform.database, clock, log: createLogger({ level: 'silent' }) });
let customer: TestCustomer;
let keys: TenantKeys;
before(async () => {
  customer = await buildCustomer();
  keys = await platform.keyring.of(customer.tenantId);
});

const body = (text: string) => Buffer.from(text);
const request = (key: string, bytes = 'one') => ({
  key,
  actor: 'key:a',
  permissions: new Set<Permission>(['task:read', 'event:write']),
  route: 'POST /x',
  bytes: body(bytes),
  requestId: 'req_000000000000000000000000',
});
const answered = (text: string) => async () => new Response(text, { status: 202, headers: { 'content-type': 'application/json' } });
const rows = () =>
  withTenant(platform.database.app.db, customer.tenantId, async (tx) => {
    const found = await sql<{
      status: number | null;
      response: Buffer | null;
    }>`select status, response from idempotency where tenant_id = ${customer.tenantId}`.execute(tx);
    return found.rows;
  });
const isCode = (code: Parameters<typeof isFactotumError>[1]) => (error: unknown) => isFactotumError(error, code);

test('work is done once for a key; whoever repeats gets the same answer, marked', async () => {
  const first = await idempotency.once(keys, request('once'), answered('{"a":1}'));
  assert.equal(first.headers.get('idempotency-replayed'), null);
  const second = await idempotency.once(keys, request('once'), () => assert.fail('done twice'));
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  for (const response of [first, second]) {
    assert.equal(response.status, 202);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(await response.text(), '{"a":1}');
  }
});

test('a key with another body or other permissions is refused, of another actor or address it is another key', async () => {
  await idempotency.once(keys, request('mine'), answered('mine'));
  await assert.rejects(idempotency.once(keys, request('mine', 'two'), answered('x')), isCode('idempotency.key_reused'));
  const less = { ...request('mine'), permissions: new Set<Permission>(['task:read']) };
  await assert.rejects(idempotency.once(keys, less, answered('x')), isCode('idempotency.key_reused'));
  const others = [{ actor: 'key:b' }, { route: 'POST /y' }, { key: 'Mine' }];
  for (const other of others)
    assert.equal(await (await idempotency.once(keys, { ...request('mine'), ...other }, answered('other'))).text(), 'other');
});

test('of many at once one does the work and the others are told to ask again', async () => {
  let done = 0;
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const work = async () => {
    done += 1;
    await finished;
    return new Response('done');
  };
  const all = Array.from({ length: 8 }, () => idempotency.once(keys, request('race'), work));
  const refused = await Promise.all(
    all.map((each) =>
      Promise.race([
        each.then(
          () => null,
          (error: unknown) => error,
        ),
        waitFor(all, 7),
      ]),
    ),
  );
  finish();
  const outcomes = await Promise.allSettled(all);
  assert.equal(done, 1);
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(refused.filter(isCode('idempotency.in_progress')).length, 7);
});

/** Resolves when so many have been refused. */
function waitFor(all: readonly Promise<unknown>[], count: number): Promise<null> {
  let refused = 0;
  return new Promise((resolve) => {
    for (const each of all)
      each.catch(() => {
        refused += 1;
        if (refused === count) setImmediate(resolve, null);
      });
  });
}

test('what was wrong with a request stays wrong; what may pass is tried again', async () => {
  const wrong = async () => {
    throw new FactotumError('task.not_cancellable', 'It is over.');
  };
  const first = await idempotency.once(keys, request('wrong'), wrong);
  const second = await idempotency.once(keys, request('wrong'), () => assert.fail('done twice'));
  assert.equal(first.status, 409);
  assert.equal(await first.text(), await second.text());
  for (const error of [
    new FactotumError('quota.exceeded', 'Later.'),
    new FactotumError('database.unavailable', 'Later.'),
    new Error('a bug'),
  ]) {
    const failing = async () => {
      throw error;
    };
    await assert.rejects(idempotency.once(keys, request('passing'), failing), (thrown) => thrown === error);
  }
  assert.equal(await (await idempotency.once(keys, request('passing'), answered('now'))).text(), 'now');
});

test('a request that died on the way is free again after a minute, and its late answer changes nothing', async () => {
  const { promise: lateAnswer, resolve: finishLate } = Promise.withResolvers<Response>();
  const late = idempotency.once(keys, request('died'), () => lateAnswer);
  while ((await rows()).every(({ status }) => status !== null)) await new Promise(setImmediate);
  await assert.rejects(idempotency.once(keys, request('died'), answered('x')), isCode('idempotency.in_progress'));
  nowMs += 61_000;
  assert.equal(await (await idempotency.once(keys, request('died'), answered('second'))).text(), 'second');
  finishLate(new Response('first'));
  assert.equal(await (await late).text(), 'first');
  assert.equal(await (await idempotency.once(keys, request('died'), answered('x'))).text(), 'second');
});

test('answers are sealed, and kept for a day', async () => {
  await idempotency.once(keys, request('sealed'), answered('{"canary":"kumquat"}'));
  const kept = await rows();
  assert.ok(kept.length > 0);
  for (const { response } of kept) assert.ok(response !== null && !response.toString('latin1').includes('kumquat'));
  nowMs += 25 * 60 * 60_000;
  assert.equal(await (await idempotency.once(keys, request('sealed', 'another body'), answered('a day later'))).text(), 'a day later');
  const fresh = createIdempotency({ database: platform.database, clock, log: createLogger({ level: 'silent' }) });
  await fresh.once(keys, request('sweeps'), answered('x'));
  assert.equal((await rows()).length, 2, 'older ones are gone');
});

test('a key that is none is refused', async () => {
  for (const key of ['', 'a b', 'ä', 'x'.repeat(256), 'a\n'])
    await assert.rejects(idempotency.once(keys, request(key), answered('x')), isCode('request.invalid'));
});

test('every POST of the API honours a key; an event sent twice is one event', async () => {
  const key = await customer.key();
  const headers = { 'idempotency-key': 'e1' };
  const json = { source: 'test', kind: 'test.x', externalId: 'e1', payload: {} };
  const first = await send('POST /api/v1/events', { key, json, headers });
  const second = await send('POST /api/v1/events', { key, json, headers });
  assert.equal(first.status, 202);
  assert.equal(second.status, 202, 'the first answer, not that of a second try');
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  assert.equal(await first.text(), await second.text());
  const other = await send('POST /api/v1/events', { key, json: { ...json, externalId: 'e2' }, headers });
  assert.equal(other.status, 422);
  const mail = { key, body: 'From: a@example.com\r\nSubject: hi\r\n\r\nhi', headers: { ...headers, 'content-type': 'message/rfc822' } };
  assert.equal((await send('POST /api/v1/events/mail', mail)).status, 202);
  assert.equal((await send('POST /api/v1/events/mail', mail)).headers.get('idempotency-replayed'), 'true');
  const reader = await customer.key('task:read');
  assert.equal((await send('POST /api/v1/events', { key: reader, json, headers })).status, 403, 'who may not send gets no kept answer');
});
