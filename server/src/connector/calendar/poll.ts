import type { Arrival, Polled, PollLimits } from '@factotum/connector-sdk';
import { z } from 'zod';
import { type AgendaChanges, type AgendaMemory, main, seriesOf } from '#flow/agenda';
import type { Id } from '#kernel';
import { type Account, davOf, findAccount, type ListedCalendar, listCalendars } from './account.ts';
import { arrivalOf } from './arrival.ts';
import { allEtags, changesSince, type Etags, etagsBetween, isUnsupported, objectsAt } from './collection.ts';
import type { Dav } from './dav.ts';
import type { CaldavContext } from './settings.ts';

const placeSchema = z.object({
  /** The sync token and the calendar's tag as of the last look. */
  token: z.string().nullable(),
  ctag: z.string().nullable(),
  /** It is being listed as a whole, from this token on. */
  isListing: z.boolean(),
  /** It was there before the connection: what is found in the listing is no news. */
  isQuiet: z.boolean(),
  listedAtMs: z.number(),
});
type CalendarPlace = z.infer<typeof placeSchema>;

/** How far an account has been read. */
export const cursorSchema = z.object({
  account: z.object({ home: z.string(), addresses: z.array(z.string()), serverInvites: z.boolean() }),
  calendars: z.record(z.string(), placeSchema),
});
export type CaldavCursor = z.infer<typeof cursorSchema>;

const dayMs = 86_400_000;
/** Once a day the window has moved on, and what lies at its end is looked for. */
const listAgainMs = dayMs;
/** More changes than this at once are found by listing, which goes in steps. */
const changedMax = 500;
/** Objects of one poll: 25 questions to the server, and well below the time that a poll has. */
const objectsMax = 1_000;

/**
 * One look at an account. Every step is a comparison of the server's entity tags with those that are kept, so a step that was not committed
 * is simply taken again, and one whose token has expired begins with a listing in which only what is different counts.
 */
export async function pollAccount(
  context: CaldavContext,
  memory: AgendaMemory,
  cursor: CaldavCursor | null,
  limits: PollLimits,
): Promise<Polled<CaldavCursor, AgendaChanges>> {
  const dav = davOf(context);
  const account: Account = cursor?.account ?? (await findAccount(dav, context.settings));
  const calendars = await listCalendars(dav, account, context.settings);
  const look: Look = {
    context,
    dav,
    memory,
    left: objectsMax,
    arrivalsLeft: Math.max(1, limits.arrivals),
    bytesLeft: limits.bytes,
    arrivals: [],
    objects: [],
    removed: [],
  };
  const places: Record<string, CalendarPlace> = {};
  let more = false;
  for (const calendar of calendars) {
    const before = cursor?.calendars[calendar.href] ?? (await newPlace(look, calendar, limits.since));
    const { place, isDone } = await lookAt(look, calendar, before);
    places[calendar.href] = place;
    more ||= !isDone;
  }
  return {
    arrivals: look.arrivals,
    cursor: { account: { ...account, addresses: [...account.addresses] }, calendars: places },
    more,
    changes: {
      calendars: calendars.map(({ token: _token, ctag: _ctag, ...calendar }) => calendar),
      objects: look.objects,
      removed: look.removed,
    },
  };
}

interface Look {
  readonly context: CaldavContext;
  readonly dav: Dav;
  readonly memory: AgendaMemory;
  /** How many objects may still be fetched, how many of them told, and how many bytes. */
  left: number;
  arrivalsLeft: number;
  bytesLeft: number;
  readonly arrivals: Arrival[];
  readonly objects: AgendaChanges['objects'];
  readonly removed: AgendaChanges['removed'];
}

// The framework's ids are ours; the SDK's interface has them as text.
const tenantOf = ({ context }: Look) => context.tenantId as Id<'tenant'>;
const connectionOf = ({ context }: Look) => context.connectionId as Id<'connection'>;

/** A calendar that nothing is known of is quiet at first; one whose cursor was lost is not. @param since - when a cursor was lost */
async function newPlace(look: Look, calendar: ListedCalendar, since: string | undefined): Promise<CalendarPlace> {
  const known = await look.memory.etags(tenantOf(look), connectionOf(look), calendar.href);
  const { token, ctag } = calendar;
  return {
    token,
    ctag,
    isListing: true,
    isQuiet: since === undefined && (known === null || known.size === 0),
    listedAtMs: since === undefined ? 0 : Date.parse(since),
  };
}

