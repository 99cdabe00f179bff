import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { UsageError } from './command.ts';

/** Replaces values in the text of a .env file; names, comments, order and everything else stay as they are. */
export function replaceValues(text: string, values: ReadonlyMap<string, string>): string {
  let replaced = '';
  let from = 0;
  for (const { name, start, end } of spansOf(text)) {
    const value = values.get(name);
    if (value === undefined) continue;
    replaced += text.slice(from, start) + value;
    from = end;
  }
  replaced += text.slice(from);
  requireOnly(parseEnv(text), parseEnv(replaced), values);
  return replaced;
}

/** Writes a file that is whole or as it was, for its owner alone. A link stays a link. */
export async function rewriteFile(path: string, text: string): Promise<void> {
  const target = await realpath(path);
  const { uid, gid } = await stat(target);
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    // Run by root, the file stays whose it was. Anybody else owns it already.
    if (process.getuid?.() === 0) await file.chown(uid, gid);
    await file.sync();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

interface Span {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Where values stand: quoted ones over several lines, others up to a comment or the end of the line. */
function* spansOf(text: string): Generator<Span> {
  const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/gm;
  for (let found = assignment.exec(text); found !== null; found = assignment.exec(text)) {
    const start = assignment.lastIndex;
    const quote = text[start];
    const closing = quote === '"' || quote === "'" || quote === '`' ? text.indexOf(quote, start + 1) : -1;
    const line = /[^#\r\n]*/y;
    line.lastIndex = start;
    const plain = line.exec(text)?.[0].trimEnd() ?? '';
    const end = closing === -1 ? start + plain.length : closing + 1;
    yield { name: found[1] ?? '', start, end };
    assignment.lastIndex = Math.max(end, start);
  }
}

/** What else the file says must be read as before: a form that we do not know is left to a person. */
function requireOnly(before: NodeJS.Dict<string>, after: NodeJS.Dict<string>, values: ReadonlyMap<string, string>): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (after[name] !== (values.get(name) ?? before[name]))
      throw new UsageError(
        `The line of ${name} is written in a form that cannot be changed safely. Nothing was changed; write it as NAME=value.`,
      );
}
