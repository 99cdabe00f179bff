import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compose, moved, utc } from '#flow/agenda';
import { buildCalendars } from './calendars.ts';
import { eventually, testPlatform } from './platform.ts';

const users = ['alice', 'bob', 'carol', 'dora', 'erin'] as const;
const folder = await mkdtemp(join(tmpdir(), 'factotum-radicale-'));
const server = await startRadicale();
const platform = await testPlatform({ environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: new URL(server.url).host } });
const watcher = platform.createWatcher();
await watcher.start();
after(async () => {
  await watcher.stop();
  await server.stop();
  await rm(folder, { recursive: true });
});

const dayMs = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString();
const shown = (ms: number) => iso(ms).replace('.000Z', 'Z');
const at = (days: number, hour = 9) => (Math.floor(Date.now() / dayMs) + days) * dayMs + hour * 3_600_000;
const appointment = (uid: string, startMs: number) =>
  compose({ uid, now: new Date(), times: { startMs, durationMs: 3_600_000 }, title: `About ${uid}` });
const later = (ics: string, startMs: number) =>
  moved(ics, { occurrence: null, here: utc, now: new Date() }, { start: startMs, durationMs: null });

/** A tenant whose user has calendars of their own at the server. */
async function buildUser(name: (typeof users)[number], settings = {}) {
  const user = { url: server.url, user: name, password: `${name}pw` };
  const headers = { authorization: `Basic ${Buffer.from(`${name}:${name}pw`).toString('base64')}`, 'content-type': 'application/xml' };
  const body = `<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop><d:displayname>Work</d:displayname></d:prop></d:set></c:mkcalendar>`;
  assert.equal((await fetch(new URL(`/${name}/work/`, server.url), { method: 'MKCALENDAR', headers, body })).status, 201);
  return { ...(await buildCalendars(platform, user, settings)), home: `/${name}/work/` };
}

test('an account is found from its address alone, and a wrong password is said to be one', async () => {
  const tenant = await buildUser('alice');
  assert.deepEqual(await platform.connections.test(tenant.tenantId, tenant.connectionId), { ok: true, fault: null });
  const wrong = await platform.connections.testUnsaved(tenant.tenantId, {
    connector: 'caldav',
    settings: { url: server.url, user: 'alice' },
    credentials: { password: 'not-the-password' },
  });
  assert.equal(wrong.ok, false);
  assert.match(wrong.fault?.message ?? '', /user name and password/);
});

test('a series keeps its time of the day over both changes of the clock, in Berlin and in New York', async () => {
  const tenant = await buildUser('bob');
  const year = new Date().getUTCFullYear() + 1;
  const weekly = (uid: string, tzid: string, first: string) =>
    calendar(
      `UID:${uid}`,
      `DTSTART;TZID=${tzid}:${year}${first}T090000`,
      `DTEND;TZID=${tzid}:${year}${first}T100000`,
      'RRULE:FREQ=DAILY;COUNT=400',
      `EXDATE;TZID=${tzid}:${year}0402T090000`,
      `SUMMARY:${uid}`,
    );
  await tenant.put(`${tenant.home}berlin.ics`, weekly('berlin', 'Europe/Berlin', '0101'));
  await tenant.put(`${tenant.home}york.ics`, weekly('york', 'America/New_York', '0101'));
  await tenant.poll();
  const fromMs = Date.UTC(year, 0, 2);
  const { items } = await platform.agenda.list(tenant.tenantId, { fromMs, untilMs: Date.UTC(year + 1, 0, 2) });
  for (const [title, zone] of [
    ['berlin', 'Europe/Berlin'],
    ['york', 'America/New_York'],
  ] as const) {
    const own = items.filter((item) => item.title === title);
    assert.equal(own.length, 364, 'every day of the year but the one that is left out');
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
    assert.deepEqual([...new Set(own.map(({ start }) => clock.format(new Date(start))))], ['09:00']);
    assert.equal(new Set(own.map(({ start }) => start.slice(11, 16))).size, 2, 'two times in UTC, as the clock changes');
    assert.ok(!own.some(({ start }) => start.startsWith(`${year}-04-02`)));
  }
});

