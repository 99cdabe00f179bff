import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { compose, message, readCalendar, utc } from '#flow/agenda';
import { buildCalendars } from '../../../test/calendars.ts';
import { testPlatform } from '../../../test/platform.ts';
import { standInCalendar, startCaldav } from '../../../test/stand-in/caldav.ts';
import { startImapStandIn } from '../../../test/stand-in/imap.ts';

/** What the mail server took, and whether it takes anything. */
const mails: { readonly to: readonly string[]; readonly raw: string }[] = [];
let takes = true;
const smtp = new SMTPServer({
  disabledCommands: ['STARTTLS'],
  allowInsecureAuth: true,
  onAuth: (_auth, _session, done) => done(null, { user: 'office' }),
  onData(stream, { envelope }, done) {
    text(stream).then(
      (raw) => {
        if (!takes) return done(Object.assign(new Error('5.7.1 never'), { responseCode: 554 }));
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), raw });
        return done();
      },
      (error: Error) => done(error),
    );
  },
});
smtp.on('error', () => undefined);
await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
const address = smtp.server.address();
const smtpPort = typeof address === 'object' && address !== null ? address.port : assert.fail('no port');
const imap = await startImapStandIn(new Set(['right-password']));
const servers = [await startCaldav(), await startCaldav()];
const hosts = [...servers.map(({ url }) => new URL(url).host), `127.0.0.1:${smtpPort}`, `127.0.0.1:${imap.port}`];
const platform = await testPlatform({ environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: hosts.join(',') } });
const watcher = platform.createWatcher();
await watcher.start();
after(async () => {
  await watcher.stop();
  await imap.close();
  for (const server of servers) await server.stop();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
});

const dayMs = 86_400_000;
/** The same to the end, whenever midnight is. */
const today = Math.floor(Date.now() / dayMs);
const at = (days: number) => (today + days) * dayMs + 9 * 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const compact = (ms: number) => iso(ms).replace(/[-:]|\.\d+/g, '');

async function buildOffice(place: number) {
  const server = servers[place] ?? assert.fail('no such server');
  const tenant = await buildCalendars(platform, server);
  await platform.connections.create(
    tenant.tenantId,
    {
      connector: 'mail',
      name: 'Office',
      settings: {
        ...{ imapHost: '127.0.0.1', imapPort: imap.port, imapSecurity: 'none', smtpHost: '127.0.0.1', smtpPort, smtpSecurity: 'none' },
        ...{ user: 'office', fromAddress: 'alice@example.com' },
      },
      credentials: { password: 'right-password' },
    },
    { actor: 'user:usr_1' },
  );
  await tenant.poll();
  mails.length = 0;
  return { ...tenant, server };
}

/** The calendar part of a mail, and its method. */
async function partOf(raw: string) {
  const { attachments } = await PostalMime.parse(raw);
  const part = attachments.find(({ mimeType }) => mimeType === 'text/calendar');
  const content = part?.content ?? assert.fail('the mail has no calendar part');
  return readCalendar(typeof content === 'string' ? content : new TextDecoder().decode(content));
}

test('who is invited gets one mail that calendar programs understand, and hears of each change with a higher number', async () => {
  const tenant = await buildOffice(0);
  const now = new Date();
  const args = { title: 'Kick-off', start: iso(at(5)), attendees: ['Bob@example.org', 'carol@example.org'] };
  const made = await tenant.done('calendar.invite', args, { key: 'i1', now });
  assert.deepEqual(await tenant.done('calendar.invite', args, { key: 'i1', now }), made, 'once a call');
  await tenant.done('calendar.move', { event: String(made.event), start: iso(at(6)) }, { key: 'i2', now });
  await tenant.done('calendar.cancel', { event: String(made.event), notes: 'We are ill.' }, { key: 'i3', now });
  const read = await Promise.all(mails.map(({ raw }) => partOf(raw)));
  assert.deepEqual(
    read.map(({ method, series }) => [method, series[0]?.master?.sequence, series[0]?.master?.status]),
    [
      ['REQUEST', 0, 'CONFIRMED'],
      ['REQUEST', 1, 'CONFIRMED'],
      ['CANCEL', 2, 'CANCELLED'],
    ],
  );
  assert.ok(mails.every(({ to }) => to.map((one) => one.toLowerCase()).join() === 'bob@example.org,carol@example.org'));
  assert.deepEqual(new Set(read.map(({ series }) => series[0]?.uid)).size, 1);
  assert.equal(read[0]?.series[0]?.master?.organizer?.address, 'alice@example.com');
});

