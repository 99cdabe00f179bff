import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { recordAudit } from '#trust/audit';
import { asIntruder } from '../../../test/audit.ts';
import { noticePlatform } from '../../../test/notices.ts';
import { collect } from './collect.ts';

const { platform, place } = await noticePlatform();
const { database } = platform;
const hourMs = 3_600_000;

type Place = Awaited<ReturnType<typeof place>>;

/** Changes an approval past all walls. */
const rewrite = (set: string, id: string) =>
  asIntruder(platform.ownerUrl, async (client) => {
    await client.query('alter table app.approval no force row level security');
    await client.query(`update app.approval set ${set} where approval_id = $1`, [id]);
    await client.query('alter table app.approval force row level security');
  });

/** Somebody with a proved address who has a digest each day, two hours from now. */
async function mailed(one: Place): Promise<void> {
  await database.auth.pool.query(`update "user" set email = $1, "emailVerified" = true where id = $2`, [
    `${one.userId}@proved.example`,
    one.userId,
  ]);
  const at = new Date(one.clock.now().getTime() + 2 * hourMs).toISOString().slice(11, 16);
  await one.save({ ...one.loud, zone: 'UTC', digest: { at, weekday: null } });
}

test('what cannot be opened costs its own notice, is counted, and nobody else’s', async () => {
  const one = await place();
  await one.save(one.loud);
  const browser = await one.subscribe('laptop');
  const broken = await one.wait();
  await one.ask('GET /api/v1/me/notices');
  await rewrite(`body = 'x'`, broken.id);
  const well = await one.wait();
  await one.keeper.look();
  assert.deepEqual(
    browser.got().map(({ text }) => (JSON.parse(text) as { url: string }).url),
    [`/approvals/${well.id}`],
  );
  assert.ok(one.keeper.faults().broken > 0);
  const { items } = await one.ask<{ items: { title: string | null }[] }>('GET /api/v1/me/notices');
  assert.deepEqual(
    items.map(({ title }) => title === null),
    [false, true],
  );
});

test('a browser whose row cannot be opened is forgotten, and the others are told', async () => {
  const one = await place();
  await one.save(one.loud);
  const [broken, well] = [await one.subscribe('broken'), await one.subscribe('well')];
  await one.run((tx) => sql`update app.push_subscription set body = 'x' where subscription_id = ${broken.id}`.execute(tx));
  const { items } = await one.ask<{ items: { id: string }[] }>('GET /api/v1/me/push-subscriptions');
  assert.equal(items.length, 2);
  await one.wait();
  await one.keeper.look();
  assert.equal(well.got().length, 1);
  const after = await one.ask<{ items: { id: string }[] }>('GET /api/v1/me/push-subscriptions');
  assert.deepEqual(
    after.items.map(({ id }) => id),
    [well.id],
  );
});

test('a mail server that is away for days loses no digest: it comes once, joined with the next', async () => {
  const one = await place();
  await mailed(one);
  const lasting = async () => rewrite(`expires_at = now() + interval '9 days'`, (await one.wait()).id);
  await lasting();
  await one.keeper.look();
  one.mailServer.isAway = true;
  one.pass(2 * hourMs + 60_000);
  for (let looks = 0; looks < 10; looks += 1) {
    await one.keeper.look();
    one.pass(hourMs);
  }
  assert.equal(one.letters.length, 0);
  assert.ok(one.keeper.faults().mails >= 5 && one.keeper.faults().mails <= 10, 'tried again, and not each time');
  await lasting();
  // Found before the next digest is due, and not sent: the mail server is tried again in hours only.
  await one.keeper.look();
  one.mailServer.isAway = false;
  one.pass(15 * hourMs);
  await one.keeper.look();
  await one.keeper.look();
  assert.equal(one.letters.length, 1);
  assert.match(one.letters[0]?.text ?? '', /2 things need you/);
  one.pass(24 * hourMs);
  await one.keeper.look();
  assert.equal(one.letters.length, 1);
});

