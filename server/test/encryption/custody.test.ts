import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';

/**
 * Keys held by the tenant: a worker in the tenant's own network shall one day be what plans and acts, with keys that this server never
 * sees. So what plans and acts asks for keys by one function, and nothing of it knows where they come from.
 */
const sources = join(import.meta.dirname, '..', '..', 'src');
/** What such a worker would take along. */
const layers = ['flow', 'connector', 'engine'];
/** All that these layers may know of `#trust/key`: types of keys that somebody hands them. */
const mayKnow = ['KeysOf', 'TenantKeys', 'ObjectRef', 'Purpose'];

async function filesOf(layer: string): Promise<string[]> {
  const entries = await readdir(join(sources, layer), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The names that a file imports from a module, with whether they are types alone. */
function importsFrom(text: string, module: string): { names: string[]; typesOnly: boolean }[] {
  const form = new RegExp(`import (type )?\\{([^}]*)\\} from '${module}'`, 'g');
  return [...text.matchAll(form)].map(([, type, names = '']) => ({
    typesOnly: type !== undefined || names.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')),
    names: names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== ''),
  }));
}

test('what plans and acts is handed keys by one function, and never holds the keyring or a provider', async () => {
  const faults: string[] = [];
  let read = 0;
  for (const layer of layers)
    for (const file of await filesOf(layer)) {
      const text = await readFile(file, 'utf8');
      for (const { names, typesOnly } of importsFrom(text, '#trust/key')) {
        read += 1;
        if (!typesOnly) faults.push(`${relative(sources, file)} imports more than types from #trust/key`);
        for (const name of names.filter((one) => !mayKnow.includes(one))) faults.push(`${relative(sources, file)} knows ${name}`);
      }
      // Adding work and saying how it is done takes no keys; whoever runs it holds them.
      const runs = importsFrom(text, '#trust/job').some(({ names }) => names.includes('createJobRunner'));
      if (runs || /from '#trust\/encryption'/.test(text)) faults.push(`${relative(sources, file)} knows how keys are changed`);
    }
  assert.ok(read > 8, 'imports were read');
  assert.deepEqual(faults, []);
});

test('the check sees a keyring, also among types', () => {
  const [found] = importsFrom("import { createKeyring, type Keyring } from '#trust/key';", '#trust/key');
  assert.deepEqual(found, { names: ['createKeyring', 'Keyring'], typesOnly: false });
});
