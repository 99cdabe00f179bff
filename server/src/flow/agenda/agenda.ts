import { setImmediate } from 'node:timers/promises';
import type { Clock, Id } from '#kernel';
import { type Database, inTransaction } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import type { Attendee } from './appointment.ts';
import { conflicts, type Interval, isBusy } from './busy.ts';
import { expand, type Occurrence } from './expand.ts';
import type { Series } from './read.ts';
import { applyChanges, keep, seriesOf } from './sink.ts';
import type { Participant } from './slot.ts';
import {
  type Client,
  itemIdOf,
  type KeptCalendar,
  type KeptItem,
  type Place,
  selectBetween,
  selectCalendarItems,
  selectCalendars,
  selectItems,
} from './store.ts';
import { tenantTimes } from './tenant-times.ts';
import { selectWritesAt } from './write-store.ts';
import { ianaZone, utc, type Zone } from './zone.ts';

/** One time in a tenant's calendars, as people see it. */
export interface AgendaEntry {
  readonly id: Id<'agendaItem'>;
  /** Which time of a series; null for what is none. */
  readonly occurrence: string | null;
  readonly calendar: { readonly id: Id<'agendaCalendar'>; readonly name: string };
  readonly title: string;
  readonly place: string;
  /** RFC 3339 in UTC; of whole days the first day, and the one after the last. */
  readonly start: string;
  readonly end: string;
  readonly allDay: boolean;
  /** IANA name where it was written in one. */
  readonly zone: string | null;
  readonly organizer: string | null;
  readonly attendees: readonly Attendee[];
  readonly status: 'confirmed' | 'tentative' | 'cancelled';
  readonly busy: boolean;
  /** Somebody else asks for this; `answer` is what whoever the calendar belongs to has said, null where they are not asked by name. */
  readonly invitation: { readonly by: Pick<Attendee, 'address' | 'name'>; readonly answer: string | null } | null;
  /** Until when our own tool holds the time, RFC 3339; null for what is no hold, or has no end. */
  readonly heldUntil: string | null;
  /** Ids of what takes the same people's time. */
  readonly conflicts: readonly Id<'agendaItem'>[];
}

/** An appointment and the calendar that it is in. */
export interface FoundItem {
  readonly item: KeptItem;
  readonly calendar: KeptCalendar;
  readonly series: Series;
  readonly here: Zone;
}

/** What a connector needs to know of what was seen before, by address. */
export interface AgendaMemory {
  /** Entity tags of what was there in a calendar; null where nothing of the connection is known at all. */
  etags(tenantId: Id<'tenant'>, connectionId: Id<'connection'>, calendar: string): Promise<ReadonlyMap<string, string> | null>;
  /** `written`: what our own tools wrote there lately. */
  objects(
    tenantId: Id<'tenant'>,
    connectionId: Id<'connection'>,
    hrefs: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly known: KeptItem | null; readonly written: readonly string[] }>>;
}

export interface Agenda {
  readonly memory: AgendaMemory;
  /** Takes in what a poll has learned; of the form of a sink of `#flow/connection`. */
  sink(client: Client, at: Place & { readonly connectionId: Id<'connection'> }, changes: unknown): Promise<void>;
  calendars(tenantId: Id<'tenant'>): Promise<KeptCalendar[]>;
  /** Null where there is none, or nobody can read it. */
  find(tenantId: Id<'tenant'>, id: string): Promise<FoundItem | null>;
  /** What takes place between two instants, in order. */
  list(tenantId: Id<'tenant'>, range: { readonly fromMs: number; readonly untilMs: number }): Promise<AgendaList>;
  /** Everybody whose calendars are connected, with when they are there and when their time is taken. */
  people(tenantId: Id<'tenant'>, range: { readonly fromMs: number; readonly untilMs: number }): Promise<AgendaPerson[]>;
  /** Keeps what one of our own tools has made of an object; `null` for what it has removed. */
  remember(
    tenantId: Id<'tenant'>,
    at: { readonly connectionId: Id<'connection'> | null; readonly calendar: string; readonly href: string },
    object: { readonly etag: string; readonly ics: string } | null,
  ): Promise<void>;
}

