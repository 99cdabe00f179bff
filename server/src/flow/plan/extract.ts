import type { Json, JsonObject } from '#kernel';
import { type Label, normaliseAddress } from '#trust/policy';
import { findAmounts, formatAmount, isAmount } from './amount.ts';
import { type DateHabits, findDates, findDatetimes } from './date.ts';
import { findIbans } from './iban.ts';
import { type Pattern, searchedCharsMax } from './pattern.ts';
import { valueAt } from './reference.ts';
import type { ExtractedValue, Slot } from './schema.ts';

/** The kinds of value that code finds in a text, so that no model has to copy them. */
export const extractTypes = ['date', 'datetime', 'amount', 'iban', 'address', 'invoiceNumber', 'text'] as const;
export type ExtractType = (typeof extractTypes)[number];

/** What to look for: a type, the place in the payload, and a pattern whose first group narrows it down. */
export interface Extraction {
  readonly type: ExtractType;
  readonly from: readonly (string | number)[];
  readonly pattern: Pattern | undefined;
}

interface Kind {
  readonly slot: Slot;
  /** For a person: "no date was found". */
  readonly title: string;
  readonly find: (text: string, habits: DateHabits) => readonly Json[];
}
const textCharsMax = 4_000;
const addressPattern = /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?![A-Za-z0-9-])/g;
const invoicePattern =
  /(?<![\p{L}\p{N}])(?:invoice|inv|rechnung|rechnungs|facture|fattura|factura|factuur|bill)(?: ?-?(?:number|no|nr|nummer|num|numéro|numero|n°|№|#|id))?[.:#°№]{0,3}[ \u00a0]{0,3}(?<number>(?=[A-Z/_.-]{0,15}\d)[A-Z0-9][A-Z0-9/_.-]{1,30}[A-Z0-9])(?![\p{L}\p{N}])/giu;

const kinds: Readonly<Record<ExtractType, Kind>> = {
  date: { slot: 'date', title: 'date', find: findDates },
  datetime: { slot: 'datetime', title: 'date with a time of day', find: findDatetimes },
  amount: { slot: 'amount', title: 'amount with a currency', find: findAmounts },
  iban: { slot: 'iban', title: 'valid IBAN', find: findIbans },
  address: {
    slot: 'address',
    title: 'e-mail address',
    find: (text) => findAddresses(text),
  },
  invoiceNumber: {
    slot: 'id',
    title: 'invoice number',
    find: (text) => [...text.matchAll(invoicePattern)].flatMap(({ groups }) => groups?.number ?? []),
  },
  text: { slot: 'text', title: 'text', find: (text) => (text.trim() === '' ? [] : [text.trim().slice(0, textCharsMax)]) },
};

/** Every mail address in a text, in its normal form. */
export function findAddresses(text: string): string[] {
  return [...text.matchAll(addressPattern)].flatMap(([address]) => normaliseAddress(address) ?? []);
}

export const slotOf = (type: ExtractType): Slot => kinds[type].slot;

/**
 * Takes one value out of a payload. It carries the payload's label.
 *
 * @returns the reason in words when there is nothing, or when there are several different values and no way to tell which is meant:
 * a payment must not depend on which of two IBANs came first.
 */
export function extract(
  what: Extraction,
  payload: JsonObject,
  label: Label,
  habits: DateHabits,
): ExtractedValue | { readonly missing: string } {
  const { slot, title, find } = kinds[what.type];
  const given = valueAt(payload, what.from);
  const text = typeof given === 'number' ? String(given) : given;
  const place = what.from.join('.');
  if (typeof text !== 'string' || text === '') return { missing: `there is no text in "${place}"` };
  const part = what.pattern === undefined ? text.slice(0, searchedCharsMax) : what.pattern.capture(text);
  if (part === null) return { missing: `the pattern matches nothing in "${place}"` };
  const [value, another] = distinct(find(part, habits));
  if (value === undefined) return { missing: `no ${title} was found in "${place}"` };
  if (another !== undefined)
    return { missing: `more than one ${title} was found in "${place}" (${shown(value)} and ${shown(another)}); a pattern can say which` };
  return { value, label, slot };
}

const foundPerTypeMax = 5;
const textsMax = 50;

/**
 * All dates, amounts, IBANs, addresses and invoice numbers in a payload, named `iban_1`, `iban_2` and so on: what a model may point at
 * instead of copying it.
 */
export function findValues(payload: JsonObject, label: Label, habits: DateHabits): Record<string, ExtractedValue> {
  const texts = textsIn(payload).map((text) => text.slice(0, searchedCharsMax));
  const values: [string, ExtractedValue][] = [];
  for (const type of extractTypes) {
    if (type === 'text') continue;
    const { slot, find } = kinds[type];
    const found = distinct(texts.flatMap((text) => find(text, habits))).slice(0, foundPerTypeMax);
    for (const [index, value] of found.entries()) values.push([`${type}_${index + 1}`, { value, label, slot }]);
  }
  return Object.fromEntries(values);
}

/** The texts of a payload in order, to a depth and number that no honest payload reaches. */
function textsIn(value: Json | undefined, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > 6) return [];
  return Object.entries(value)
    .flatMap(([name, member]) => (machineFields.has(name) ? [] : textsIn(member, depth + 1)))
    .slice(0, textsMax);
}

/** The places of a payload's texts, as far as a playbook can name them. */
export function fieldsWithText(value: Json | undefined, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value === 'string') return [at];
  if (typeof value !== 'object' || value === null || at.length > 6) return [];
  const members = Array.isArray(value)
    ? value.map((item, n): [number, Json] => [n, item])
    : Object.entries(value).filter(([name]) => isNameable(name));
  return members.flatMap(([name, member]) => fieldsWithText(member, [...at, name])).slice(0, textsMax);
}
const isNameable = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) && !machineFields.has(name);

/** Fields of a mail that hold ids which look like addresses. */
const machineFields: ReadonlySet<string> = new Set(['messageId', 'inReplyTo', 'references', 'listId', 'listUnsubscribe', 'sha256']);

const distinct = (values: readonly Json[]): Json[] => [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
const shown = (value: Json): string => (isAmount(value) ? formatAmount(value) : String(value));
