import * as german from './de/catalogue.ts';
import * as english from './en/catalogue.ts';
import { type Language, languageOf } from './language.ts';
import type { Translation } from './translation.ts';

/** What the server itself writes to people, by topic. */
type Words = Translation<typeof english>;

const catalogue: Readonly<Record<Language, Words>> = { en: english, de: german };

/** The words for somebody with this locale. */
export const wordsIn = (locale: string): Words => catalogue[languageOf(locale)];
