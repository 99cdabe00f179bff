import type { z } from 'zod';
import type { Json, JsonObject } from '#kernel';
import type { Label } from '#trust/policy';
import { readFrontMatter } from '#trust/vault';
import { type Extraction, slotOf } from './extract.ts';
import { type Pattern, parsePattern } from './pattern.ts';
import { type PlaybookFrontMatter, playbookSchema } from './playbook-schema.ts';
import { looksLikeReference, parseReference, parseTemplate } from './reference.ts';
import type { Arg, ArgSource, PlanStep, Slot } from './schema.ts';

/** A playbook that has been read, with its patterns compiled: parse once for each version of the note, use for every event. */
export interface Playbook {
  readonly path: string;
  readonly title: string;
  readonly priority: number;
  readonly when: { readonly source: string; readonly kind: string | undefined; readonly match: readonly Condition[] };
  readonly extract: readonly NamedExtraction[];
  readonly summary: string;
  readonly steps: readonly PlanStep[];
  /** Label of everything that the author wrote: a member answers for it, and it is meant to be sent. */
  readonly literal: Label;
}
export interface Condition {
  readonly field: string;
  readonly path: readonly (string | number)[];
  readonly test: { readonly equals: string } | { readonly pattern: Pattern };
}
export interface NamedExtraction extends Extraction {
  readonly name: string;
  readonly slot: Slot;
  readonly isOptional: boolean;
}

/** A note in `Playbooks/` that was meant as a playbook and cannot be used, with everything that is wrong with it. */
export interface FaultyPlaybook {
  readonly path: string;
  readonly title: string;
  readonly faults: readonly string[];
}

/**
 * Reads a note from `Playbooks/`.
 *
 * @returns `ignored` for a note that is no playbook (no front matter), is switched off, or whose version no member wrote: whatever a tool
 * wrote there must not steer. `faulty` with all faults at once. Never throws.
 */
export function parsePlaybook(note: {
  readonly path: string;
  readonly content: string;
  readonly trusted: boolean;
}):
  | { readonly kind: 'playbook'; readonly playbook: Playbook }
  | { readonly kind: 'faulty'; readonly faulty: FaultyPlaybook }
  | { readonly kind: 'ignored' } {
  if (!note.trusted) return { kind: 'ignored' };
  const read = readPlaybook(note);
  if (read === null || read.written?.enabled === false) return { kind: 'ignored' };
  const { playbook, title, faults } = read;
  if (playbook !== null) return { kind: 'playbook', playbook };
  return { kind: 'faulty', faulty: { path: note.path, title, faults: faults.map(({ text }) => text) } };
}

/** Something wrong with a playbook, and where in its front matter that stands. */
export interface PlaybookFault {
  readonly text: string;
  readonly at: readonly (string | number)[];
}

/** A note read as a playbook, switched on or not, whoever wrote it. Null for one without front matter. `playbook` is null when there are faults. */
export function readPlaybook(note: { readonly path: string; readonly content: string }): {
  readonly title: string;
  readonly written: PlaybookFrontMatter | null;
  readonly playbook: Playbook | null;
  readonly faults: readonly PlaybookFault[];
} | null {
  const name = (note.path.split('/').at(-1) ?? note.path).replace(/\.md$/i, '');
  const nothing = { title: name, written: null, playbook: null };
  const front = readFrontMatter(note.content);
  if ('none' in front) return null;
  if ('faults' in front) return { ...nothing, faults: front.faults.map((text) => ({ text, at: [] })) };
  const parsed = playbookSchema.safeParse(front.value);
  if (!parsed.success) return { ...nothing, faults: parsed.error.issues.map(schemaFault) };
  const title = parsed.data.title ?? name;
  const faults: PlaybookFault[] = [];
  const playbook = compile({ path: note.path, title, written: parsed.data, faults });
  return { title, written: parsed.data, playbook: faults.length > 0 ? null : playbook, faults };
}

function schemaFault(issue: z.core.$ZodIssue): PlaybookFault {
  // A key that nobody knows stands itself where the fault is.
  const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  return { text: `${path.join('.') || 'front matter'}: ${issue.message}.`, at: [...path, ...key] };
}

/** Where a fault is: in words, and in the front matter. */
interface Where {
  readonly words: string;
  readonly at: readonly (string | number)[];
}

