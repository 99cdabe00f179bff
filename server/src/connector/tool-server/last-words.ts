import { StringDecoder } from 'node:string_decoder';
import { redact, registerSecret } from '#kernel/redact';
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
  /** Nothing more is said: a last line without an end is one. */
  end(): void;
  /** The last lines that have an end, oldest first, without secrets and with nothing in them that hides. */
  lines(): readonly string[];
}

/** @param secrets - what the program was given, and may say */
export function createLastWords(secrets: readonly string[]): LastWords {
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
    end() {
      rest += decoder.end();
      if (rest !== '') keep(rest);
      rest = '';
    },
    lines() {
      // They were named when the program was started, which may be long ago.
      for (const secret of secrets) registerSecret(secret, 'tenant');
      // As a whole first: a secret may have several lines. Without the line that is being said: half of a secret is not known as one.
      return redact(kept.join('\n'))
        .split('\n')
        .map((line) => quoted(line, shownCharsMax))
        .filter((line) => line !== '')
        .slice(-linesMax);
    },
  };
}
