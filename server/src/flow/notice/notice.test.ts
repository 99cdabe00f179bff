import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { Rules } from '#flow/notice';
import { systemClock } from '#kernel';
import { noticePlatform, secretWord } from '../../../test/notices.ts';
import { eventually } from '../../../test/platform.ts';
import { testBrowser } from '../../../test/push.ts';
import { createPushKey } from './push/push-key.ts';

const { service, platform, send, network, place } = await noticePlatform();
const { database, sequencer } = platform;

interface Listed {
  items: {
    id: string;
    kind: string;
    title: string | null;
    isOpen: boolean;
    seenAt: string | null;
    url: string | null;
    level: number | null;
  }[];
  unread: number;
}
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test('what waits for a decision is pushed once to each browser of each who may decide, whoever looks, and says nothing of what it is', async () => {
  const one = await place();
  const approver = await one.join('approver');
  const member = await one.join('member');
  for (const as of [one.cookie, approver.as, member.as]) await one.save(one.loud, as);
  const [laptop, phone] = [await one.subscribe('laptop'), await one.subscribe('phone')];
  const theirs = await one.subscribe('approver', approver.as);
  const others = await one.subscribe('member', member.as);
  const { id } = await one.wait();
  const second = one.build();
  await Promise.all([one.keeper.look(), second.look()]);
  await Promise.all([second.look(), one.keeper.look()]);
  for (const browser of [laptop, phone, theirs]) {
    assert.equal(browser.got().length, 1, browser.path);
    const [{ headers, text } = assert.fail('nothing came')] = browser.got();
    const { tag, ...shown } = JSON.parse(text) as { tag: string };
    assert.deepEqual(shown, { title: 'Factotum', body: 'Something needs you.', url: `/approvals/${id}` });
    assert.deepEqual([headers.topic, headers['content-encoding'], headers.urgency], [tag, 'aes128gcm', 'normal']);
  }
  assert.deepEqual(others.got(), [], 'who may not decide');
});

test('who has chosen titles is told what it is about', async () => {
  const one = await place();
  await one.save({ ...one.loud, titles: { push: true, mail: false } });
  const browser = await one.subscribe('laptop');
  await one.wait();
  await one.keeper.look();
  assert.match(browser.got()[0]?.text ?? '', /Waits for your approval.*Persimmon/);
});

test('who reads German is told in German what it is about: in pushes, in mails and on the page', async () => {
  const one = await place();
  await database.auth.pool.query(`update "user" set email = $1, "emailVerified" = true where id = $2`, [
    `${one.userId}@proved.example`,
    one.userId,
  ]);
  await one.ask('PUT /api/v1/me/language', { language: 'de' });
  const at = new Date(Date.now() + 2 * hourMs).toISOString().slice(11, 16);
  await one.save({ ...one.loud, zone: 'UTC', digest: { at, weekday: null }, titles: { push: true, mail: true } });
  const browser = await one.subscribe('laptop');
  const { id } = await one.wait();
  await one.keeper.look();
  const { title, body } = JSON.parse(browser.got()[0]?.text ?? '{}') as { title?: string; body?: string };
  const german = `Die Notiz Kept/${secretWord}.md schreiben`;
  assert.deepEqual([title, body], ['Wartet auf Ihre Freigabe', german]);
  one.pass(2 * hourMs + minuteMs);
  await one.keeper.look();
  const [letter = assert.fail('no letter came')] = one.letters;
  assert.match(letter.text, new RegExp(`– Wartet auf Ihre Freigabe: ${german}\n`));
  const cookie = `${one.cookie}; factotum_language=de`;
  const { items } = await one.ask<Listed>('GET /api/v1/me/notices', undefined, cookie);
  assert.deepEqual(
    items.map((item) => [item.url, item.title]),
    [[`/approvals/${id}`, german]],
  );
});

