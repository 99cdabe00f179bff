import ICAL from 'ical.js';
import { FactotumError } from '#kernel';
import { type Appointment, readAppointment } from './appointment.ts';
import { keyOf } from './expand.ts';
import { readCalendar } from './read.ts';
import type { Zone } from './zone.ts';

/** When an appointment is to be: an instant and how long, or whole days. */
export type Times = { readonly startMs: number; readonly durationMs: number } | { readonly date: string; readonly days: number };

export interface NewAppointment {
  readonly uid: string;
  readonly now: Date;
  readonly times: Times;
  readonly title: string;
  readonly place?: string | undefined;
  readonly notes?: string | undefined;
  readonly organizer?: string | undefined;
  readonly attendees?: readonly string[] | undefined;
  readonly isTentative?: boolean;
  readonly reminderMinutes?: number | undefined;
}

const product = '-//Factotum//Factotum//EN';

/** A new appointment as an iCalendar object, the same bytes for the same appointment. Times are in UTC. */
export function compose(given: NewAppointment): string {
  const event = new ICAL.Component('vevent');
  event.addPropertyWithValue('uid', given.uid);
  event.addPropertyWithValue('sequence', 0);
  stamp(event, given.now);
  setTimes(event, given.times, null);
  event.addPropertyWithValue('summary', printable(given.title));
  if (given.place !== undefined) event.addPropertyWithValue('location', printable(given.place));
  if (given.notes !== undefined) event.addPropertyWithValue('description', printable(given.notes));
  event.addPropertyWithValue('status', given.isTentative === true ? 'TENTATIVE' : 'CONFIRMED');
  const { attendees = [], organizer } = given;
  if (attendees.length > 0 && organizer !== undefined) {
    event.addPropertyWithValue('organizer', `mailto:${organizer}`);
    addAttendee(event, organizer, 'ACCEPTED');
    for (const address of attendees) if (address !== organizer) addAttendee(event, address, 'NEEDS-ACTION');
  }
  if (given.reminderMinutes !== undefined) addAlarm(event, given.reminderMinutes, given.title);
  return around(event).toString();
}

/** The whole appointment, or one time of a series by its name. */
export interface Which {
  readonly occurrence: string | null;
  /** What times without a zone are read in. */
  readonly here: Zone;
  readonly now: Date;
}

/** When something is to be instead: an instant, or a day where it takes whole days. */
export interface NewTimes {
  readonly start: number | string;
  /** null: as long as before. */
  readonly durationMs: number | null;
}

/**
 * The same object at another time, its sequence one higher. One time of a series becomes an exception of it.
 * @throws FactotumError `agenda.conflict` when that time of the series is not there, or it would be all of a series (`movedSeries`).
 */
export function moved(ics: string, which: Which, times: NewTimes): string {
  return edit(ics, which, (event, read) => {
    if (which.occurrence === null && event.hasProperty('rrule'))
      throw new FactotumError('agenda.conflict', 'This is a series. Say which of its times is to be moved, or that all of it is.');
    const lasts = times.durationMs ?? read.days * dayMs + read.lastsMs;
    if (typeof times.start === 'string') setTimes(event, { date: times.start, days: Math.max(1, Math.round(lasts / dayMs)) }, null);
    // What was whole days has no length in minutes; an hour is what an appointment takes that nobody gave one.
    else setTimes(event, { startMs: times.start, durationMs: read.start.isDate && times.durationMs === null ? 3_600_000 : lasts }, read);
  });
}

/** The same object, called off. One time of a series becomes an exception that is called off. */
export const cancelled = (ics: string, which: Which): string =>
  edit(ics, which, (event) => event.updatePropertyWithValue('status', 'CANCELLED'));

