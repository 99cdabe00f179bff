/** A mail of a mailbox file. */
export interface MboxMail {
  /** As it was before it was put into the mailbox; null when it is larger than a mail may be. */
  readonly bytes: Buffer | null;
  /** Where the next one begins, in bytes from where reading began: reading can go on from there. */
  readonly end: number;
}

const newline = 0x0a;
const separator = Buffer.from('From ');

/**
 * Splits a mailbox file (RFC 4155; quoting as in mboxrd) into its mails, in memory one at a time. A mail begins with a line `From ...` at
 * the start or behind an empty line.
 */
export async function* splitMbox(source: AsyncIterable<Uint8Array>, mailBytesMax: number): AsyncGenerator<MboxMail> {
  let lines: Buffer[] = [];
  let size = 0;
  let isWithin = false;
  let isAfterBlank = true;
  let at = 0;
  const finish = (): MboxMail => {
    const bytes = size > mailBytesMax ? null : withoutLastBlank(Buffer.concat(lines));
    lines = [];
    size = 0;
    return { bytes, end: at };
  };
  for await (const { line, isStart } of linesOf(source)) {
    if (isStart && isAfterBlank && line.subarray(0, separator.length).equals(separator)) {
      if (isWithin && size > 0) yield finish();
      isWithin = true;
      at += line.length;
      isAfterBlank = false;
      continue;
    }
    at += line.length;
    isAfterBlank = isStart && isBlank(line);
    if (!isWithin) continue;
    size += line.length;
    // What is too large is counted and not kept.
    if (size > mailBytesMax) lines = [];
    else lines.push(isStart ? unquoted(line) : line);
  }
  if (isWithin && size > 0) yield finish();
}

/** A line without an end is handed on in pieces of this size. */
const pieceBytesMax = 1024 * 1024;

/** Lines with their ends; of one that is very long the first piece is its start. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<{ line: Buffer; isStart: boolean }> {
  let rest: Buffer = Buffer.alloc(0);
  let isStart = true;
  for await (const piece of source) {
    const all = rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = all.indexOf(newline, from); end >= 0; end = all.indexOf(newline, from)) {
      yield { line: all.subarray(from, end + 1), isStart };
      isStart = true;
      from = end + 1;
    }
    rest = all.subarray(from);
    if (rest.length > pieceBytesMax) {
      yield { line: rest, isStart };
      isStart = false;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield { line: rest, isStart };
}

const isBlank = (line: Buffer): boolean => line.length <= 2 && (line[0] === newline || (line[0] === 0x0d && line[1] === newline));

/** One `>` of a line that begins like a separator was put there by whoever wrote the mailbox. */
function unquoted(line: Buffer): Buffer {
  if (line[0] !== 0x3e) return line;
  let at = 0;
  while (line[at] === 0x3e) at += 1;
  return line.subarray(at, at + separator.length).equals(separator) ? line.subarray(1) : line;
}

/** The empty line before the next mail is the mailbox's. */
function withoutLastBlank(bytes: Buffer): Buffer {
  if (bytes.subarray(-4).equals(Buffer.from('\r\n\r\n'))) return bytes.subarray(0, -2);
  return bytes.subarray(-2).equals(Buffer.from('\n\n')) ? bytes.subarray(0, -1) : bytes;
}
