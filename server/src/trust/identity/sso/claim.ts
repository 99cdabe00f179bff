import { claimTextMax } from './schema.ts';

/** Every value of a claim as text, be it one or a list. A dot in the name leads into an object. */
export function claimValues(claims: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = claimAt(claims, name);
  const values = Array.isArray(value) ? value : [value];
  return values.flatMap((one) => (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [String(one)] : []));
}

/** What a claim holds: under the whole name if there is such a one, else along the dots. */
export function claimAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    // An object with that key of its own.
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** A claim that is a text of a length that anybody would have. */
export const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' && value.length <= claimTextMax ? value.trim() : null;
