import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { checkImports, type SourceFile } from './import-rules.ts';

const sources = join(import.meta.dirname, '..', 'src');

async function readSources(): Promise<SourceFile[]> {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => ({ path: relative(sources, file).split(sep).join('/'), text: await readFile(file, 'utf8') })),
  );
}

test('every import of the server points downward and goes through a door', async () => {
  const { faults, importsRead } = checkImports(await readSources());
  assert.ok(importsRead > 0, 'no import was read: the check would pass whatever the code does');
  assert.ok(faults.length === 0, faults.join('\n'));
});

const doors = [
  'kernel',
  'kernel/database',
  'trust/key',
  'trust/audit',
  'trust/vault',
  'engine',
  'flow/intake',
  'flow/task',
  'flow/plan',
  'connector/mail',
  'surface/http',
];

/** The faults of one file beside empty modules; its own module's door is one of them. */
function faultsOf(path: string, text: string): string[] {
  const others = doors.map((door) => ({ path: `${door}/index.ts`, text: '' })).filter((file) => file.path !== path);
  return checkImports([...others, { path, text }]).faults;
}

const refused: readonly (readonly [promise: string, path: string, text: string, fault: RegExp])[] = [
  [
    'an upward import',
    'trust/key/seal.ts',
    "import { accept } from '#flow/intake';",
    /^trust\/key\/seal\.ts:1 .* trust must not know flow$/,
  ],
  ['an upward import of types alone', 'kernel/clock.ts', "import type { Keyring } from '#trust/key';", /kernel must not know trust/],
  ['an upward re-export', 'engine/index.ts', "export { accept } from '#flow/intake';", /engine must not know flow/],
  ['an import for its side effect', 'kernel/clock.ts', "import '#flow/intake';", /kernel must not know flow/],
  ['a dynamic import', 'trust/key/seal.ts', "const { accept } = await import('#flow/intake');", /trust must not know flow/],
  ['a type written as an import', 'trust/key/seal.ts', "type A = import('#flow/intake').Accept;", /trust must not know flow/],
  ['an import that is computed', 'trust/key/seal.ts', 'await import(`#${name}`);', /something computed/],
  [
    'an import over several lines',
    'kernel/clock.ts',
    "import {\n  accept,\n  type Event,\n} from '#flow/intake';",
    /^kernel\/clock\.ts:4 /,
  ],
  ['a sideways import', 'surface/http/route.ts', "import { parse } from '#connector/mail';", /surface must not know connector/],
  ['a later step', 'flow/task/find.ts', "import { accept } from '#flow/intake';", /#flow\/intake, which comes later in flow/],
  ['the driver in pure kernel code', 'kernel/clock.ts', "import { pool } from '#kernel/database';", /comes later in kernel/],
  ['the wiring', 'flow/task/find.ts', "import { start } from '#main';", /not a door/],
  ['a window instead of a door', 'flow/task/find.ts', "import { insert } from '#flow/intake/store.ts';", /not a door/],
  ['a whole layer', 'flow/task/find.ts', "import * as trust from '#trust';", /not a door/],
  ['a relative path out of the module', 'flow/task/find.ts', "import { insert } from '../intake/store.ts';", /outside its module/],
  ['a relative path out of the kernel', 'kernel/database/pool.ts', "import { now } from '../clock.ts';", /outside its module/],
  ['a relative path out of the sources', 'flow/task/find.ts', "import { build } from '../../../test/build.ts';", /outside its module/],
  ['its own door', 'flow/task/find.ts', "import { list } from '#flow/task';", /its own door/],
  ['the package by its name', 'flow/task/find.ts', "import { list } from '@factotum/server';", /past every door/],
  ['a second door', 'flow/task/query/index.ts', '', /second door/],
  ['a step without a place', 'flow/misc/index.ts', '', /no place of the order/],
  ['a layer that is new', 'shared/text/index.ts', '', /no layer/],
  ['a file beside the modules', 'flow/types.ts', '', /no place of the order/],
  ['the environment', 'trust/key/seal.ts', 'const home = process.env.HOME;', /:1 reads the environment/],
  ['the environment by import', 'trust/key/seal.ts', "import { env } from 'node:process';", /reads the environment/],
];

for (const [promise, path, text, fault] of refused) {
  test(`${promise} is named`, () => {
    const faults = faultsOf(path, text);
    assert.equal(faults.length, 1, JSON.stringify(faults));
    assert.match(faults[0]!, fault);
  });
}

test('a cycle inside a layer is named once, with its way', () => {
  const file = (path: string, ...imports: string[]) => ({ path, text: imports.map((door) => `import { a } from '${door}';`).join('\n') });
  const { faults } = checkImports([
    file('trust/key/index.ts', '#trust/vault'),
    file('trust/vault/index.ts', '#trust/audit'),
    file('trust/audit/index.ts', '#trust/key'),
  ]);
  assert.deepEqual(faults, ['cycle: trust/audit -> trust/key -> trust/vault -> trust/audit']);
});

test('what is allowed is not named', () => {
  const allowed: readonly (readonly [path: string, text: string])[] = [
    ['main.ts', "import { serve } from '#surface/http';\nimport { parse } from '#connector/mail';\nprocess.env.PORT;"],
    ['kernel/config.ts', 'export const settings = process.env;'],
    ['surface/http/route.ts', "import { z } from 'zod';\nimport { find } from '#flow/task';\nimport { parse } from './parse.ts';"],
    ['flow/plan/deep/er.ts', "import { find } from '#flow/task';\nimport { b } from '../b.ts';"],
    ['trust/vault/note.ts', "import { seal } from '#trust/key';\n// import { accept } from '#flow/intake';"],
    ['trust/vault/note.ts', "/**\n * import('#flow/intake') and process.env are only words here\n */"],
    ['trust/vault/note.ts', "const glob = '**/*.md';\nimport { seal } from '#trust/key';"],
    ['flow/intake/accept.test.ts', "import { find } from '#flow/task';\nimport { build } from '../../../test/build.ts';\nprocess.env.CI;"],
  ];
  for (const [path, text] of allowed) assert.deepEqual(faultsOf(path, text), [], path);
});
