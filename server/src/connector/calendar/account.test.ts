import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compose, createAgendaKeeper, moved, utc } from '#flow/agenda';
import { type Clock, systemClock } from '#kernel';
import { buildCalendars } from '../../../test/calendars.ts';
import { eventually, testPlatform } from '../../../test/platform.ts';
import { standInCalendar, startCaldav } from '../../../test/stand-in/caldav.ts';
import { createRelease } from './index.ts';

const servers = await Promise.all(Array.from({ length: 5 }, startCaldav));
const platform = await testPlatform({
  environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: servers.map(({ url }) => new URL(url).host).join(',') },
});
const watcher = platform.createWatcher();
await watcher.start();
after(async () => {
  await watcher.stop();
  for (const server of servers) await server.stop();
});
const [first, second, third, fourth, fifth] = servers as [Server, Server, Server, Server, Server]; // As many as were started.
type Server = Awaited<ReturnType<typeof startCaldav>>;
const keeperOf = (clock: Clock) =>
  createAgendaKeeper({
    ...platform,
    keysOf: platform.keyring.of,
    release: createRelease({ agenda: platform.agenda, writes: platform.agendaWrites, connections: platform.connections }),
    clock,
  });
const keeper = keeperOf(systemClock);

const dayMs = 86_400_000;
/** The same to the end, whenever midnight is. */
const today = Math.floor(Date.now() / dayMs);
const at = (days: number, hour = 9) => (today + days) * dayMs + hour * 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const appointment = (uid: string, startMs: number, more: Partial<Parameters<typeof compose>[0]> = {}) =>
  compose({ uid, now: new Date(), times: { startMs, durationMs: 3_600_000 }, title: `About ${uid}`, ...more });
const later = (ics: string, startMs: number) =>
  moved(ics, { occurrence: null, here: utc, now: new Date() }, { start: startMs, durationMs: null });

test('what was there is known and no news; what comes, moves and goes is told with what is different', async () => {
  first.put(`${standInCalendar}old.ics`, appointment('old', at(3)));
  const tenant = await buildCalendars(platform, first);
  await tenant.poll();
  assert.deepEqual(await tenant.arrived(), []);
  assert.deepEqual(
    (await tenant.list()).map(({ title, calendar }) => [title, calendar.name]),
    [['About old', 'Work']],
  );

  const path = `${standInCalendar}new.ics`;
  const ics = appointment('new', at(3), { organizer: 'boss@example.org', attendees: ['alice@example.com'] });
  first.put(path, ics);
  await tenant.poll();
  first.put(path, later(ics, at(4)));
  await tenant.poll();
  first.remove(path);
  await tenant.poll();
  const events = await tenant.arrived();
  assert.deepEqual(
    events.map(({ source, kind }) => [source, kind]),
    ['invited', 'changed', 'cancelled'].map((kind) => ['caldav', `calendar.${kind}`]),
  );
  const { changed, item, start } = events[1]?.payload ?? {};
  assert.deepEqual(changed, { start: { from: iso(at(3)).replace('.000Z', 'Z'), to: iso(at(4)).replace('.000Z', 'Z') } });
  assert.match(String(item), /^agi_/);
  assert.equal(start, iso(at(4)));
  assert.equal(events[0]?.provenance.from, 'boss@example.org');
  assert.equal(events[0]?.provenance.integrity, 'untrusted');
  assert.equal((await tenant.list()).length, 1);
});

test('two appointments at one time conflict, and a free one does not', async () => {
  const tenant = await buildCalendars(platform, second);
  second.put(`${standInCalendar}a.ics`, appointment('a', at(5, 9)));
  second.put(`${standInCalendar}b.ics`, appointment('b', at(5, 9) + 1_800_000));
  second.put(`${standInCalendar}c.ics`, appointment('c', at(5, 9)).replace('STATUS:CONFIRMED', 'TRANSP:TRANSPARENT'));
  await tenant.poll();
  const items = await tenant.list();
  const idOf = (title: string) => items.find((item) => item.title === title)?.id ?? '';
  assert.deepEqual(items.map(({ title, conflicts }) => [title, conflicts]).sort(), [
    ['About a', [idOf('About b')]],
    ['About b', [idOf('About a')]],
    ['About c', []],
  ]);
});

test('a time is held in the calendar once a call, is not news when it comes back, and is free again after its end', async () => {
  const tenant = await buildCalendars(platform, third);
  await tenant.poll();
  const args = { title: 'Dentist', start: iso(at(6)), durationMinutes: 45 };
  const now = new Date();
  const held = await tenant.done('calendar.hold', args, { key: 'h1', now });
  assert.deepEqual(await tenant.done('calendar.hold', args, { key: 'h1', now }), held);
  assert.deepEqual(await tenant.done('calendar.hold', args, { key: 'h1', operation: 'lookup', now }), held);
  assert.equal(third.objects.size, 1);
  await tenant.poll();
  assert.deepEqual(await tenant.arrived(), []);
  assert.deepEqual(
    (await tenant.list()).map(({ id, status }) => [id, status]),
    [[held.event, 'tentative']],
  );

  // A call of long ago, whose time has ended.
  await tenant.done('calendar.hold', { ...args, start: iso(at(7)) }, { key: 'h2' });
  assert.equal(third.objects.size, 2);
  await eventually(
    async () => {
      await keeper.look();
      return third.objects.size === 1 ? true : undefined;
    },
    undefined,
    30_000,
  );
  await tenant.poll();
  assert.deepEqual(
    (await tenant.list()).map(({ id }) => id),
    [held.event],
  );
  assert.deepEqual(await tenant.arrived(), []);

  await tenant.done('calendar.hold', args, { key: 'h1', operation: 'undo', resultJson: JSON.stringify(held), now });
  assert.equal(third.objects.size, 0);
});

