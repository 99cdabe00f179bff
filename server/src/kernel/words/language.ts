/** The languages that there are words in; the first is for everybody else. */
export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

/** The language for somebody with this locale (BCP 47, as `de-AT`). */
export const languageOf = (locale: string): Language => languages.find((language) => language === primary(locale)) ?? languages[0];

/**
 * The locale of somebody in a tenant: its own where they read its language or have chosen none, so that a German in Vienna has the dates of
 * Vienna; else that of the language alone.
 */
export const localeFor = (chosen: Language | null, tenantLocale: string): string =>
  chosen === null || chosen === primary(tenantLocale) ? tenantLocale : chosen;

const primary = (locale: string): string => locale.toLowerCase().split('-', 1)[0] ?? '';
