import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compose } from '#flow/agenda';
import { buildCalendars } from '../../../test/calendars.ts';
import { testHttp } from '../../../test/http.ts';
import { standInCalendar, startCaldav } from '../../../test/stand-in/caldav.ts';

const server = await startCaldav();
const { platform, send, buildCustomer } = await testHttp({ environment: { FACTOTUM_CONNECTION_ALLOW_HOSTS: new URL(server.url).host } });
const watcher = platform.createWatcher();
await watcher.start();
after(async () => {
  await watcher.stop();
  await server.stop();
});

const dayMs = 86_400_000;
const base = Math.floor(Date.now() / dayMs) * dayMs;
const at = (days: number, hour: number) => new Date(base + days * dayMs + hour * 3_600_000).toISOString();
const appointment = (uid: string, start: string, more: Partial<Parameters<typeof compose>[0]> = {}) =>
  compose({ uid, now: new Date(), times: { startMs: Date.parse(start), durationMs: 3_600_000 }, title: uid, ...more });

interface Listed {
  readonly items: readonly {
    readonly title: string;
    readonly invitation: unknown;
    readonly heldUntil: string | null;
    readonly conflicts: string[];
  }[];
  readonly timeZone: string;
  readonly calendars: readonly { readonly name: string }[];
}

test('the agenda says who invites, until when a time is held and what is in its way; free times lie around it', async () => {
  const customer = await buildCustomer();
  const key = await customer.key('connection:read');
  const calendars = await buildCalendars(
    platform,
    server,
    { workFrom: '08:00', workTo: '18:00', workDays: [1, 2, 3, 4, 5, 6, 7] },
    customer.tenantId,
  );
  server.put(`${standInCalendar}a.ics`, appointment('Own', at(3, 9)));
  server.put(
    `${standInCalendar}b.ics`,
    appointment('Theirs', at(3, 9), { organizer: 'boss@example.org', attendees: ['alice@example.com'] }),
  );
  await calendars.poll();
  const held = await calendars.done('calendar.hold', { title: 'Held', start: at(3, 11), expiresInHours: 48 }, { now: new Date() });

  const range = `from=${at(3, 0)}&to=${at(4, 0)}`;
  const listed = (await (await send(`GET /api/v1/agenda?${range}`, { key })).json()) as Listed; // As the route declares.
  const found = (title: string) => listed.items.find((item) => item.title === title);
  assert.deepEqual([listed.timeZone, listed.calendars.map(({ name }) => name)], ['UTC', ['Work']]);
  assert.deepEqual([found('Own')?.invitation, found('Own')?.heldUntil, found('Own')?.conflicts.length], [null, null, 1]);
  assert.deepEqual(found('Theirs')?.invitation, { by: { address: 'boss@example.org', name: '' }, answer: 'NEEDS-ACTION' });
  assert.equal(found('Held')?.heldUntil, held.expiresAt);

  const slots = await (await send(`GET /api/v1/agenda/slots?${range}&minutes=60&limit=3`, { key })).json();
  assert.deepEqual(slots, { items: [8, 10, 12].map((hour) => ({ start: at(3, hour), end: at(3, hour + 1) })), complete: true });
});

test('what is over has no free time, and a time that ends before it begins is refused', async () => {
  const key = await (await buildCustomer()).key('connection:read');
  const over = await send(`GET /api/v1/agenda/slots?from=${at(-9, 0)}&to=${at(-8, 0)}`, { key });
  assert.deepEqual(await over.json(), { items: [], complete: true });
  for (const path of ['agenda', 'agenda/slots'] as const)
    assert.equal((await send(`GET /api/v1/${path}?from=${at(2, 0)}&to=${at(1, 0)}`, { key })).status, 400);
});
