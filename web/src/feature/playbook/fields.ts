import type { Json, JsonObject } from '../../api/types.ts';

/** One condition of a playbook as the form shows it. */
export interface Condition {
  field: string;
  how: 'equals' | 'regex';
  value: string;
}

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const textOf = (value: Json | undefined): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);

/** The fields of a front matter as the form shows them, whatever stands there. */
export function readFields(fields: JsonObject) {
  const when = objectOf(fields.when);
  return {
    title: textOf(fields.title),
    summary: textOf(fields.summary),
    priority: textOf(fields.priority),
    enabled: fields.enabled !== false,
    source: textOf(when.source),
    kind: textOf(when.kind),
    conditions: Object.entries(objectOf(when.match)).map(([field, test]): Condition => {
      const { regex } = objectOf(test);
      return regex === undefined ? { field, how: 'equals', value: textOf(test) } : { field, how: 'regex', value: textOf(regex) };
    }),
    values: Object.entries(objectOf(fields.extract)).map(([name, value]) => ({ name, body: objectOf(value) })),
    steps: (Array.isArray(fields.steps) ? fields.steps : []).map(objectOf),
  };
}

/** The same with one member changed; left out when it is empty. */
export function withMember(fields: JsonObject, name: string, value: Json | undefined): JsonObject {
  const { [name]: _, ...others } = fields;
  if (value === undefined || value === '') return others;
  // What was there keeps its place, so that the note keeps its order.
  return Object.hasOwn(fields, name)
    ? Object.fromEntries(Object.entries(fields).map(([key, old]) => [key, key === name ? value : old]))
    : { ...others, [name]: value };
}

/** The fields with a part of `when` changed. */
export const withWhen = (fields: JsonObject, name: string, value: Json | undefined): JsonObject =>
  withMember(fields, 'when', withMember(objectOf(fields.when), name, value));

export const withConditions = (fields: JsonObject, conditions: readonly Condition[]): JsonObject =>
  withWhen(
    fields,
    'match',
    Object.fromEntries(conditions.map(({ field, how, value }) => [field, how === 'regex' ? { regex: value } : value])),
  );

/** An argument as it is typed: texts as they are, everything else as JSON. */
export function argumentText(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' && argumentOf(value) === value ? value : JSON.stringify(value);
}

/** What was typed: JSON where it is some that is no bare text, else the text. */
export function argumentOf(text: string): Json {
  if (!/^(?:[[{"]|-?\d|true$|false$|null$)/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
