import { type CandidateRule, daysOf, timesOf } from './recur-days.ts';

const freqs = ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

/** A recurrence rule (RFC 5545, section 3.3.10). Weekdays count from 0, Sunday. */
export interface RecurRule extends CandidateRule {
  readonly freq: (typeof freqs)[number];
  readonly interval: number;
  readonly count: number | null;
  /** The last moment: an instant where the rule says so in UTC, else local milliseconds. */
  readonly until: { readonly ms: number; readonly isInstant: boolean } | null;
  readonly bySetPos: readonly number[];
}

interface Range {
  /** Local milliseconds, both included. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** What an UNTIL in UTC is read in. */
  readonly zone: { localOf(instantMs: number): number };
  /** What it may cost, where it is one of several rules. */
  readonly steps?: number;
}

export interface Recurred {
  /** Local milliseconds, ascending. */
  readonly times: number[];
  /** false: the rule asks for more than is counted, and the rest is not here. */
  readonly complete: boolean;
}

/**
 * What one rule may cost. A rule can ask for every second for ever, or for a day that never comes, so what it asks for is counted and not
 * waited for: 100,000 periods, days looked at and candidates take about 100 ms.
 */
export const recurLimits = { steps: 100_000, times: 5_000 };

const dayMs = 86_400_000;
const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** Reads the text of a rule. @param isDate - the series is of whole days. @returns null for what is no rule, or one that nobody understands. */
export function readRule(text: string, isDate: boolean): RecurRule | null {
  const parts = new Map(text.split(';').map((part) => [part.split('=')[0]?.trim().toUpperCase() ?? '', part.split('=')[1]?.trim() ?? '']));
  const freq = freqs.find((one) => one === parts.get('FREQ')?.toUpperCase());
  // A calendar that is not the Gregorian one has other months.
  if (freq === undefined || parts.has('RSCALE')) return null;
  const interval = Number(parts.get('INTERVAL') ?? 1);
  const count = parts.has('COUNT') ? Number(parts.get('COUNT')) : null;
  const until = parts.has('UNTIL') ? readUntil(parts.get('UNTIL') ?? '') : null;
  const numbers = (name: string, least: number, most: number) => listOf(parts.get(name), least, most);
  const rule = {
    bySecond: numbers('BYSECOND', 0, 60),
    byMinute: numbers('BYMINUTE', 0, 59),
    byHour: numbers('BYHOUR', 0, 23),
    byMonthDay: numbers('BYMONTHDAY', -31, 31),
    byYearDay: numbers('BYYEARDAY', -366, 366),
    byWeekNo: numbers('BYWEEKNO', -53, 53),
    byMonth: numbers('BYMONTH', 1, 12),
    bySetPos: numbers('BYSETPOS', -366, 366),
    byDay: byDayOf(parts.get('BYDAY')),
    weekStart: Math.max(0, weekdays.indexOf((parts.get('WKST') ?? 'MO').toUpperCase())),
  };
  const { bySecond, byMinute, byHour, byMonthDay, byYearDay, byWeekNo, byMonth, bySetPos, byDay, weekStart } = rule;
  if (!Number.isSafeInteger(interval) || interval < 1 || interval > 1_000_000) return null;
  if (count !== null && (!Number.isSafeInteger(count) || count < 1)) return null;
  if (parts.has('UNTIL') && until === null) return null;
  if (!bySecond || !byMinute || !byHour || !byMonthDay || !byYearDay || !byWeekNo || !byMonth || !bySetPos || !byDay) return null;
  const times = isDate ? { bySecond: [], byMinute: [], byHour: [] } : { bySecond: bySecond.map((s) => Math.min(s, 59)), byMinute, byHour };
  return { freq, interval, count, until, bySetPos, byMonthDay, byYearDay, byWeekNo, byMonth, byDay, weekStart, ...times };
}

/**
 * The times of a rule within a range, the start among them only where the rule itself gives it. Works on local time, so that nine o'clock
 * stays nine o'clock; clock changes are the business of whoever makes instants of it.
 */
export function recur(rule: RecurRule, startMs: number, { fromMs, untilMs, zone, steps: stepsMax = recurLimits.steps }: Range): Recurred {
  const lastMs = Math.min(untilMs, rule.until === null ? Infinity : rule.until.isInstant ? zone.localOf(rule.until.ms) : rule.until.ms);
  const times: number[] = [];
  let given = 0;
  let steps = 0;
  const cost = periodCost(rule);
  // What counts has to be counted from the start; all else may begin shortly before the range.
  let index = rule.count === null ? Math.max(0, periodsBefore(rule, startMs, fromMs)) : 0;
  for (; steps < stepsMax; index += 1) {
    const beginMs = periodAt(rule, startMs, index);
    // The first week of a year can begin in the year before.
    if (beginMs - (rule.byWeekNo.length > 0 ? 7 * dayMs : 0) > lastMs) return { times, complete: true };
    const skipTo = skipDay(rule, startMs, index, beginMs);
    if (skipTo !== null) {
      steps += cost;
      index = skipTo - 1;
      continue;
    }
    const found = candidates(rule, startMs, beginMs, stepsMax - steps);
    if (found === null) return { times, complete: false };
    steps += cost + found.length;
    for (const at of found) {
      if (at < startMs) continue;
      if (at > lastMs) return { times, complete: true };
      given += 1;
      if (at >= fromMs) times.push(at);
      if (given === rule.count) return { times, complete: true };
      if (times.length >= recurLimits.times) return { times, complete: false };
    }
  }
  return { times, complete: false };
}

