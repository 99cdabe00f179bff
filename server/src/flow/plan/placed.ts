import { canonicalJson, type Json, type JsonObject } from '#kernel';
import { normaliseAddress, normaliseIban } from '#trust/policy';
import { findAmounts } from './amount.ts';
import { type DateHabits, findDates, findDatetimes } from './date.ts';
import { fieldsWithText, findAddresses } from './extract.ts';
import { findIbans } from './iban.ts';
import { searchedCharsMax } from './pattern.ts';
import { valueAt } from './reference.ts';

/** The kinds of value that can be found again in what arrived. */
export type FindableSlot = 'amount' | 'iban' | 'date' | 'datetime' | 'address';

/** A value in a payload, with the line of text that it stands in. */
export interface PlacedValue {
  readonly value: Json;
  /** With dots, as a playbook names it: `attachments.0.excerpt.text`. */
  readonly path: string;
  readonly line: string;
}

const find: Readonly<Record<FindableSlot, (text: string, habits: DateHabits) => readonly Json[]>> = {
  amount: findAmounts,
  iban: findIbans,
  date: findDates,
  datetime: findDatetimes,
  address: findAddresses,
};
const valuesMax = 200;
const lineCharsMax = 300;

/** A payload as it is searched, again and again: an action may list hundreds of values, and each text of the payload is read once. */
export interface PlacedText {
  /** Every value of that kind, in the order in which a person would read it. */
  values(slot: FindableSlot): readonly PlacedValue[];
  /** The line in which these very words stand first, or null; as a part of longer words or numbers they are others. */
  words(words: string): PlacedValue | null;
}

export function placedText(payload: JsonObject, habits: DateHabits): PlacedText {
  const lines = fieldsWithText(payload).flatMap((path) => {
    const text = valueAt(payload, path);
    return typeof text !== 'string'
      ? []
      : text
          .slice(0, searchedCharsMax)
          .split(/\r?\n/)
          .map((line) => ({ path: path.join('.'), line, told: line.trim().slice(0, lineCharsMax) }));
  });
  const values = new Map<FindableSlot, readonly PlacedValue[]>();
  let folded: readonly { readonly path: string; readonly told: string; readonly text: string }[] | undefined;
  return {
    values(slot) {
      const known = values.get(slot) ?? findAll(lines, (line) => find[slot](line, habits));
      values.set(slot, known);
      return known;
    },
    words(words) {
      const wanted = fold(words);
      if (wanted === '') return null;
      folded ??= lines.map(({ path, told, line }) => ({ path, told, text: fold(line) }));
      const found = folded.find(({ text }) => hasWords(text, wanted));
      return found === undefined ? null : { value: words, path: found.path, line: found.told };
    },
  };
}

function findAll(
  lines: readonly { readonly path: string; readonly line: string; readonly told: string }[],
  read: (line: string) => readonly Json[],
): PlacedValue[] {
  const found: PlacedValue[] = [];
  for (const { path, line, told } of lines)
    for (const value of read(line)) {
      found.push({ value, path, line: told });
      if (found.length >= valuesMax) return found;
    }
  return found;
}

/** Whether the words stand there as they are: invoice 12 is not invoice 123, RE-1 not RE-1/2, and 240 is nothing of 1.240,00 nor 12 of 12.05.2026. */
function hasWords(text: string, wanted: string): boolean {
  const [first = '', last = ''] = [wanted[0], wanted.at(-1)];
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const behind = text.slice(at + wanted.length, at + wanted.length + 3);
    const ahead = text.slice(Math.max(0, at - 3), at);
    const goesOn = (isWordy(last) && /^[-/_]?[\p{L}\p{N}]/u.test(behind)) || (isDigit(last) && /^[.,:'’]\p{N}/u.test(behind));
    const cameBefore = (isWordy(first) && /[\p{L}\p{N}][-/_]?$/u.test(ahead)) || (isDigit(first) && /\p{N}[.,:'’]$/u.test(ahead));
    if (!goesOn && !cameBefore) return true;
  }
  return false;
}

const isDigit = (sign: string): boolean => /\p{N}/u.test(sign);
/** Where words are not written apart, none goes on behind another. */
const unparted = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const isWordy = (sign: string): boolean => /[\p{L}\p{N}]/u.test(sign) && !unparted.test(sign);

const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

/** Whether two values of that kind are the same, however they are written. */
export function isSameValue(slot: FindableSlot, one: Json, other: Json): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return canonicalJson(one) === canonicalJson(other);
  if (slot === 'iban') return normaliseIban(one) !== null && normaliseIban(one) === normaliseIban(other);
  if (slot === 'address')
    return normaliseAddress(one) !== null && normaliseAddress(one)?.toLowerCase() === normaliseAddress(other)?.toLowerCase();
  if (slot === 'datetime') return new Date(one).getTime() === new Date(other).getTime();
  return one === other;
}
