import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { docFiles, docLinked, readDoc } from './pages.ts';

const docs = join(import.meta.dirname, '../../../../docs');

test('every page of the help is a file of the documentation with a title', async () => {
  for (const file of Object.values(docFiles)) {
    assert.ok(existsSync(join(docs, file)), file);
    assert.notEqual(readDoc(await readFile(join(docs, file), 'utf8')).title, '', file);
  }
});

test('lines that were broken for their width are one, and blocks stay apart', () => {
  const read = readDoc('# A\n\none\ntwo\n\n- x\n  y\n- z\n\n```\na\nb\n```\nafter\n| h |\n| --- |\n| <a id="q"></a>`q` |\n');
  assert.deepEqual(read, { title: 'A', text: '\none two\n\n- x y\n- z\n\n```\na\nb\n```\nafter\n| h |\n| --- |\n| `q` |\n' });
});

test('a link leads to the page that it names, and nowhere else', () => {
  assert.deepEqual(docLinked('connectors', 'mail.md#sending'), { page: 'mail', hash: 'sending' });
  assert.deepEqual(docLinked('mail', '../policies.md'), { page: 'policies', hash: '' });
  assert.equal(docLinked('mail', '../../ARCHITECTURE.md'), null);
  assert.equal(docLinked('mail', 'https://evil.example/mail.md'), null);
  assert.equal(docLinked('mail', 'javascript:alert(1)'), null);
});