test('however much comes while the mail server is away, a letter waits by the clock alone, and all of it comes as one', async () => {
  const one = await place();
  await mailed(one);
  await one.save({ ...one.loud, kinds: { ...one.loud.kinds, approval: { ...one.loud.kinds.approval, mail: 'now' } } });
  const tries = async (noticeId: string) => {
    const { rows } = await one.run((tx) =>
      sql<{ tries: number }>`select mail_tries as tries from app.notice where notice_id = ${noticeId}`.execute(tx),
    );
    return rows[0]?.tries;
  };
  one.mailServer.isAway = true;
  for (let come = 1; come <= 3; come += 1) {
    await one.wait();
    await one.keeper.look();
  }
  const { items } = await one.ask<{ items: { id: string }[] }>('GET /api/v1/me/notices');
  // More than one turn takes, all of it asked for once already.
  await one.run((tx) =>
    sql`insert into app.notice (tenant_id, notice_id, user_id, kind, seq, object_id, risk, on_page, created_at, mail, mail_at, mail_tries)
      select tenant_id, 'ntc_' || lpad(to_hex(n), 24, '0'), user_id, kind, -n, object_id, risk, true, created_at, mail, ${new Date(one.clock.now().getTime() + hourMs)}, 1
      from app.notice, generate_series(1, 120) as n where notice_id = ${items.at(-1)?.id}`.execute(tx),
  );
  await one.wait();
  for (let looks = 0; looks < 4; looks += 1) await one.keeper.look();
  const oldest = `ntc_${(120).toString(16).padStart(24, '0')}`;
  assert.deepEqual([await tries(oldest), await tries(items.at(-1)?.id ?? '')], [1, 1]);
  assert.equal(one.keeper.faults().mails, 4, 'what is due is tried once, whatever waits beside it');
  one.mailServer.isAway = false;
  one.pass(2 * hourMs);
  for (let looks = 0; looks < 3; looks += 1) await one.keeper.look();
  assert.deepEqual(
    one.letters.map(({ subject }) => /\d+ things/.exec(subject)?.[0]),
    ['100 things', '24 things'],
  );
});

test('a letter that the mail server refuses is not tried sooner for what is said meanwhile, and begins anew once it is put off', async () => {
  const one = await place();
  const other = await one.join('approver');
  await mailed(one);
  await one.save({ ...one.loud, kinds: { ...one.loud.kinds, approval: { page: true, push: false, mail: 'now' } } });
  const tries = async () => {
    const { rows } = await one.run((tx) =>
      sql<{ tries: number }>`select mail_tries as tries from app.notice where user_id = ${one.userId} and kind = 'approval'`.execute(tx),
    );
    return rows.map((row) => row.tries);
  };
  one.mailServer.isAway = true;
  const { id } = await one.wait();
  await one.keeper.look();
  assert.deepEqual(await tries(), [1]);
  await one.ask(`POST /api/v1/approvals/${id}/comments`, { text: 'Soon?' }, other.as);
  await platform.sequencer.drained();
  await one.keeper.look();
  assert.deepEqual(await tries(), [1]);
  await one.ask(`POST /api/v1/approvals/${id}/snooze`, { until: new Date(one.clock.now().getTime() + 3 * hourMs).toISOString() });
  one.pass(hourMs);
  await one.keeper.look();
  assert.deepEqual(await tries(), [0], 'nobody takes it for a letter that the mail server keeps waiting');
  one.mailServer.isAway = false;
  one.pass(3 * hourMs);
  await one.keeper.look();
  assert.equal(one.letters.filter(({ to }) => to.startsWith(one.userId)).length, 1);
});

test('a letter that is handed over again is the same letter to a mailbox', async () => {
  const one = await place();
  await mailed(one);
  await one.wait();
  await one.keeper.look();
  one.pass(2 * hourMs + 60_000);
  await one.keeper.look();
  // As after a crash between the mail server's yes and our note of it.
  const again = new Date(Date.now() - 60_000);
  await one.run((tx) => sql`update app.notice set mail_at = ${again} where mail = 'digest'`.execute(tx));
  await one.run((tx) => sql`update app.notice_person set run_at = ${again} where user_id = ${one.userId}`.execute(tx));
  await one.keeper.look();
  const ids = one.letters.map(({ id }) => id);
  assert.equal(ids.length, 2);
  assert.match(ids[0] ?? '', /^[0-9a-f]{32}$/);
  assert.equal(ids[0], ids[1]);
});

test('what happened before a restore is shown and sent to nobody again', async () => {
  const one = await place();
  await one.save(one.loud);
  const browser = await one.subscribe('laptop');
  await one.run((tx) =>
    sql`insert into app.notice_place (tenant_id, next_seq, silent_before) values (${one.tenantId}, 0, ${new Date(Date.now() + hourMs)})
    on conflict (tenant_id) do update set silent_before = excluded.silent_before`.execute(tx),
  );
  await one.wait();
  await one.keeper.look();
  const { items } = await one.ask<{ items: unknown[] }>('GET /api/v1/me/notices');
  assert.deepEqual([items.length, browser.got().length], [1, 0]);
});

test('a log in which nothing is news is passed over without a look at its keys and people', async () => {
  const one = await place();
  await one.wait();
  await one.ask('GET /api/v1/me/notices');
  const nextSeq = () =>
    one.run((tx) => tx.selectFrom('noticePlace').select('nextSeq').where('tenantId', '=', one.tenantId).executeTakeFirstOrThrow());
  const before = await nextSeq();
  await one.run((tx) =>
    recordAudit(tx, one.tenantId, [
      ...Array.from({ length: 20 }, () => ({ kind: 'task.finished' as const, actor: 'system:test', at: new Date(), objectId: 'x' })),
    ]),
  );
  await platform.sequencer.drained();
  const never = () => assert.fail('it is not needed');
  await collect({ database, keysOf: never, membersOf: never, onBroken: never, clock: one.clock }, one.tenantId);
  assert.ok((await nextSeq()).nextSeq >= before.nextSeq + 20);
});
