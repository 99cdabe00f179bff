import { z } from 'zod';
import type { Slot } from '#flow/tool';
import type { JsonObject } from '#kernel';

/** How deep a schema is followed; what lies below may be anything, and the server checks it again anyway. */
const depthMax = 8;
const textCharsMax = 65_536;
const listMax = 1_000;
const choicesMax = 200;

/** One argument that a tool of a server's takes. */
export interface OfferedArgument {
  readonly name: string;
  readonly isRequired: boolean;
  readonly schema: z.ZodType;
  /** The kind of value, guessed from the type alone. */
  readonly slot: Slot;
}

const argumentName = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/**
 * The arguments that a JSON schema of somebody else's describes. Only its shape is taken over: no patterns, which can be made to run for
 * hours, no code is generated from it, and no word of it reaches a planner. What is not understood may be anything.
 *
 * @returns a sentence instead when a plan could never call the tool: it needs an argument whose name no plan can hold.
 */
export function argumentsOf(inputSchema: JsonObject): { readonly args: readonly OfferedArgument[] } | { readonly fault: string } {
  const properties = objectIn(inputSchema.properties) ?? {};
  const required = new Set(Array.isArray(inputSchema.required) ? inputSchema.required.filter((name) => typeof name === 'string') : []);
  for (const name of required)
    if (!argumentName.test(name) || !Object.hasOwn(properties, name))
      return { fault: 'It needs an argument that it does not describe, or whose name is not made of letters, digits, _ and -.' };
  const usable = Object.entries(properties).filter(([name]) => argumentName.test(name));
  if (usable.length > 32 && required.size > 32) return { fault: 'It needs more than 32 arguments.' };
  const chosen = [...usable].sort(([left], [right]) => Number(required.has(right)) - Number(required.has(left))).slice(0, 32);
  return {
    args: chosen.map(([name, property]) => {
      const schema = zodOf(property, inputSchema, 0);
      return { name, isRequired: required.has(name), schema, slot: slotOf(property, inputSchema) };
    }),
  };
}

/** Texts, numbers, switches and lists of these are read at a glance; anything with members is JSON. */
function slotOf(schema: unknown, root: JsonObject): Slot {
  const { type, items } = resolved(schema, root) ?? {};
  const isScalar = (one: unknown) => one === 'string' || one === 'number' || one === 'integer' || one === 'boolean';
  if (isScalar(type)) return 'text';
  return type === 'array' && isScalar(resolved(items, root)?.type) ? 'text' : 'json';
}

function zodOf(given: unknown, root: JsonObject, depth: number): z.ZodType {
  const schema = resolved(given, root);
  if (schema === null || depth >= depthMax) return z.unknown();
  if ('const' in schema) return isScalar(schema.const) ? z.literal(schema.const) : z.unknown();
  if (Array.isArray(schema.enum)) return choiceOf(schema.enum);
  const branches = [schema.anyOf, schema.oneOf].find(Array.isArray);
  if (branches !== undefined) return unionOf(branches, root, depth);
  if (Array.isArray(schema.type))
    return unionOf(
      schema.type.map((type) => ({ ...schema, type })),
      root,
      depth,
    );
  switch (schema.type) {
    case 'string':
      return z
        .string()
        .min(count(schema.minLength, 0, textCharsMax))
        .max(count(schema.maxLength, textCharsMax, textCharsMax));
    case 'integer':
      return inRange(z.int(), schema);
    case 'number':
      return inRange(z.number(), schema);
    case 'boolean':
      return z.boolean();
    case 'null':
      return z.null();
    case 'array':
      return z
        .array(zodOf(schema.items, root, depth + 1))
        .min(count(schema.minItems, 0, listMax))
        .max(count(schema.maxItems, listMax, listMax));
    case 'object':
      return objectOf(schema, root, depth);
    default:
      return z.unknown();
  }
}

function objectOf(schema: JsonObject, root: JsonObject, depth: number): z.ZodType {
  const properties = objectIn(schema.properties);
  if (properties === null) return z.record(z.string(), z.unknown());
  const required = Array.isArray(schema.required) ? schema.required : [];
  const shape = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const member = zodOf(property, root, depth + 1);
      return [name, required.includes(name) ? member : member.optional()];
    }),
  );
  return schema.additionalProperties === false ? z.strictObject(shape) : z.looseObject(shape);
}

function unionOf(branches: readonly unknown[], root: JsonObject, depth: number): z.ZodType {
  return z.union(branches.slice(0, 16).map((branch) => zodOf(branch, root, depth + 1)));
}

function choiceOf(choices: readonly unknown[]): z.ZodType {
  const scalars = choices.filter(isScalar);
  return scalars.length === 0 || scalars.length !== choices.length || scalars.length > choicesMax ? z.unknown() : z.literal(scalars);
}

function inRange(number: z.ZodNumber, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonObject): z.ZodType {
  let limited = number;
  if (typeof minimum === 'number') limited = limited.gte(minimum);
  if (typeof maximum === 'number') limited = limited.lte(maximum);
  if (typeof exclusiveMinimum === 'number') limited = limited.gt(exclusiveMinimum);
  if (typeof exclusiveMaximum === 'number') limited = limited.lt(exclusiveMaximum);
  return limited;
}

/** The schema, or what its reference inside the document points at; null when it says nothing that we follow. */
function resolved(schema: unknown, root: JsonObject): JsonObject | null {
  let here = objectIn(schema);
  for (let hops = 0; here !== null && '$ref' in here; hops += 1) {
    if (typeof here.$ref !== 'string' || hops >= depthMax) return null;
    const [, place, name] = /^#\/(\$defs|definitions)\/([^/~%]+)$/.exec(here.$ref) ?? [];
    const shelf = place === undefined ? null : objectIn(root[place]);
    here = shelf !== null && name !== undefined && Object.hasOwn(shelf, name) ? objectIn(shelf[name]) : null;
  }
  return here;
}

const objectIn = (value: unknown): JsonObject | null =>
  // What comes in is JSON by its schema, so an object that is no list has members alone.
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

const isScalar = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value);

const count = (value: unknown, otherwise: number, max: number): number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? Math.min(value, max) : otherwise;
