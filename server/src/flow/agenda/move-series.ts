import ICAL from 'ical.js';
import { FactotumError } from '#kernel';
import { type Appointment, type Moment, readAppointment } from './appointment.ts';
import { addTime, type NewTimes, printed, sequenceOf, stamp, tree, type Which } from './compose.ts';
import { expand, isSeries, keyOf } from './expand.ts';
import { readRule, recur } from './recur.ts';
import { type Shift, shiftedRule } from './shift-rule.ts';
import { localMsOf, type Zone } from './zone.ts';

interface Moving {
  readonly shift: Shift;
  /** What the series itself says, as it was. */
  readonly series: Appointment;
  /** The zone of the series: an hour later is an hour later on its clocks. */
  readonly zone: Zone;
  readonly here: Zone;
  readonly durationMs: number | null;
}

/**
 * The same object with the whole series at another time, the past included, its sequence one higher. Every time moves by as much, on the
 * clocks of the series' zone, as the one that is named, or the first. What is left out or called off moves along, and so does what is
 * different in words alone. A time that somebody has put elsewhere stays where they put it.
 *
 * @throws FactotumError `agenda.conflict` where it is no series, has no such time, a rule that cannot be moved by as much, or where
 * somebody has put all later times elsewhere.
 */
export function movedSeries(ics: string, { occurrence, here, now }: Which, { start, durationMs }: NewTimes): string {
  const calendar = tree(ics);
  const events = calendar.getAllSubcomponents('vevent');
  const master = events.find((event) => !event.hasProperty('recurrence-id'));
  const series = master === undefined ? null : readAppointment(master, calendar);
  if (master === undefined || series === null || !isSeries(series))
    throw conflict('This is no series, or only single times of it are known.');
  if ((typeof start === 'string') !== series.start.isDate)
    throw conflict('A series of whole days is moved to another day, and one with times to another time.');
  const zone = series.start.zone ?? here;
  const fromMs = occurrence === null ? series.start.localMs : localOfNamed(series, occurrence, here);
  const ms = (typeof start === 'string' ? Date.parse(start) : zone.localOf(start)) - fromMs;
  const shift = { ms, days: dayOf(series.start.localMs + ms) - dayOf(series.start.localMs) };
  const moving = { shift, series, zone, here, durationMs };
  moveRules(master, moving);
  for (const name of ['exdate', 'rdate'] as const) moveDates(master, name, moving);
  moveStart(master, series, series.start.localMs + ms, moving);
  for (const event of events) if (event !== master) moveException(event, calendar, moving);
  const sequence = 1 + Math.max(...events.map(sequenceOf));
  for (const event of events) {
    event.updatePropertyWithValue('sequence', sequence);
    stamp(event, now);
  }
  calendar.removeAllProperties('method');
  return calendar.toString();
}

const dayMs = 86_400_000;
const dayOf = (localMs: number): number => Math.floor(localMs / dayMs);
const conflict = (why: string) => new FactotumError('agenda.conflict', why);

/** When the named time would be without any exception, on the clocks of the series. */
function localOfNamed(series: Appointment, name: string, here: Zone): number {
  const atMs = series.start.isDate ? here.instantOf(Date.parse(name)) : Date.parse(name);
  const range = { fromMs: atMs, untilMs: atMs + 1, here };
  const found = expand({ uid: series.uid, master: series, overrides: [] }, range).occurrences.some(({ occurrence }) => occurrence === name);
  if (!found) throw conflict('This series has no such time.');
  return series.start.isDate ? Date.parse(name) : (series.start.zone ?? here).localOf(atMs);
}

function moveRules(event: ICAL.Component, { shift, series, zone }: Moving): void {
  if (series.unreadRules > 0) throw conflict('This series has a rule that is not understood here. Move single times of it.');
  for (const property of [...event.getAllProperties('rrule'), ...event.getAllProperties('exrule')]) {
    const before = String(property.getFirstValue());
    const after = shiftedRule(before, shift, zone);
    if (!isMoved(before, after, { shift, start: series.start, zone }))
      throw conflict(
        'The rule of this series names days or hours that cannot be moved by as much. Move it within the day, or move single times of it.',
      );
    property.setValue(ICAL.Recur.fromString(after));
  }
}

/** What is counted out to see whether two rules say the same, one of them later: leap years and every month's length lie in it. */
const comparedMs = 8 * 366 * dayMs;

