import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Id } from '#kernel';
import { createDocumentReader } from './document-reader.ts';

test("a tenant's flood of documents holds up itself: another's is read at once, and what is too much is told to try again", async () => {
  const held: (() => void)[] = [];
  const names: string[] = [];
  const readerOf = createDocumentReader({ atOnceMax: 3 }, async ({ name }) => {
    names.push(name);
    if (name === 'flood') await new Promise<void>((done) => held.push(done));
    return { kind: 'text', text: name, metadata: {}, truncated: false, warnings: [] };
  });
  const [flooding, other] = ['ten_000000000000000000000001', 'ten_000000000000000000000002'] as Id<'tenant'>[]; // As ids are written.
  assert.ok(flooding !== undefined && other !== undefined);
  const bytes = Buffer.from('x');
  const flood = Array.from({ length: 100 }, () =>
    readerOf(flooding)({ name: 'flood', bytes }).then(
      () => 'read',
      (error: unknown) => error,
    ),
  );
  assert.equal((await readerOf(other)({ name: 'other', bytes })).text, 'other');
  assert.deepEqual(names, ['flood', 'flood', 'other']);
  // Two are read, 64 wait, and the others are told.
  const told = await Promise.race(flood.slice(66));
  assert.ok(told instanceof Error && 'code' in told && 'details' in told);
  assert.deepEqual([told.code, told.details], ['document.busy', { retryAfterMs: 2_000 }]);
  while (held.length > 0) {
    for (const done of held.splice(0)) done();
    await new Promise<void>((done) => setImmediate(done));
  }
  const outcomes = await Promise.all(flood);
  assert.deepEqual(
    [outcomes.slice(0, 66).every((one) => one === 'read'), outcomes.slice(66).every((one) => one instanceof Error)],
    [true, true],
  );
});