export interface AgendaList {
  readonly items: readonly AgendaEntry[];
  /** false: there is more than is listed, or a series that nobody understands. */
  readonly complete: boolean;
  /** Of the tenant, an IANA name. */
  readonly timeZone: string;
  /** All there are, whether anything is in them or not. */
  readonly calendars: readonly AgendaEntry['calendar'][];
}

export interface AgendaPerson extends Participant {
  readonly addresses: readonly string[];
  /** Of calendars that are counted together. */
  readonly names: readonly string[];
  readonly complete: boolean;
}

/** Opening an appointment takes about 30 us, reading it 200 us: a range of these many is there within a second. */
const itemsMax = 3_000;
const entriesMax = 2_000;
/** Counting out what recurs may take this long in all; what is left then is not there, and that is said. */
const expandMsMax = 2_000;

interface AgendaDeps {
  readonly database: Pick<Database, 'app'>;
  readonly keysOf: KeysOf;
  readonly clock: Clock;
}

/** The tenants' calendars as they were last seen. */
export function createAgenda({ database, keysOf, clock }: AgendaDeps): Agenda {
  async function within<R>(tenantId: Id<'tenant'>, work: (client: Client, place: Place) => Promise<R>): Promise<R> {
    const place = { tenantId, keys: await keysOf(tenantId), now: clock.now() };
    return inTransaction(database.app, (client) => work(client, place), tenantId);
  }

  return {
    memory: {
      etags: (tenantId, connectionId, calendar) =>
        within(tenantId, async (client, place) => {
          const own = (await selectCalendars(client, place)).filter((one) => one.connectionId === connectionId);
          if (own.length === 0) return null;
          const found = own.find(({ href }) => href === calendar);
          const items = found === undefined ? [] : await selectCalendarItems(client, place, found.id);
          return new Map(items.map(({ href, etag }) => [href, etag]));
        }),
      objects: (tenantId, connectionId, hrefs) =>
        within(tenantId, async (client, place) => {
          const items = await selectItems(
            client,
            place,
            hrefs.map((href) => itemIdOf(tenantId, connectionId, href)),
          );
          const writes = await selectWritesAt(client, place, hrefs);
          return new Map(
            hrefs.map((href) => [
              href,
              {
                known: items.find((item) => item.href === href) ?? null,
                written: writes.flatMap(({ body }) => (body.href === href && body.connectionId === connectionId ? [body.after ?? ''] : [])),
              },
            ]),
          );
        }),
    },
    async sink(client, { connectionId, ...place }, changes) {
      const { here } = await tenantTimes(client, place.tenantId);
      await applyChanges(client, place, { connectionId, changes, here });
    },
    calendars: (tenantId) => within(tenantId, (client, place) => selectCalendars(client, place)),
    find: (tenantId, id) =>
      within(tenantId, async (client, place) => {
        const [item] = await selectItems(client, place, [id]);
        const calendar = (await selectCalendars(client, place)).find((one) => one.id === item?.calendarId);
        const series = item === undefined ? null : seriesOf(item.ics);
        if (item === undefined || item.isGone || calendar === undefined || series === null) return null;
        return { item, calendar, series, here: (await tenantTimes(client, tenantId)).here };
      }),
    list: (tenantId, range) =>
      within(tenantId, async (client, place) => {
        const { times, complete } = await timesBetween(client, place, range);
        const items = entriesOf(times, await holdsAmong(client, place, times)).slice(0, entriesMax);
        const calendars = (await selectCalendars(client, place)).filter(({ connectionId }) => connectionId !== null);
        return {
          items,
          complete: complete && times.length <= entriesMax,
          timeZone: (await tenantTimes(client, tenantId)).here.name,
          calendars: calendars.map(({ id, name }) => ({ id, name })),
        };
      }),
    people: (tenantId, range) => within(tenantId, (client, place) => peopleBetween(client, place, range)),
    async remember(tenantId, { connectionId, calendar: address, href }, object) {
      await within(tenantId, async (client, place) => {
        const calendar = (await selectCalendars(client, place)).find((one) => one.connectionId === connectionId && one.href === address);
        if (calendar === undefined) return;
        const id = itemIdOf(tenantId, connectionId, href);
        const [before] = await selectItems(client, place, [id]);
        const { here } = await tenantTimes(client, tenantId);
        if (object !== null) await keep(client, place, { calendar, id, before, now: { href, ...object, isGone: false, ours: true }, here });
        else if (before !== undefined) await keep(client, place, { calendar, id, before, now: { ...before, isGone: true }, here });
      });
    },
  };
}

