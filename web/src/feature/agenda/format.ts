import { text } from '#text/work.ts';
import { startOf } from './week.ts';

const clock = new Intl.DateTimeFormat(text.locale, { hour: '2-digit', minute: '2-digit' });
const dayLong = new Intl.DateTimeFormat(text.locale, { weekday: 'long', day: 'numeric', month: 'long' });
const span = new Intl.DateTimeFormat(text.locale, { day: 'numeric', month: 'long', year: 'numeric' });

/** The zone of the reader's clock, an IANA name. */
export const zoneHere = clock.resolvedOptions().timeZone;

export const asClock = (ms: number): string => clock.format(ms);
/** "09:00 – 10:30". */
export const asClocks = (fromMs: number, untilMs: number): string => clock.formatRange(fromMs, untilMs);
/** "Monday, 23 November". */
export const asDay = (day: string): string => dayLong.format(startOf(day));
/** "23 – 29 November 2026". */
export const asSpan = (first: string, last: string): string => span.formatRange(startOf(first), startOf(last));