test('what was decided before it could be sent, and what its person has seen, is not sent', async () => {
  const one = await place();
  await one.save(one.loud);
  const browser = await one.subscribe('laptop');
  await one.decide(await one.wait());
  await one.wait();
  const { items, unread } = await one.ask<Listed>('GET /api/v1/me/notices');
  assert.deepEqual([items.map(({ isOpen }) => isOpen), unread], [[true], 1], 'what was over when it was looked at is no news');
  await one.ask('POST /api/v1/me/notices/seen', { until: items[0]?.id });
  await one.keeper.look();
  assert.deepEqual(browser.got(), []);
});

test('quiet hours hold back and lose nothing: afterwards more than three come as one', async () => {
  const one = await place();
  const wall = (ms: number) => new Date(Date.now() + ms).toISOString().slice(11, 16);
  await one.save({ ...one.loud, zone: 'UTC', quiet: { on: true, from: wall(-hourMs), to: wall(2 * hourMs), weekends: false } });
  const browser = await one.subscribe('laptop');
  for (let n = 0; n < 4; n += 1) await one.wait();
  await one.keeper.look();
  assert.deepEqual(browser.got(), []);
  one.pass(hourMs);
  await one.keeper.look();
  assert.deepEqual(browser.got(), []);
  one.pass(hourMs + minuteMs);
  await one.keeper.look();
  assert.deepEqual(
    browser.got().map(({ text }) => JSON.parse(text)),
    [{ title: 'Factotum', body: '4 things need you.', tag: 'several', url: '/notices' }],
  );
});

test('a digest comes at its time, once, counts what is still open, and comes not at all when nothing is', async () => {
  const one = await place();
  await database.auth.pool.query(`update "user" set email = $1, "emailVerified" = true where id = $2`, [
    `${one.userId}@proved.example`,
    one.userId,
  ]);
  const at = new Date(Date.now() + 2 * hourMs).toISOString().slice(11, 16);
  await one.save({ ...one.loud, zone: 'UTC', digest: { at, weekday: null } });
  const decided = await one.wait();
  await one.wait();
  await one.wait();
  await one.keeper.look();
  assert.equal(one.letters.length, 0);
  await one.decide(decided);
  one.pass(2 * hourMs + minuteMs);
  await Promise.all([one.keeper.look(), one.build().look()]);
  await one.keeper.look();
  const [letter = assert.fail('no letter came')] = one.letters;
  assert.equal(one.letters.length, 1);
  assert.equal(letter.to, `${one.userId}@proved.example`);
  assert.match(letter.text, /2 things need you/);
  assert.match(letter.text, /- Waits for your approval: 2\n/);
  assert.doesNotMatch(letter.subject + letter.text, new RegExp(secretWord));
  one.pass(24 * hourMs);
  await one.keeper.look();
  assert.equal(one.letters.length, 1, 'what was mailed is not mailed again');
});

test('an address that nobody has proved is mailed nothing', async () => {
  const one = await place();
  await one.save({ ...one.loud, kinds: { ...one.loud.kinds, approval: { page: true, push: false, mail: 'now' } } });
  await database.auth.pool.query(`update "user" set "emailVerified" = false where id = $1`, [one.userId]);
  await one.wait();
  await one.keeper.look();
  assert.equal(one.letters.length, 0);
});

test('who may decide no more is not pushed, and who was removed is forgotten with browsers and rules', async () => {
  const one = await place();
  const approver = await one.join('approver');
  await one.save(one.loud, approver.as);
  const theirs = await one.subscribe('approver', approver.as);
  await one.wait();
  await one.ask('GET /api/v1/me/notices', undefined, approver.as);
  await one.ask(`PUT /api/v1/members/${approver.userId}`, { roles: ['auditor'] });
  await one.keeper.look();
  assert.deepEqual(theirs.got(), []);
  await one.ask(`PUT /api/v1/members/${approver.userId}`, { roles: ['approver'] });
  await one.wait();
  await one.ask(`DELETE /api/v1/members/${approver.userId}`);
  await sequencer.drained();
  await one.keeper.look();
  assert.deepEqual(theirs.got(), []);
  const left = await one.run((tx) => tx.selectFrom('noticePerson').select('userId').where('tenantId', '=', one.tenantId).execute());
  assert.ok(left.every(({ userId }) => userId !== approver.userId));
  const browsers = await one.run((tx) => tx.selectFrom('pushSubscription').select('userId').where('tenantId', '=', one.tenantId).execute());
  assert.deepEqual(browsers, []);
});

