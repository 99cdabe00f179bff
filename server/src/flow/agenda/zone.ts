import type ICAL from 'ical.js';
import { wallTimeOf } from '#kernel';
import { type RecurRule, readRule, recur } from './recur.ts';
import { windowsZones } from './windows-zones.ts';

/**
 * A time zone as calendars name it. Times in it are "local milliseconds": what `Date.UTC` says of what clocks there show, so that days and
 * hours can be counted without knowing of clock changes.
 */
export interface Zone {
  /** An IANA name, or what the calendar calls a zone that it describes itself. */
  readonly name: string;
  /** The instant, in milliseconds, at which clocks show this time. A time that a clock change skips moves forward by the skipped span; one that happens twice means the first. */
  instantOf(localMs: number): number;
  localOf(instantMs: number): number;
}

const dayMs = 86_400_000;

export const utc: Zone = { name: 'UTC', instantOf: (localMs) => localMs, localOf: (instantMs) => instantMs };

/** The zone with this offset from UTC at each instant. Offsets change by hours at most, so those of a day before and after cover every case. */
function zoneBy(name: string, offsetAt: (instantMs: number) => number): Zone {
  return {
    name,
    localOf: (instantMs) => instantMs + offsetAt(instantMs),
    instantOf(localMs) {
      const before = localMs - offsetAt(localMs - dayMs);
      const after = localMs - offsetAt(localMs + dayMs);
      const exact = [before, after].filter((candidate) => candidate + offsetAt(candidate) === localMs);
      return exact.length > 0 ? Math.min(...exact) : before;
    },
  };
}

const known = new Map<string, Zone | null>();
const namesMax = 2_000;

/** The zone of an IANA name in any case, or null. */
export function ianaZone(name: string): Zone | null {
  const kept = known.get(name);
  if (kept !== undefined) return kept;
  const made = makeIanaZone(name);
  // Names come from strangers, so what is not one is kept only so long as there are few.
  if (known.size < namesMax) known.set(name, made);
  return made;
}

function makeIanaZone(name: string): Zone | null {
  // Node takes offsets like +01:00 as names; they know no summer time.
  if (!/^[A-Za-z][A-Za-z0-9+_-]*(\/[A-Za-z0-9+_-]+){0,2}$/.test(name)) return null;
  let canonical: string;
  try {
    canonical = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
  if (canonical === 'UTC') return utc;
  return zoneBy(canonical, (instantMs) => {
    const { year, month, day, hour, minute, second } = wallTimeOf(instantMs, canonical);
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1_000) * 1_000;
  });
}

/**
 * What a TZID means: an IANA name, one of Windows, one with an IANA name at its end as some programs write it, or what the calendar says
 * itself in a VTIMEZONE. @returns null when nobody knows.
 */
export function zoneOf(tzid: string, described: ICAL.Component | null): Zone | null {
  const name = tzid.trim().replace(/^"|"$/g, '');
  const windows = windowsZones[name.toLowerCase()];
  const ending = /([A-Za-z_]+(?:\/[A-Za-z0-9_+-]+){1,2})$/.exec(name)?.[1];
  const location = described?.getFirstPropertyValue('x-lic-location');
  return (
    ianaZone(name) ??
    (windows === undefined ? null : ianaZone(windows)) ??
    (ending === undefined ? null : (ianaZone(ending) ?? ianaZone(ending.slice(ending.indexOf('/') + 1)))) ??
    (typeof location === 'string' ? ianaZone(location) : null) ??
    (described === null ? null : describedZone(name, described))
  );
}

interface Observance {
  readonly startMs: number;
  readonly offsetFromMs: number;
  readonly offsetToMs: number;
  readonly rules: readonly RecurRule[];
  readonly dates: readonly number[];
}

const observancesMax = 200;
/** RFC 5545, section 3.6.5: one; some programs write two. */
const rulesMax = 2;
/** What looking for the onsets of one rule may cost: seven years of days. */
const onsetSteps = 3_000;
/** Onsets are looked for this far back: rules of zones are yearly, so the one in force began within two years or stands as a date. */
const lookBackMs = 800 * dayMs;

function describedZone(name: string, component: ICAL.Component): Zone | null {
  const parts = [...component.getAllSubcomponents('standard'), ...component.getAllSubcomponents('daylight')];
  if (parts.length === 0 || parts.length > observancesMax) return null;
  const observances = parts.map(observanceOf).filter((one) => one !== null);
  const earliest = observances.toSorted((a, b) => a.startMs - b.startMs)[0];
  if (earliest === undefined) return null;
  const byMonth = new Map<number, readonly { readonly atMs: number; readonly offsetMs: number }[]>();
  const onsetsAround = (instantMs: number) => {
    const month = Math.floor(instantMs / (30 * dayMs));
    const kept = byMonth.get(month);
    if (kept !== undefined) return kept;
    const untilMs = (month + 2) * 30 * dayMs;
    const made = observances
      .flatMap((one) => onsetsOf(one, untilMs).map((localMs) => ({ atMs: localMs - one.offsetFromMs, offsetMs: one.offsetToMs })))
      .sort((a, b) => a.atMs - b.atMs);
    if (byMonth.size < 1_200) byMonth.set(month, made);
    return made;
  };
  return zoneBy(name, (instantMs) => onsetsAround(instantMs).findLast(({ atMs }) => atMs <= instantMs)?.offsetMs ?? earliest.offsetFromMs);
}

function onsetsOf({ startMs, rules, dates }: Observance, untilMs: number): number[] {
  const fixed = [startMs, ...dates].filter((at) => at <= untilMs);
  const ruled = rules.flatMap(
    (rule) => recur(rule, startMs, { fromMs: untilMs - lookBackMs, untilMs, zone: utc, steps: onsetSteps }).times,
  );
  return [...fixed, ...ruled];
}

function observanceOf(component: ICAL.Component): Observance | null {
  const start = localMsOf(component.getFirstPropertyValue('dtstart'));
  const offsetFromMs = offsetOf(component.getFirstPropertyValue('tzoffsetfrom'));
  const offsetToMs = offsetOf(component.getFirstPropertyValue('tzoffsetto'));
  if (start === null || offsetFromMs === null || offsetToMs === null) return null;
  const rules = component
    .getAllProperties('rrule')
    .slice(0, rulesMax)
    .map((property) => readRule(String(property.getFirstValue() ?? ''), false))
    .filter((rule) => rule !== null && rule.freq === 'YEARLY');
  const dates = component
    .getAllProperties('rdate')
    .slice(0, 1_000)
    .flatMap((property) => property.getValues().map(localMsOf))
    .filter((at) => at !== null);
  return { startMs: start, offsetFromMs, offsetToMs, rules: rules.filter((rule) => rule !== null), dates };
}

/** A UTC-OFFSET value in milliseconds, or null. */
function offsetOf(value: unknown): number | null {
  const [, sign, hours, minutes, seconds = '0'] = /^([+-])(\d{2}):?(\d{2})(?::?(\d{2}))?$/.exec(String(value ?? '')) ?? [];
  if (sign === undefined || Number(hours) > 24) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
}

/** What a date or time of ical.js says, as local milliseconds, or null where it is none. */
export function localMsOf(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || !('year' in value) || !('month' in value) || !('day' in value)) return null;
  const part = (name: string): number => Number(Reflect.get(value, name) ?? 0);
  const ms = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  // Years before 100 are read as of the 20th century by Date.UTC, and those beyond 9999 no calendar shows.
  return Number.isNaN(ms) || part('year') < 1_000 || part('year') > 9_999 ? null : ms;
}
