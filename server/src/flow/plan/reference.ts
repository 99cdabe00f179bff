import type { Json } from '#kernel';

/** Points at a value: `$event.from.address`, `$extract.date`, `$task.id`, or what a step returned, as `$s1.notes[0].path`. */
export interface Reference {
  /** `event`, `extract`, `task`, or the id of a step. */
  readonly head: string;
  readonly path: readonly (string | number)[];
}
/** A text with holes: literal pieces and references, in order. */
export type TemplatePart = { readonly literal: string } | { readonly reference: Reference };

/** Heads that are not steps, so no step may carry these names. */
export const reservedHeads: ReadonlySet<string> = new Set(['event', 'extract', 'task']);

const referenceCharsMax = 200;
const templatePartsMax = 64;
const grammar = /^\$([a-z][a-z0-9_]{0,30})((?:\.[A-Za-z_][A-Za-z0-9_-]{0,63}|\[\d{1,4}\])*)$/;
const inherited: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Reads a reference. @returns null for what is not one, and for names that every object inherits. */
export function parseReference(text: string): Reference | null {
  if (text.length > referenceCharsMax) return null;
  const [, head, tail] = grammar.exec(text) ?? [];
  if (head === undefined || tail === undefined) return null;
  const path = [...tail.matchAll(/\.([^.[]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
  return path.some((segment) => inherited.has(String(segment))) ? null : { head, path };
}

/** Whether somebody who wrote this text meant a reference, right or wrong: `$event...` does, `$5 off` and `US$` do not. */
export const looksLikeReference = (text: string): boolean => /^\$[a-z]/.test(text) && !/\s/.test(text);

/**
 * Reads `Re: ${event.subject}`. `$${` stands for a plain `${`.
 *
 * @returns the fault in words for a hole that is not closed, not a reference, or one of more than 64 pieces.
 */
export function parseTemplate(text: string): { readonly parts: readonly TemplatePart[] } | { readonly fault: string } {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('$${', at)) {
      literal += '${';
      at += 3;
    } else if (text.startsWith('${', at)) {
      const end = text.indexOf('}', at);
      const inner = end === -1 ? text.slice(at + 2, at + 42) : text.slice(at + 2, end);
      const reference = end === -1 ? null : parseReference(`$${inner}`);
      if (reference === null)
        return { fault: `"\${${clip(inner)}" is not a reference. Write \${event.subject} or, for the characters themselves, $\${.` };
      if (literal !== '') parts.push({ literal });
      parts.push({ reference });
      literal = '';
      at = end + 1;
    } else {
      literal += text[at];
      at += 1;
    }
    if (parts.length > templatePartsMax) return { fault: `The template has more than ${templatePartsMax} pieces.` };
  }
  if (literal !== '') parts.push({ literal });
  return { parts };
}

/** The reference as it is written. */
export const referenceText = ({ head, path }: Reference): string =>
  `$${head}${path.map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${segment}`)).join('')}`;

/** Follows a path through own members only. @returns undefined where there is nothing; null is a value. */
export function valueAt(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  let here = value;
  for (const segment of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    if (Array.isArray(here) !== (typeof segment === 'number')) return undefined;
    if (!Object.hasOwn(here, segment)) return undefined;
    // The line above has found this member on the object itself.
    here = (here as Record<string | number, Json | undefined>)[segment];
  }
  return here;
}

const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