test('a browser whose session was ended is told nothing any more, and one that somebody else signs in to is theirs', async () => {
  const one = await place();
  const approver = await one.join('approver');
  for (const as of [one.cookie, approver.as]) await one.save(one.loud, as);
  const ended = await one.subscribe('ended', approver.as);
  const shared = await one.subscribe('shared');
  const json = { endpoint: service.origin + shared.path, keys: shared.browser.keys, name: 'Shared' };
  await one.ask('POST /api/v1/me/push-subscriptions', json, approver.as);
  const listed = await one.ask<{ items: unknown[] }>('GET /api/v1/me/push-subscriptions');
  assert.deepEqual(listed.items, [], 'it is not the first one’s any more');
  await one.ask('DELETE /api/v1/session', undefined, approver.as);
  await one.wait();
  await one.keeper.look();
  assert.deepEqual([ended.got(), shared.got()], [[], []]);
});

test('a browser that is gone is forgotten, and one whose service is away gets it later, the others not twice', async () => {
  const one = await place();
  await one.save(one.loud);
  const [gone, away, well] = [await one.subscribe('gone'), await one.subscribe('away'), await one.subscribe('well')];
  service.answers.set(gone.path, 410);
  service.answers.set(away.path, 503);
  await one.wait();
  await one.keeper.look();
  const { items } = await one.ask<{ items: { id: string }[] }>('GET /api/v1/me/push-subscriptions');
  assert.deepEqual(items.map(({ id }) => id).sort(), [away.id, well.id].sort());
  service.answers.clear();
  await one.keeper.look();
  assert.equal(away.got().length, 1, 'not at once');
  one.pass(2 * minuteMs);
  await one.keeper.look();
  one.pass(hourMs);
  await one.keeper.look();
  assert.deepEqual([gone.got().length, away.got().length, well.got().length], [1, 2, 1]);
  assert.equal(new Set(away.got().map(({ headers }) => headers.topic)).size, 1, 'under the same topic');
});

test('a service that does not answer holds up no other browser and nobody else', async () => {
  const [one, other] = [await place(), await place()];
  for (const { save, loud } of [one, other]) await save(loud);
  const [well, stuck, theirs] = [await one.subscribe('well'), await one.subscribe('stuck'), await other.subscribe('theirs')];
  const answer = Promise.withResolvers<Response>();
  const keeper = one.build({
    fetch: (url, ...rest) => (String(url).endsWith(stuck.path) ? answer.promise : network.fetch(url, ...rest)),
  });
  keeper.start();
  try {
    await one.wait();
    await keeper.collect(one.tenantId);
    await eventually(async () => (well.got().length === 1 ? true : undefined));
    await other.wait();
    await keeper.collect(other.tenantId);
    await eventually(async () => (theirs.got().length === 1 ? true : undefined));
  } finally {
    answer.resolve(new Response(null, { status: 201 }));
    await keeper.stop();
  }
});

test('rules that cannot be read any more are nobody’s silence', async () => {
  const one = await place();
  const approver = await one.join('approver');
  await one.save(one.loud, approver.as);
  await one.run((tx) => sql`update app.notice_person set body = 'x' where user_id = ${approver.userId}`.execute(tx));
  await one.wait();
  for (const as of [one.cookie, approver.as])
    assert.equal((await one.ask<Listed>('GET /api/v1/me/notices', undefined, as)).items.length, 1);
  assert.equal((await one.ask<{ rules: Rules }>('GET /api/v1/me/notice-rules', undefined, approver.as)).rules.quiet.on, true);
});