/** The same object with what one attendee has answered; its sequence stays, as answers do not change what was asked. */
export function answered(ics: string, which: Which, address: string, answer: 'ACCEPTED' | 'DECLINED' | 'TENTATIVE'): string {
  return edit(
    ics,
    which,
    (event) => {
      const own = event.getAllProperties('attendee').find((one) => bare(one.getFirstValue()) === address);
      if (own === undefined) addAttendee(event, address, answer);
      else {
        own.setParameter('partstat', answer);
        own.removeParameter('rsvp');
      }
    },
    { keepsSequence: true },
  );
}

/** What was there before as the newest version of all: programs leave aside what has a lower sequence than they know (RFC 5546). */
export function broughtBack(before: string, after: string, now: Date): string {
  const calendar = tree(before);
  const sequence = 1 + Math.max(...tree(after).getAllSubcomponents('vevent').map(sequenceOf));
  for (const event of calendar.getAllSubcomponents('vevent')) {
    event.updatePropertyWithValue('sequence', sequence);
    stamp(event, now);
  }
  return calendar.toString();
}

/** One message about what an object has become (RFC 5546). For a reply only the one who answers is named. */
export function message(
  ics: string,
  which: Which,
  { method, from }: { readonly method: 'REQUEST' | 'REPLY' | 'CANCEL'; readonly from: string },
): string {
  const calendar = tree(ics);
  calendar.updatePropertyWithValue('method', method);
  for (const event of calendar.getAllSubcomponents('vevent')) {
    for (const alarm of event.getAllSubcomponents('valarm')) event.removeSubcomponent(alarm);
    if (which.occurrence !== null && nameOf(event, calendar, which.here) !== which.occurrence) calendar.removeSubcomponent(event);
    else if (method === 'CANCEL') event.updatePropertyWithValue('status', 'CANCELLED');
    if (method === 'REPLY')
      for (const attendee of event.getAllProperties('attendee'))
        if (bare(attendee.getFirstValue()) !== from) event.removeProperty(attendee);
  }
  return calendar.toString();
}

const dayMs = 86_400_000;
/** How often what an event says has changed. */
export const sequenceOf = (event: ICAL.Component): number => Number(event.getFirstPropertyValue('sequence') ?? 0) || 0;
/** An instant as it is written in UTC. */
export const printed = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function edit(
  ics: string,
  which: Which,
  change: (event: ICAL.Component, read: Appointment) => void,
  { keepsSequence = false }: { keepsSequence?: boolean } = {},
): string {
  const calendar = tree(ics);
  const event = eventOf(calendar, which);
  const read = readAppointment(event, calendar);
  if (read === null) throw new FactotumError('agenda.unreadable', 'This appointment has no start.');
  change(event, read);
  if (!keepsSequence) event.updatePropertyWithValue('sequence', read.sequence + 1);
  stamp(event, which.now);
  calendar.removeAllProperties('method');
  return calendar.toString();
}

/** The event that is meant. A time of a series that has been like all others until now gets an event of its own. */
function eventOf(calendar: ICAL.Component, { occurrence, here }: Which): ICAL.Component {
  const events = calendar.getAllSubcomponents('vevent');
  if (occurrence === null) {
    const whole = events.find((event) => !event.hasProperty('recurrence-id')) ?? events[0];
    if (whole !== undefined) return whole;
    throw new FactotumError('agenda.conflict', 'There is no appointment any more.');
  }
  const own = events.find((event) => nameOf(event, calendar, here) === occurrence);
  if (own !== undefined) return own;
  const master = events.find((event) => !event.hasProperty('recurrence-id'));
  const read = master === undefined ? null : readAppointment(master, calendar);
  if (master === undefined || read === null) throw new FactotumError('agenda.conflict', 'This series has no such time.');
  const single = new ICAL.Component(structuredClone(master.toJSON()));
  for (const name of ['rrule', 'rdate', 'exdate', 'exrule']) single.removeAllProperties(name);
  const instantMs = Date.parse(occurrence);
  setTimes(
    single,
    read.start.isDate ? { date: occurrence, days: read.days } : { startMs: instantMs, durationMs: read.days * dayMs + read.lastsMs },
    read,
  );
  const start = single.getFirstProperty('dtstart');
  if (start === null) throw new FactotumError('agenda.conflict', 'This series has no such time.');
  const recurrence = new ICAL.Property(structuredClone(start.toJSON()));
  single.addProperty(new ICAL.Property(['recurrence-id', ...recurrence.toJSON().slice(1)]));
  calendar.addSubcomponent(single);
  return single;
}

