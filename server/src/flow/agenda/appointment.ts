import { createHash } from 'node:crypto';
import ICAL from 'ical.js';
import { type RecurRule, readRule } from './recur.ts';
import { localMsOf, utc, type Zone, zoneOf } from './zone.ts';

/** When something begins or ends, as a calendar writes it: what clocks show, and where. */
export interface Moment {
  readonly localMs: number;
  /** A whole day: the time of `localMs` is midnight. */
  readonly isDate: boolean;
  /** Null for whole days and times that are meant wherever one is. */
  readonly zone: Zone | null;
}

export interface Attendee {
  /** In lower case, without `mailto:`; another kind of address as it is. */
  readonly address: string;
  readonly name: string;
  /** Like `ACCEPTED` or `NEEDS-ACTION`. */
  readonly answer: string;
}

export interface Alarm {
  /** Before (negative) or after the start or end, in milliseconds; or an instant. */
  readonly offsetMs: number | null;
  readonly fromEnd: boolean;
  readonly atMs: number | null;
}

/** One VEVENT: what happens once, a series, or what is different about one time of a series. */
export interface Appointment {
  readonly uid: string;
  readonly sequence: number;
  /** When this was written, in milliseconds; 0 where it does not say. */
  readonly stampMs: number;
  /** Which time of the series this replaces. */
  readonly recurrence: Moment | null;
  readonly title: string;
  readonly place: string;
  readonly notes: string;
  readonly status: 'CONFIRMED' | 'TENTATIVE' | 'CANCELLED';
  readonly isOpaque: boolean;
  readonly organizer: Attendee | null;
  readonly attendees: readonly Attendee[];
  readonly start: Moment;
  /** What the calendar calls the zone of the start; null where it names none. */
  readonly tzid: string | null;
  /** How long it lasts: whole days, and milliseconds besides. */
  readonly days: number;
  readonly lastsMs: number;
  readonly rules: readonly RecurRule[];
  readonly exceptRules: readonly RecurRule[];
  readonly dates: readonly Moment[];
  readonly exceptDates: readonly Moment[];
  readonly alarms: readonly Alarm[];
  /** The rules of a series that nobody understands: of those times nothing is known. */
  readonly unreadRules: number;
}

const dayMs = 86_400_000;
const textCharsMax = 10_000;
const attendeesMax = 300;
const datesMax = 2_000;

/** What a rule is renamed to that the parser gives up on. */
export const unreadRule = 'X-FACTOTUM-UNREAD-RULE';

/** Reads a VEVENT. @returns null for one without a start: nobody can say when it is. */
export function readAppointment(event: ICAL.Component, calendar: ICAL.Component): Appointment | null {
  const zones = zonesIn(calendar);
  const moment = (name: string) => momentOf(event.getFirstProperty(name), zones);
  const start = moment('dtstart');
  if (start === null) return null;
  // Every appointment has an id by the standard; one without is told from others by what it says.
  const uid = textOf(event, 'uid') || `unnamed-${createHash('sha256').update(event.toString()).digest('hex').slice(0, 32)}`;
  const rules = rulesOf(event, 'rrule', start.isDate);
  const exceptRules = rulesOf(event, 'exrule', start.isDate);
  const status = textOf(event, 'status').toUpperCase();
  return {
    uid,
    sequence: Number(event.getFirstPropertyValue('sequence') ?? 0) || 0,
    stampMs: localMsOf(event.getFirstPropertyValue('dtstamp')) ?? 0,
    recurrence: moment('recurrence-id'),
    title: textOf(event, 'summary'),
    place: textOf(event, 'location'),
    notes: textOf(event, 'description'),
    status: status === 'CANCELLED' || status === 'TENTATIVE' ? status : 'CONFIRMED',
    isOpaque: textOf(event, 'transp').toUpperCase() !== 'TRANSPARENT',
    organizer: attendeeOf(event.getFirstProperty('organizer')),
    attendees: event
      .getAllProperties('attendee')
      .slice(0, attendeesMax)
      .map(attendeeOf)
      .filter((one) => one !== null),
    start,
    tzid: tzidOf(event.getFirstProperty('dtstart')),
    ...lengthOf(event, start, moment('dtend')),
    rules: rules.filter((rule) => rule !== null),
    exceptRules: exceptRules.filter((rule) => rule !== null),
    dates: momentsOf(event, 'rdate', zones),
    exceptDates: momentsOf(event, 'exdate', zones),
    alarms: event
      .getAllSubcomponents('valarm')
      .slice(0, 20)
      .map(alarmOf)
      .filter((one) => one !== null),
    unreadRules:
      [...rules, ...exceptRules].filter((rule) => rule === null).length + event.getAllProperties(unreadRule.toLowerCase()).length,
  };
}

