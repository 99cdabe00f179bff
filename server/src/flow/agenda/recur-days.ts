/** The parts of a rule that choose days and times. Empty lists choose nothing by themselves. */
export interface CandidateRule {
  readonly bySecond: readonly number[];
  readonly byMinute: readonly number[];
  readonly byHour: readonly number[];
  /** `place` 0: every such day; else the first, second, or last (-1) of the month or year. */
  readonly byDay: readonly { readonly weekday: number; readonly place: number }[];
  readonly byMonthDay: readonly number[];
  readonly byYearDay: readonly number[];
  readonly byWeekNo: readonly number[];
  readonly byMonth: readonly number[];
  readonly weekStart: number;
}

const dayMs = 86_400_000;

/**
 * The days (UTC midnights of local time) that a period gives, ascending: all its days, less those that a part of the rule leaves out
 * (the table in RFC 5545, section 3.3.10). What no part of the rule says is taken from the start.
 */
export function daysOf(rule: CandidateRule, freq: string, startMs: number, beginMs: number): number[] {
  const begin = new Date(beginMs);
  const [year, month] = [begin.getUTCFullYear(), begin.getUTCMonth()];
  const first = Math.floor(beginMs / dayMs) * dayMs;
  const filled = fromStart(rule, freq, startMs);
  if (freq === 'YEARLY' && rule.byWeekNo.length > 0) return weeksOf(filled, year).filter((day) => fits(filled, freq, day));
  const length = { YEARLY: isLeap(year) ? 366 : 365, MONTHLY: monthLength(year, month), WEEKLY: 7 }[freq] ?? 1;
  return Array.from({ length }, (_, at) => first + at * dayMs).filter((day) => fits(filled, freq, day));
}

/** The times of the day, in milliseconds, that a period gives. Below a day the period itself is one time, if its parts fit. */
export function timesOf(rule: CandidateRule, freq: string, startMs: number, beginMs: number): number[] {
  const start = new Date(startMs);
  const begin = new Date(beginMs);
  const isBelow = (...units: string[]) => units.includes(freq);
  const part = (by: readonly number[], own: number, ofStart: number, isOwn: boolean): readonly number[] => {
    if (isOwn) return by.length === 0 || by.includes(own) ? [own] : [];
    return by.length === 0 ? [ofStart] : by;
  };
  const hours = part(rule.byHour, begin.getUTCHours(), start.getUTCHours(), isBelow('HOURLY', 'MINUTELY', 'SECONDLY'));
  const minutes = part(rule.byMinute, begin.getUTCMinutes(), start.getUTCMinutes(), isBelow('MINUTELY', 'SECONDLY'));
  const seconds = part(rule.bySecond, begin.getUTCSeconds(), start.getUTCSeconds(), isBelow('SECONDLY'));
  return hours.flatMap((hour) => minutes.flatMap((minute) => seconds.map((second) => (hour * 3_600 + minute * 60 + second) * 1_000)));
}

/** The rule with the month, day or weekday of the start, where it says none. */
function fromStart(rule: CandidateRule, freq: string, startMs: number): CandidateRule {
  const start = new Date(startMs);
  const { byDay, byMonth, byMonthDay, byWeekNo, byYearDay } = rule;
  if (byDay.length > 0 || byMonthDay.length > 0 || byYearDay.length > 0) return rule;
  const weekday = [{ weekday: start.getUTCDay(), place: 0 }];
  if (freq === 'WEEKLY' || byWeekNo.length > 0) return { ...rule, byDay: weekday };
  if (freq === 'MONTHLY') return { ...rule, byMonthDay: [start.getUTCDate()] };
  if (freq !== 'YEARLY') return rule;
  return { ...rule, byMonth: byMonth.length > 0 ? byMonth : [start.getUTCMonth() + 1], byMonthDay: [start.getUTCDate()] };
}

function fits({ byDay, byMonth, byMonthDay, byYearDay }: CandidateRule, freq: string, dayAt: number): boolean {
  const date = new Date(dayAt);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (byMonth.length > 0 && !byMonth.includes(month + 1)) return false;
  if (byMonthDay.length > 0 && !byMonthDay.includes(day) && !byMonthDay.includes(day - monthLength(year, month) - 1)) return false;
  if (byYearDay.length > 0) {
    const place = (dayAt - Date.UTC(year, 0, 1)) / dayMs + 1;
    if (!byYearDay.includes(place) && !byYearDay.includes(place - (isLeap(year) ? 366 : 365) - 1)) return false;
  }
  return byDay.length === 0 || byDay.some((one) => isWeekday(one, { freq, inMonths: byMonth.length > 0 }, date));
}

/** Whether a day is such a weekday, and the right one of its month or year where a place is said. */
function isWeekday(
  { weekday, place }: CandidateRule['byDay'][number],
  { freq, inMonths }: { freq: string; inMonths: boolean },
  date: Date,
): boolean {
  if (date.getUTCDay() !== weekday) return false;
  if (place === 0 || (freq !== 'MONTHLY' && freq !== 'YEARLY')) return true;
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const isYear = freq === 'YEARLY' && !inMonths;
  const length = isYear ? (isLeap(year) ? 366 : 365) : monthLength(year, month);
  const at = isYear ? (date.getTime() - Date.UTC(year, 0, 1)) / dayMs : date.getUTCDate() - 1;
  return place > 0 ? Math.floor(at / 7) + 1 === place : Math.floor((length - 1 - at) / 7) + 1 === -place;
}

/** The days of the weeks with these numbers. Week 1 is the first with at least four days in the year. */
function weeksOf({ byWeekNo, weekStart }: CandidateRule, year: number): number[] {
  const firstOf = (of: number): number => {
    const fourth = Date.UTC(of, 0, 4);
    return fourth - ((new Date(fourth).getUTCDay() - weekStart + 7) % 7) * dayMs;
  };
  const weeks = Math.round((firstOf(year + 1) - firstOf(year)) / (7 * dayMs));
  const numbers = new Set(
    byWeekNo.map((number) => (number > 0 ? number : weeks + number + 1)).filter((number) => number >= 1 && number <= weeks),
  );
  return [...numbers]
    .sort((a, b) => a - b)
    .flatMap((number) => Array.from({ length: 7 }, (_, day) => firstOf(year) + ((number - 1) * 7 + day) * dayMs));
}

const isLeap = (year: number): boolean => monthLength(year, 1) === 29;
const monthLength = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
