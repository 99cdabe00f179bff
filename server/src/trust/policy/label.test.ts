import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinLabels, labelSchema } from './label.ts';

const label = fc.record({
  sources: fc.array(fc.constantFrom('mail:a@example.com', 'member:usr_1', 'note:A.md', 'system')),
  integrity: fc.constantFrom('trusted' as const, 'untrusted' as const),
  readers: fc.constantFrom('anyone' as const, 'tenant' as const),
});

test('a join is never more trusted, more public or less sourced than any of its parts', () => {
  fc.assert(
    fc.property(fc.array(label), (labels) => {
      const joined = joinLabels(...labels);
      assert.equal(
        joined.integrity === 'untrusted',
        labels.some(({ integrity }) => integrity === 'untrusted'),
      );
      assert.equal(
        joined.readers === 'tenant',
        labels.some(({ readers }) => readers === 'tenant'),
      );
      for (const { sources } of labels) for (const source of sources) assert.ok(joined.sources.includes(source));
      assert.deepEqual(joinLabels(...labels.toReversed()), joined);
      assert.deepEqual(joinLabels(joined, joined), joined);
      assert.doesNotThrow(() => labelSchema.parse(joined));
    }),
  );
});

test('a join keeps what matters of a list of sources that is too long', () => {
  const many = Array.from({ length: 3000 }, (_, index) => ({
    sources: [`note:${index}`],
    integrity: 'trusted' as const,
    readers: 'anyone' as const,
  }));
  const joined = joinLabels(...many, { sources: ['mail:z@example.com'], integrity: 'untrusted', readers: 'tenant' });
  assert.deepEqual([joined.integrity, joined.readers, joined.sources.length, joined.sources.at(-1)], ['untrusted', 'tenant', 1000, 'more']);
});
