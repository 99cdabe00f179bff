import { FactotumError, isFactotumError, type JsonObject } from '#kernel';
import type { Appointment } from './appointment.ts';
import { answered } from './compose.ts';
import { inWords, main } from './diff.ts';
import { keyOf } from './expand.ts';
import { readCalendar, type Series } from './read.ts';
import type { Calendar } from './schema.ts';
import { keep, seriesOf } from './sink.ts';
import { type Client, itemIdOf, type KeptItem, type Place, saveCalendar, selectByUid, selectCalendars } from './store.ts';
import { tenantTimes } from './tenant-times.ts';
import { utc } from './zone.ts';

/** What a mail says about an appointment (RFC 6047). */
export interface CalendarMail {
  /** What it is as an event; null for what asks nothing of anybody. */
  readonly kind: 'calendar.invited' | 'calendar.cancelled' | 'calendar.answered' | 'calendar.countered' | null;
  readonly summary: JsonObject;
  /** Takes it into the tenant's picture, in the transaction that keeps the mail. */
  apply(client: Client, place: Place): Promise<void>;
}

const kinds = {
  REQUEST: 'calendar.invited',
  CANCEL: 'calendar.cancelled',
  REPLY: 'calendar.answered',
  COUNTER: 'calendar.countered',
} as const;

/** Where invitations lie that came by mail: no calendar of any connection. */
const mailCalendar: Calendar = {
  href: 'mail:',
  name: 'Invitations',
  addresses: [],
  timeZone: null,
  hours: null,
  reminders: false,
  serverInvites: false,
};

/**
 * Reads the text/calendar part of a mail.
 *
 * @param part.from - the address that the mail claims to be from. Who answers must be who is asked, and who invites or calls off must be the
 * organiser: what is not so is told as an event and changes nothing here.
 * @returns null for what nobody can read, or what is about no appointment.
 */
export function readCalendarMail(part: {
  readonly tenantId: Place['tenantId'];
  readonly text: string;
  readonly from: string;
}): CalendarMail | null {
  const found = readPart(part.text);
  if (found === null) return null;
  const { method, series, about } = found;
  const from = part.from.toLowerCase();
  const isFromOrganizer = about.organizer !== null && about.organizer.address === from;
  const answer = about.attendees.find(({ address }) => address === from)?.answer ?? null;
  return {
    kind: isMethod(method) ? kinds[method] : null,
    summary: {
      method,
      item: itemIdOf(part.tenantId, null, series.uid),
      uid: series.uid.slice(0, 500),
      sequence: about.sequence,
      occurrence: about.recurrence === null ? null : keyOf(about.recurrence, utc),
      title: about.title.slice(0, 300),
      place: about.place.slice(0, 300),
      start: inWords(about.start),
      minutes: about.days * 1_440 + Math.round(about.lastsMs / 60_000),
      isSeries: about.rules.length > 0,
      organizer: about.organizer?.address ?? null,
      attendees: about.attendees.slice(0, 10).map(({ address }) => address),
      answer: method === 'REPLY' || method === 'COUNTER' ? answer : null,
      isFromOrganizer,
    },
    async apply(client, place) {
      if (method === 'REQUEST' && isFromOrganizer) await takeRequest(client, place, { series, about, ics: found.ics });
      else if (method === 'CANCEL' && isFromOrganizer) await takeRequest(client, place, { series, about, ics: found.ics });
      else if (method === 'REPLY' && answer !== null) await takeReply(client, place, { about, from, answer });
    },
  };
}

const isMethod = (method: string): method is keyof typeof kinds => Object.hasOwn(kinds, method);

function readPart(text: string): { method: string; series: Series; about: Appointment; ics: string } | null {
  try {
    const { method, series, component } = readCalendar(text);
    const [first] = series;
    const about = first === undefined ? null : main(first);
    if (first === undefined || about === null || method === '') return null;
    component.removeAllProperties('method');
    return { method, series: first, about, ics: component.toString() };
  } catch (error) {
    if (isFactotumError(error, 'agenda.unreadable')) return null;
    throw error;
  }
}