test('addresses inside our network and without TLS are not called', async () => {
  const one = await place();
  const { keys } = testBrowser();
  const before = service.got.length;
  for (const endpoint of [
    `${service.origin}/inside`,
    'https://127.0.0.1:8443/x',
    'https://169.254.169.254/latest',
    'http://example.com/x',
  ]) {
    const { id } = await one.ask<{ id: string }>('POST /api/v1/me/push-subscriptions', { endpoint, keys, name: 'x' });
    // The platform's own network, in which nothing inside is allowed.
    const { taken, message } = await one.ask<{ taken: boolean; message: string }>(`POST /api/v1/me/push-subscriptions/${id}/test`);
    assert.equal(taken, false);
    assert.match(message, /not on the public internet|not protected by TLS/);
  }
  assert.equal(service.got.length, before);
  const refused = await send('POST /api/v1/me/push-subscriptions', {
    ...{ cookie: one.cookie, json: { endpoint: 'https://push.example/x', keys: { p256dh: 'x', auth: 'y' }, name: 'x' } },
  });
  assert.equal(refused.status, 422);
});

test('what needs nobody any more is read as that, and is unread no more', async () => {
  const one = await place();
  const approval = await one.wait();
  await one.happen('quota.alert', 'eventsPerMinute', 'system:quota');
  const first = await one.ask<Listed>('GET /api/v1/me/notices');
  assert.deepEqual(
    first.items.map(({ kind, isOpen, level, url }) => [kind, isOpen, level, url]),
    [
      ['quota', true, 80, '/settings/usage'],
      ['approval', true, null, `/approvals/${approval.id}`],
    ],
  );
  assert.match(first.items[1]?.title ?? '', new RegExp(secretWord));
  assert.equal(first.unread, 2);
  await one.decide(approval);
  const after = await one.ask<Listed>('GET /api/v1/me/notices');
  assert.deepEqual([after.items.map(({ isOpen }) => isOpen), after.unread], [[true, false], 1]);
  await one.ask('POST /api/v1/me/notices/seen', { ids: [after.items[0]?.id] });
  assert.equal((await one.ask<Listed>('GET /api/v1/me/notices')).unread, 0);
});

test('only people have notices, and each their own', async () => {
  const one = await place();
  const key = (
    await platform.identity.createApiKey({ tenantId: one.tenantId, name: 'k', permissions: ['approval:read', 'approval:decide'] })
  ).key;
  assert.equal((await send('GET /api/v1/me/notices', { key })).status, 403);
  await one.wait();
  await one.keeper.look();
  const approver = await one.join('approver');
  await one.wait();
  const [mine, theirs] = [
    await one.ask<Listed>('GET /api/v1/me/notices'),
    await one.ask<Listed>('GET /api/v1/me/notices', undefined, approver.as),
  ];
  assert.deepEqual([mine.items.length, theirs.items.length], [2, 1], 'who came later is told of what came later');
  const ids = mine.items.map(({ id }) => id);
  await one.ask('POST /api/v1/me/notices/seen', { ids }, approver.as);
  assert.equal((await one.ask<Listed>('GET /api/v1/me/notices')).unread, 2);
});

test('the key for pushing is one over all processes, and made anew where its seal cannot be opened any more', async () => {
  const keyOf = (seal: string) =>
    createPushKey({
      auth: database.auth,
      clock: systemClock,
      contact: () => 'mailto:ops@factotum.example',
      sealed: {
        seal: (plain) => platform.installation.seal(seal, plain),
        open: (sealed) => platform.installation.open(seal, sealed),
      },
    }).publicKey();
  const [one, other] = await Promise.all([keyOf('a key file'), keyOf('a key file')]);
  assert.equal(one, other);
  const anew = await keyOf('another key file');
  assert.notEqual(anew, one);
  assert.equal(await keyOf('another key file'), anew);
  await database.auth.pool.query('delete from "pushKey"');
});
