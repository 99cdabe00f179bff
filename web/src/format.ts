import { text } from '#text/work.ts';

/** Made at its first use: the first of each kind loads what the browser knows of the language, which no page waits for that shows none. */
const once = <F>(make: () => F): (() => F) => {
  let made: F | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const relative = once(() => new Intl.RelativeTimeFormat(text.locale, { numeric: 'auto', style: 'long' }));
const exact = once(() => new Intl.DateTimeFormat(text.locale, { dateStyle: 'full', timeStyle: 'long' }));
const clock = once(() => new Intl.DateTimeFormat(text.locale, { hour: '2-digit', minute: '2-digit' }));
const dayOfYear = once(() => new Intl.DateTimeFormat(text.locale, { day: 'numeric', month: 'short' }));
const dayLong = once(() => new Intl.DateTimeFormat(text.locale, { weekday: 'long', day: 'numeric', month: 'long' }));
const moment = once(
  () =>
    new Intl.DateTimeFormat(text.locale, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
    }),
);
const count = once(() => new Intl.NumberFormat(text.locale));
const share = once(() => new Intl.NumberFormat(text.locale, { style: 'percent', maximumFractionDigits: 0 }));
const dollars = once(() => new Intl.NumberFormat(text.locale, { style: 'currency', currency: 'USD', maximumSignificantDigits: 3 }));
const kilobytes = once(() => new Intl.NumberFormat(text.locale, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 1 }));

const daySeconds = 86_400;
const units = [
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** How many days of the reader's calendar lie between two moments, below zero when the first one is earlier. */
function daysBetween(atMs: number, nowMs: number): number {
  const numberOf = (ms: number) => {
    const at = new Date(ms);
    return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / (daySeconds * 1000);
  };
  return numberOf(atMs) - numberOf(nowMs);
}

/** "5 minutes ago", "now" for less than a minute; from 24 hours on in days of the calendar, so that what is called tomorrow is tomorrow. */
export function formatRelative(iso: string, nowMs: number): string {
  const seconds = (Date.parse(iso) - nowMs) / 1000;
  if (Math.abs(seconds) >= daySeconds) return relative().format(daysBetween(Date.parse(iso), nowMs), 'day');
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative().format(Math.trunc(seconds / size), unit);
  }
  return relative().format(0, 'second');
}

/** Short enough for a column: the time of day for today, the day for anything else. */
export function formatShort(iso: string, nowMs: number): string {
  const at = new Date(iso);
  return at.toDateString() === new Date(nowMs).toDateString() ? clock().format(at) : dayOfYear().format(at);
}

/** Weekday, date, time and zone. */
export const formatExact = (iso: string): string => exact().format(new Date(iso));

/** A point in time somebody waits for: the time alone today, with the day otherwise. */
export function formatMoment(iso: string, nowMs: number): string {
  const at = new Date(iso);
  return (at.toDateString() === new Date(nowMs).toDateString() ? clock : moment)().format(at);
}

/** "Today", "Yesterday" or the day with its weekday. */
export function formatDay(iso: string, nowMs: number): string {
  const days = daysBetween(Date.parse(iso), nowMs);
  if (days === 0) return text.inbox.today;
  if (days === -1) return text.inbox.yesterday;
  return dayLong().format(new Date(iso));
}

/** A span in its two largest units: "2 d 3 h", "4 min 10 s", "850 ms". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

export const formatCount = (n: number): string => count().format(n);

/** A part of a whole, 1 being all of it. */
export const formatShare = (part: number): string => share().format(part);

/** Model cost, kept in millionths of a US dollar. */
export const formatCost = (micros: number): string => dollars().format(micros / 1_000_000);

/** "420 B", "1.2 kB". */
export const formatBytes = (size: number): string => (size < 1000 ? `${size} B` : kilobytes().format(size / 1000));

/** An actor such as `user:usr_…` in words; the reader is "you". */
export function formatActor(actor: string, ownActor: string | undefined): string {
  if (actor === ownActor) return text.common.you;
  const [kind = '', ...rest] = actor.split(':');
  const name = rest.join(':');
  if (kind === 'system') return text.actor.system ?? kind;
  return `${text.actor[kind] ?? kind} ${shortId(name)}`.trim();
}

/** Ids are 28 characters long; prefix and last six tell them apart on a screen. */
export const shortId = (id: string): string => (/^[a-z]{3}_[0-9a-f]{24}$/.test(id) ? `${id.slice(0, 4)}…${id.slice(-6)}` : id);

export const capitalise = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** An amount: bytes and millionths of a dollar as people read them, what is counted as a number. */
export function formatAmount(n: number, unit: string): string {
  if (unit === 'micro-usd') return formatCost(n);
  if (unit !== 'bytes') return formatCount(n);
  const step = Math.min(byteUnits.length - 1, n < 1 ? 0 : Math.floor(Math.log10(n) / 3));
  const format = new Intl.NumberFormat(text.locale, { style: 'unit', unit: byteUnits[step] ?? 'byte', maximumFractionDigits: 1 });
  return format.format(n / 1000 ** step);
}
