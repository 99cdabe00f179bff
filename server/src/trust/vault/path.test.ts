import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError } from '#kernel';
import { foldPath, isProtectedFromTools, normaliseFolder, normalisePath } from './path.ts';

const refuses = (path: string, words: RegExp) =>
  assert.throws(
    () => normalisePath(path),
    (error) => isFactotumError(error, 'vault.path_invalid') && words.test(error.message),
    JSON.stringify(path),
  );

test('ordinary paths stay as they are, in any script', () => {
  for (const path of [
    'Dashboard.md',
    'Accounting/Purchases/PO-1.md',
    'Done/2026-03/Rechnung für Zoë.md',
    '.obsidian/app.json',
    'ノート/会議.md',
    'فایل‌ها/یادداشت.md',
    'a b (1)/👨‍👩‍👧.md',
    'Console/Communication.md',
    'a%20b.md',
  ])
    assert.equal(normalisePath(path), path);
});

test('a decomposed path becomes the composed one', () => {
  assert.equal(normalisePath('Zoe\u0308.md'), 'Zoë.md');
});

test('nothing leaves the vault: parent folders, absolute, encoded and device paths are refused', () => {
  for (const path of ['..', '../x', 'a/../b', 'a/..', './a', 'a/./b']) refuses(path, /the part "\.\.?"/);
  for (const path of ['/etc/passwd', '//server/share']) refuses(path, /starts with a slash/);
  for (const path of ['..\\x', 'C:\\x', 'C:/x', 'c:x', '\\\\?\\C:\\x', 'note.md:stream', 'a|b', 'what?.md', '*.md', '<b>', 'say "hi"'])
    refuses(path, /one of the characters/);
  for (const path of ['%2e%2e/x', '..%2Fx', 'a%5cb', 'a%00b']) refuses(path, /encoded/);
  for (const path of ['CON', 'nul.md', 'a/PRN/b', 'aux.tar.gz', 'Com1.md', 'LPT9', 'com¹.md', 'CONIN$']) refuses(path, /device name/);
});

test('names that some file system would change or hide are refused', () => {
  for (const path of ['', 'a//b', 'a/', '/']) refuses(path, /empty|starts with a slash/);
  for (const path of ['a.', 'a /b', 'a/b ', ' a', 'folder./x', '...']) refuses(path, /space|dot/);
  for (const path of ['a\0b', 'a\nb', 'a\tb', 'a\u007fb', 'a\u0085b', 'a\u2028b']) refuses(path, /control/);
  for (const path of ['a\u202eb', 'a\u200fb', 'a\u061cb', 'a\u2066b', 'a\u200bb', 'a\ufeffb', 'a\u{e0041}b', 'a\uffffb', 'a\u{1fffe}b'])
    refuses(path, /control|invisible/);
  for (const path of ['a\ud800', '\udc00.md']) refuses(path, /well-formed/);
});

test('a part has at most 200 bytes and a path at most 1000, counted composed', () => {
  assert.equal(normalisePath('ä'.repeat(100)).length, 100);
  refuses('ä'.repeat(101), /a part is longer/);
  assert.equal(normalisePath('e\u0301'.repeat(100)).length, 100);
  const path = Array.from({ length: 5 }, () => 'a'.repeat(199)).join('/');
  assert.equal(normalisePath(path), path);
  refuses(`${path}/b`, /longer than 1000/);
});

test('folding twice changes nothing, for every character there is', () => {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    const character = String.fromCodePoint(point);
    if (!character.isWellFormed()) continue;
    const folded = foldPath(character.normalize('NFC'));
    assert.equal(foldPath(folded), folded, `U+${point.toString(16)}`);
  }
});

test('whatever is accepted is its own normal form and stays below the top, on every platform', () => {
  const pieces = fc.constantFrom('a', 'B', '.', '..', '/', '\\', ':', ' ', '%', '2e', '\0', 'é', 'e\u0301', 'CON', '\u202e', 'İ', 'ß');
  const paths = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(paths, (path) => {
      let normal: string;
      try {
        normal = normalisePath(path);
      } catch (error) {
        return isFactotumError(error, 'vault.path_invalid');
      }
      assert.equal(normalisePath(normal), normal);
      assert.equal(foldPath(foldPath(normal)), foldPath(normal));
      for (const platform of [posix, win32]) {
        const root = platform.resolve('/vault');
        assert.equal(platform.relative(root, platform.join(root, normal)), normal.replaceAll('/', platform.sep));
        assert.ok(!platform.isAbsolute(normal));
      }
      return true;
    }),
    { numRuns: 3_000 },
  );
});

test('paths that differ only in case or normalisation fold to one', () => {
  const same = [
    ['Notes/A.md', 'notes/a.MD'],
    ['Zoë.md', 'ZOE\u0308.md'],
    ['Straße.md', 'STRASSE.md'],
    ['\u212a.md', 'k.md'],
    ['ſ.md', 's.md'],
  ];
  for (const [one, other] of same) assert.equal(foldPath(normalisePath(one!)), foldPath(normalisePath(other!)));
  assert.notEqual(foldPath('a/b.md'), foldPath('ab.md'));
});

test('places that decide what is done are protected in every spelling, and nothing else is', () => {
  const places = [
    'Playbooks/Pay invoices.md',
    'playbooks/x.md',
    'PLAYBOOKS/a/b.md',
    'Playbookſ/x.md',
    'Playbooks',
    'Pending_Approval/x.md',
    'Approved/mail/x.md',
    'rejected/x.md',
    'Logs/2026-01-01.json',
    'Company_Handbook.md',
    'COMPANY_HANDBOOK.MD',
    'Business_Goals.md',
  ];
  for (const path of places) assert.ok(isProtectedFromTools(path), path);
  for (const path of [
    'Inbox/x.md',
    'Playbooks2/x.md',
    'Drafts/Playbooks/x.md',
    'Drafts/Company_Handbook.md',
    'Company_Handbook.md.md',
    'Contacts.md',
    'Done/x.md',
  ])
    assert.ok(!isProtectedFromTools(path), path);
  assert.throws(
    () => isProtectedFromTools('Drafts/../Playbooks/x.md'),
    (error) => isFactotumError(error, 'vault.path_invalid'),
  );
});

test('a folder is the start of its paths', () => {
  assert.equal(normaliseFolder(''), '');
  assert.equal(normaliseFolder('Playbooks'), 'Playbooks/');
  assert.equal(normaliseFolder('Playbooks/'), 'Playbooks/');
  assert.throws(
    () => normaliseFolder('/'),
    (error) => isFactotumError(error, 'vault.path_invalid'),
  );
});
