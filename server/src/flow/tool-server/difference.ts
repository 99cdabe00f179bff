import type { Json } from '#kernel';
import type { OfferedTool } from './schema.ts';

/** One place where what a server says of a tool differs from what was confirmed. */
export interface Difference {
  /** Such as `description` or `inputSchema.properties.path.type`. */
  readonly place: string;
  readonly before: Json;
  readonly after: Json;
}

/** Enough to see what has happened; a schema that is another one altogether is read as a whole. */
const differencesMax = 100;

/** What has changed, place by place, in the order of the places. */
export function differences(before: OfferedTool, after: OfferedTool): Difference[] {
  const found: Difference[] = [];
  compare('', before, after, found);
  return found.slice(0, differencesMax).sort((left, right) => (left.place < right.place ? -1 : 1));
}

function compare(place: string, before: Json | undefined, after: Json | undefined, found: Difference[]): void {
  if (found.length >= differencesMax) return;
  if (isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      compare(place === '' ? name : `${place}.${name}`, before[name], after[name], found);
    return;
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) found.push({ place, before: before ?? null, after: after ?? null });
}

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
