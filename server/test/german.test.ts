import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditKinds } from '#trust/audit';
import { tools } from '../../web/src/text/de/spoken/actions.ts';
import { entries } from '../../web/src/text/de/spoken/entries.ts';
import { testPlatform } from './platform.ts';

const platform = await testPlatform();

test('every kind of entry is told in German', () => {
  assert.deepEqual(Object.keys(entries).sort(), Object.keys(auditKinds).sort());
});

test('every tool of ours, and each of its arguments, has German words', () => {
  const manifests = platform.catalogue.list().map(({ manifest }) => manifest);
  assert.ok(manifests.length > 10);
  assert.deepEqual(Object.keys(tools).sort(), manifests.map(({ tool }) => tool).sort());
  for (const { tool, args } of manifests)
    assert.deepEqual(
      Object.keys(args).filter((name) => tools[tool]?.fields[name] === undefined),
      [],
      tool,
    );
});