const daysIn: Readonly<Record<string, number>> = { YEARLY: 366, MONTHLY: 31, WEEKLY: 7 };

/** What looking at one period costs, whether it gives anything or not: each of its days is compared with each weekday of the rule. */
const periodCost = ({ freq, byDay }: RecurRule): number => (daysIn[freq] ?? 1) * (1 + byDay.length / 10);

/** Everything that one period gives, in order; null when it would be too much to look at. */
function candidates(rule: RecurRule, startMs: number, beginMs: number, most: number): number[] | null {
  const days = daysOf(rule, rule.freq, startMs, beginMs);
  const times = timesOf(rule, rule.freq, startMs, beginMs);
  if (days.length * times.length > most) return null;
  const all = days.flatMap((day) => times.map((time) => day + time));
  if (rule.bySetPos.length === 0) return all;
  const chosen = rule.bySetPos.map((place) => all[place > 0 ? place - 1 : all.length + place]).filter((at) => at !== undefined);
  return [...new Set(chosen)].sort((a, b) => a - b);
}

const unitMs = { SECONDLY: 1_000, MINUTELY: 60_000, HOURLY: 3_600_000, DAILY: dayMs, WEEKLY: 7 * dayMs };

/** Where period number `index` begins: for those below a day the very moment, else the first of its days. */
function periodAt(rule: RecurRule, startMs: number, index: number): number {
  const start = new Date(startMs);
  const steps = index * rule.interval;
  switch (rule.freq) {
    case 'YEARLY':
      return Date.UTC(start.getUTCFullYear() + steps, 0, 1);
    case 'MONTHLY':
      return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + steps, 1);
    case 'WEEKLY':
      return floorDay(startMs) - ((start.getUTCDay() - rule.weekStart + 7) % 7) * dayMs + steps * 7 * dayMs;
    case 'DAILY':
      return floorDay(startMs) + steps * dayMs;
    default: {
      const unit = unitMs[rule.freq];
      return Math.floor(startMs / unit) * unit + steps * unit;
    }
  }
}

/** How many periods surely end before the range begins. */
function periodsBefore(rule: RecurRule, startMs: number, fromMs: number): number {
  const unit = rule.freq === 'YEARLY' ? 366 * dayMs : rule.freq === 'MONTHLY' ? 31 * dayMs : unitMs[rule.freq];
  const periods = Math.floor((fromMs - startMs) / (unit * rule.interval)) - 2;
  return Number.isFinite(periods) ? periods : 0;
}

/** Of a rule below a day, the first period of the next day where nothing of this day fits; null where something does. */
function skipDay(rule: RecurRule, startMs: number, index: number, beginMs: number): number | null {
  if (rule.freq !== 'SECONDLY' && rule.freq !== 'MINUTELY' && rule.freq !== 'HOURLY') return null;
  if (daysOf(rule, rule.freq, startMs, beginMs).length > 0) return null;
  const step = unitMs[rule.freq] * rule.interval;
  return index + Math.max(1, Math.ceil((floorDay(beginMs) + dayMs - beginMs) / step));
}

const floorDay = (ms: number): number => Math.floor(ms / dayMs) * dayMs;

function listOf(text: string | undefined, least: number, most: number): number[] | null {
  if (text === undefined) return [];
  const numbers = [...new Set(text.split(',').map(Number))];
  const isFine =
    numbers.length <= 400 && numbers.every((one) => Number.isSafeInteger(one) && one >= least && one <= most && (least >= 0 || one !== 0));
  return isFine ? numbers.sort((a, b) => a - b) : null;
}

function byDayOf(text: string | undefined): RecurRule['byDay'] | null {
  if (text === undefined) return [];
  const days = text.split(',').map((one) => {
    const [, place = '', name = ''] = /^([+-]?\d{1,2})?(SU|MO|TU|WE|TH|FR|SA)$/i.exec(one.trim()) ?? [];
    const weekday = weekdays.indexOf(name.toUpperCase());
    return weekday < 0 || Number(place) > 53 || Number(place) < -53 ? null : { weekday, place: Number(place) };
  });
  return days.length > 400 || days.includes(null) ? null : days.filter((day) => day !== null);
}

/** Also with the dashes that ical.js writes. */
function readUntil(text: string): RecurRule['until'] {
  const [, year, month, day, hour, minute, second, z] = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2})(Z)?)?$/i.exec(text) ?? [];
  if (year === undefined) return null;
  const atDay = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // A day alone ends with the day.
  if (hour === undefined) return { ms: atDay + dayMs - 1_000, isInstant: false };
  return { ms: atDay + (Number(hour) * 3_600 + Number(minute) * 60 + Number(second)) * 1_000, isInstant: z !== undefined };
}