test('what somebody else has changed is neither taken back nor overwritten', async () => {
  const tenant = await buildCalendars(platform, fourth);
  await tenant.poll();
  const now = new Date();
  const made = await tenant.done('calendar.create', { title: 'Review', start: iso(at(8)) }, { key: 'c1', now });
  const [path] = [...fourth.objects.keys()];
  assert.ok(path !== undefined);
  // Between what was seen and the call somebody moves it.
  fourth.put(path, later(fourth.objects.get(path)?.ics ?? '', at(9)));
  assert.equal(
    await tenant.refused('calendar.move', { event: String(made.event), start: iso(at(10)) }, { key: 'm1', now }),
    'agenda.conflict',
  );
  assert.equal(
    await tenant.refused(
      'calendar.create',
      { title: 'Review', start: iso(at(8)) },
      { key: 'c1', operation: 'undo', resultJson: JSON.stringify(made), now },
    ),
    'agenda.conflict',
  );
  await tenant.poll();
  const moveTo = { event: String(made.event), start: iso(at(10)), durationMinutes: 30 };
  await tenant.done('calendar.move', moveTo, { key: 'm2', now });
  await tenant.done('calendar.move', moveTo, { key: 'm2', now });
  const [item] = await tenant.list();
  assert.deepEqual(
    [item?.start, item?.end],
    [at(10), at(10) + 1_800_000].map((ms) => iso(ms).replace('.000Z', 'Z')),
  );
  assert.equal(
    await tenant.refused('calendar.invite', { title: 'x', start: iso(at(11)), attendees: ['bob@example.org'] }, { now }),
    'connection.missing',
  );
  await tenant.done('calendar.cancel', { event: String(made.event) }, { key: 'x1', now });
  assert.equal((await tenant.list())[0]?.status, 'cancelled');
  await tenant.poll();
  assert.deepEqual(
    (await tenant.arrived()).map(({ kind }) => kind),
    ['calendar.changed'],
    'what we did ourselves is no news',
  );
});

test('a move is taken back over what a server has only written otherwise, and not over what somebody has added', async () => {
  const tenant = await buildCalendars(platform, fifth);
  const path = `${standInCalendar}daily.ics`;
  const before = appointment('daily', at(8));
  fifth.put(path, before);
  await tenant.poll();
  const [item] = await tenant.list();
  const args = { event: item?.id ?? '', start: iso(at(9)) };
  const call = { key: 'b1', now: new Date() };
  const result = await tenant.done('calendar.move', args, call);
  const back = { ...call, operation: 'undo', resultJson: JSON.stringify(result) } as const;
  const there = () => fifth.objects.get(path)?.ics ?? '';
  const written = there();
  fifth.put(path, written.replace('SUMMARY:', 'CONFERENCE;VALUE=URI:https://meet.example.org/1\r\nSUMMARY:'));
  assert.equal(await tenant.refused('calendar.move', args, back), 'agenda.conflict');
  assert.match(there(), /CONFERENCE/);
  fifth.put(path, written.replace(/SUMMARY:.*\r\n/, '').replace('END:VEVENT', 'SUMMARY:About daily\r\nEND:VEVENT'));
  await tenant.done('calendar.move', args, back);
  assert.deepEqual(
    [/DTSTART:.*/.exec(there())?.[0], /SUMMARY:.*/.exec(there())?.[0]],
    [/DTSTART:.*/.exec(before)?.[0], 'SUMMARY:About daily'],
  );
});

test('a free time is one at which nobody is taken, and who is not known is named', async () => {
  const tenant = await buildCalendars(platform, second);
  await tenant.poll();
  const found = await tenant.done(
    'calendar.find_slot',
    { durationMinutes: 60, from: iso(at(5, 8)), until: iso(at(5, 12)), people: ['alice@example.com', 'bob@example.org'] },
    { now: new Date() },
  );
  assert.deepEqual(found.slots, [
    { start: iso(at(5, 8)), end: iso(at(5, 9)) },
    { start: iso(at(5, 10) + 1_800_000), end: iso(at(5, 11) + 1_800_000) },
  ]);
  assert.deepEqual(found.unknown, ['bob@example.org']);
});

test('a reminder is told once when it is due, and moves with its appointment', async () => {
  const tenant = await buildCalendars(platform, fourth);
  await tenant.poll();
  const now = new Date();
  const far = await tenant.done('calendar.create', { title: 'Far', start: iso(at(20)), reminderMinutes: 0 }, { key: 'r1', now });
  const soon = at(19);
  await tenant.done('calendar.move', { event: String(far.event), start: iso(soon) }, { key: 'r2', now });
  await keeper.look();
  const reminders = async () => (await tenant.arrived()).filter(({ kind }) => kind === 'calendar.reminder');
  assert.deepEqual(await reminders(), [], 'it is not due yet');
  const then = keeperOf({ ...systemClock, now: () => new Date(soon) });
  await then.look();
  const told = await reminders();
  assert.equal(told.length, 1);
  await Promise.all([then.look(), then.look()]);
  assert.equal((await reminders()).length, 1);
  assert.deepEqual([told[0]?.source, told[0]?.payload.start, told[0]?.payload.title], ['calendar', iso(soon), 'Far']);
});
