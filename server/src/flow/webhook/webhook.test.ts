import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { Webhook as Verifier } from 'standardwebhooks';
import { createNetwork } from '#flow/connection';
import { type Clock, isFactotumError, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { listEntries, recordAudit } from '#trust/audit';
import { testPlatform } from '../../../test/platform.ts';
import {
  changeWebhook,
  createWebhook,
  createWebhookKeeper,
  deleteWebhook,
  listDeliveries,
  readWebhook,
  replayDeliveries,
  replayDelivery,
  rotateSecret,
  tryWebhook,
} from './index.ts';

const platform = await testPlatform();
const { database, keyring, sequencer, log } = platform;

interface Got {
  id: string;
  type: string;
  data: { taskId?: string | null; seq?: number };
  headers: Record<string, string>;
  body: string;
}

/** An endpoint of somebody's, and a tenant that tells it. Time passes only as the test says. */
async function place(answer: (response: ServerResponse, got: Got) => void = (response) => void response.writeHead(204).end()) {
  const got: Got[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      const headers = request.headers as Record<string, string>; // None of these comes twice.
      const one = { ...(JSON.parse(body) as Pick<Got, 'type' | 'data'>), id: headers['webhook-id'] ?? '', headers, body };
      got.push(one);
      answer(response, one);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const network = createNetwork([`127.0.0.1:${port}`]);
  after(async () => {
    await network.close();
    server.close().closeAllConnections();
  });
  let aheadMs = 0;
  const clock: Clock = {
    now: () => new Date(Date.now() + aheadMs),
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
  };
  const { id: tenantId } = await platform.createTenant({ name: `hook-${port}`, actor: 'operator:root' });
  const keys = await keyring.of(tenantId);
  await sequencer.drained();
  const run = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
  const by = () => ({ actor: 'user:usr_1', at: clock.now() });
  const build = () => createWebhookKeeper({ database, keysOf: keyring.of, sequencer, network, clock, log });
  const keeper = build();
  const made = await run((tx) =>
    createWebhook(tx, keys, { url: `http://127.0.0.1:${port}/told`, description: '', kinds: ['task.*'], ...by() }),
  );
  const { id } = made.webhook;
  return {
    ...{ got, tenantId, keys, run, by, build, keeper, id, secret: made.secret },
    /** As if something had happened to a task. */
    async happen(...kinds: ('task.finished' | 'task.failed' | 'note.read' | 'approval.requested')[]) {
      const at = clock.now();
      await run((tx) =>
        recordAudit(
          tx,
          tenantId,
          kinds.map((kind) => ({ kind, actor: 'system:engine', at, objectId: 'tsk_1', state: 'done' })),
        ),
      );
      await sequencer.drained();
    },
    pass: (ms: number) => {
      aheadMs += ms;
    },
    /** A keeper's look at everybody, as there is one each minute. */
    async look() {
      aheadMs += 60_000;
      await keeper.look();
    },
    deliveries: (mayReadLog = true) => run((tx) => listDeliveries(tx, keys, { id, mayReadLog, before: null, limit: 100 })),
    read: () => run((tx) => readWebhook(tx, keys, id)),
  };
}

test('what happens is told once, in order, signed, and only what is wanted', async () => {
  const one = await place();
  await one.happen('task.finished', 'note.read', 'approval.requested', 'task.failed');
  await one.look();
  await Promise.all([one.keeper.look(), one.build().look(), one.build().look()]);
  assert.deepEqual(
    one.got.map(({ type }) => type),
    ['task.finished', 'task.failed'],
  );
  for (const { headers, body } of one.got) assert.ok(new Verifier(one.secret).verify(body, headers));
  const deliveries = await one.deliveries();
  assert.deepEqual(
    deliveries.map(({ state, lastStatus, attempts }) => [state, lastStatus, attempts]),
    [
      ['delivered', 204, 1],
      ['delivered', 204, 1],
    ],
  );
  assert.equal(new Set(one.got.map(({ id }) => id)).size, 2);
});

test('a telling that fails is made again under the same id, and does not hold up those behind it', async () => {
  let isFirst = true;
  const one = await place((response, { type }) => {
    const refuses = type === 'task.finished' && isFirst;
    if (refuses) isFirst = false;
    response.writeHead(refuses ? 404 : 200).end(refuses ? 'no such place' : '');
  });
  await one.happen('task.finished', 'task.failed');
  await one.look();
  const first = (await one.deliveries()).find(({ kind }) => kind === 'task.finished');
  assert.deepEqual([first?.state, first?.lastStatus, first?.message], ['waiting', 404, 'It answered 404: no such place']);
  assert.deepEqual(
    one.got.map(({ type }) => type),
    ['task.finished', 'task.failed'],
  );
  await one.look();
  assert.equal(one.got.length, 3);
  assert.equal(one.got[2]?.id, one.got[0]?.id);
  assert.equal(one.got[2]?.body, one.got[0]?.body);
  assert.deepEqual([(await one.read()).failures, (await one.deliveries()).every(({ state }) => state === 'delivered')], [0, true]);
});

test('an endpoint that is down is left alone, and asked again when it said so', async () => {
  let isDown = true;
  const one = await place((response) => void response.writeHead(isDown ? 503 : 200, { 'retry-after': '3600' }).end());
  await one.happen('task.finished', 'task.failed');
  await one.look();
  assert.equal(one.got.length, 1, 'the second would meet the same');
  isDown = false;
  await one.look();
  // The second may be told as soon as the endpoint is tried again; the first not before an hour has passed.
  assert.deepEqual(
    one.got.map(({ type }) => type),
    ['task.finished', 'task.failed'],
  );
  one.pass(3_600_000);
  await one.look();
  assert.equal(one.got.at(-1)?.type, 'task.finished');
});

test('after five days without success an endpoint is given up, and a person brings it and what it missed back', async () => {
  let isDown = true;
  const one = await place((response) => void response.writeHead(isDown ? 500 : 200).end());
  await one.happen('task.finished');
  for (let i = 0; i < 12; i += 1) {
    await one.look();
    one.pass(30 * 3_600_000);
  }
  const [failed] = await one.deliveries();
  await one.happen('task.failed');
  for (let i = 0; i < 4; i += 1) {
    await one.look();
    one.pass(30 * 3_600_000);
  }
  assert.equal((await one.read()).state, 'broken');
  const before = one.got.length;
  isDown = false;
  await one.look();
  assert.equal(one.got.length, before);
  await one.run((tx) => changeWebhook(tx, one.keys, one.id, { state: 'active', ...one.by() }));
  await one.run((tx) => replayDelivery(tx, one.keys, one.id, failed!.id, one.by()));
  await one.look();
  await one.look();
  assert.ok(one.got.slice(before).some(({ id }) => id === failed!.id));
});

test('a telling that is refused ten times is given up, and the endpoint goes on', async () => {
  const one = await place((response, { type }) => void response.writeHead(type === 'task.finished' ? 404 : 200).end());
  await one.happen('task.finished');
  for (let i = 0; i < 11; i += 1) {
    await one.happen('task.failed');
    await one.look();
    one.pass(30 * 3_600_000);
  }
  const refused = (await one.deliveries()).find(({ kind }) => kind === 'task.finished');
  assert.deepEqual([refused?.state, refused?.attempts, refused?.nextAt], ['failed', 10, null]);
  assert.equal((await one.read()).state, 'active');
});

test('an answer that says yes counts, however long it goes on', async () => {
  const one = await place((response) => void response.writeHead(200).write('and so on'));
  await one.happen('task.finished');
  await one.look();
  assert.deepEqual(
    (await one.deliveries()).map(({ state, attempts }) => [state, attempts]),
    [['delivered', 1]],
  );
});

test('a far side that wants no more is told no more', async () => {
  const one = await place((response) => void response.writeHead(410).end());
  await one.happen('task.finished', 'task.failed');
  await one.look();
  await one.look();
  assert.deepEqual([one.got.length, (await one.read()).state], [1, 'broken']);
});

test('while one secret replaces another both sign, a day later the new one alone', async () => {
  const one = await place();
  const { secret } = await one.run((tx) => rotateSecret(tx, one.keys, one.id, one.by()));
  assert.notEqual(secret, one.secret);
  await one.happen('task.finished');
  await one.look();
  const [both] = one.got;
  for (const each of [secret, one.secret]) assert.ok(new Verifier(each).verify(both?.body ?? '', both?.headers ?? {}));
  one.pass(25 * 3_600_000);
  await one.happen('task.failed');
  await one.look();
  const alone = one.got.at(-1);
  assert.equal(alone?.headers['webhook-signature']?.split(' ').length, 1);
});

test('a redirect is not followed, an address inside is not called, and what is said is cut short', async () => {
  const one = await place((response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end('x'.repeat(1_000_000)));
  await one.happen('task.finished');
  await one.look();
  assert.equal(one.got.length, 1);
  const [redirected] = await one.deliveries();
  assert.equal(redirected?.lastStatus, 302);
  assert.ok((redirected?.message?.length ?? 0) < 600);
  await one.run((tx) => changeWebhook(tx, one.keys, one.id, { url: 'https://127.0.0.1:9443/', ...one.by() }));
  await one.look();
  assert.match((await one.deliveries())[0]?.message ?? '', /not on the public internet/);
});

test('what is paused is told from where it stopped, a trial tells nothing, and all since a time is told again', async () => {
  const one = await place();
  await one.run((tx) => changeWebhook(tx, one.keys, one.id, { state: 'paused', ...one.by() }));
  await one.happen('task.finished');
  await one.look();
  assert.equal(one.got.length, 0);
  await assert.rejects(
    one.run((tx) => tryWebhook(tx, one.keys, one.id, one.by())),
    (error) => isFactotumError(error, 'webhook.invalid'),
  );
  await one.run((tx) => changeWebhook(tx, one.keys, one.id, { state: 'active', ...one.by() }));
  await one.run((tx) => tryWebhook(tx, one.keys, one.id, one.by()));
  await one.look();
  assert.deepEqual(one.got.map(({ type }) => type).sort(), ['task.finished', 'webhook.test']);
  const again = await one.run((tx) => replayDeliveries(tx, one.keys, one.id, new Date(0), one.by()));
  await one.look();
  assert.deepEqual([again, one.got.length, new Set(one.got.map(({ id }) => id)).size], [2, 4, 2]);
});

test('who may not read the audit log sees that something was told and what came of it, not what', async () => {
  const one = await place((response, { body }) => void response.writeHead(404).end(body));
  await one.happen('task.finished');
  await one.look();
  const [whole] = await one.deliveries(true);
  assert.match(whole?.payload ?? '', /system:engine/);
  assert.match(whole?.message ?? '', /^It answered 404: .*system:engine/);
  const [seen] = await one.deliveries(false);
  assert.deepEqual(
    [seen?.id, seen?.kind, seen?.state, seen?.lastStatus, seen?.message, seen?.payload],
    [whole?.id, 'task.finished', 'waiting', 404, 'It answered 404.', null],
  );
  assert.equal(JSON.stringify(seen).includes('system:engine'), false);
});

test('a trial leaves an audit entry that says who tried what', async () => {
  const one = await place();
  const trial = await one.run((tx) => tryWebhook(tx, one.keys, one.id, one.by()));
  await sequencer.drained();
  const entries = await one.run((tx) => listEntries(tx, { tenantId: one.tenantId, afterSeq: -1, limit: 100 }));
  const tried = entries.filter(({ kind }) => kind === 'webhook.tried');
  assert.deepEqual(
    tried.map(({ actor, objectId, detail }) => [actor, objectId, detail]),
    [['user:usr_1', one.id, { delivery: trial }]],
  );
});

test('addresses, secrets and what was told are sealed; another tenant finds nothing', async () => {
  const one = await place();
  const other = await place();
  await one.happen('task.finished');
  await one.look();
  const rows = await one.run(async (tx) => [
    ...(await tx.selectFrom('webhook').selectAll().execute()).flatMap(({ body, secrets }) => [body, secrets]),
    ...(await tx.selectFrom('webhookDelivery').selectAll().execute()).map(({ body }) => body),
  ]);
  assert.ok(rows.length >= 3);
  for (const bytes of rows) assert.equal(/told|whsec_|task\.finished/.test(bytes.toString('latin1')), false);
  await assert.rejects(
    other.run((tx) => readWebhook(tx, other.keys, one.id)),
    (error) => isFactotumError(error, 'webhook.not_found'),
  );
  await one.run((tx) => deleteWebhook(tx, one.keys, one.id, one.by()));
  await one.happen('task.failed');
  await one.look();
  assert.equal(one.got.length, 1);
});
