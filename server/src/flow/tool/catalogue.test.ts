import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { isFactotumError } from '#kernel';
import { createCatalogue } from './catalogue.ts';
import type { ToolManifest } from './manifest.ts';
import type { Tool } from './tool.ts';

const manifest: ToolManifest = {
  tool: 'note.add',
  title: 'Add a note',
  effect: 'write',
  risk: 'low',
  args: { text: { role: 'content', slot: 'text', title: 'Text' } },
  reversible: false,
  visibleOutside: false,
  readsPrivate: false,
  canLookup: false,
  timeoutMs: 1000,
  headline: () => 'Add a note',
  consequence: 'The note is there.',
};
const tool: Tool = {
  manifest,
  input: z.strictObject({ text: z.string() }),
  output: z.strictObject({}),
  run: async () => ({ kind: 'done', result: {} }),
};
const hashOf = (changed: Tool): string | undefined => createCatalogue([changed]).get('note.add')?.schemaHash;

test('an unknown tool is null, also one named like an inherited member', () => {
  const catalogue = createCatalogue([tool]);
  assert.equal(catalogue.get('note.remove'), null);
  assert.equal(catalogue.get('constructor'), null);
  assert.equal(catalogue.get('note.add')?.manifest, manifest);
  assert.deepEqual(
    catalogue.list().map((entry) => entry.manifest.tool),
    ['note.add'],
  );
});

test('the schema hash changes with anything the tool says about itself and with its input, not with its code', () => {
  const hash = hashOf(tool);
  assert.match(hash ?? '', /^[0-9a-f]{64}$/);
  assert.equal(hashOf({ ...tool, run: async () => ({ kind: 'absent' }), manifest: { ...manifest, headline: () => 'Else' } }), hash);
  assert.notEqual(hashOf({ ...tool, manifest: { ...manifest, effect: 'read' } }), hash);
  assert.notEqual(hashOf({ ...tool, manifest: { ...manifest, args: { text: { role: 'steering', slot: 'text', title: 'Text' } } } }), hash);
  assert.notEqual(hashOf({ ...tool, input: z.strictObject({ text: z.string().max(3) }) }), hash);
});

test('a faulty definition stops the process and says which tool and why', () => {
  const faulty: readonly [Tool[], RegExp][] = [
    [[tool, tool], /note\.add is registered twice/],
    [
      [{ ...tool, input: z.strictObject({ text: z.string(), more: z.string() }) }],
      /lists the arguments \(text\) and accepts \(more, text\)/,
    ],
    [[{ ...tool, input: z.object({ text: z.string() }) }], /accepts arguments that it does not list/],
    [[{ ...tool, undo: async () => ({ kind: 'absent' }) }], /not reversible/],
    [[{ ...tool, manifest: { ...manifest, canLookup: true } }], /lookup/],
  ];
  for (const [tools, message] of faulty)
    assert.throws(
      () => createCatalogue(tools),
      (error: unknown) => isFactotumError(error, 'config.invalid') && message.test(error.message),
    );
});
