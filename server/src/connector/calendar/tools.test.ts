import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlatform } from '../../../test/platform.ts';
import { buildToolCaller } from '../../../test/tool-calls.ts';

const platform = await testPlatform();

/** The properties of the one event of a calendar (RFC 5545, section 3.1): lines unfolded, each at most 75 octets, ended by CR LF. */
function eventOf(calendar: string): Map<string, string> {
  const lines = calendar.split('\r\n');
  assert.ok(
    lines.every((line) => Buffer.byteLength(line) <= 75 && !/[\r\n\0]/.test(line)),
    calendar,
  );
  const unfolded = calendar
    .replace(/\r\n[ \t]/g, '')
    .split('\r\n')
    .filter(Boolean);
  assert.deepEqual([unfolded[0], unfolded.at(-1)], ['BEGIN:VCALENDAR', 'END:VCALENDAR']);
  assert.equal(unfolded.filter((line) => line === 'BEGIN:VEVENT').length, 1);
  const inside = unfolded.slice(unfolded.indexOf('BEGIN:VEVENT') + 1, unfolded.indexOf('END:VEVENT'));
  const properties = inside.map((line): [string, string] => {
    const [, name, value] = /^([A-Z-]+(?:;[A-Z-]+=[^:;]+)*):(.*)$/.exec(line) ?? assert.fail(line);
    return [name ?? '', value ?? ''];
  });
  assert.equal(new Map(properties).size, properties.length);
  return new Map(properties);
}

test('a hold is a calendar file in the vault, made once a key, found again, and taken back', async () => {
  const tenant = await buildToolCaller(platform);
  const args = { title: 'Dentist', start: '2026-03-05T09:30:00+01:00', durationMinutes: 45, location: 'Main St 1', notes: 'From a mail' };
  const answers = await Promise.all([tenant.call('calendar.hold', args, { key: 'k1' }), tenant.call('calendar.hold', args, { key: 'k1' })]);
  assert.ok(answers.some(({ kind }) => kind === 'done'));
  const result = await tenant.done('calendar.hold', args, { key: 'k1' });
  assert.deepEqual(await tenant.done('calendar.hold', args, { key: 'k1', operation: 'lookup' }), result);
  const path = String(result.path);
  assert.match(path, /^Calendar\/2026-03-05_[0-9a-f]{12}\.ics$/);
  const event = eventOf((await tenant.note(path))?.content ?? '');
  const expected = {
    DTSTART: '20260305T083000Z',
    DTEND: '20260305T091500Z',
    DTSTAMP: '20260301T100000Z',
    SUMMARY: 'Dentist',
    LOCATION: 'Main St 1',
    DESCRIPTION: 'From a mail',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(event.get(name), value, name);
  assert.match(event.get('UID') ?? '', /^[0-9a-f]{32}@factotum\.invalid$/);
  assert.deepEqual(await tenant.outbox('calendar'), {});
  await tenant.done('calendar.hold', args, { key: 'k1', operation: 'undo', resultJson: JSON.stringify(result) });
  assert.equal(await tenant.note(path), null);
});

test('a date alone holds whole days, and an appointment without a length an hour', async () => {
  const tenant = await buildToolCaller(platform);
  const held = async (args: { start: string; durationMinutes?: number }) => {
    const { path } = await tenant.done('calendar.hold', { title: 'x', ...args });
    const event = eventOf((await tenant.note(String(path)))?.content ?? '');
    return [...event].filter(([name]) => name.startsWith('DTSTART') || name.startsWith('DTEND')).map(([, value]) => value);
  };
  assert.deepEqual(await held({ start: '2026-03-31' }), ['20260331', '20260401']);
  assert.deepEqual(await held({ start: '2026-02-28', durationMinutes: 2 * 24 * 60 }), ['20260228', '20260302']);
  assert.deepEqual(await held({ start: '2026-03-31T23:30:00Z' }), ['20260331T233000Z', '20260401T003000Z']);
});

test('nobody is invited and nothing else is set, whatever the words say', async () => {
  const tenant = await buildToolCaller(platform);
  const evil = `a\r\nATTENDEE:mailto:evil@x.org\rORGANIZER:x\nEND:VEVENT\n\0\u2028\\;,:"${'字'.repeat(60)}`;
  const { path } = await tenant.done('calendar.hold', { title: evil, start: '2026-03-05', location: evil, notes: evil });
  const event = eventOf((await tenant.note(String(path)))?.content ?? '');
  for (const name of ['ATTENDEE', 'ORGANIZER', 'RRULE', 'METHOD']) assert.equal(event.has(name), false);
  assert.match(event.get('SUMMARY') ?? '', /^a\\nATTENDEE:mailto:evil@x\.org\\nORGANIZER:x\\nEND:VEVENT\\n/);
});

test('what is no time or no length is refused', async () => {
  const tenant = await buildToolCaller(platform);
  for (const args of [
    { start: 'tomorrow' },
    { start: '2026-02-30' },
    { start: '2026-03-05T25:00:00Z' },
    { start: '2026-03-05T10:00:00' },
    { start: '2026-03-05', durationMinutes: 0 },
    { start: '2026-03-05', durationMinutes: 1e9 },
    { start: '2026-03-05', attendees: ['evil@x.org'] },
  ])
    assert.equal(await tenant.refused('calendar.hold', { title: 'x', ...args }), 'tool.invalid_arguments', JSON.stringify(args));
});

test('a headline tells the time that is meant and the one that it becomes by one clock, with its offset', () => {
  const { manifest } = platform.runTools.catalogue.get('calendar.move') ?? assert.fail('no such tool');
  const series = (occurrence: string, start: string) => manifest.headline({ scope: 'series', occurrence, start });
  assert.match(series('2026-03-05T08:00:00Z', '2026-03-05T10:00:00+01:00'), /2026-03-05 09:00 \+01:00 to 2026-03-05 10:00 \+01:00,/);
  assert.match(series('2026-03-05T23:30:00-05:00', '2026-03-06T05:00:00.000Z'), /2026-03-06 04:30 UTC to 2026-03-06 05:00 UTC,/);
  assert.match(series('2026-03-05', '2026-03-06'), /2026-03-05 to 2026-03-06,/);
  assert.equal(manifest.headline({ start: '2026-03-05T10:00:00+01:00' }), 'Move an appointment to 2026-03-05 10:00 +01:00');
  assert.equal(manifest.headline({ start: 'soon' }), 'Move an appointment to soon');
});
