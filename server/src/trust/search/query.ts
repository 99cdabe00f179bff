/** What somebody looks for, read. */
export interface Query {
  /** Words that must all be there, as written. */
  readonly words: readonly string[];
  /** Words that must all be in the title. */
  readonly titleWords: readonly string[];
  /** Texts that must be there as they are, but for case, accents and white space. */
  readonly phrases: readonly string[];
  /** Folders of which one must hold the note. */
  readonly folders: readonly string[];
}

const termsMax = 16;

/** Reads `word "a phrase" folder:Inbox title:"two words"`. Nothing is an error: what is no filter is a word. */
export function readQuery(text: string): Query {
  const query = { words: [] as string[], titleWords: [] as string[], phrases: [] as string[], folders: [] as string[] };
  const pieces = text.normalize('NFC').matchAll(/(?:(folder|title):)?(?:"([^"]*)"?|(\S+))/giu);
  for (const [, filter = '', quoted, plain = ''] of [...pieces].slice(0, termsMax)) {
    const value = quoted ?? plain;
    if (value.trim() === '') continue;
    if (filter.toLowerCase() === 'folder') query.folders.push(value.replace(/\/+$/, ''));
    else if (filter.toLowerCase() === 'title') query.titleWords.push(...wordsOf(value));
    else if (quoted === undefined) query.words.push(...wordsOf(value));
    else query.phrases.push(value);
  }
  // What a phrase is made of narrows the notes that have to be looked through for it.
  query.words.push(...query.phrases.flatMap(wordsOf));
  return { ...query, words: query.words.slice(0, termsMax * 2) };
}

/** What stands between words. */
export const wordBreak = /[^\p{L}\p{N}\p{M}_]+/u;

/** The words of a text, folded. */
const wordsOf = (text: string): string[] => text.split(wordBreak).flatMap((word) => (word === '' ? [] : [foldWord(word)]));

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** Equal for what people take for one word: without case and accents. */
export const foldWord = (word: string): string =>
  // Most words are plain, and normalising takes ten times as long.
  (isAscii(word) ? word : word.normalize('NFKD').replace(/\p{M}/gu, '')).toLowerCase();

/** Folds a text unit by unit, so that places in it are places in the original. */
export function foldText(text: string): string {
  const folded = isAscii(text)
    ? text.toLowerCase()
    : text.replace(/[^\0-\x7f]/g, (unit) => foldWord(unit)[0] ?? unit).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return folded.replace(/\s/g, ' ');
}
