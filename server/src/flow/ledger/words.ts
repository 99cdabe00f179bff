/** Words of a text for comparing: lower case, without marks and signs, letters and digits apart from everything else. */
export const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** Legal forms and fillers, which say nothing about whose name it is. */
const fillers: ReadonlySet<string> = new Set(
  'gmbh ag kg ohg ug mbh co inc llc ltd limited corp corporation company bv nv sa sarl sas srl spa sl plc oy ab as aps the and und et of der die das spolka akcyjna z o s r l b v n a i u'.split(
    ' ',
  ),
);

/** The words of a name that tell it from others. */
export function nameWords(name: string): Set<string> {
  const words = wordsOf(name);
  const telling = words.filter((word) => !fillers.has(word));
  return new Set(telling.length > 0 ? telling : words);
}

/** How much two names have in common, 0 to 1: shared words by the shorter name. */
export function nameLikeness(one: string, other: string): number {
  const [left, right] = [nameWords(one), nameWords(other)];
  const shorter = Math.min(left.size, right.size);
  if (shorter === 0) return 0;
  const shared = left.intersection(right).size;
  if (shared > 0) return shared / shorter;
  // "Amazon Web Services" and "AMAZONWEBSERVICES": banks lose spaces.
  const [a, b] = [[...left].join(''), [...right].join('')];
  return a.length >= 4 && b.length >= 4 && (a.includes(b) || b.includes(a)) ? 0.9 : 0;
}

/** Letters and digits alone, in capitals: how references are compared, since everybody writes the signs between them as they like. */
export const compact = (text: string): string => text.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
