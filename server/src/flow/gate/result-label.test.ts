import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolManifest } from '#flow/tool';
import type { Label } from '#trust/policy';
import { resultLabel } from './result-label.ts';

const member: Label = { sources: ['member:usr_1'], integrity: 'trusted', readers: 'anyone' };
const stranger: Label = { sources: ['mail:a@example.com'], integrity: 'untrusted', readers: 'tenant' };
const note: Label = { sources: ['note:A.md'], integrity: 'trusted', readers: 'tenant' };
const manifest: ToolManifest = {
  tool: 'vault.read',
  title: 'Read',
  effect: 'read',
  risk: 'low',
  args: { path: { role: 'steering', slot: 'path', title: 'Path' }, hint: { role: 'content', slot: 'text', title: 'Hint' } },
  reversible: true,
  visibleOutside: false,
  readsPrivate: true,
  canLookup: false,
  timeoutMs: 1,
  headline: () => '',
  consequence: '',
};
const by = (label: Label) => ({ value: 'x', label });

test('a trusted note that a stranger chose is not trusted: its path would be laundered', () => {
  assert.deepEqual(resultLabel(manifest, { path: by(stranger) }, note), {
    sources: ['mail:a@example.com', 'note:A.md'],
    integrity: 'untrusted',
    readers: 'tenant',
  });
});

test('a trusted note that a member chose is, whatever content went along', () => {
  assert.deepEqual(resultLabel(manifest, { path: by(member), hint: by(stranger) }, note).integrity, 'trusted');
});

test('a tool that says nothing about its result passes on everything it was given', () => {
  assert.equal(resultLabel(manifest, { path: by(member), hint: by(stranger) }, undefined).integrity, 'untrusted');
});

test('an argument that nobody has described counts as steering', () => {
  assert.equal(resultLabel(manifest, { path: by(member), other: by(stranger) }, note).integrity, 'untrusted');
});