/** Whether each time of the one rule is a time of the other, by as much later. */
function isMoved(before: string, after: string, { shift, start, zone }: { shift: Shift; start: Moment; zone: Zone }): boolean {
  const [old, now] = [readRule(before, start.isDate), readRule(after, start.isDate)];
  if (old === null || now === null) return false;
  const { localMs } = start;
  const was = recur(old, localMs, { fromMs: localMs, untilMs: localMs + comparedMs, zone }).times;
  const is = recur(now, localMs + shift.ms, { fromMs: localMs + shift.ms, untilMs: localMs + shift.ms + comparedMs, zone }).times;
  return was.length === is.length && was.every((ms, at) => is[at] === ms + shift.ms);
}

/** Days that are left out, and those that are there besides the rule. */
function moveDates(event: ICAL.Component, name: 'exdate' | 'rdate', moving: Moving): void {
  const values = event.getAllProperties(name).flatMap((property): unknown[] => property.getValues());
  const read = name === 'exdate' ? moving.series.exceptDates : moving.series.dates;
  if (values.length !== read.length || values.some((value) => value instanceof ICAL.Period))
    throw conflict('This series has days of its own that are not understood here. Move single times of it.');
  event.removeAllProperties(name);
  for (const moment of read) write(event, name, shifted(moment, moving), moment.isDate, moving.series);
}

/** One time of the series that is different. It goes by its time in the series, and stands at its own if it has one. */
function moveException(event: ICAL.Component, calendar: ICAL.Component, moving: Moving): void {
  const read = readAppointment(event, calendar);
  if (read === null || read.recurrence === null) throw conflict('One time of this series is not understood here. Move single times of it.');
  const { series, here, durationMs } = moving;
  const range = event.getFirstProperty('recurrence-id')?.getFirstParameter('range');
  const isAlong = movesAlong(read, here);
  if (typeof range === 'string' && !isAlong)
    throw conflict('From one of its times on somebody has put all later ones elsewhere. Move single times of it.');
  const toMs = shifted(read.recurrence, moving);
  event.removeAllProperties('recurrence-id');
  const property = write(event, 'recurrence-id', toMs, read.recurrence.isDate, series);
  if (typeof range === 'string') property.setParameter('range', range);
  if (!isAlong) return;
  const isAsLong = read.days === series.days && read.lastsMs === series.lastsMs;
  moveStart(event, read, toMs, { ...moving, durationMs: isAsLong ? durationMs : null });
}

/** Whether one time of a series that is different stands where the series has it, and so moves along with it. */
export const movesAlong = ({ start, recurrence }: Appointment, here: Zone): boolean =>
  recurrence !== null && keyOf(start, here) === keyOf(recurrence, here);

/** On the clocks of the series; whole days by whole days. */
const shifted = ({ localMs, isDate, zone }: Moment, { shift, zone: own, here }: Moving): number =>
  isDate ? localMs + shift.days * dayMs : own.localOf((zone ?? here).instantOf(localMs)) + shift.ms;

/** Puts an event to another time, as long as it was or as is asked. A length in so many words stays in these. */
function moveStart(event: ICAL.Component, { start, days, lastsMs }: Appointment, toMs: number, moving: Moving): void {
  const { series, zone, durationMs } = moving;
  moveAlarms(event, moving);
  event.removeAllProperties('dtstart');
  write(event, 'dtstart', toMs, start.isDate, series);
  if (durationMs === null && event.hasProperty('duration')) return;
  const hadEnd = event.hasProperty('dtend') || durationMs !== null;
  for (const name of ['dtend', 'duration']) event.removeAllProperties(name);
  if (!hadEnd) return;
  const endMs = start.isDate
    ? toMs + (durationMs === null ? days : Math.max(1, Math.round(durationMs / dayMs))) * dayMs
    : zone.localOf(zone.instantOf(toMs) + (durationMs ?? lastsMs));
  write(event, 'dtend', endMs, start.isDate, series);
}

/** Alarms at an instant, which is written in UTC (RFC 5545, section 3.8.6.3). All others are counted from the start or end. */
function moveAlarms(event: ICAL.Component, { shift, zone }: Moving): void {
  for (const alarm of event.getAllSubcomponents('valarm')) {
    const trigger = alarm.getFirstProperty('trigger');
    const atMs = localMsOf(trigger?.getFirstValue());
    if (atMs !== null) trigger?.setValue(ICAL.Time.fromDateTimeString(printed(zone.instantOf(zone.localOf(atMs) + shift.ms))));
  }
}

/** As the start of the series is written: in its zone, in UTC, or wherever one is. */
function write(event: ICAL.Component, name: string, localMs: number, isDate: boolean, { start, tzid }: Appointment): ICAL.Property {
  const local = new Date(localMs).toISOString().slice(0, isDate ? 10 : 19);
  if (isDate || start.zone === null || (tzid !== null && start.zone.name !== 'UTC'))
    return addTime(event, name, local, isDate ? null : tzid);
  return addTime(event, name, printed(start.zone.instantOf(localMs)), null);
}
