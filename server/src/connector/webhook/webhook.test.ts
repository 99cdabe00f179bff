import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { type ConnectorContext, isConnectorFault } from '@factotum/connector-sdk';
import { Webhook as Signer } from 'standardwebhooks';
import { webhookConnector } from './index.ts';
import { type WebhookSettings, webhookSettings } from './settings.ts';

const at = new Date('2026-03-31T10:00:00Z');
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function call(
  settings: Partial<Record<keyof WebhookSettings, unknown>>,
  body: string,
  headers: Record<string, string> = {},
  now = at,
  signedWith = secret,
) {
  // What a hook does not touch is left out.
  const context = {
    settings: webhookSettings.parse(settings),
    credentials: { secret: signedWith },
    now: () => now,
  } as unknown as ConnectorContext<WebhookSettings>;
  return webhookConnector.hook!(context, { method: 'POST', headers, query: {}, body: Buffer.from(body) });
}
const standardHeaders = (body: string, time = new Date()) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(time.getTime() / 1_000)),
  'webhook-signature': new Signer(secret).sign('msg_1', time, body),
});
const isRefused = (error: unknown) => isConnectorFault(error) && error.kind === 'auth';
const body = JSON.stringify({
  id: 17,
  type: 'Order Paid',
  created: 1_774_900_000,
  customer: { name: 'Ada\nLovelace' },
  items: [{ sku: 'a' }],
});

test('a request of Standard Webhooks is an event, under its own id', async () => {
  const { status, arrivals } = await call({}, body, standardHeaders(body));
  assert.equal(status, 200);
  assert.deepEqual(arrivals, [
    { form: 'event', kind: 'webhook.received', externalId: 'msg_1', title: 'Webhook', payload: JSON.parse(body) as object },
  ]);
});

test('what is unsigned, forged, altered, or older than five minutes is refused with the same words', async () => {
  const good = standardHeaders(body);
  const old = standardHeaders(body, new Date(Date.now() - 6 * 60_000));
  const forged = { ...good, 'webhook-signature': new Signer('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').sign('msg_1', new Date(), body) };
  const messages = new Set<string>();
  for (const [headers, sent] of [
    [{}, body],
    [good, `${body} `],
    [old, body],
    [forged, body],
    [{ ...good, 'webhook-id': 'msg_2' }, body],
  ] as const)
    await assert.rejects(call({}, sent, headers), (error) => {
      messages.add((error as Error).message);
      return isRefused(error);
    });
  assert.equal(messages.size, 1);
});

test('a plain HMAC is verified in the header, form and digest that the far side uses', async () => {
  const sign = (algorithm: string, encoding: 'hex' | 'base64', text = body) => createHmac(algorithm, secret).update(text).digest(encoding);
  const github = { scheme: 'hmac', header: 'X-Hub-Signature-256', prefix: 'sha256=' };
  const shopify = { scheme: 'hmac', header: 'X-Shopify-Hmac-SHA256', encoding: 'base64' };
  const timed = { scheme: 'hmac', header: 'X-Signature', timestampHeader: 'X-Time', prefix: 'v0=', separator: ':' };
  const seconds = String(at.getTime() / 1_000);
  const good: [object, Record<string, string>][] = [
    [github, { 'x-hub-signature-256': `sha256=${sign('sha256', 'hex')}` }],
    [shopify, { 'x-shopify-hmac-sha256': sign('sha256', 'base64') }],
    [timed, { 'x-signature': `v0=${createHmac('sha256', secret).update(`${seconds}:${body}`).digest('hex')}`, 'x-time': seconds }],
  ];
  for (const [signature, headers] of good) assert.equal((await call({ signature }, body, headers)).arrivals.length, 1);
  const bad: [object, Record<string, string>][] = [
    [github, { 'x-hub-signature-256': sign('sha256', 'hex') }],
    [github, { 'x-hub-signature-256': `sha256=${sign('sha256', 'hex', 'other')}` }],
    [github, { 'x-hub-signature-256': 'sha256=' }],
    [timed, { 'x-signature': good[2]![1]['x-signature']! }],
    [timed, { ...good[2]![1], 'x-time': String(Number(seconds) - 301) }],
  ];
  for (const [signature, headers] of bad) await assert.rejects(call({ signature }, body, headers), isRefused);
});