test('one time of a series is moved by us as an exception that the server keeps, and the others stay', async () => {
  const tenant = await buildUser('carol');
  const day = (days: number) => iso(at(days)).slice(0, 10).replaceAll('-', '');
  await tenant.put(
    `${tenant.home}series.ics`,
    calendar('UID:series', `DTSTART:${day(3)}T090000Z`, `DTEND:${day(3)}T100000Z`, 'RRULE:FREQ=DAILY;COUNT=4', 'SUMMARY:Daily'),
  );
  await tenant.poll();
  const [first, second] = await tenant.list();
  assert.ok(first !== undefined && second?.occurrence !== null && second !== undefined);
  await tenant.done(
    'calendar.move',
    { event: first.id, occurrence: String(second.occurrence), start: iso(at(4, 15)) },
    { now: new Date() },
  );
  await tenant.poll();
  assert.deepEqual(
    (await tenant.list()).map(({ start }) => start),
    [at(3), at(4, 15), at(5), at(6)].map(shown),
  );
  assert.match((await tenant.get(`${tenant.home}series.ics`)).text, /RECURRENCE-ID/);
  await tenant.done('calendar.cancel', { event: first.id, occurrence: shown(at(5)) }, { now: new Date() });
  await tenant.poll();
  assert.deepEqual(
    (await tenant.list()).map(({ status }) => status),
    ['confirmed', 'confirmed', 'cancelled', 'confirmed'],
  );
  assert.deepEqual(await tenant.arrived(), [], 'what we did ourselves is no news');
});

test('a whole series is moved, its exceptions with it; what was changed meanwhile is left alone, and it is taken back', async () => {
  const tenant = await buildUser('erin');
  const day = (days: number) => iso(at(days)).slice(0, 10).replaceAll('-', '');
  const text = calendar(
    'UID:weekly',
    `DTSTART:${day(3)}T090000Z`,
    `DTEND:${day(3)}T100000Z`,
    'RRULE:FREQ=DAILY;COUNT=5',
    `EXDATE:${day(4)}T090000Z`,
    'SUMMARY:Daily',
  );
  const path = `${tenant.home}weekly.ics`;
  await tenant.put(path, text);
  await tenant.poll();
  const [first] = await tenant.list();
  assert.ok(first !== undefined);
  const event = first.id;
  await tenant.done('calendar.move', { event, occurrence: shown(at(6)), start: iso(at(20, 8)) }, { now: new Date() });
  await tenant.poll();
  const before = (await tenant.list()).map(({ start }) => start);
  assert.deepEqual(before, [at(3), at(5), at(7), at(20, 8)].map(shown));

  assert.equal(await tenant.refused('calendar.move', { event, start: iso(at(4, 15)) }, { now: new Date() }), 'agenda.conflict');
  const args = { event, scope: 'series', occurrence: shown(at(5)), start: iso(at(6, 15)) };
  const moving = { key: 'series', now: new Date() };
  const result = await tenant.done('calendar.move', args, moving);
  assert.deepEqual(await tenant.done('calendar.move', args, moving), result, 'asked twice it is done once');
  await tenant.poll();
  assert.deepEqual(
    (await tenant.list()).map(({ start }) => start),
    [at(4, 15), at(6, 15), at(8, 15), at(20, 8)].map(shown),
  );

  const back = { ...moving, operation: 'undo', resultJson: JSON.stringify(result) } as const;
  await tenant.done('calendar.move', args, back);
  await tenant.done('calendar.move', args, back);
  await tenant.poll();
  assert.deepEqual(
    (await tenant.list()).map(({ start }) => start),
    before,
  );
  assert.deepEqual(await tenant.arrived(), [], 'what we did ourselves is no news');

  // Somebody else makes another series of it: neither moved on nor taken back over their heads.
  const again = await tenant.done('calendar.move', { ...args, start: iso(at(5, 11)) }, { key: 'again', now: new Date() });
  await tenant.put(path, text.replace('COUNT=5', 'COUNT=6'));
  assert.equal(
    await tenant.refused(
      'calendar.move',
      { ...args, start: iso(at(5, 11)) },
      { key: 'again', operation: 'undo', resultJson: JSON.stringify(again), now: new Date() },
    ),
    'agenda.conflict',
  );
  assert.equal(await tenant.refused('calendar.move', { ...args, occurrence: shown(at(5, 11)) }, { now: new Date() }), 'agenda.conflict');
  assert.match((await tenant.get(path)).text, /COUNT=6/);
});