interface Time {
  readonly item: KeptItem;
  readonly calendar: KeptCalendar;
  readonly time: Occurrence;
}

async function timesBetween(
  client: Client,
  place: Place,
  range: { fromMs: number; untilMs: number },
): Promise<{ times: Time[]; complete: boolean }> {
  const { here } = await tenantTimes(client, place.tenantId);
  const calendars = new Map((await selectCalendars(client, place)).map((calendar) => [calendar.id, calendar]));
  const items = await selectBetween(client, place, { ...range, most: itemsMax });
  let complete = items.length < itemsMax;
  const read = items.flatMap((item) => {
    const calendar = calendars.get(item.calendarId);
    const series = seriesOf(item.ics);
    return calendar === undefined || series === null ? [] : [{ item, calendar, series }];
  });
  // What came by mail and stands in a calendar by now is one and the same.
  const inCalendars = new Set(read.flatMap(({ calendar, series }) => (calendar.connectionId === null ? [] : [series.uid])));
  const times: Time[] = [];
  let spentMs = 0;
  // What strangers have sent comes last, so that it takes no time from the calendars themselves.
  const byMail = ({ calendar }: (typeof read)[number]) => Number(calendar.connectionId === null);
  for (const { item, calendar, series } of read.toSorted((one, other) => byMail(one) - byMail(other))) {
    if (calendar.connectionId === null && inCalendars.has(series.uid)) continue;
    if (spentMs > expandMsMax) {
      complete = false;
      break;
    }
    // However many there are and however costly, others get their turn in between.
    await setImmediate();
    const startedMs = performance.now();
    const zone = calendar.timeZone === null ? here : (ianaZone(calendar.timeZone) ?? here);
    const found = expand(series, { ...range, here: zone });
    spentMs += performance.now() - startedMs;
    complete &&= found.complete;
    times.push(...found.occurrences.map((time) => ({ item, calendar, time })));
  }
  return { times: times.sort((a, b) => a.time.startMs - b.time.startMs), complete };
}

/** What came by mail takes time once we have said that we come. */
const takesTime = ({ item, calendar, time }: Time): boolean =>
  (calendar.connectionId !== null || item.ours) && isBusy(time, new Set(calendar.addresses));

/** When the holds among these end. One that somebody has confirmed since, or that is over, is no hold. */
async function holdsAmong(client: Client, place: Place, times: readonly Time[]): Promise<ReadonlyMap<string, Date>> {
  const held = times.filter(({ item, time }) => item.ours && time.appointment.status === 'TENTATIVE').map(({ item }) => item.href);
  if (held.length === 0) return new Map();
  const writes = await selectWritesAt(client, place, [...new Set(held)]);
  return new Map(
    writes.flatMap(({ state, body, expiresAt }) =>
      expiresAt !== null && expiresAt > place.now && (state === 'written' || state === 'done') ? [[body.item, expiresAt] as const] : [],
    ),
  );
}

