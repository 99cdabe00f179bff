import type { Json } from '../../api/types.ts';

const isTexts = (value: Json): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** An argument as the text of its input: lists of texts one a line, objects as JSON. */
export function writeInput(value: Json): string {
  if (typeof value === 'string') return value;
  if (isTexts(value)) return value.join('\n');
  return JSON.stringify(value, null, typeof value === 'object' ? 2 : 0);
}

/** The edited argument, of the same type as `was`; undefined when the text is none. */
export function readInput(input: string, was: Json): Json | undefined {
  if (typeof was === 'string') return input;
  if (isTexts(was) && (was.length > 0 || !input.trimStart().startsWith('['))) {
    return input.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  }
  if (typeof was === 'number') return input.trim() !== '' && Number.isFinite(Number(input)) ? Number(input) : undefined;
  try {
    return JSON.parse(input) as Json; // JSON.parse yields nothing else.
  } catch {
    return undefined; // Not JSON yet: the form says so while the person types.
  }
}
