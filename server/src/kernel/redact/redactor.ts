import { formsOf, secretCharactersMin } from './forms.ts';
import { findKnownForms } from './known.ts';
import { createSearch, type Search, type Span } from './search.ts';

/** What stands where a secret stood. */
export const placeholder = '[secret]';

/**
 * Values that are known at once, at most. Beyond, those that nobody has named for longest are forgotten: of tenants alone, since theirs are
 * named again at each use, and those of the installation once, at its start.
 */
const valuesMax = 2_000;
/** Longer values are looked for by their beginning, in characters: whoever has that has a part that is worth hiding, and the rest is no use alone. */
const valueCharactersMax = 4_096;
/** All forms of all values together, in characters: 32 MB of memory at most. */
const formsCharactersMax = 16 * 1_024 ** 2;

/** Knows the values that are live in this process, and takes them out of whatever is about to leave it. */
export interface Redactor {
  /**
   * Makes a value known. Shorter ones than 8 characters are not: they would be found everywhere. Naming one again keeps it known.
   *
   * @param of - whose it is: however many a tenant has, none of the installation's is forgotten for them
   * @returns what makes it unknown again, for values that have been revoked.
   */
  register(value: string, of?: 'installation' | 'tenant'): () => void;
  /** The text without any known value, in whatever common encoding it stands, and without what looks like a secret. */
  redact(text: string): string;
  /** The same of JSON text, which stays JSON. */
  redactJson(line: string): string;
}

/** @param options.valuesMax - for tests */
export function createRedactor(options: { readonly valuesMax?: number } = {}): Redactor {
  const most = options.valuesMax ?? valuesMax;
  const known = new Map<string, ReadonlySet<string>>();
  // Those that may be forgotten, in the order in which they were named last.
  const passing = new Set<string>();
  let formsCharacters = 0;
  let search: Search | undefined;

  function forget(value: string | undefined): void {
    if (value === undefined) return;
    formsCharacters -= charactersOf(known.get(value));
    passing.delete(value);
    if (known.delete(value)) search = undefined;
  }

  function register(given: string, of: 'installation' | 'tenant' = 'installation'): () => void {
    const value = given.slice(0, valueCharactersMax);
    if (value.length < secretCharactersMin) return () => undefined;
    const isNew = !known.has(value);
    if (isNew) {
      const forms = formsOf(value);
      known.set(value, forms);
      formsCharacters += charactersOf(forms);
      search = undefined;
    }
    // One that the installation has named as well stays the installation's.
    const isPassing = of === 'tenant' && (isNew || passing.has(value));
    passing.delete(value);
    if (isPassing) passing.add(value);
    while ((known.size > most || formsCharacters > formsCharactersMax) && passing.size > 1) forget(passing.values().next().value);
    return () => forget(value);
  }

  /** Built at the first text after a change: many are registered at the start, one after the other. */
  const spansIn = (text: string): Span[] => {
    search ??= createSearch([...known.values()].flatMap((forms) => [...forms]));
    return [...search(text), ...findKnownForms(text)];
  };

  return {
    register,
    redact: (text) => without(text, spansIn(text)),
    redactJson(line) {
      const spans = spansIn(line);
      if (spans.length === 0) return line;
      const redacted = without(
        line,
        spans.map((span) => wholeEscapes(line, span)),
      );
      return isJson(redacted) ? redacted : heldBack(line);
    },
  };
}

const charactersOf = (forms: ReadonlySet<string> | undefined): number => [...(forms ?? [])].reduce((sum, form) => sum + form.length, 0);

function without(text: string, spans: Span[]): string {
  if (spans.length === 0) return text;
  spans.sort((one, other) => one.start - other.start);
  let kept = '';
  let from = 0;
  let covered = -1;
  for (const { start, end } of spans) {
    // What overlaps or touches what was taken out just before is taken out with it.
    if (start > covered) kept += text.slice(from, start) + placeholder;
    covered = Math.max(covered, end);
    from = covered;
  }
  return kept + text.slice(from);
}

/** A value that begins with an n must not take away the n of a \n, nor one that ends in a backslash leave the quote behind it alone. */
function wholeEscapes(line: string, { start, end }: Span): Span {
  const from = isInEscape(line, start) ? start - 1 : start;
  return { start: from, end: isInEscape(line, end) ? end + 1 : end };
}

function isInEscape(line: string, at: number): boolean {
  let backslashes = 0;
  while (line[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Nothing can be said of a line that cannot be cut without breaking it, but that there was one. */
const heldBack = (line: string): string =>
  `${JSON.stringify({ level: 'warn', msg: `a line was held back: a secret in it could not be taken out (${line.length} characters)` })}\n`;

/** The values of this process: whatever opens a secret registers it, and everything that leaves passes by here. */
const ofProcess = createRedactor();
export const registerSecret = ofProcess.register;
export const { redact, redactJson } = ofProcess;
