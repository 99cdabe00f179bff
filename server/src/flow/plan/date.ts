import { instantOf, isDay, isoDate, localDate, type WallTime } from '#kernel';

/** How a tenant writes dates: in which zone a time without one is meant, and whether 03/04 is April or March. */
export interface DateHabits {
  /** IANA name such as Europe/Berlin. */
  readonly timeZone: string;
  /** BCP 47 tag such as en-GB. */
  readonly locale: string;
}

/** One date in a text, with the time of day if one stands beside it and the zone if one is written. */
interface Moment {
  readonly day: Pick<WallTime, 'year' | 'month' | 'day'>;
  readonly time: { readonly hour: number; readonly minute: number; readonly second: number } | undefined;
  /** Minutes east of Greenwich. */
  readonly offsetMin: number | undefined;
}

/** Every day named in a text, as YYYY-MM-DD in the tenant's zone. Days that do not exist, and dates without a year, are left out. */
export function findDates(text: string, habits: DateHabits): string[] {
  return findMoments(text, habits).map((moment) =>
    moment.time === undefined || moment.offsetMin === undefined
      ? isoDate(moment.day)
      : localDate(instantFor(moment, moment.time, habits), habits.timeZone),
  );
}

/** Every day with a time of day, as an instant: 2026-12-21T13:30:00Z. */
export function findDatetimes(text: string, habits: DateHabits): string[] {
  return findMoments(text, habits).flatMap((moment) =>
    moment.time === undefined ? [] : [instantFor(moment, moment.time, habits).toISOString().replace('.000Z', 'Z')],
  );
}

function instantFor({ day, offsetMin }: Moment, time: NonNullable<Moment['time']>, habits: DateHabits): Date {
  if (offsetMin === undefined) return instantOf({ ...day, ...time }, habits.timeZone);
  return new Date(Date.UTC(day.year, day.month - 1, day.day, time.hour, time.minute, time.second) - offsetMin * 60_000);
}

// Every repetition below is bounded and every pattern is anchored by digits or a position, so the time is linear in the text.
const ordinal = '(?:st|nd|rd|th|er|\\.|º)?';
const word = '\\p{L}{3,12}';
const datePattern = new RegExp(
  [
    '(?<y1>\\d{4})(?<s1>[-/.])(?<m1>\\d{1,2})\\k<s1>(?<d1>\\d{1,2})',
    '(?<a>\\d{1,2})(?<s2>[./-]) ?(?<b>\\d{1,2})\\k<s2> ?(?<y2>\\d{4}|\\d{2})',
    `(?<d3>\\d{1,2})${ordinal}[ \\u00a0-](?:of |de )?(?<m3>${word})\\.?,?[ \\u00a0-](?:de )?(?<y3>\\d{4})`,
    `(?<m4>${word})\\.? (?<d4>\\d{1,2})${ordinal},? (?<y4>\\d{4})`,
  ]
    .map((form) => `(?:${form})`)
    .join('|')
    .replace(/^/, '(?<![\\p{L}\\p{N}./-])(?:')
    .concat(')(?!\\p{N}|[./-]\\d|(?!T\\d)\\p{L})'),
  'gu',
);
const zonePattern = '(?: ?(?<zone>Z|UTC|GMT|[+-]\\d{2}:?\\d{2}))?';
// 5.00 beside a date is more often a price than a time, so with a point the time must say that it is one.
const clockPattern =
  '(?<hour>\\d{1,2})(?:(?:[:h]|\\.(?=\\d{2} ?(?:Uhr|[ap]\\.?m)))(?<minute>\\d{2})(?::(?<second>\\d{2})(?:\\.\\d{1,9})?)?)? ?(?<half>[ap]\\.?m\\b\\.?)?(?: ?(?:Uhr|Uhr\\.|h)\\b)?';