async function lookAt(look: Look, calendar: ListedCalendar, place: CalendarPlace): Promise<{ place: CalendarPlace; isDone: boolean }> {
  const nowMs = look.context.now().getTime();
  const { token, ctag } = calendar;
  if (place.isListing) return list(look, calendar, place);
  if (nowMs - place.listedAtMs > listAgainMs) return list(look, calendar, { ...place, token, ctag, isListing: true, isQuiet: true });
  const isSame = token !== null ? token === place.token : ctag !== null && ctag === place.ctag;
  if (isSame) return { place, isDone: true };
  if (place.token === null) return list(look, calendar, { ...place, token, ctag, isListing: true, isQuiet: false });
  const synced = await changesSince(look.dav, calendar.href, place.token).catch((error: unknown) => {
    if (isUnsupported(error)) return null;
    throw error;
  });
  if (synced === null || synced.changed.size > changedMax)
    return list(look, calendar, { ...place, token: synced === null ? null : synced.token, ctag, isListing: true, isQuiet: false });
  const isDone = await takeIn(look, calendar, place, synced.changed, synced.removed);
  // Not all of it fitted: the same question is asked again, and what is kept by then is passed over.
  if (!isDone) return { place, isDone };
  return { place: { ...place, token: synced.token ?? token, ctag }, isDone: !synced.more };
}

/** Compares all of a calendar with what is kept. What is not known and lies outside the window stays outside. */
async function list(look: Look, calendar: ListedCalendar, place: CalendarPlace): Promise<{ place: CalendarPlace; isDone: boolean }> {
  const { settings, now } = look.context;
  const nowMs = now().getTime();
  const known = (await look.memory.etags(tenantOf(look), connectionOf(look), calendar.href)) ?? new Map<string, string>();
  const within = await etagsBetween(
    look.dav,
    calendar.href,
    new Date(nowMs - settings.pastDays * dayMs),
    new Date(nowMs + (settings.futureDays + 1) * dayMs),
  );
  const all = known.size === 0 ? within : await allEtags(look.dav, calendar.href);
  const changed = new Map([...all].filter(([href, etag]) => (known.has(href) ? known.get(href) !== etag : within.has(href))));
  const isDone = await takeIn(
    look,
    calendar,
    place,
    changed,
    [...known.keys()].filter((href) => !all.has(href)),
  );
  return { place: isDone ? { ...place, isListing: false, isQuiet: false, listedAtMs: nowMs } : place, isDone };
}

/** Fetches what is different, as much as there is room for. @returns false when there is more. */
async function takeIn(
  look: Look,
  calendar: ListedCalendar,
  place: CalendarPlace,
  changed: Etags,
  removed: readonly string[],
): Promise<boolean> {
  const touched = [...changed.keys(), ...removed];
  const before = await look.memory.objects(tenantOf(look), connectionOf(look), touched);
  const kept = (href: string) => before.get(href) ?? { known: null, written: [] };
  const wanted = [...changed]
    .filter(([href, etag]) => kept(href).known?.isGone !== false || kept(href).known?.etag !== etag)
    .map(([href]) => href);
  const some = wanted.slice(0, look.left);
  const objects = await objectsAt(look.dav, calendar.href, some);
  const { settings, now } = look.context;
  const seen = { tenantId: tenantOf(look), connectionId: connectionOf(look), calendar, now: now(), futureDays: settings.futureDays };
  let taken = 0;
  for (const href of some) {
    const object = objects.get(href);
    if (!hasRoom(look)) break;
    taken += 1;
    // Gone between the two questions: the next poll hears of it.
    if (object === undefined) continue;
    look.left -= 1;
    look.bytesLeft -= object.ics.length;
    look.objects.push({ calendar: calendar.href, href, ...object });
    const isNews = !(place.isQuiet && kept(href).known === null) && (!place.isListing || isFresh(object.ics, place));
    tell(look, isNews ? arrivalOf({ ...seen, href, object, before: kept(href) }) : null);
  }
  const gone = removed.filter((href) => kept(href).known?.isGone === false);
  let left = gone.length;
  for (const href of gone) {
    if (!hasRoom(look)) break;
    left -= 1;
    look.removed.push({ calendar: calendar.href, href });
    tell(look, arrivalOf({ ...seen, href, object: null, before: kept(href) }));
  }
  return taken === wanted.length && left === 0;
}

const hasRoom = ({ left, arrivalsLeft, bytesLeft }: Look): boolean => left > 0 && arrivalsLeft > 0 && bytesLeft > 0;

function tell(look: Look, arrival: Arrival | null): void {
  if (arrival === null) return;
  look.arrivals.push(arrival);
  look.arrivalsLeft -= 1;
}

/** In a listing, what was written long before the last one has only come into the window. */
function isFresh(ics: string, { listedAtMs }: CalendarPlace): boolean {
  const series = seriesOf(ics);
  const stampMs = series === null ? 0 : (main(series)?.stampMs ?? 0);
  return stampMs === 0 || stampMs >= listedAtMs - dayMs;
}