test('who is invited to one time alone hears that the series has moved when that time moves along, and when it is moved back', async () => {
  const tenant = await buildOffice(0);
  const event = (days: number, ...lines: string[]) => [
    ...['BEGIN:VEVENT', 'UID:round@x', 'DTSTAMP:20260101T000000Z', `DTSTART:${compact(at(days))}`, 'DURATION:PT1H', 'SUMMARY:Round'],
    ...['ORGANIZER:mailto:alice@example.com', 'ATTENDEE:mailto:alice@example.com', 'ATTENDEE:mailto:bob@example.org'],
    ...[...lines, 'END:VEVENT'],
  ];
  const ics = [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN'],
    ...event(12, 'RRULE:FREQ=DAILY;COUNT=3'),
    ...event(13, `RECURRENCE-ID:${compact(at(13))}`, 'ATTENDEE:mailto:dora@example.org'),
    ...event(20, `RECURRENCE-ID:${compact(at(14))}`, 'ATTENDEE:mailto:erin@example.org'),
    'END:VCALENDAR',
  ];
  tenant.server.put(`${standInCalendar}round.ics`, ics.join('\r\n'));
  await tenant.poll();
  const item = (await tenant.list()).find(({ title }) => title === 'Round');
  const args = { event: item?.id ?? '', scope: 'series', start: iso(at(12) + 3_600_000) };
  const call = { key: 'e1', now: new Date() };
  const result = await tenant.done('calendar.move', args, call);
  assert.deepEqual(result.told, ['bob@example.org', 'dora@example.org']);
  await tenant.done('calendar.move', args, { ...call, operation: 'undo', resultJson: JSON.stringify(result) });
  assert.deepEqual(
    mails.map(({ to }) => to),
    [result.told, result.told],
  );
});

test('where nobody can be told nothing stays in the calendar', async () => {
  const tenant = await buildOffice(0);
  const before = tenant.server.objects.size;
  takes = false;
  try {
    const args = { title: 'Lost', start: iso(at(7)), attendees: ['bob@example.org'] };
    await tenant.refused('calendar.invite', args, { key: 'l1', now: new Date() });
  } finally {
    takes = true;
  }
  assert.equal(tenant.server.objects.size, before);
});

test('an invitation that came by mail is accepted into the calendar, and its organiser alone is told', async () => {
  const tenant = await buildOffice(1);
  const organizer = 'boss@elsewhere.example';
  const times = { startMs: at(8), durationMs: 3_600_000 };
  const asked = compose({
    uid: 'asked@elsewhere',
    now: new Date(),
    times,
    title: 'Audit',
    organizer,
    attendees: ['alice@example.com', 'dan@example.org'],
  });
  const ics = message(asked, { occurrence: null, here: utc, now: new Date() }, { method: 'REQUEST', from: organizer });
  const lines = [`From: ${organizer}`, 'To: alice@example.com', 'Subject: Audit', 'Content-Type: text/calendar; method=REQUEST', '', ics];
  await platform.intake.acceptMail(tenant.tenantId, Buffer.from(lines.join('\r\n')), { channel: 'drop', submittedBy: 'system:test' });
  const [invited] = await tenant.arrived();
  assert.equal(invited?.kind, 'calendar.invited');
  const said = invited?.payload.calendar;
  const item = typeof said === 'object' && said !== null && 'item' in said ? String(said.item) : assert.fail('it names no item');
  const answer = await tenant.done('calendar.respond', { event: item, answer: 'accept', notes: 'Gladly.' }, { key: 'a1', now: new Date() });
  assert.deepEqual(
    mails.map(({ to }) => to),
    [[organizer]],
  );
  const { method, series } = await partOf(mails[0]?.raw ?? '');
  assert.deepEqual([method, series[0]?.uid], ['REPLY', 'asked@elsewhere']);
  assert.deepEqual(
    series[0]?.master?.attendees.map(({ address: who, answer: given }) => [who, given]),
    [['alice@example.com', 'ACCEPTED']],
  );
  assert.equal(tenant.server.objects.size, 1);
  await tenant.poll();
  const own = await tenant.list();
  assert.deepEqual(
    own.map(({ id, title, busy }) => [id, title, busy]),
    [[answer.event, 'Audit', true]],
  );
  assert.deepEqual(
    (await tenant.arrived()).map(({ kind }) => kind),
    ['calendar.invited'],
    'our own answer is no news',
  );
});