function entriesOf(times: readonly Time[], holds: ReadonlyMap<string, Date>): AgendaEntry[] {
  const busy = times.map(takesTime);
  // Calendars of one person are in each other's way, and those of different people are not.
  const byPerson = Map.groupBy(times.keys(), (at) => (busy[at] === true ? personKey(times[at]?.calendar) : ''));
  const found = new Map<number, Id<'agendaItem'>[]>();
  for (const [person, places] of byPerson) {
    if (person === '') continue;
    const spans = places.map((at): Interval => times[at]?.time ?? { startMs: 0, endMs: 0 });
    for (const [at, others] of conflicts(spans))
      found.set(
        places[at] ?? -1,
        others.flatMap((other) => times[places[other] ?? -1]?.item.id ?? []),
      );
  }
  return times.map((one, at) =>
    entryOf(one, {
      busy: busy[at] === true,
      conflicts: [...new Set(found.get(at) ?? [])].filter((id) => id !== one.item.id),
      heldUntil: holds.get(one.item.id)?.toISOString() ?? null,
    }),
  );
}

const personKey = (calendar: KeptCalendar | undefined): string => calendar?.addresses[0] ?? calendar?.connectionId ?? 'mail';

/** Who else asks for it; null where nobody does, or we do. */
function invitationOf({ item, calendar, time: { appointment } }: Time): AgendaEntry['invitation'] {
  const { organizer, attendees } = appointment;
  const isOwn = item.ours && calendar.connectionId !== null;
  if (organizer === null || isOwn || calendar.addresses.includes(organizer.address)) return null;
  const own = attendees.find(({ address }) => calendar.addresses.includes(address));
  return { by: { address: organizer.address, name: organizer.name }, answer: own?.answer ?? null };
}

function entryOf(one: Time, found: Pick<AgendaEntry, 'busy' | 'conflicts' | 'heldUntil'>): AgendaEntry {
  const { item, calendar, time } = one;
  const { appointment, startMs, endMs, allDay, occurrence } = time;
  const instant = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  // Days are days wherever they are read; the start says which, as instants depend on the reader's zone.
  const first = occurrence !== null && allDay && appointment.recurrence === null ? Date.parse(occurrence) : appointment.start.localMs;
  return {
    id: item.id,
    occurrence,
    calendar: { id: calendar.id, name: calendar.name },
    title: appointment.title,
    place: appointment.place,
    start: allDay ? day(first) : instant(startMs),
    end: allDay ? day(first + appointment.days * 86_400_000) : instant(endMs),
    allDay,
    zone: appointment.start.zone?.name ?? null,
    organizer: appointment.organizer?.address ?? null,
    attendees: appointment.attendees,
    status: ({ CONFIRMED: 'confirmed', TENTATIVE: 'tentative', CANCELLED: 'cancelled' } as const)[appointment.status],
    invitation: invitationOf(one),
    ...found,
  };
}

async function peopleBetween(client: Client, place: Place, range: { fromMs: number; untilMs: number }): Promise<AgendaPerson[]> {
  const { times, complete } = await timesBetween(client, place, range);
  const { here, hours } = await tenantTimes(client, place.tenantId);
  const calendars = (await selectCalendars(client, place)).filter(({ connectionId }) => connectionId !== null);
  const byMail = times.filter((one) => one.calendar.connectionId === null && takesTime(one));
  return [...Map.groupBy(calendars, personKey).values()].map((own, at) => {
    const ids = new Set(own.map(({ id }) => id));
    const [first] = own;
    const taken = times.filter((one) => ids.has(one.calendar.id) && takesTime(one));
    return {
      addresses: [...new Set(own.flatMap(({ addresses }) => addresses))],
      names: own.map(({ name }) => name),
      zone: first?.timeZone == null ? here : (ianaZone(first.timeZone) ?? utc),
      hours: first?.hours ?? hours,
      // Invitations by mail are the tenant's; they take the time of the account that is connected first.
      busy: [...taken, ...(at === 0 ? byMail : [])].map(({ time }) => time),
      complete,
    };
  });
}