const timeAfter = new RegExp(
  `^(?:T|,?[ \\u00a0]?(?:at |um |à |às |alle |a las |om |from |von |@ ?|[-–] ?)?)${clockPattern}${zonePattern}(?!\\d)`,
  'iu',
);
const timeBefore = new RegExp(
  `(?<![\\d.:])${clockPattern}${zonePattern},? (?:on |am |le |on the |el )?(?:\\p{L}{2,12},? )?(?:the )?$`,
  'iu',
);

function findMoments(text: string, habits: DateHabits): Moment[] {
  const found: Moment[] = [];
  for (const match of text.matchAll(datePattern)) {
    const day = dayOf(match.groups ?? {}, habits);
    if (day === undefined || !isDay(day)) continue;
    const end = match.index + match[0].length;
    const beside = timeAfter.exec(text.slice(end, end + 60)) ?? timeBefore.exec(text.slice(Math.max(0, match.index - 60), match.index));
    const time = timeOf(beside?.groups ?? {});
    found.push({ day, time, offsetMin: time === undefined ? undefined : offsetOf(beside?.groups?.zone) });
  }
  return found;
}

type Groups = Readonly<Record<string, string | undefined>>;

function dayOf({ y1, m1, d1, a, b, y2, d3, m3, y3, m4, d4, y4, s2 }: Groups, { locale }: DateHabits): Moment['day'] | undefined {
  if (y1 !== undefined) return { year: Number(y1), month: Number(m1), day: Number(d1) };
  if (a !== undefined && b !== undefined && y2 !== undefined) {
    const year = y2.length === 2 ? 2000 + Number(y2) : Number(y2);
    // Only slashes are ever written month first: by those who always do so, or where nothing else gives a date.
    const monthFirst = s2 === '/' && (Number(b) > 12 || (Number(a) <= 12 && isMonthFirst(locale)));
    return monthFirst ? { year, month: Number(a), day: Number(b) } : { year, month: Number(b), day: Number(a) };
  }
  const month = monthNames().get((m3 ?? m4 ?? '').toLowerCase());
  return month === undefined ? undefined : { year: Number(y3 ?? y4), month, day: Number(d3 ?? d4) };
}

function timeOf({ hour, minute, second, half }: Groups): Moment['time'] {
  // A bare number beside a date is a time only with am or pm.
  if (hour === undefined || (minute === undefined && half === undefined)) return undefined;
  const written = Number(hour);
  if (half !== undefined && (written < 1 || written > 12)) return undefined;
  const base = half === undefined ? written : written % 12;
  const time = { hour: /^p/i.test(half ?? '') ? base + 12 : base, minute: Number(minute ?? 0), second: Number(second ?? 0) };
  return time.hour > 23 || time.minute > 59 || time.second > 59 ? undefined : time;
}

function offsetOf(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  return hours === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** Names and abbreviations of months in the languages our users write, without a final point. The first language to claim a word keeps it. */
function monthNames(): ReadonlyMap<string, number> {
  if (knownMonths !== undefined) return knownMonths;
  const names = new Map<string, number>([['sept', 9]]);
  for (const language of ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt'])
    for (const month of ['long', 'short'] as const) {
      const formatter = new Intl.DateTimeFormat(language, { month, day: 'numeric', timeZone: 'UTC' });
      for (let index = 0; index < 12; index += 1) {
        const part = formatter
          .formatToParts(Date.UTC(2026, index, 15))
          .find(({ type }) => type === 'month')
          ?.value.toLowerCase();
        const name = part?.replace(/\.$/, '');
        if (name !== undefined && !names.has(name)) names.set(name, index + 1);
      }
    }
  knownMonths = names;
  return names;
}
/** Made at first use: asking the runtime for seven languages takes 60 ms. */
let knownMonths: ReadonlyMap<string, number> | undefined;

/** Whether the locale writes the month before the day in a numeric date, as en-US does. */
function isMonthFirst(locale: string): boolean {
  if (!Intl.DateTimeFormat.supportedLocalesOf([locale]).includes(locale)) return false;
  const order = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'numeric', year: 'numeric' })
    .formatToParts(0)
    .map(({ type }) => type);
  return order.indexOf('month') < order.indexOf('day');
}
