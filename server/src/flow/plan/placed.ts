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

/** Every value of that kind in a payload, in the order in which a person would read it. */
export function findPlacedValues(payload: JsonObject, slot: FindableSlot, habits: DateHabits): PlacedValue[] {
  const found: PlacedValue[] = [];
  for (const path of fieldsWithText(payload)) {
    const text = valueAt(payload, path);
    if (typeof text !== 'string') continue;
    for (const line of text.slice(0, searchedCharsMax).split(/\r?\n/))
      for (const value of find[slot](line, habits)) {
        found.push({ value, path: path.join('.'), line: line.trim().slice(0, lineCharsMax) });
        if (found.length >= valuesMax) return found;
      }
  }
  return found;
}

/** The line in which these very words stand first, or null. Accounts and addresses are compared in their normal form elsewhere. */
export function findWords(payload: JsonObject, words: string): PlacedValue | null {
  const wanted = fold(words);
  if (wanted === '') return null;
  for (const path of fieldsWithText(payload)) {
    const text = valueAt(payload, path);
    if (typeof text !== 'string') continue;
    const line = text
      .slice(0, searchedCharsMax)
      .split(/\r?\n/)
      .find((one) => fold(one).includes(wanted));
    if (line !== undefined) return { value: words, path: path.join('.'), line: line.trim().slice(0, lineCharsMax) };
  }
  return null;
}

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
