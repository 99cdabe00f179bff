import type { Context } from 'hono';
import { detectFromCookie, detectFromHeader } from 'hono/language';
import { type Language, languages } from '#kernel/words';

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
export function languageAsked(c: Context): Language {
  const found = detectFromCookie(c, options) ?? detectFromHeader(c, options);
  return languages.find((language) => language === found) ?? languages[0];
}
