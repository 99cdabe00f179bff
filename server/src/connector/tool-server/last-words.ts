import { StringDecoder } from 'node:string_decoder';
import { redact } from '#kernel/redact';
import { quoted } from './fault.ts';

/** The end of what a program says is kept: this many lines, each shown to this many characters. */
const linesMax = 20;
const shownCharsMax = 300;
/** A longer line is not shown: cut in two, a secret in it would not be known as one. */
const lineCharsMax = 4_000;

/** What a program says on standard error: the last lines, and how many there were. */
interface LastWords {
  readonly count: number;
  hear(chunk: Buffer): void;
  /** The last lines, oldest first, without secrets and with nothing in them that hides. */
  lines(): readonly string[];
}

export function createLastWords(): LastWords {
  const decoder = new StringDecoder('utf8');
  const kept: string[] = [];
  let rest = '';
  let count = 0;
  const keep = (line: string) => {
    count += 1;
    kept.push(line.length > lineCharsMax ? `(a line of more than ${lineCharsMax} characters)` : line);
    if (kept.length > linesMax) kept.shift();
  };
  return {
    get count() {
      return count + (rest === '' ? 0 : 1);
    },
    hear(chunk) {
      const parts = (rest + decoder.write(chunk)).split('\n');
      // Of a line without an end only that it is too long has to be known.
      rest = (parts.pop() ?? '').slice(0, lineCharsMax + 1);
      for (const part of parts) keep(part);
    },
    lines() {
      const whole = [...kept, ...(rest.length > lineCharsMax ? [] : [rest])].join('\n');
      // As a whole first: a secret may have several lines.
      return redact(whole)
        .split('\n')
        .map((line) => quoted(line, shownCharsMax))
        .filter((line) => line !== '')
        .slice(-linesMax);
    },
  };
}
