import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeTexts } from './merge.ts';

const marks = { mine: 'mine', theirs: 'theirs' };
const base = 'one\ntwo\nthree\nfour\nfive\n';

test('changes at different places are both taken', () => {
  assert.deepEqual(mergeTexts(base, base.replace('two', 'TWO'), base.replace('five', 'FIVE'), marks), {
    text: 'one\nTWO\nthree\nfour\nFIVE\n',
    conflicts: 0,
  });
  assert.equal(mergeTexts(base, `${base}six\n`, `zero\n${base}`, marks)?.text, `zero\n${base}six\n`);
  assert.equal(mergeTexts(base, base.replace('two\n', ''), base.replace('four\n', ''), marks)?.text, 'one\nthree\nfive\n');
});

test('the same change of both is taken once, and no change is none', () => {
  const both = base.replace('three', '3');
  assert.deepEqual(mergeTexts(base, both, both, marks), { text: both, conflicts: 0 });
  assert.deepEqual(mergeTexts(base, base, both, marks), { text: both, conflicts: 0 });
  assert.deepEqual(mergeTexts('', '', '', marks), { text: '', conflicts: 0 });
});

test('where both changed the same lines, both stand there', () => {
  assert.deepEqual(mergeTexts(base, base.replace('three', 'mine 3'), base.replace('three', 'their 3'), marks), {
    text: 'one\ntwo\n<<<<<<< mine\nmine 3\n=======\ntheir 3\n>>>>>>> theirs\nfour\nfive\n',
    conflicts: 1,
  });
});

test('whatever two people do to a text, every line that one of them wrote is in what is put together', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 300; round += 1) {
    const old = Array.from({ length: random(12) }, (_, n) => `line ${n % 5}`);
    const changed = (who: string) => {
      const lines = [...old];
      for (let n = random(5); n > 0; n -= 1) lines.splice(random(lines.length + 1), random(3), `${who} ${round} ${n}`);
      return lines;
    };
    const [mine, theirs] = [changed('mine'), changed('theirs')];
    const merged = mergeTexts(old.join('\n'), mine.join('\n'), theirs.join('\n'), marks);
    const lines = merged?.text.split('\n') ?? [];
    for (const line of [...mine, ...theirs]) if (/^(?:mine|theirs) /.test(line)) assert.ok(lines.includes(line), `round ${round}: ${line}`);
  }
});