/** RFC 5546, section 2.1.5: the higher sequence is newer, then the later stamp. */
const isNewer = (one: Pick<Appointment, 'sequence' | 'stampMs'>, known: Pick<Appointment, 'sequence' | 'stampMs'>): boolean =>
  one.sequence > known.sequence || (one.sequence === known.sequence && one.stampMs > known.stampMs);

/** An invitation, an update of one, or its end. What a real calendar of the tenant has already is left to that calendar. */
async function takeRequest(client: Client, place: Place, given: { series: Series; about: Appointment; ics: string }): Promise<void> {
  const { series, about } = given;
  const calendars = await selectCalendars(client, place);
  const copies = await selectByUid(client, place, series.uid);
  if (copies.some((copy) => !copy.isGone && calendars.some(({ id, connectionId }) => id === copy.calendarId && connectionId !== null)))
    return;
  const id = itemIdOf(place.tenantId, null, series.uid);
  const before = copies.find((copy) => copy.id === id);
  const known = before === undefined ? null : main(seriesOf(before.ics) ?? { uid: series.uid, master: null, overrides: [] });
  // Who invited may change it, and nobody else, whatever number they give it.
  if (known !== null && known.organizer?.address !== about.organizer?.address) return;
  if (known !== null && !isNewer(about, known)) return;
  const calendar =
    calendars.find(({ href, connectionId }) => connectionId === null && href === mailCalendar.href) ??
    (await saveCalendar(client, place, null, mailCalendar));
  const { here } = await tenantTimes(client, place.tenantId);
  const isGone = about.status === 'CANCELLED' && about.recurrence === null;
  await keep(client, place, { calendar, id, before, now: { href: series.uid, etag: '', ics: given.ics, isGone }, here });
}

/** Somebody's answer to what we asked: into each copy that we look after, unless a newer one of theirs is there. */
async function takeReply(
  client: Client,
  place: Place,
  { about, from, answer }: { about: Appointment; from: string; answer: string },
): Promise<void> {
  const said = answer === 'ACCEPTED' || answer === 'DECLINED' || answer === 'TENTATIVE' ? answer : null;
  if (said === null) return;
  const calendars = await selectCalendars(client, place);
  const { here } = await tenantTimes(client, place.tenantId);
  for (const copy of await selectByUid(client, place, about.uid)) {
    const asked = main(seriesOf(copy.ics) ?? { uid: about.uid, master: null, overrides: [] });
    const calendar = calendars.find(({ id }) => id === copy.calendarId);
    const last = copy.replies[from];
    const isAsked = asked?.attendees.some(({ address }) => address === from) === true;
    // An answer to what has been moved since is an answer to something else.
    if (copy.isGone || calendar === undefined || asked === null || !isAsked || about.sequence < asked.sequence) continue;
    if (last !== undefined && !isNewer(about, last)) continue;
    const occurrence = about.recurrence === null ? null : keyOf(about.recurrence, here);
    const ics = withAnswer(copy, { occurrence, here, now: place.now }, from, said);
    if (ics === null) continue;
    const replies = { ...copy.replies, [from]: { sequence: about.sequence, stampMs: about.stampMs } };
    await keep(client, place, { calendar, id: copy.id, before: copy, now: { ...copy, ics, replies }, here });
  }
}

/** Null for an answer to a time of a series that is not there. */
function withAnswer(
  copy: KeptItem,
  which: Parameters<typeof answered>[1],
  from: string,
  answer: 'ACCEPTED' | 'DECLINED' | 'TENTATIVE',
): string | null {
  try {
    return answered(copy.ics, which, from, answer);
  } catch (error) {
    if (error instanceof FactotumError) return null;
    throw error;
  }
}