function compile({
  path,
  title,
  written,
  faults,
}: {
  path: string;
  title: string;
  written: PlaybookFrontMatter;
  faults: PlaybookFault[];
}): Playbook {
  const { when, priority } = written;
  const summary = written.summary ?? title;
  const parsedSummary = parseTemplate(summary);
  if ('fault' in parsedSummary) faults.push({ text: `summary: ${parsedSummary.fault}`, at: ['summary'] });
  return {
    path,
    title,
    priority,
    summary,
    when: { source: when.source, kind: when.kind, match: Object.entries(when.match).map((entry) => condition(entry, faults)) },
    extract: Object.entries(written.extract).map((entry) => extraction(entry, faults)),
    steps: written.steps.map((step, index) => planStep(step, index, faults)),
    literal: { sources: [`playbook:${title}`], integrity: 'trusted', readers: 'anyone' },
  };
}

function condition([field, expected]: [string, PlaybookFrontMatter['when']['match'][string]], faults: PlaybookFault[]): Condition {
  const where = { words: `when.match.${field}`, at: ['when', 'match', field] };
  const path = fieldPath(field, where, faults);
  if (typeof expected !== 'object') return { field, path, test: { equals: foldCase(String(expected)) } };
  return { field, path, test: { pattern: patternOf(expected.regex, where, faults) } };
}

function extraction(
  [name, { type, from, pattern, optional }]: [string, PlaybookFrontMatter['extract'][string]],
  faults: PlaybookFault[],
): NamedExtraction {
  const place = { words: `extract.${name}`, at: ['extract', name] };
  return {
    name,
    type,
    slot: slotOf(type),
    from: fieldPath(from, place, faults),
    pattern: pattern === undefined ? undefined : patternOf(pattern, place, faults),
    isOptional: optional,
  };
}

function planStep(step: PlaybookFrontMatter['steps'][number], index: number, faults: PlaybookFault[]): PlanStep {
  const args = argsOf(step.args, { words: `steps.${step.id}.args`, at: ['steps', index, 'args'] }, faults);
  const undoWhere = { words: `steps.${step.id}.undo.args`, at: ['steps', index, 'undo', 'args'] };
  const undo = step.undo === undefined ? {} : { undo: { tool: step.undo.tool, args: argsOf(step.undo.args, undoWhere, faults) } };
  return { id: step.id, tool: step.tool, args, after: step.after, why: step.why ?? '', ...undo };
}

function argsOf(written: JsonObject, place: Where, faults: PlaybookFault[]): Record<string, Arg> {
  const entries = Object.entries(written).map(([name, value]): [string, Arg] => {
    const where = { words: `${place.words}.${name}`, at: [...place.at, name] };
    const hasHoles =
      Array.isArray(value) && value.some((item) => typeof item === 'string' && (looksLikeReference(item) || item.includes('${')));
    if (hasHoles && Array.isArray(value)) return [name, { list: value.map((item: Json) => sourceOf(item, where, faults)) }];
    return [name, sourceOf(value ?? null, where, faults)];
  });
  return Object.fromEntries(entries);
}

/** `$event.x` is a reference, a text with `${` a template, everything else stands for itself. `$$` at the start stands for one `$`. */
function sourceOf(value: Json, where: Where, faults: PlaybookFault[]): ArgSource {
  if (typeof value !== 'string') return { value };
  if (looksLikeReference(value)) {
    if (parseReference(value) === null)
      faults.push(faultAt(where, `"${value.slice(0, 60)}" is not a reference. Write $event.subject, or $$ for a dollar sign.`));
    return { ref: value };
  }
  if (!value.includes('${')) return { value: value.startsWith('$$') ? value.slice(1) : value };
  const parsed = parseTemplate(value);
  if ('fault' in parsed) faults.push(faultAt(where, parsed.fault));
  return { template: value };
}

function fieldPath(written: string, where: Where, faults: PlaybookFault[]): readonly (string | number)[] {
  const reference = parseReference(written.startsWith('$') ? written : `$event.${written}`);
  if (reference?.head === 'event' && reference.path.length > 0) return reference.path;
  faults.push(faultAt(where, `"${written.slice(0, 60)}" is not a place in the event, such as subject or from.address.`));
  return [];
}

function patternOf(source: string, where: Where, faults: PlaybookFault[]): Pattern {
  const parsed = parsePattern(source);
  if (!('fault' in parsed)) return parsed;
  faults.push(faultAt(where, parsed.fault));
  return { matches: () => false, capture: () => null };
}

const faultAt = ({ words, at }: Where, fault: string): PlaybookFault => ({ text: `${words}: ${fault}`, at });

/** Only A to Z: full case folding makes one of the Kelvin sign and k, so a look-alike address would pass for the real one. */
export const foldCase = (text: string): string => text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
