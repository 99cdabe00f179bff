import { RE2JS } from 're2js';

/**
 * A pattern that a person wrote, run over text that strangers wrote. RE2 matches in time linear in the text: the expressions that make
 * a backtracking engine hang, such as `(a+)+$`, do not exist for it. What it cannot do in linear time (look-around, back references) it
 * refuses when it is read.
 */
export interface Pattern {
  /** Whether it matches anywhere in the text. */
  matches(text: string): boolean;
  /** What the first group of the first match holds, or the whole match if the pattern has no group; null if that is nothing. */
  capture(text: string): string | null;
}

const sourceCharsMax = 500;
// Time grows with program size times text. 200 instructions over 64 K characters take 0.3 s at worst; patterns for invoices have 20 to 90.
const programSizeMax = 200;
/** Longer texts are only searched this far. */
export const searchedCharsMax = 65_536;

/** Reads a pattern in RE2 syntax. `(?i)` in front ignores case. @returns the fault in words. */
export function parsePattern(source: string): Pattern | { readonly fault: string } {
  if (source.length > sourceCharsMax) return { fault: `The pattern is longer than ${sourceCharsMax} characters.` };
  const compiled = compile(source);
  if (!(compiled instanceof RE2JS)) return compiled;
  if (compiled.programSize() > programSizeMax) return { fault: 'The pattern is too large. Use smaller counts in {…} or split it.' };
  return {
    matches: (text) => compiled.matcher(text.slice(0, searchedCharsMax)).find(),
    capture(text) {
      const matcher = compiled.matcher(text.slice(0, searchedCharsMax));
      if (!matcher.find()) return null;
      return (compiled.groupCount() === 0 ? matcher.group(0) : matcher.group(1)) ?? null;
    },
  };
}

function compile(source: string): RE2JS | { readonly fault: string } {
  try {
    // $ means the end of a line, as people expect of a mail: without it "Total: 5 EUR$" would only match the very last line.
    return RE2JS.compile(source, RE2JS.MULTILINE);
  } catch (error) {
    return {
      fault: `The pattern is not valid: ${error instanceof Error ? error.message : 'it cannot be read'}. Look-around and back references are not available.`,
    };
  }
}