test('changes are told once; conflicting edits are not overwritten; a sync token that is gone loses nothing', async () => {
  const tenant = await buildUser('dora');
  await tenant.put(`${tenant.home}old.ics`, appointment('old', at(2)));
  await tenant.poll();
  const kinds = async () => (await tenant.arrived()).map(({ kind }) => kind);
  assert.deepEqual(await kinds(), []);
  const path = `${tenant.home}new.ics`;
  const ics = appointment('new', at(3));
  await tenant.put(path, ics);
  await tenant.poll();
  assert.deepEqual(await kinds(), ['calendar.created']);

  const item = (await tenant.list()).find(({ title }) => title === 'About new');
  await tenant.put(path, later(ics, at(4)));
  assert.equal(await tenant.refused('calendar.move', { event: item?.id ?? '', start: iso(at(5)) }, { now: new Date() }), 'agenda.conflict');
  assert.match((await tenant.get(path)).text, new RegExp(iso(at(4)).slice(0, 10).replaceAll('-', '')));
  await tenant.poll();
  assert.deepEqual(await kinds(), ['calendar.created', 'calendar.changed']);

  // What the server knows of tokens is in its cache.
  await rm(join(folder, 'collections', 'collection-root', 'dora', 'work', '.Radicale.cache', 'sync-token'), {
    recursive: true,
    force: true,
  });
  await tenant.remove(path);
  await tenant.put(`${tenant.home}more.ics`, appointment('more', at(6)));
  await tenant.poll();
  await eventually(async () => ((await kinds()).length >= 4 ? true : undefined), undefined, 30_000);
  assert.deepEqual((await kinds()).sort(), ['calendar.cancelled', 'calendar.changed', 'calendar.created', 'calendar.created']);
  await tenant.poll();
  assert.equal((await kinds()).length, 4);

  const held = await tenant.done('calendar.hold', { title: 'Held', start: iso(at(7)) }, { key: 'h1', now: new Date() });
  assert.deepEqual(await tenant.done('calendar.hold', { title: 'Held', start: iso(at(7)) }, { key: 'h1', now: new Date() }), held);
  await tenant.poll();
  assert.equal((await kinds()).length, 4);
  await tenant.done(
    'calendar.hold',
    { title: 'Held', start: iso(at(7)) },
    { key: 'h1', operation: 'undo', resultJson: JSON.stringify(held), now: new Date() },
  );
  assert.ok(!(await tenant.list()).some(({ title }) => title === 'Held'));
});

/** Zones as calendar programs describe them. */
const zones = {
  'Europe/Berlin': ['-1SU', '3', '+0100', '+0200', '-1SU', '10'],
  'America/New_York': ['2SU', '3', '-0500', '-0400', '1SU', '11'],
} as const;

function described(tzid: keyof typeof zones): string[] {
  const [summerDay, summerMonth, standard, daylight, winterDay, winterMonth] = zones[tzid];
  const part = (kind: string, from: string, to: string, day: string, month: string) => [
    `BEGIN:${kind}`,
    'DTSTART:19700101T020000',
    `RRULE:FREQ=YEARLY;BYMONTH=${month};BYDAY=${day}`,
    `TZOFFSETFROM:${from}`,
    `TZOFFSETTO:${to}`,
    `END:${kind}`,
  ];
  return [
    'BEGIN:VTIMEZONE',
    `TZID:${tzid}`,
    ...part('DAYLIGHT', standard, daylight, summerDay, summerMonth),
    ...part('STANDARD', daylight, standard, winterDay, winterMonth),
    'END:VTIMEZONE',
  ];
}

function calendar(...lines: string[]): string {
  const tzid = (['Europe/Berlin', 'America/New_York'] as const).find((name) => lines.some((line) => line.includes(name)));
  const stamp = iso(Date.now()).replace(/[-:]|\.\d+/g, '');
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//EN',
    ...(tzid === undefined ? [] : described(tzid)),
    'BEGIN:VEVENT',
    `DTSTAMP:${stamp}`,
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

/** Debian's radicale, as a process of ours on a port and in a folder of its own. */
async function startRadicale(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  await mkdir(join(folder, 'collections'));
  await writeFile(join(folder, 'users'), users.map((name) => `${name}:${name}pw\n`).join(''));
  const settings = {
    server: { hosts: `127.0.0.1:${port}` },
    auth: { type: 'htpasswd', htpasswd_filename: join(folder, 'users'), htpasswd_encryption: 'plain', delay: '0' },
    rights: { type: 'owner_only' },
    storage: { filesystem_folder: join(folder, 'collections') },
    logging: { level: 'warning' },
  };
  const text = Object.entries(settings).map(([section, values]) =>
    [`[${section}]`, ...Object.entries(values).map(([name, value]) => `${name} = ${value}`)].join('\n'),
  );
  await writeFile(join(folder, 'config'), `${text.join('\n')}\n`);
  const child = spawn('radicale', ['-C', join(folder, 'config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString('utf8')));
  const url = `http://127.0.0.1:${port}/`;
  await eventually(
    () =>
      fetch(url, { redirect: 'manual' }).then(
        () => true,
        () => undefined,
      ),
    () => `radicale did not start: ${said}`,
    30_000,
  );
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : assert.fail('no port');
}
