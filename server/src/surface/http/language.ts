import type { Context } from 'hono';
import { detectFromCookie, detectFromHeader } from 'hono/language';

/** The languages that there are words in; the first is for everybody else. */
const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

/** What the dashboard keeps a person's choice in (web/src/feature/shell/language.ts). */
const languageCookie = 'factotum_language';

const options = {
  order: [],
  caches: false as const,
  lookupQueryString: '',
  lookupCookie: languageCookie,
  lookupFromPathIndex: 0,
  lookupFromHeaderKey: 'accept-language',
  ignoreCase: true,
  fallbackLanguage: languages[0],
  supportedLanguages: [...languages],
};

/** The language that a request wants: the one that was chosen, else the first of its browser's that we have (RFC 9110, 12.5.4). */
export function languageOf(c: Context): Language {
  const found = detectFromCookie(c, options) ?? detectFromHeader(c, options);
  return languages.find((language) => language === found) ?? languages[0];
}
