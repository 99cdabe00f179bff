import { type Args, headline as german } from '@factotum/translation/de';
import { type Language, languageOf } from './language.ts';

const headlines: Readonly<Partial<Record<Language, typeof german>>> = { de: german };

/**
 * What a call would do, in one line for a reader with this locale: in their language where it has words for the tool, else as it was
 * said in English.
 *
 * @param call.args - as they are shown in English
 */
export const headlineIn = (
  locale: string,
  { tool, headline, args }: { readonly tool: string; readonly headline: string; readonly args: Args },
): string => headlines[languageOf(locale)]?.(locale, tool, args) ?? headline;
