import { text } from '#text/work.ts';
import { put } from '../../api/client.ts';
import type { Language, Person } from '../../api/types.ts';

/** Each by its own name: who cannot read the page finds theirs. */
export const languages = [
  { value: 'en', label: 'English' },
  { value: 'de', label: 'Deutsch' },
] as const satisfies readonly { value: Language; label: string }[];

/** The language that this page was built in. */
export const language: Language = languages.find(({ value }) => text.locale.startsWith(value))?.value ?? 'en';

/** Read by the server, which has the dashboard in each language (server/src/surface/http/language.ts). A year, the most that browsers keep one. */
const cookieOf = (chosen: Language) => `factotum_language=${chosen}; path=/; max-age=31536000; samesite=lax`;
const isHere = (chosen: Language) => document.cookie.split('; ').includes(`factotum_language=${chosen}`);

/** Chooses the language of the pages and of letters to the person, wherever they sign in, and shows the same page in it. */
export async function setLanguage(chosen: Language): Promise<void> {
  await keep(chosen);
  await show(chosen);
}

/**
 * Shows the pages in what the person reads. Who has never said so keeps at their first sign-in what was chosen in this browser, or else the
 * language of their tenant.
 */
export async function followLanguage({ language: kept, tenant }: Pick<Person, 'language' | 'tenant'>): Promise<void> {
  const wanted = kept ?? languages.find(({ value }) => isHere(value))?.value ?? tenant?.language;
  if (wanted === undefined) return;
  if (kept === null) await keep(wanted);
  // Where this browser has it already, the server has sent what it has: the same page would come again.
  if (!isHere(wanted)) await show(wanted);
}

/** Shown here it is in any case; another browser has it after the next choice that gets through. */
const keep = (chosen: Language): Promise<void> => put('/me/language', { language: chosen }).catch((error: unknown) => console.debug(error));

/** Never ends where the page is loaded anew: nothing more of this one is drawn. */
async function show(chosen: Language): Promise<void> {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing outside secure contexts, where Factotum runs too
  document.cookie = location.protocol === 'https:' ? `${cookieOf(chosen)}; secure` : cookieOf(chosen);
  if (chosen === language) return;
  location.reload();
  await new Promise(() => undefined);
}
