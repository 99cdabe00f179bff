import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHygieneFaults } from './hygiene.ts';

const faultsOf = (path: string, text: string) => findHygieneFaults([{ path, text }]);

const refused: readonly (readonly [promise: string, path: string, text: string, fault: string])[] = [
  ['a path of one machine', 'README.md', 'see\n/home/ada/factotum', "README.md:2: a path of somebody's machine: /home/ada/factotum"],
  ['a path in quotes', 'server/src/a.ts', "'/home/ada/clone'", "server/src/a.ts:1: a path of somebody's machine: '/home/ada/clone'"],
  [
    'a registry host',
    'docs/a.md',
    'https://registry.example.com/x',
    'docs/a.md:1: the host of a package registry: https://registry.example.com/x',
  ],
  ['a registry setting', '.npmrc', 'registry=there', '.npmrc:1: a registry setting: registry=there'],
  ['unfinished work', 'server/src/a.ts', '// TODO later', 'server/src/a.ts:1: unfinished work: // TODO later'],
  ['a left-over of a merge', 'a.md', '<<<<<<< HEAD', 'a.md:1: a left-over of a merge: <<<<<<< HEAD'],
  ['a name without meaning', 'server/src/kernel/utils.ts', '', 'server/src/kernel/utils.ts: the name does not say what is inside'],
  ['a folder without meaning', 'web/src/common/date.ts', '', 'web/src/common/date.ts: the name does not say what is inside'],
  ['a test that node cannot run', 'web/src/a.test.tsx', '', 'web/src/a.test.tsx: node cannot run a test with JSX'],
  ['a long file', 'server/src/a.ts', 'x\n'.repeat(401), 'server/src/a.ts: 401 lines, more than 400; look for the second idea in it'],
  [
    'a lock file that lacks a platform',
    'package-lock.json',
    JSON.stringify({ packages: { 'node_modules/a': { optionalDependencies: { 'a-darwin': '1' } } } }),
    'package-lock.json: node_modules/a wants a-darwin, which is missing',
  ],
  [
    'a lock file that names a host',
    'package-lock.json',
    JSON.stringify({ packages: { 'node_modules/a': { resolved: 'https://example.com/a.tgz' } } }),
    'package-lock.json: node_modules/a names the host it came from',
  ],
];

for (const [promise, path, text, fault] of refused) {
  test(`${promise} is named`, () => assert.deepEqual(faultsOf(path, text), [fault]));
}

test('what is allowed is not named', () => {
  const lock = { packages: { server: {}, 'node_modules/a': { optionalDependencies: { b: '1' } }, 'node_modules/a/node_modules/b': {} } };
  const allowed: readonly (readonly [path: string, text: string])[] = [
    ['server/src/a.ts', 'x\n'.repeat(400)],
    ['docs/long.md', 'x\n'.repeat(1000)],
    ['docs/a.md', 'Vault/work/plan.md, /var/lib/factotum, https://example.com/home/ada/'],
    ['web/src/api.d.ts', 'x\n'.repeat(1000)],
    ['web/src/ui/manager-name.tsx', ''],
    ['package-lock.json', JSON.stringify(lock)],
  ];
  for (const [path, text] of allowed) assert.deepEqual(faultsOf(path, text), [], path);
});
