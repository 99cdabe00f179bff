import { createHash } from 'node:crypto';
import type ICAL from 'ical.js';
import { canonicalJson, isFactotumError, type Json, type JsonObject } from '#kernel';
import type { Appointment, Attendee, Moment } from './appointment.ts';
import { tree } from './compose.ts';
import { keyOf } from './expand.ts';
import type { Series } from './read.ts';
import { utc } from './zone.ts';

/**
 * What is different about an appointment, by name, from what to what: `title`, `place`, `notes`, `start`, `length`, `status`, `series`,
 * `organizer`, `attendees`; and `occurrences`, how many single times of a series are different. Empty when nothing is that people would
 * see: programs rewrite what they store.
 */
export function differences(before: Series, after: Series): JsonObject {
  const [old, now] = [main(before), main(after)];
  if (old === null || now === null) return {};
  const [was, is] = [facts(old), facts(now)];
  const changed = Object.keys(is).filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
  const singles = differentSingles(before, after);
  return {
    ...Object.fromEntries(changed.map((name) => [name, { from: was[name] ?? null, to: is[name] ?? null }])),
    ...(singles === 0 ? {} : { occurrences: singles }),
  };
}

/**
 * Whether two objects say the same in every word, whether people would see it or not. When they were written and the order of their lines
 * and parts do not count: programs rewrite what they store. What nobody can read is like nothing else.
 */
export function isIdentical(ics: string, other: string): boolean {
  try {
    return digestOf(tree(ics)) === digestOf(tree(other));
  } catch (error) {
    if (isFactotumError(error, 'agenda.unreadable')) return false;
    throw error;
  }
}

const stamps: ReadonlySet<string> = new Set(['dtstamp', 'last-modified']);

/** A hash for each part, so that what lies deep within others is not written out once for each of them. */
function digestOf(component: ICAL.Component): string {
  const lines = component.getAllProperties().flatMap((property) => {
    const json: Json = property.toJSON(); // jCal is JSON (RFC 7265).
    return stamps.has(property.name) ? [] : [canonicalJson(json)];
  });
  const parts = [...lines, ...component.getAllSubcomponents().map(digestOf)].sort();
  return createHash('sha256')
    .update(JSON.stringify([component.name, parts]))
    .digest('hex');
}

/** What stands for the whole: the series itself, or the one time of it that is known. */
export const main = ({ master, overrides }: Series): Appointment | null => master ?? overrides[0] ?? null;

function differentSingles(before: Series, after: Series): number {
  const keyed = ({ overrides }: Series) =>
    new Map(overrides.map((one) => [keyOf(one.recurrence ?? one.start, utc), JSON.stringify(facts(one))]));
  const [old, now] = [keyed(before), keyed(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key)).length;
}

function facts(one: Appointment): JsonObject {
  return {
    title: one.title,
    place: one.place,
    // The words may be long, and whoever wants them reads the appointment.
    notes: one.notes.slice(0, 1_000),
    start: inWords(one.start),
    length: one.days * 1_440 + Math.round(one.lastsMs / 60_000),
    status: one.status,
    busy: one.isOpaque,
    series: JSON.stringify([one.rules, one.exceptRules, one.dates.map(inWords), one.exceptDates.map(inWords).sort()]),
    organizer: one.organizer?.address ?? null,
    attendees: attendeesInWords(one.attendees),
    alarms: JSON.stringify(one.alarms),
  };
}

const attendeesInWords = (attendees: readonly Attendee[]): string[] =>
  attendees
    .map(({ address, answer }) => `${address} ${answer}`)
    .sort()
    .slice(0, 100);

/** RFC 3339 without offset and with the zone's name, so that nine o'clock is the same nine o'clock. */
export function inWords({ localMs, isDate, zone }: Moment): string {
  const text = new Date(localMs).toISOString();
  if (isDate) return text.slice(0, 10);
  return zone === utc ? text.replace('.000Z', 'Z') : `${text.slice(0, 19)}${zone === null ? '' : `[${zone.name}]`}`;
}
