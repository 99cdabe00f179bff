/** Wall-clock time in some time zone, as a person writes it. Months are 1 to 12. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/**
 * The instant at which clocks in that zone show this time. A time that a clock change skips moves forward by the skipped span;
 * one that happens twice means the first.
 */
export function instantOf(wall: WallTime, timeZone: string): Date {
  const asUtcMs = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
  // Offsets change by hours at most, so those of a day before and after cover every candidate.
  const dayMs = 86_400_000;
  const before = asUtcMs - offsetMs(asUtcMs - dayMs, timeZone);
  const after = asUtcMs - offsetMs(asUtcMs + dayMs, timeZone);
  const exact = [before, after].filter((candidate) => candidate + offsetMs(candidate, timeZone) === asUtcMs);
  return new Date(exact.length > 0 ? Math.min(...exact) : before);
}

/** The day of an instant in that zone, as YYYY-MM-DD. */
export const localDate = (instant: Date, timeZone: string): string => {
  const { year, month, day } = wallTimeOf(instant.getTime(), timeZone);
  return isoDate({ year, month, day });
};

/** YYYY-MM-DD. */
export const isoDate = ({ year, month, day }: Pick<WallTime, 'year' | 'month' | 'day'>): string =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

/** Whether there is such a day: the 31st of February is not one. */
export function isDay({ year, month, day }: Pick<WallTime, 'year' | 'month' | 'day'>): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1900 && year <= 2200 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function offsetMs(atMs: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = wallTimeOf(atMs, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1_000) * 1_000;
}

/** What clocks in that zone show at an instant, in milliseconds since the epoch. */
export function wallTimeOf(atMs: number, timeZone: string): WallTime {
  const part = Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
  return { year, month, day, hour, minute, second };
}

/** Building a formatter takes 50 times as long as using it; there are about 420 zones, so the map stays small. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(timeZone, made);
  return made;
}
