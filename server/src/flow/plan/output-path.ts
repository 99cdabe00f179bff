import { z } from 'zod';

type JsonSchema = { readonly [key: string]: unknown };

/** Deriving a JSON schema takes about a millisecond, and the tools do not change while the process runs. */
const derived = new WeakMap<z.ZodType, JsonSchema>();

/**
 * Whether a tool's result can have something at this path, as far as its output schema tells.
 *
 * @returns false only when the schema rules it out; an open object, a recursive schema or a schema without a JSON form leaves it open.
 */
export function mayHave(output: z.ZodType, path: readonly (string | number)[]): boolean {
  const known = derived.get(output) ?? z.toJSONSchema(output, { io: 'output', unrepresentable: 'any' });
  derived.set(output, known);
  return leadsOn(known, path);
}

function leadsOn(schema: unknown, path: readonly (string | number)[]): boolean {
  const [segment, ...rest] = path;
  if (segment === undefined || schema === true || !isSchema(schema)) return schema !== false;
  const branches = [schema.anyOf, schema.oneOf].find(Array.isArray);
  if (branches !== undefined) return branches.some((branch) => leadsOn(branch, path));
  if ('$ref' in schema || 'allOf' in schema || schema.type === undefined) return true;
  if (schema.type === 'object') return typeof segment === 'string' && memberLeadsOn(schema, segment, rest);
  if (schema.type === 'array') return typeof segment === 'number' && leadsOn(schema.items ?? true, rest);
  return false;
}

function memberLeadsOn(schema: JsonSchema, name: string, rest: readonly (string | number)[]): boolean {
  const { properties, additionalProperties = true } = schema;
  if (isSchema(properties) && Object.hasOwn(properties, name)) return leadsOn(properties[name], rest);
  return leadsOn(additionalProperties, rest);
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;
