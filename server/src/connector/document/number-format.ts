/** What a number means by the format of its cell: a count of days, shown as a date, a time of day, both, or how long something takes. */
export type DateFormat = 'date' | 'time' | 'datetime' | 'duration' | null;

/** Formats that need no code in a workbook (ECMA-376 part 1, 18.8.30), among them those of East Asian editions. */
const dateIds = new Set([14, 15, 16, 17, 27, 28, 29, 30, 31, 34, 35, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58]);
const timeIds = new Set([18, 19, 20, 21, 32, 33, 45, 47]);

export function dateFormatOf(format: string | number): DateFormat {
  if (typeof format === 'number')
    return dateIds.has(format) ? 'date' : timeIds.has(format) ? 'time' : format === 22 ? 'datetime' : format === 46 ? 'duration' : null;
  const [positive = ''] = format.slice(0, 300).split(';');
  if (/\[(?:h+|m+|s+)\]/i.test(positive)) return 'duration';
  // Without what is shown as it stands: quoted text, escaped letters, fillers, colours and locales in brackets.
  const code = positive.replace(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|am\/pm|a\/p/gi, '').toLowerCase();
  if (/general/.test(code)) return null;
  const hasTime = /[hs]/.test(code);
  const hasDate = /[dy]/.test(code) || (!hasTime && /m/.test(code));
  if (hasDate) return hasTime ? 'datetime' : 'date';
  return hasTime ? 'time' : null;
}

const dayMs = 86_400_000;
const secondsOfDay = 86_400;

/**
 * The number of a cell as people read it: dates and times in ISO 8601, else in the fifteen digits that Excel shows.
 *
 * Day 60 of the calendar of 1900 is the 29 February 1900, which there never was: before it days count from one day later.
 */
export function cellNumber(value: string, format: DateFormat, is1904: boolean): string {
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  // Beyond the year 9999 it is no date, whatever its format says.
  if (format === null || number < 0 || number > 2_958_466) return String(Number(number.toPrecision(15)));
  const seconds = Math.round(number * secondsOfDay);
  const days = Math.floor(seconds / secondsOfDay);
  const rest = seconds - days * secondsOfDay;
  if (format === 'duration') return clock(seconds);
  if (format === 'time' && days === 0) return clock(rest);
  const epochMs = is1904 ? Date.UTC(1904, 0, 1) : days < 60 ? Date.UTC(1899, 11, 31) : Date.UTC(1899, 11, 30);
  const date = new Date(epochMs + days * dayMs).toISOString().slice(0, 10);
  return rest === 0 && format === 'date' ? date : `${date} ${clock(rest)}`;
}

function clock(seconds: number): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
