import type { AgendaEntry } from '../../api/agenda.ts';

/** What the address says of the page. */
export interface AgendaSearch {
  /** A Monday, as `2026-11-23`; without it, the week that it is. */
  week?: string;
  /** Free times of this length are looked for. */
  minutes?: number;
  /** In so many weeks from the one that is shown. */
  weeks?: number;
}

export const slotMinutes = [15, 30, 45, 60, 90, 120, 240] as const;
export const slotWeeks = [1, 2, 4] as const;

/** What of an address means something. */
export function readAgendaSearch(search: Record<string, unknown>): AgendaSearch {
  const minutes = slotMinutes.find((one) => one === search.minutes);
  const weeks = slotWeeks.find((one) => one === search.weeks);
  return {
    ...(isDay(search.week) && { week: mondayOf(search.week) }),
    ...(minutes !== undefined && { minutes }),
    ...(weeks !== undefined && weeks !== 1 && { weeks }),
  };
}

const dayMs = 86_400_000;
const utc = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const written = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Days of four-digit years in which every clock's zone is known. */
const isDay = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:19[89]|2\d\d)\d-\d\d-\d\d$/.test(value) && !Number.isNaN(utc(value));

/** A day so many days later; days are `2026-11-23`. */
export const addDays = (day: string, days: number): string => written(utc(day) + days * dayMs);

/** The Monday of a day's week. */
export const mondayOf = (day: string): string => addDays(day, -((new Date(utc(day)).getUTCDay() + 6) % 7));

/** The day of an instant on the reader's clock. */
export function dayAt(ms: number): string {
  const at = new Date(ms);
  return written(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()));
}

/** The instant at which a day begins on the reader's clock. */
export function startOf(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date).getTime();
}

/** What is on one day of an entry: from and until when, null where it began before or goes on. */
export interface DayEntry {
  entry: AgendaEntry;
  fromMs: number | null;
  untilMs: number | null;
}

/** The entries of each of the days, whole days first and then in the order of time. What lasts longer is on each of its days. */
export function entriesByDay(entries: readonly AgendaEntry[], days: readonly string[]): { day: string; entries: DayEntry[] }[] {
  return days.map((day) => ({
    day,
    entries: entries
      .flatMap((entry) => onDay(entry, day) ?? [])
      .toSorted((one, other) => Number(other.entry.allDay) - Number(one.entry.allDay) || (one.fromMs ?? 0) - (other.fromMs ?? 0)),
  }));
}

function onDay(entry: AgendaEntry, day: string): DayEntry | null {
  if (entry.allDay) return entry.start <= day && (day < entry.end || day === entry.start) ? { entry, fromMs: null, untilMs: null } : null;
  const [startMs, endMs] = [Date.parse(entry.start), Date.parse(entry.end)];
  const [fromMs, untilMs] = [startOf(day), startOf(addDays(day, 1))];
  // What takes no time at all is on the day that it is at.
  const isOn = startMs < untilMs && (endMs > fromMs || startMs >= fromMs);
  return isOn ? { entry, fromMs: startMs < fromMs ? null : startMs, untilMs: endMs > untilMs ? null : endMs } : null;
}
