import type { Appointment, Moment } from './appointment.ts';
import type { Series } from './read.ts';
import { recur, recurLimits } from './recur.ts';
import type { Zone } from './zone.ts';

/** One time at which something takes place. */
export interface Occurrence {
  readonly startMs: number;
  readonly endMs: number;
  readonly allDay: boolean;
  /** Which of a series, by the time it would have had without exception: RFC 3339, or a date for whole days. Null for what is no series. */
  readonly occurrence: string | null;
  readonly appointment: Appointment;
}

interface Range {
  readonly fromMs: number;
  readonly untilMs: number;
  /** What times without a zone, and whole days, are read in. */
  readonly here: Zone;
}

export interface Expanded {
  readonly occurrences: Occurrence[];
  /** false: a rule asks for more than is counted, or is not understood, and there are times that are not here. */
  readonly complete: boolean;
}

const dayMs = 86_400_000;

/** The times of a series that touch the range, cancelled ones among them, by their start. */
export function expand({ master, overrides }: Series, range: Range): Expanded {
  const replaced = new Map(overrides.map((one) => [keyOf(one.recurrence ?? one.start, range.here), one]));
  const own = master === null ? { occurrences: [], complete: true } : timesOf(master, range, replaced);
  const moved = overrides.map((one): Occurrence => at(one, one.start, range.here, keyOf(one.recurrence ?? one.start, range.here)));
  return {
    occurrences: [...own.occurrences, ...moved].filter((one) => touches(one, range)).sort((a, b) => a.startMs - b.startMs),
    complete: own.complete,
  };
}

/** How a time of a series is called: the day for whole days, else the instant. */
export const keyOf = ({ localMs, isDate, zone }: Moment, here: Zone): string =>
  isDate ? new Date(localMs).toISOString().slice(0, 10) : new Date((zone ?? here).instantOf(localMs)).toISOString();

/** Whether it takes place more than once. */
export const isSeries = ({ rules, dates }: Appointment): boolean => rules.length > 0 || dates.length > 0;

function timesOf(master: Appointment, range: Range, replaced: ReadonlyMap<string, Appointment>): Expanded {
  const { start, rules, exceptRules, dates, exceptDates } = master;
  if (!isSeries(master)) return { occurrences: [at(master, start, range.here, null)], complete: master.unreadRules === 0 };
  const zone = start.isDate ? range.here : (start.zone ?? range.here);
  // What began before the range may reach into it.
  const reachMs = master.days * dayMs + master.lastsMs + 2 * dayMs;
  // Many rules together may cost what one may.
  const steps = recurLimits.steps / (rules.length + exceptRules.length);
  const span = { fromMs: zone.localOf(range.fromMs) - reachMs, untilMs: zone.localOf(range.untilMs) + dayMs, zone, steps };
  const recurred = rules.map((rule) => recur(rule, start.localMs, span));
  const except = exceptRules.map((rule) => recur(rule, start.localMs, span));
  const moments = new Map<string, Moment>();
  const add = (moment: Moment) => moments.set(keyOf(moment, range.here), moment);
  // The start is the first time of a series whatever its rule says (RFC 5545, section 3.8.5.3).
  for (const moment of [start, ...dates, ...recurred.flatMap(({ times }) => times.map((localMs) => ({ ...start, localMs })))]) add(moment);
  for (const localMs of except.flatMap(({ times }) => times)) moments.delete(keyOf({ ...start, localMs }, range.here));
  for (const moment of exceptDates) for (const key of keysExcepted(moment, moments, range.here)) moments.delete(key);
  for (const key of replaced.keys()) moments.delete(key);
  return {
    occurrences: [...moments].map(([key, moment]) => at(master, moment, range.here, key)),
    complete: master.unreadRules === 0 && [...recurred, ...except].every(({ complete }) => complete) && moments.size <= recurLimits.times,
  };
}

/** A date leaves out whatever begins on that day, as some programs write it for series that are not of whole days. */
function keysExcepted(moment: Moment, moments: ReadonlyMap<string, Moment>, here: Zone): string[] {
  const key = keyOf(moment, here);
  if (!moment.isDate || moments.has(key)) return [key];
  return [...moments].flatMap(([other, { localMs }]) => (Math.floor(localMs / dayMs) * dayMs === moment.localMs ? [other] : []));
}

function at(appointment: Appointment, { localMs, isDate, zone }: Moment, here: Zone, occurrence: string | null): Occurrence {
  const where = zone ?? here;
  const startMs = where.instantOf(localMs);
  const endMs = where.instantOf(localMs + appointment.days * dayMs) + appointment.lastsMs;
  return { startMs, endMs, allDay: isDate, occurrence, appointment };
}

/** What has no length touches a range that it lies in. */
const touches = ({ startMs, endMs }: Occurrence, { fromMs, untilMs }: Range): boolean =>
  startMs < untilMs && (endMs > fromMs || (startMs === endMs && startMs >= fromMs));

/** The days between which all of a series takes place, a day around it for whoever reads it in another zone. `last` null: no end is known. */
export function spanOf({ master, overrides }: Series): { first: string; last: string | null } {
  const all = [...(master === null ? [] : [master]), ...overrides];
  const starts = all.flatMap((one) => [one.start, ...one.dates].map(({ localMs }) => localMs));
  const longestMs = Math.max(0, ...all.map(({ days, lastsMs }) => days * dayMs + lastsMs));
  const rules = master?.rules ?? [];
  const isCounted = rules.some(({ until, count }) => until === null && count !== null);
  const countedMs = isCounted ? countedEnd(master) : -Infinity;
  const ends = rules.map(({ until, count }) => until?.ms ?? (count === null ? Infinity : countedMs));
  const lastMs = Math.max(...starts, ...ends) + longestMs + 2 * dayMs;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return { first: day(Math.min(...starts) - 2 * dayMs), last: lastMs < Date.UTC(9999, 0, 1) ? day(lastMs) : null };
}

/** Where a series that is counted ends; for ever where nobody wants to count that far. */
function countedEnd(master: Appointment | null): number {
  if (master === null) return Infinity;
  const steps = recurLimits.steps / master.rules.length;
  const found = master.rules
    .filter(({ count }) => count !== null)
    .map((rule) =>
      recur(rule, master.start.localMs, { fromMs: -Infinity, untilMs: Date.UTC(9999, 0, 1), zone: { localOf: (ms) => ms }, steps }),
    );
  return found.every(({ complete }) => complete)
    ? Math.max(master.start.localMs, ...found.flatMap(({ times }) => times.slice(-1)))
    : Infinity;
}
