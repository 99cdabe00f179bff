import type { Args, Shown } from './tool-words.ts';

/**
 * "1,240.00 EUR" with the signs of a place: "1.240,00 EUR" in Berlin. Only signs change: how many digits a currency has, the
 * server has said, and the locale data of browsers says otherwise for some.
 */
export function amountIn(locale: string, shown: string): string {
  const parts = new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR' }).formatToParts(1_234_567.8);
  const sign = (type: string, otherwise: string) => parts.find((part) => part.type === type)?.value ?? otherwise;
  const signs: Readonly<Record<string, string>> = { ',': sign('group', ','), '.': sign('decimal', '.') };
  return shown.replace(/[.,](?=\d)/g, (one) => signs[one] ?? one);
}

/** "2026-03-01", or that with a time of day, as people of a place say it. A zone that is named is said; what is neither stays as it is. */
function timeIn(locale: string, text: string): string {
  const [, day, minute, zone = ''] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${minute ?? '00:00'}Z`);
  if (Number.isNaN(at)) return text;
  const style = minute === undefined ? ({ dateStyle: 'long' } as const) : ({ dateStyle: 'long', timeStyle: 'short' } as const);
  const said = new Intl.DateTimeFormat(locale, { ...style, timeZone: 'UTC' }).format(at);
  return zone === '' ? said : `${said} (${zone === 'Z' ? 'UTC' : `UTC${zone}`})`;
}

/** Arguments for readers of a place. */
export const shownIn = (locale: string, text: Args): Shown => ({
  text,
  amount: (name) => amountIn(locale, text(name)),
  time: (name) => timeIn(locale, text(name)),
});
