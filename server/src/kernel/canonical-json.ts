import { z } from 'zod';
import { FactotumError } from './errors.ts';

/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

/** Any JSON value, and a JSON object, as they cross a border. */
export const jsonSchema: z.ZodType<Json> = z.json();
export const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), z.json());

const nestingMax = 64;

/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code units, no white space, ECMAScript number form. Equal values give equal bytes.
 *
 * Keys whose value is undefined are left out. @throws FactotumError `request.invalid` for NaN, infinities, lone surrogates and
 * nesting beyond 64 levels, none of which has a canonical form that every reader agrees on.
 */
export function canonicalJson(value: Json): string {
  return write(value, 0);
}

function write(value: Json, depth: number): string {
  if (depth > nestingMax) throw new FactotumError('request.invalid', `The value is nested deeper than ${nestingMax} levels. Flatten it.`);
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new FactotumError('request.invalid', 'A number is not finite. Send a finite number or null.');
    return JSON.stringify(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${writeText(key)}:${write(member, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function writeText(text: string): string {
  if (!text.isWellFormed()) throw new FactotumError('request.invalid', 'A text holds half of a surrogate pair. Send well-formed Unicode.');
  return JSON.stringify(text);
}

/** Array.isArray does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
