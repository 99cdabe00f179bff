import { text } from '#text/work.ts';

const weekday = new Intl.DateTimeFormat(text.locale, { weekday: 'long', timeZone: 'UTC' });
/** Monday first, as calendars here have them. The fourth of January 2026 was a Sunday. */
export const weekdays = [1, 2, 3, 4, 5, 6, 0].map((day) => ({
  value: String(day),
  label: weekday.format(new Date(Date.UTC(2026, 0, 4 + day))),
}));
