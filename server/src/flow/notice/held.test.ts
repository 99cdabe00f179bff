import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticePlatform } from '../../../test/notices.ts';

const { platform, place } = await noticePlatform();
const { database } = platform;

interface Listed {
  items: { id: string; kind: string }[];
  unread: number;
}
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
type Place = Awaited<ReturnType<typeof place>>;

const at = (one: Place, ms: number) => new Date(one.clock.now().getTime() + ms).toISOString();
const listed = (one: Place, as?: string) => one.ask<Listed>('GET /api/v1/me/notices', undefined, as);
const snooze = (one: Place, { id }: { id: string }, ms: number) => one.ask(`POST /api/v1/approvals/${id}/snooze`, { until: at(one, ms) });

test('what somebody has put off is neither counted nor pushed until then', async () => {
  const one = await place();
  await one.save(one.loud);
  const browser = await one.subscribe('laptop');
  const approval = await one.wait();
  await listed(one);
  await snooze(one, approval, 2 * hourMs);
  await one.keeper.look();
  assert.deepEqual([browser.got().length, (await listed(one)).unread], [0, 0]);
  one.pass(2 * hourMs + minuteMs);
  await one.keeper.look();
  assert.equal(browser.got().length, 1);
});

test('what was put off is told at once when something has happened to it, and an hour before it expires', async () => {
  const one = await place();
  const other = await one.join('approver');
  await one.save(one.loud);
  const browser = await one.subscribe('laptop');
  const [discussed, urgent] = [await one.wait(), await one.wait()];
  await listed(one);
  for (const approval of [discussed, urgent]) await snooze(one, approval, 48 * hourMs);
  await one.keeper.look();
  assert.equal(browser.got().length, 0);
  await one.ask(`POST /api/v1/approvals/${discussed.id}/comments`, { text: 'Now it is due' }, other.as);
  await platform.sequencer.drained();
  await one.keeper.look();
  const told = () => browser.got().map(({ text }) => (JSON.parse(text) as { url: string }).url);
  assert.deepEqual(told(), [`/approvals/${discussed.id}`]);
  const { expiresAt } = await one.ask<{ expiresAt: string }>(`GET /api/v1/approvals/${urgent.id}`);
  one.pass(Date.parse(expiresAt) - one.clock.now().getTime() - hourMs + minuteMs);
  await one.keeper.look();
  assert.equal(told().filter((url) => url.endsWith(urgent.id)).length, 1);
});

test('a digest leaves out what is put off, and has it the next time', async () => {
  const one = await place();
  await database.auth.pool.query(`update "user" set email = $1, "emailVerified" = true where id = $2`, [
    `${one.userId}@proved.example`,
    one.userId,
  ]);
  const digest = at(one, 2 * hourMs).slice(11, 16);
  await one.save({ ...one.loud, zone: 'UTC', digest: { at: digest, weekday: null } });
  const [putOff] = [await one.wait(), await one.wait()];
  await listed(one);
  await snooze(one, putOff, 5 * hourMs);
  one.pass(2 * hourMs + minuteMs);
  await one.keeper.look();
  assert.equal(one.letters.length, 1);
  assert.match(one.letters[0]?.text ?? '', /One thing needs you/);
  one.pass(12 * hourMs);
  await one.keeper.look();
  assert.equal(one.letters.length, 1, 'not before it is time');
});

test('who is away is told nothing, and whoever stands in for them what they would have been', async () => {
  const one = await place();
  const [away, standIn] = [await one.join('approver'), await one.join('approver', 'stand-in')];
  for (const as of [one.cookie, away.as, standIn.as]) await one.save(one.loud, as);
  const theirs = await one.subscribe('away', away.as);
  const others = await one.subscribe('stand-in', standIn.as);
  await one.ask(
    'PUT /api/v1/me/delegation',
    { to: { kind: 'member', id: standIn.userId }, from: at(one, -minuteMs), until: at(one, 10 * hourMs) },
    away.as,
  );
  const approval = await one.wait();
  await one.keeper.look();
  assert.deepEqual([theirs.got().length, others.got().length], [0, 1]);
  await one.ask(`POST /api/v1/approvals/${approval.id}/delegation`, { to: { kind: 'member', id: away.userId } });
  await platform.sequencer.drained();
  await one.keeper.look();
  assert.deepEqual([theirs.got().length, others.got().length], [0, 2]);
  const kinds = (await listed(one, standIn.as)).items.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['delegated', 'approval']);
  assert.deepEqual((await listed(one, away.as)).items, []);
});

test('what was still to be told when somebody went away waits until they are back, also when they are back early', async () => {
  const one = await place();
  const [away, standIn] = [await one.join('approver'), await one.join('approver', 'stand-in')];
  await one.save(one.loud, away.as);
  const theirs = await one.subscribe('away', away.as);
  await one.wait();
  await listed(one);
  const to = { kind: 'member', id: standIn.userId };
  await one.ask('PUT /api/v1/me/delegation', { to, from: at(one, -minuteMs), until: at(one, 10 * hourMs) }, away.as);
  await one.keeper.look();
  one.pass(hourMs);
  await one.keeper.look();
  assert.equal(theirs.got().length, 0);
  await one.ask('DELETE /api/v1/me/delegation', undefined, away.as);
  await platform.sequencer.drained();
  await one.keeper.look();
  assert.equal(theirs.got().length, 1);
});

test('what is to be told of somebody who goes away, and whoever stands in for them was never told of, is told to them', async () => {
  const one = await place();
  const [away, standIn] = [await one.join('approver'), await one.join('approver', 'stand-in')];
  await one.save(one.loud, away.as);
  const theirs = await one.subscribe('away', away.as);
  const approval = await one.wait();
  await listed(one);
  await one.ask(`POST /api/v1/approvals/${approval.id}/delegation`, { to: { kind: 'member', id: away.userId } });
  await platform.sequencer.drained();
  assert.deepEqual(
    (await listed(one, standIn.as)).items.map(({ kind }) => kind),
    ['approval'],
  );
  const to = { kind: 'member', id: standIn.userId };
  await one.ask('PUT /api/v1/me/delegation', { to, from: at(one, -minuteMs), until: at(one, 10 * hourMs) }, away.as);
  await platform.sequencer.drained();
  await one.keeper.look();
  assert.equal(theirs.got().length, 1, 'that it is theirs, and not that it waits for everybody');
});

test('where nobody is there to be asked in their place, those who are away are told all the same', async () => {
  const one = await place();
  const standIn = await one.join('approver');
  await one.save(one.loud);
  const browser = await one.subscribe('laptop');
  const to = { kind: 'member', id: standIn.userId };
  await one.ask('PUT /api/v1/me/delegation', { to, from: at(one, -minuteMs), until: at(one, 10 * hourMs) });
  await one.ask(`PUT /api/v1/members/${standIn.userId}`, { roles: ['auditor'] });
  await one.wait();
  await one.keeper.look();
  assert.equal(browser.got().length, 1);
});
