import { FactotumError } from '#kernel';

/** Letters that a password has at least and at most. NIST SP 800-63B asks for 8 with a second factor, 15 without; and for at least 64 being taken. */
export const passwordLength = { min: 12, max: 256 } as const;

/** What has to be left after everything guessable is taken out. */
const restMin = 6;
const differentMin = 5;

/** Words that open the lists of stolen passwords in the languages we meet, without what `simplify` makes equal. */
// biome-ignore format: one word a line would be forty lines of words
const commonWords = [
  'password', 'passwort', 'passwd', 'pass', 'kennwort', 'geheim', 'secret', 'welcome', 'willkommen', 'hallo', 'hello', 'letmein', 'login',
  'admin', 'administrator', 'root', 'user', 'test', 'demo', 'changeme', 'default', 'master', 'superman', 'batman', 'iloveyou', 'ichliebedich',
  'schatz', 'monkey', 'dragon', 'princess', 'sunshine', 'football', 'fussball', 'baseball', 'shadow', 'qwertz', 'qwerty', 'azerty', 'abc',
  'spring', 'summer', 'autumn', 'winter', 'sommer', 'fruehling', 'herbst', 'january', 'monday', 'montag', 'factotum', 'motdepasse', 'trustno',
];

/** What fingers and counting produce; any three neighbours of these count as nothing. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertzuiopasdfghjklyxcvbnm',
  'qwertyuiopasdfghjklzxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6zhn7ujm',
];

/**
 * Refuses what is guessed first: what is short, what is made of the person's own name, address or tenant, of common words, of rows of
 * keys, of years, of few letters. Everything else is the person's choice; no kind of character is asked for.
 *
 * @param known - what an attacker knows of the person: names, the address, names of tenants.
 * @throws FactotumError `auth.password_weak`.
 */
export function refuseWeakPassword(password: string, known: readonly string[]): void {
  const length = [...password.normalize('NFKC')].length;
  if (length < passwordLength.min || length > passwordLength.max)
    throw weak(`A password has ${passwordLength.min} to ${passwordLength.max} characters. Several words in a row are easy to remember.`);
  const rest = withoutGuessable(simplify(password), known);
  if (rest.length < restMin || new Set(rest).size < differentMin)
    throw weak(
      'This password is made of what is guessed first: names, common words, years, neighbouring keys. Take several unrelated words.',
    );
}

function withoutGuessable(simple: string, known: readonly string[]): string {
  const own = known.flatMap((text) => text.split(/[^\p{L}\p{N}]+/u)).map(simplify);
  const words = [...own, ...commonWords.map(simplify)].filter((word) => word.length >= 3).sort((a, b) => b.length - a.length);
  let rest = simple;
  for (const word of words) rest = rest.replaceAll(word, '');
  rest = rest.replaceAll(/(.)\1{2,}/gu, '').replaceAll(/(?:19|20)\d\d/g, '');
  return withoutRows(rest);
}

function withoutRows(text: string): string {
  let rest = '';
  for (let at = 0; at < text.length; ) {
    const run = longestRun(text, at);
    if (run < 3) rest += text[at];
    at += run < 3 ? 1 : run;
  }
  return rest;
}

/** How many letters from here on stand side by side in one of the rows, in either direction. */
function longestRun(text: string, start: number): number {
  let longest = 0;
  for (const row of rows)
    for (const line of [row, [...row].reverse().join('')]) {
      let length = 0;
      while (start + length < text.length && line.includes(text.slice(start, start + length + 1))) length++;
      longest = Math.max(longest, length);
    }
  return longest;
}

const lookalikes: Readonly<Record<string, string>> = { '@': 'a', $: 's', '!': 'i', '€': 'e', '§': 's' };

/** Lower case, without accents and marks between letters, with signs as the letters that they stand for. */
const simplify = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[@$!€§]/g, (sign) => lookalikes[sign] ?? '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '');

const weak = (message: string) => new FactotumError('auth.password_weak', message);