function tzidOf(property: ICAL.Property | null): string | null {
  const tzid = property?.getFirstParameter('tzid');
  return typeof tzid === 'string' ? tzid : null;
}

type Zones = (tzid: string) => Zone | null;

function zonesIn(calendar: ICAL.Component): Zones {
  const found = new Map<string, Zone | null>();
  return (tzid) => {
    const kept = found.get(tzid);
    if (kept !== undefined) return kept;
    const described = calendar.getAllSubcomponents('vtimezone').find((zone) => textOf(zone, 'tzid') === tzid) ?? null;
    const zone = zoneOf(tzid, described);
    found.set(tzid, zone);
    return zone;
  };
}

function momentOf(property: ICAL.Property | null, zones: Zones): Moment | null {
  return property === null ? null : momentOfValue(property.getFirstValue(), property, zones);
}

function momentOfValue(value: unknown, property: ICAL.Property, zones: Zones): Moment | null {
  // An RDATE may be a period; it begins with its start.
  const time = value instanceof ICAL.Period ? value.start : value;
  const localMs = localMsOf(time);
  if (localMs === null || !(time instanceof ICAL.Time)) return null;
  if (time.isDate) return { localMs, isDate: true, zone: null };
  const tzid = property.getFirstParameter('tzid');
  if (time.zone?.tzid === 'UTC') return { localMs, isDate: false, zone: utc };
  return { localMs, isDate: false, zone: typeof tzid === 'string' ? zones(tzid) : null };
}

const momentsOf = (event: ICAL.Component, name: string, zones: Zones): Moment[] =>
  event
    .getAllProperties(name)
    .slice(0, datesMax)
    .flatMap((property) => property.getValues().map((value: unknown) => momentOfValue(value, property, zones)))
    .filter((moment) => moment !== null)
    .slice(0, datesMax);

const rulesOf = (event: ICAL.Component, name: string, isDate: boolean): (RecurRule | null)[] =>
  event
    .getAllProperties(name)
    .slice(0, 20)
    .map((property) => readRule(String(property.getFirstValue() ?? ''), isDate));

/** RFC 5545: an end means that exact span each time; a duration of days means days, however long these are. */
function lengthOf(event: ICAL.Component, start: Moment, end: Moment | null): { days: number; lastsMs: number } {
  const duration = event.getFirstPropertyValue('duration');
  if (end !== null) {
    if (start.isDate) return { days: Math.max(1, Math.round((end.localMs - start.localMs) / dayMs)), lastsMs: 0 };
    return { days: 0, lastsMs: Math.max(0, (end.zone ?? utc).instantOf(end.localMs) - (start.zone ?? utc).instantOf(start.localMs)) };
  }
  if (duration instanceof ICAL.Duration && !duration.isNegative) {
    const days = duration.weeks * 7 + duration.days;
    return { days, lastsMs: (duration.hours * 3_600 + duration.minutes * 60 + duration.seconds) * 1_000 };
  }
  return { days: start.isDate ? 1 : 0, lastsMs: 0 };
}

function attendeeOf(property: ICAL.Property | null): Attendee | null {
  const address = String(property?.getFirstValue() ?? '')
    .replace(/^mailto:/i, '')
    .trim();
  if (property === null || address === '' || address.length > 320) return null;
  const parameter = (name: string) => String(property.getFirstParameter(name) ?? '');
  return { address: address.toLowerCase(), name: line(parameter('cn')), answer: parameter('partstat').toUpperCase() || 'NEEDS-ACTION' };
}

function alarmOf(alarm: ICAL.Component): Alarm | null {
  const trigger = alarm.getFirstProperty('trigger');
  const value: unknown = trigger?.getFirstValue();
  if (value instanceof ICAL.Duration)
    return { offsetMs: value.toSeconds() * 1_000, fromEnd: trigger?.getFirstParameter('related') === 'END', atMs: null };
  const atMs = localMsOf(value);
  return atMs === null ? null : { offsetMs: null, fromEnd: false, atMs };
}

function textOf(component: ICAL.Component, name: string): string {
  const value = component.getFirstPropertyValue(name);
  const text = String(value ?? '').slice(0, textCharsMax);
  return name === 'description' ? text.toWellFormed() : line(text);
}

/** One line, without what would not be seen or would not be stored. */
const line = (text: string): string =>
  text
    .slice(0, 1_000)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
