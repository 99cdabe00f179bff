import { createHash } from 'node:crypto';
import type { Arrival, JsonObject as SdkObject } from '@factotum/connector-sdk';
import {
  type AgendaMemory,
  type Appointment,
  differences,
  expand,
  ianaZone,
  itemIdOf,
  main,
  type Occurrence,
  type Series,
  seriesOf,
  utc,
} from '#flow/agenda';
import type { Id } from '#kernel';
import type { ListedCalendar } from './account.ts';

type Known = Awaited<ReturnType<AgendaMemory['objects']>> extends ReadonlyMap<string, infer One> ? One : never;

interface Seen {
  readonly tenantId: Id<'tenant'>;
  readonly connectionId: Id<'connection'>;
  readonly calendar: ListedCalendar;
  readonly href: string;
  /** null: it is gone. */
  readonly object: { readonly etag: string; readonly ics: string } | null;
  readonly before: Known;
  readonly now: Date;
  readonly futureDays: number;
}

/**
 * What a change is as an event; null for what is over, what nobody would see, and what our own tools have written.
 *
 * Its external id names the change and not the state: an appointment that is moved there and back and there again has changed three times.
 */
export function arrivalOf(seen: Seen): Arrival | null {
  const { object, before, calendar } = seen;
  const old = before.known === null || before.known.isGone ? null : seriesOf(before.known.ics);
  const now = object === null ? null : seriesOf(object.ics);
  if (object !== null && now === null) return null;
  if (isOurs(now, before.written)) return null;
  const next = nextOf(now ?? old, seen) ?? (old === null ? null : nextOf(old, seen));
  const about = main(now ?? old ?? { uid: '', master: null, overrides: [] });
  if (next === null || about === null) return null;
  const kind = kindOf(old, now, about, new Set(calendar.addresses));
  if (kind === null) return null;
  const item = itemIdOf(seen.tenantId, seen.connectionId, seen.href);
  const tag = createHash('sha256')
    .update(object?.etag ?? 'gone')
    .digest('hex')
    .slice(0, 16);
  return {
    form: 'event',
    kind: `calendar.${kind}`,
    externalId: `${item}:${before.known?.version ?? 0}:${tag}`,
    title: `${words[kind]}: ${about.title || 'an appointment'}`,
    payload: {
      ...payloadOf(next, about),
      item,
      calendar: calendar.name,
      changed: changesOf(old, now),
    },
    ...(about.organizer === null ? {} : { from: about.organizer.address }),
  };
}

/** A difference is plain JSON without gaps. */
const changesOf = (old: Series | null, now: Series | null) => (old === null || now === null ? {} : (differences(old, now) as SdkObject));

const words = { created: 'New', invited: 'Invitation', changed: 'Changed', cancelled: 'Cancelled' } as const;

function kindOf(old: Series | null, now: Series | null, about: Appointment, own: ReadonlySet<string>): keyof typeof words | null {
  const isOff = (series: Series | null) => series !== null && main(series)?.status === 'CANCELLED';
  if (now === null) return old === null || isOff(old) ? null : 'cancelled';
  if (old === null) {
    if (isOff(now)) return null;
    const isAsked = about.attendees.some(({ address, answer }) => own.has(address) && answer === 'NEEDS-ACTION');
    return isAsked && about.organizer !== null && !own.has(about.organizer.address) ? 'invited' : 'created';
  }
  if (isOff(now) && !isOff(old)) return 'cancelled';
  return Object.keys(differences(old, now)).length === 0 ? null : 'changed';
}

/** What our tools wrote lately, whichever bytes the server has made of it. */
function isOurs(now: Series | null, written: readonly string[]): boolean {
  return written.some((ics) => {
    if (now === null || ics === '') return now === null && ics === '';
    const ours = seriesOf(ics);
    return ours !== null && Object.keys(differences(ours, now)).length === 0;
  });
}

/** The next time it takes place within the days that count; null where it does not any more. */
function nextOf(series: Series | null, { calendar, now, futureDays }: Seen): Occurrence | null {
  if (series === null) return null;
  const fromMs = now.getTime();
  const here = (calendar.timeZone === null ? null : ianaZone(calendar.timeZone)) ?? utc;
  return expand(series, { fromMs, untilMs: fromMs + futureDays * 86_400_000, here }).occurrences[0] ?? null;
}

function payloadOf({ startMs, endMs, allDay, occurrence }: Occurrence, about: Appointment): SdkObject {
  return {
    title: about.title,
    place: about.place,
    notes: about.notes,
    start: allDay ? new Date(about.start.localMs).toISOString().slice(0, 10) : new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
    allDay,
    zone: about.start.zone?.name ?? null,
    isSeries: occurrence !== null,
    occurrence,
    status: about.status.toLowerCase(),
    organizer: about.organizer?.address ?? null,
    attendees: about.attendees.slice(0, 100).map(({ address }) => address),
  };
}
