import type { Json, JsonObject } from '#kernel';

/** What a change is made of, by name, equal names on both sides: a part of a part is `quiet.from`. */
export interface Difference {
  readonly before: JsonObject;
  readonly after: JsonObject;
}

/** The parts of two states that are not the same, as deep as objects go; null where all are. A part that is missing counts as null. */
export function differenceOf(before: JsonObject, after: JsonObject): Difference | null {
  const [was, is] = [partsOf(before), partsOf(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])].filter(
    (name) => JSON.stringify(was.get(name) ?? null) !== JSON.stringify(is.get(name) ?? null),
  );
  if (names.length === 0) return null;
  const only = (parts: ReadonlyMap<string, Json>): JsonObject => Object.fromEntries(names.map((name) => [name, parts.get(name) ?? null]));
  return { before: only(was), after: only(is) };
}

/** A state with some of its parts as they are named there: the way back from a difference. All else stays. */
export function withParts(state: JsonObject, parts: JsonObject): JsonObject {
  let changed = state;
  for (const [name, value] of Object.entries(parts)) changed = withPart(changed, name.split('.'), value ?? null);
  return changed;
}

function withPart(state: JsonObject, [name = '', ...rest]: readonly string[], value: Json): JsonObject {
  const part = state[name] ?? null;
  return { ...state, [name]: rest.length === 0 ? value : withPart(isObject(part) ? part : {}, rest, value) };
}

function partsOf(state: JsonObject, prefix = ''): Map<string, Json> {
  return new Map(
    Object.entries(state).flatMap(([name, value = null]): [string, Json][] =>
      isObject(value) ? [...partsOf(value, `${prefix}${name}.`)] : [[`${prefix}${name}`, value]],
    ),
  );
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
