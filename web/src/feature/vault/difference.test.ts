import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLines, type DiffLine, foldSame } from './difference.ts';

const side = (lines: readonly DiffLine[], kind: 'added' | 'removed') =>
  lines.filter((line) => line.kind === 'same' || line.kind === kind).map(({ text }) => text);
const drawn = (before: string, after: string) =>
  compareLines(before, after)?.map(({ kind, text }) => `${{ same: ' ', added: '+', removed: '-' }[kind]}${text}`);

test('a difference has the lines that were removed and added, and no others', () => {
  assert.deepEqual(drawn('a\nb\nc\n', 'a\nx\nc\nd'), [' a', '-b', '+x', ' c', '+d']);
  assert.deepEqual(drawn('', 'a\n'), ['+a']);
  assert.deepEqual(drawn('a\r\nb\r\n', 'a\nb\n'), [' a', ' b']);
  assert.deepEqual(drawn('', ''), []);
});

test('of any two texts the difference gives both back, with the fewest changes', () => {
  let state = 7;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  for (let run = 0; run < 400; run += 1) {
    const [old, young] = [0, 1].map(() => Array.from({ length: random(14) }, () => 'abcd'[random(4)] ?? '')) as [string[], string[]];
    const lines = compareLines(old.map((line) => `${line}\n`).join(''), young.map((line) => `${line}\n`).join('')) ?? [];
    assert.deepEqual([side(lines, 'removed'), side(lines, 'added')], [old, young]);
    assert.equal(lines.filter(({ kind }) => kind === 'same').length, longestCommon(old, young), `${old.join('')} ${young.join('')}`);
  }
});

test('what is too long or too different is said to be, soon', () => {
  const numbers = (count: number, from: number) => Array.from({ length: count }, (_, n) => `${from + n}`).join('\n');
  assert.equal(compareLines('\n'.repeat(60_000), ''), null);
  assert.equal(compareLines(numbers(3_000, 0), numbers(3_000, 10_000)), null);
  assert.equal(compareLines(numbers(40_000, 0), numbers(40_001, 0))?.length, 40_001);
});

test('equal lines far from a change are left out, and counted', () => {
  const text = (changed: string) => [...'abcdefghij', changed, ...'klmnopqrst'].join('\n');
  const rows = foldSame(compareLines(text('1'), text('2')) ?? [], 2);
  assert.deepEqual(
    rows.map((row) => (row.kind === 'skipped' ? row.lines : row.text)),
    [8, 'i', 'j', '1', '2', 'k', 'l', 8],
  );
  assert.deepEqual(foldSame([], 2), []);
  assert.deepEqual(foldSame(compareLines('a\nb\nc', 'a\nb\nc') ?? [], 2), [{ kind: 'skipped', lines: 3 }]);
});

function longestCommon(one: readonly string[], other: readonly string[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const line of one) {
    const next = [0];
    for (const [at, letter] of other.entries()) next.push(line === letter ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    row = next;
  }
  return row.at(-1) ?? 0;
}
