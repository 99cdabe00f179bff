import { text } from '#text/work.ts';

/** Each by its own name: who cannot read the page finds theirs. */
export const languages = [
  { value: 'en', label: 'English' },
  { value: 'de', label: 'Deutsch' },
] as const;
export type Language = (typeof languages)[number]['value'];

/** The language that this page was built in. */
export const language: Language = languages.find(({ value }) => text.locale.startsWith(value))?.value ?? 'en';

/** Read by the server, which has the dashboard in each language (server/src/surface/http/language.ts). A year, the most that browsers keep one. */
const cookie = (chosen: Language) => `factotum_language=${chosen}; path=/; max-age=31536000; samesite=lax`;

/** Chooses the language in this browser and shows the same page in it. */
export function setLanguage(chosen: Language): void {
  if (chosen === language) return;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing outside secure contexts, where Factotum runs too
  document.cookie = location.protocol === 'https:' ? `${cookie(chosen)}; secure` : cookie(chosen);
  location.reload();
}