test('places of the body become kind, id, title and time; nothing of it leaves its line', async () => {
  const settings = {
    kind: 'shop.${body.type}',
    id: '${body.id}-${body.items[0].sku}',
    title: 'Order ${body.id} of ${body.customer.name}',
    occurredAt: '${body.created}',
  };
  const [arrival] = (await call(settings, body, standardHeaders(body))).arrivals;
  assert.ok(arrival?.form === 'event');
  assert.deepEqual(
    [arrival.kind, arrival.externalId, arrival.title, arrival.occurredAt],
    ['shop.order_paid', '17-a', 'Order 17 of Ada Lovelace', '2026-03-30T19:46:40.000Z'],
  );
});

test('a place that is empty, and a body that is no JSON, are faults that name what is missing', async () => {
  await assert.rejects(call({ id: '${body.nowhere.id}' }, body, standardHeaders(body)), /nothing at body\.nowhere\.id, which id names/);
  await assert.rejects(call({}, 'not json', standardHeaders('not json')), /not JSON/);
});

test('without an id of its own the same content is the same event', async () => {
  const signature = { scheme: 'hmac', header: 'x-s' };
  const headers = { 'x-s': createHmac('sha256', secret).update(body).digest('hex') };
  const ids = await Promise.all([1, 2].map(async () => (await call({ signature }, body, headers)).arrivals[0]));
  assert.deepEqual(ids[0], ids[1]);
});

test('a setting that names anything but body and headers is refused when it is saved', () => {
  assert.equal(webhookSettings.safeParse({ title: '${task.id}' }).success, false);
  assert.equal(webhookSettings.safeParse({ title: '${body.id' }).success, false);
  assert.equal(webhookSettings.safeParse({ id: '${body.constructor.name}' }).success, false);
  assert.equal(webhookSettings.safeParse({ title: '${headers.x-shop}: ${body.id}' }).success, true);
});

test('a secret that anybody could guess does not pass the check', async () => {
  const check = (value: string) =>
    webhookConnector.check({ credentials: { secret: value } } as unknown as ConnectorContext<WebhookSettings>);
  for (const guessable of ['short', 'fifteen-letters', 'whsec_0123456789abcde', '']) await assert.rejects(check(guessable), isRefused);
  await check(secret);
  await check('0123456789abcdef');
});

test('a secret that anybody could guess is refused before it is saved, and without being repeated', () => {
  const refusal = webhookConnector.credentials.secret?.refusal;
  assert.match(refusal?.('fifteen-letters') ?? '', /shorter than 16 characters/);
  assert.doesNotMatch(refusal?.('fifteen-letters') ?? '', /fifteen-letters/);
  assert.equal(refusal?.(secret), null);
});

test('what is signed with a secret that has become guessable is refused like a forgery', async () => {
  const signature = { scheme: 'hmac', header: 'x-s' };
  const signed = (weak: string) => ({ 'x-s': createHmac('sha256', weak).update(body).digest('hex') });
  assert.equal((await call({ signature }, body, signed('0123456789abcdef'), at, '0123456789abcdef')).arrivals.length, 1);
  await assert.rejects(call({ signature }, body, signed('short'), at, 'short'), isRefused);
  // An empty key would be anybody's.
  await assert.rejects(call({ signature }, body, signed(''), at, ''), isRefused);
});

test('an id that nobody has signed does not make the same request another event', async () => {
  const signed = { 'x-signature': createHmac('sha256', secret).update(body).digest('hex') };
  const signature = { scheme: 'hmac', header: 'x-signature' };
  const ids = await Promise.all(
    [{}, { 'webhook-id': 'one' }, { 'webhook-id': 'two' }].map(async (more) => {
      const [arrival] = (await call({ signature }, body, { ...signed, ...more })).arrivals;
      return arrival?.form === 'event' ? arrival.externalId : assert.fail('no event');
    }),
  );
  assert.equal(new Set(ids).size, 1);
});