function nameOf(event: ICAL.Component, calendar: ICAL.Component, here: Zone): string | null {
  const recurrence = readAppointment(event, calendar)?.recurrence ?? null;
  return recurrence === null ? null : keyOf(recurrence, here);
}

/** @param like - an appointment whose zone is kept, so that a series goes on at the same time of the day */
function setTimes(event: ICAL.Component, times: Times, like: Appointment | null): void {
  for (const name of ['dtstart', 'dtend', 'duration']) event.removeAllProperties(name);
  const write = (name: string, text: string, tzid: string | null) => addTime(event, name, text, tzid);
  if ('date' in times) {
    write('dtstart', times.date, null);
    write('dtend', new Date(Date.parse(`${times.date}T00:00:00Z`) + times.days * dayMs).toISOString().slice(0, 10), null);
    return;
  }
  const zone = like === null || like.start.isDate ? null : like.start.zone;
  const tzid = zone === null || zone.name === 'UTC' ? null : (like?.tzid ?? null);
  const text = (ms: number) => (zone === null || tzid === null ? printed(ms) : printed(zone.localOf(ms)).slice(0, 19));
  write('dtstart', text(times.startMs), tzid);
  write('dtend', text(times.startMs + times.durationMs), tzid);
}

/** @param text - a date, a time of a zone, or one of UTC with its `Z` */
export function addTime(event: ICAL.Component, name: string, text: string, tzid: string | null): ICAL.Property {
  const property = new ICAL.Property(name);
  if (text.length === 10) property.resetType('date');
  if (tzid !== null) property.setParameter('tzid', tzid);
  property.setValue(text.length === 10 ? ICAL.Time.fromDateString(text) : ICAL.Time.fromDateTimeString(text));
  return event.addProperty(property);
}

/** Says when an event was written: now. */
export function stamp(event: ICAL.Component, now: Date): void {
  event.updatePropertyWithValue('dtstamp', ICAL.Time.fromDateTimeString(printed(now.getTime())));
  event.updatePropertyWithValue('last-modified', ICAL.Time.fromDateTimeString(printed(now.getTime())));
}

function addAttendee(event: ICAL.Component, address: string, answer: string): void {
  const property = event.addPropertyWithValue('attendee', `mailto:${address}`);
  property.setParameter('partstat', answer);
  property.setParameter('role', 'REQ-PARTICIPANT');
  if (answer === 'NEEDS-ACTION') property.setParameter('rsvp', 'TRUE');
}

function addAlarm(event: ICAL.Component, minutes: number, title: string): void {
  const alarm = new ICAL.Component('valarm');
  alarm.addPropertyWithValue('action', 'DISPLAY');
  alarm.addPropertyWithValue('description', printable(title));
  alarm.addPropertyWithValue('trigger', ICAL.Duration.fromSeconds(-minutes * 60));
  event.addSubcomponent(alarm);
}

function around(event: ICAL.Component): ICAL.Component {
  const calendar = new ICAL.Component('vcalendar');
  calendar.addPropertyWithValue('version', '2.0');
  calendar.addPropertyWithValue('prodid', product);
  calendar.addSubcomponent(event);
  return calendar;
}

/** The text as a tree that can be changed. @throws FactotumError `agenda.unreadable`. */
export const tree = (ics: string): ICAL.Component => readCalendar(ics).component;
const bare = (value: unknown): string =>
  String(value ?? '')
    .replace(/^mailto:/i, '')
    .trim()
    .toLowerCase();

/** RFC 5545 has no place for control characters and odd line separators; line ends and tabs it writes as escapes. */
const printable = (text: string): string => text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]|[\p{Zl}\p{Zp}]/gu, ' ');
