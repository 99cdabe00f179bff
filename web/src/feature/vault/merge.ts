import { compareLines } from './difference.ts';

/** Two changes of one text put together. */
export interface Merged {
  readonly text: string;
  /** Places where both changed the same lines: there both stand, one after the other, between marks. */
  readonly conflicts: number;
}

export interface MergeMarks {
  readonly mine: string;
  readonly theirs: string;
}

/** Which lines of the base another text has at the same place: the base's line for each of its own, or null. */
function matchesOf(base: readonly string[], other: readonly string[]): Map<number, number> | null {
  const lines = compareLines(`${base.join('\n')}\n`, `${other.join('\n')}\n`);
  if (lines === null) return null;
  const matches = new Map<number, number>();
  let [at, there] = [0, 0];
  for (const { kind } of lines) {
    if (kind === 'same') matches.set(at, there);
    if (kind !== 'added') at += 1;
    if (kind !== 'removed') there += 1;
  }
  return matches;
}

/**
 * Puts together what two people made of a text, by lines: what only one changed is taken, what both changed alike once, and where they
 * changed the same lines differently both stand. Nothing that either wrote is left out.
 *
 * @returns null when the texts are too long or too different to be compared
 */
export function mergeTexts(base: string, mine: string, theirs: string, marks: MergeMarks): Merged | null {
  const [old, one, other] = [base, mine, theirs].map((text) => text.replaceAll('\r\n', '\n').split('\n')) as [string[], string[], string[]]; // Three of three.
  const [ofOne, ofOther] = [matchesOf(old, one), matchesOf(old, other)];
  if (ofOne === null || ofOther === null) return null;
  const merged: string[] = [];
  let conflicts = 0;
  let [atOld, atOne, atOther] = [0, 0, 0];
  const settle = (endOld: number, endOne: number, endOther: number) => {
    const [was, left, right] = [old.slice(atOld, endOld), one.slice(atOne, endOne), other.slice(atOther, endOther)];
    const [isLeftNew, isRightNew] = [!equal(left, was), !equal(right, was)];
    if (!isRightNew || equal(left, right)) merged.push(...left);
    else if (!isLeftNew) merged.push(...right);
    else {
      conflicts += 1;
      merged.push(`<<<<<<< ${marks.mine}`, ...left, '=======', ...right, `>>>>>>> ${marks.theirs}`);
    }
    [atOld, atOne, atOther] = [endOld, endOne, endOther];
  };
  for (let line = 0; line < old.length; line += 1) {
    const [inOne, inOther] = [ofOne.get(line), ofOther.get(line)];
    if (inOne === undefined || inOther === undefined) continue;
    // Both kept this line: what lies before it is settled by itself.
    if (line > atOld || inOne > atOne || inOther > atOther) settle(line, inOne, inOther);
    merged.push(old[line] ?? '');
    [atOld, atOne, atOther] = [line + 1, inOne + 1, inOther + 1];
  }
  settle(old.length, one.length, other.length);
  return { text: merged.join('\n'), conflicts };
}

const equal = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((line, at) => line === other[at]);
