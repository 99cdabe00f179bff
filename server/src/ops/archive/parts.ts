import { createHash } from 'node:crypto';
import { invalid } from './fault.ts';

/**
 * The inside of an archive: named parts, one after the other, of any length that nobody has to know before. Frames of one byte of kind and,
 * but for the ends, four bytes of length, big-endian:
 *
 *     1 name | 2 data (1 to 65,536 bytes) | 3 end of the part | 4 end of the archive
 *
 * The last part is `manifest`: a line of JSON for each part before it, `{name, bytes, sha256}`, then `{parts}`.
 */
const frame = { name: 1, data: 2, partEnd: 3, archiveEnd: 4 } as const;
const dataBytesMax = 64 * 1024;
const nameBytesMax = 1_200;
/** More notes than any vault holds; what each costs whoever reads is one hash. */
const partsMax = 2_000_000;
const manifestName = 'manifest';

/** A part to be written. */
export interface Part {
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
}

/** A part that is being read. What is left of its body is passed over when the next one is asked for. */
export interface ReadPart {
  readonly name: string;
  readonly body: AsyncIterable<Buffer>;
}

/** Writes the parts and, after them, the manifest. Holds a line for each part, and one piece of one body. */
export async function* encodeParts(parts: AsyncIterable<Part>): AsyncGenerator<Buffer> {
  const manifest: string[] = [];
  for await (const { name, body } of parts) {
    const sum = createSum(name);
    yield* encodePart(name, summed(body, sum));
    manifest.push(sum.line());
  }
  yield* encodePart(manifestName, [...manifest, `${JSON.stringify({ parts: manifest.length })}\n`]);
  yield Buffer.of(frame.archiveEnd);
}

async function* encodePart(name: string, body: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  const nameBytes = Buffer.from(name);
  if (nameBytes.length > nameBytesMax) throw new RangeError('a part of an archive has too long a name');
  yield framed(frame.name, nameBytes);
  for await (const piece of body) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    for (let at = 0; at < bytes.length; at += dataBytesMax) yield framed(frame.data, bytes.subarray(at, at + dataBytesMax));
  }
  yield Buffer.of(frame.partEnd);
}

function framed(kind: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(kind);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

async function* summed(body: Part['body'], sum: Sum): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    sum.add(bytes);
    yield bytes;
  }
}

interface Sum {
  add(bytes: Uint8Array): void;
  /** The part's line in the manifest. */
  line(): string;
}

function createSum(name: string): Sum {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    add(piece) {
      hash.update(piece);
      bytes += piece.length;
    },
    line: () => `${JSON.stringify({ name, bytes, sha256: hash.digest('hex') })}\n`,
  };
}

/**
 * Reads parts as they come. Only after the last one, when this has ended without an error, is it certain that all are as they were written.
 *
 * @throws FactotumError `archive.invalid`.
 */
export async function* decodeParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<ReadPart> {
  const reader = createReader(source);
  const expected = createHash('sha256');
  for (let count = 0; ; count += 1) {
    if (count > partsMax) throw invalid(`it has more than ${partsMax} parts`);
    const name = await readName(reader);
    const sum = createSum(name);
    const given = createHash('sha256');
    const body = readBody(reader, (bytes) => {
      sum.add(bytes);
      if (name === manifestName) given.update(bytes);
    });
    if (name === manifestName) {
      for await (const _ of body);
      expected.update(`${JSON.stringify({ parts: count })}\n`);
      if (!given.digest().equals(expected.digest())) throw invalid('its parts are not those that its manifest names');
      await reader.end();
      return;
    }
    yield { name, body };
    for await (const _ of body);
    expected.update(sum.line());
  }
}

async function readName(reader: Reader): Promise<string> {
  if ((await reader.byte()) !== frame.name) throw invalid('a part does not begin where one has to');
  const length = await reader.length(nameBytesMax);
  const bytes = await reader.bytes(length);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid('the name of a part is not UTF-8', cause);
  }
}

/** One part's data, taken piece by piece: who stops reading leaves the rest for whoever goes on. */
function readBody(reader: Reader, onBytes: (bytes: Buffer) => void): AsyncIterable<Buffer> {
  let ended = false;
  const next = async (): Promise<IteratorResult<Buffer, undefined>> => {
    const kind = ended ? frame.partEnd : await reader.byte();
    if (kind === frame.partEnd) {
      ended = true;
      return { done: true, value: undefined };
    }
    if (kind !== frame.data) throw invalid('a part is broken off');
    const value = await reader.bytes(await reader.length(dataBytesMax));
    onBytes(value);
    return { done: false, value };
  };
  // Without `return`, leaving a loop does not end what is read.
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

interface Reader {
  byte(): Promise<number>;
  length(max: number): Promise<number>;
  bytes(length: number): Promise<Buffer>;
  /** Reads the last frame. @throws when something follows. */
  end(): Promise<void>;
}

function createReader(source: AsyncIterable<Uint8Array>): Reader {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  /** Whether there are that many bytes. */
  const fill = async (length: number): Promise<boolean> => {
    if (held.length >= length) return true;
    const pieces = [held];
    let total = held.length;
    while (total < length) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      pieces.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      total += value.length;
    }
    held = Buffer.concat(pieces);
    return total >= length;
  };
  const take = async (length: number): Promise<Buffer> => {
    if (!(await fill(length))) throw invalid('it is cut off');
    const bytes = held.subarray(0, length);
    held = held.subarray(length);
    return bytes;
  };
  return {
    byte: async () => (await take(1)).readUInt8(),
    async length(max) {
      const length = (await take(4)).readUInt32BE();
      if (length < 1 || length > max) throw invalid('a length in it is out of bounds');
      return length;
    },
    bytes: take,
    async end() {
      if ((await take(1)).readUInt8() !== frame.archiveEnd || (await fill(1))) throw invalid('something stands behind its end');
    },
  };
}
