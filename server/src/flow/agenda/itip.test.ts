import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOf } from '../../../test/calendars.ts';
import { testPlatform } from '../../../test/platform.ts';
import { answered, cancelled, compose, message, moved } from './compose.ts';
import { inWords, main } from './diff.ts';
import { seriesOf } from './sink.ts';
import { utc } from './zone.ts';

const platform = await testPlatform();

/** The same to the end, whenever midnight is. */
const today = Math.floor(Date.now() / 86_400_000);
const day = (ahead: number) => (today + ahead) * 86_400_000 + 9 * 3_600_000;
const at = (minute: number) => ({ occurrence: null, here: utc, now: new Date(Date.UTC(2026, 0, 1, 0, minute)) });
const organizer = 'boss@elsewhere.example';
const invitation = (uid: string) =>
  compose({
    ...{ uid, now: at(0).now, times: { startMs: day(10), durationMs: 3_600_000 }, title: 'Planning', organizer },
    attendees: ['alice@ours.example', 'bob@ours.example'],
  });

/** A mail as calendar programs send it. */
const mail = (from: string, method: 'REQUEST' | 'REPLY' | 'CANCEL', ics: string): Buffer =>
  Buffer.from(
    [
      `From: ${from}`,
      'To: alice@ours.example',
      `Subject: ${method} ${Math.random()}`,
      'Date: Thu, 01 Jan 2026 00:00:00 +0000',
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'See the appointment.',
      '--b',
      `Content-Type: text/calendar; charset=utf-8; method=${method}`,
      'Content-Transfer-Encoding: 8bit',
      '',
      message(ics, at(0), { method, from }),
      '--b--',
      '',
    ].join('\r\n'),
  );

async function buildMailbox() {
  const tenantId = await platform.buildTenant();
  return {
    tenantId,
    receive: async (bytes: Buffer) => {
      await platform.intake.acceptMail(tenantId, bytes, { channel: 'drop', submittedBy: 'system:test' });
      return (await eventsOf(platform, tenantId)).at(-1) ?? assert.fail('it was not kept');
    },
    list: async () => (await platform.agenda.list(tenantId, { fromMs: day(0), untilMs: day(40) })).items,
  };
}

test('an invitation by mail is an event of its kind with the mail’s provenance, and stands in the agenda', async () => {
  const { receive, list, tenantId } = await buildMailbox();
  const event = await receive(mail(organizer, 'REQUEST', invitation('a@x')));
  assert.deepEqual([event.source, event.kind], ['mail', 'calendar.invited']);
  const [item] = await list();
  assert.deepEqual([item?.title, item?.status, item?.busy, item?.organizer], ['Planning', 'confirmed', false, organizer]);
  assert.equal((await platform.agenda.find(tenantId, item?.id ?? ''))?.series.uid, 'a@x');
});

test('an older update never overwrites a newer one, however late it comes', async () => {
  const { receive, list } = await buildMailbox();
  const first = invitation('b@x');
  const second = moved(first, at(1), { start: day(11), durationMs: null });
  const third = moved(second, at(2), { start: day(12), durationMs: null });
  const startOf = async () => (await list())[0]?.start;
  for (const ics of [third, first, second]) await receive(mail(organizer, 'REQUEST', ics));
  assert.equal(await startOf(), new Date(day(12)).toISOString().replace('.000Z', 'Z'));
  await receive(mail(organizer, 'CANCEL', cancelled(third, at(3))));
  assert.deepEqual(await list(), []);
  await receive(mail(organizer, 'REQUEST', second));
  assert.deepEqual(await list(), [], 'what was called off does not come back with an old mail');
});

test('nobody but the organiser moves an appointment or calls it off, whatever number the mail bears', async () => {
  const { receive, list } = await buildMailbox();
  await receive(mail(organizer, 'REQUEST', invitation('c@x')));
  const before = await list();
  const forged = moved(moved(invitation('c@x'), at(5), { start: day(20), durationMs: null }), at(6), { start: day(21), durationMs: null });
  const event = await receive(mail('evil@elsewhere.example', 'REQUEST', forged));
  assert.equal(event.kind, 'calendar.invited', 'people are told, with who it claims to be from');
  await receive(mail('evil@elsewhere.example', 'CANCEL', cancelled(forged, at(7))));
  await receive(mail('evil@elsewhere.example', 'REQUEST', forged.replaceAll(organizer, 'evil@elsewhere.example')));
  assert.deepEqual(await list(), before);
});

test('an answer by mail is kept beside who gave it, and an older one does not replace it', async () => {
  const { receive, list } = await buildMailbox();
  const asked = invitation('d@x');
  await receive(mail(organizer, 'REQUEST', asked));
  const say = (minute: number, answer: 'ACCEPTED' | 'DECLINED') => answered(asked, at(minute), 'bob@ours.example', answer);
  const answers = async () => (await list())[0]?.attendees.map(({ answer }) => answer);
  const event = await receive(mail('bob@ours.example', 'REPLY', say(9, 'ACCEPTED')));
  assert.equal(event.kind, 'calendar.answered');
  await receive(mail('bob@ours.example', 'REPLY', say(8, 'DECLINED')));
  assert.deepEqual(await answers(), ['ACCEPTED', 'NEEDS-ACTION', 'ACCEPTED']);
  await receive(mail('evil@elsewhere.example', 'REPLY', say(10, 'DECLINED')));
  assert.deepEqual(await answers(), ['ACCEPTED', 'NEEDS-ACTION', 'ACCEPTED'], 'nobody answers for somebody else');
});

test('a part that is no calendar leaves the mail a mail', async () => {
  const { receive, list } = await buildMailbox();
  const event = await receive(
    Buffer.from(mail(organizer, 'REQUEST', invitation('e@x')).toString().replace('BEGIN:VEVENT', 'BEGIN:NOTHING')),
  );
  assert.equal(event.kind, 'mail.received');
  assert.deepEqual(await list(), []);
});

test('one time of a series is moved as an exception, at the same time of the day whatever the season', () => {
  const series = seriesOf(berlin);
  assert.ok(series !== null);
  const after = seriesOf(
    moved(berlin, { ...at(1), occurrence: '2026-10-26T08:00:00.000Z' }, { start: Date.parse('2026-10-26T14:00:00Z'), durationMs: null }),
  );
  assert.equal(after?.overrides.length, 1);
  const [single] = after?.overrides ?? [];
  assert.deepEqual(
    [single && inWords(single.start), single?.recurrence && inWords(single.recurrence)],
    ['2026-10-26T15:00:00[Europe/Berlin]', '2026-10-26T09:00:00[Europe/Berlin]'],
  );
  assert.equal(main(after ?? series)?.rules.length, 1);
});

const berlin = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//test//EN',
  'BEGIN:VEVENT',
  'UID:berlin@x',
  'DTSTAMP:20260101T000000Z',
  'DTSTART;TZID=Europe/Berlin:20261012T090000',
  'DTEND;TZID=Europe/Berlin:20261012T100000',
  'RRULE:FREQ=WEEKLY',
  'SUMMARY:Weekly',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');
