import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { countRows, cutRows, newTally, type Piece } from './cut.ts';

const key = 0x5eed;
/** Rows of no pattern, the same in every run: where a piece ends follows from what is in them. */
const rowsOf = (count: number, bytes: number) =>
  Array.from(
    { length: count },
    (_, at) =>
      `${at}\t${createHash('shake128', { outputLength: bytes / 2 })
        .update(`${at}`)
        .digest('hex')}\n`,
  );

/** The lines as a connection brings them: in parts that know nothing of rows. */
async function* inParts(text: string, partBytes: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}

async function cut(text: string, partBytes = 65_536, tally = newTally()): Promise<Piece[]> {
  return Array.fromAsync(cutRows(inParts(text, partBytes), key, tally));
}

const names = (pieces: readonly Piece[]) => new Set(pieces.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')));

test('pieces are whole rows, put together they are what was read, however it came in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.stringMatching(/^[a-z\\\t]{0,50}$/)), fc.integer({ min: 1, max: 40 }), async (lines, partBytes) => {
      const text = lines.map((line) => `${line}\n`).join('');
      const tally = newTally();
      const pieces = await cut(text, partBytes, tally);
      assert.equal(Buffer.concat(pieces.map(({ bytes }) => bytes)).toString(), text);
      const counted = newTally();
      for (const { bytes } of pieces) countRows(bytes, counted);
      assert.deepEqual(counted, tally);
      assert.equal(tally.rows, lines.length);
      assert.equal(tally.bytes, Buffer.byteLength(text));
    }),
  );
});

test('pieces have about four mebibytes whatever the size of rows, and never more than sixteen and a row', async () => {
  for (const [count, bytes] of [
    [80_000, 600],
    [600, 80_000],
    [12, 4_000_000],
  ] as const) {
    const pieces = await cut(rowsOf(count, bytes).join(''));
    const average = (count * bytes) / pieces.length / 2 ** 20;
    assert.ok(average > 1.5 && average < 9, `${average} MiB on average with rows of ${bytes}`);
    assert.ok(pieces.every((piece) => piece.bytes.length <= 16 * 2 ** 20 + bytes + 20));
  }
});

test('a row that comes, goes or changes in the middle of a large table leaves all pieces but one or two as they were', async () => {
  const rows = rowsOf(100_000, 600);
  const before = names(await cut(rows.join('')));
  const middle = rows.length >> 1;
  for (const changed of [rows.toSpliced(middle, 0, 'a new row\n'), rows.toSpliced(middle, 1), rows.with(middle, 'another row\n')]) {
    const after = await cut(changed.join(''));
    const isNew = [...names(after)].filter((name) => !before.has(name)).length;
    assert.ok(isNew >= 1 && isNew <= 3, `${isNew} of ${after.length} pieces are new`);
  }
});

test('a tally tells one row that is missing, there twice or other, and not the order', () => {
  const rows = rowsOf(100, 60);
  const tallyOf = (lines: readonly string[]) => {
    const tally = newTally();
    countRows(Buffer.from(lines.join('')), tally);
    return tally;
  };
  const whole = tallyOf(rows);
  assert.deepEqual(tallyOf(rows.toReversed()), whole);
  const [first = '', second = ''] = rows;
  for (const other of [rows.slice(1), [first, ...rows], [second, ...rows.slice(1)]]) assert.notDeepEqual(tallyOf(other), whole);
  assert.throws(() => countRows(Buffer.from('half a row'), newTally()), RangeError);
});
