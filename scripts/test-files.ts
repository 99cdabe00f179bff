import { glob } from 'node:fs/promises';
import { sep } from 'node:path';

/** `everyday` needs nothing but npm; `system` needs Debian packages (scripts/system-packages.ts). */
export type TestKind = 'everyday' | 'system';

/** Where tests live; `*.e2e.ts` are tests in a browser, which also comes from npm. `*.e2e.system.ts` need both. */
const patterns: Readonly<Record<TestKind, readonly string[]>> = {
  everyday: ['{server,packages,web,bench,scripts,e2e,deploy}/**/*.test.ts', '{web,e2e}/**/*.e2e.ts'],
  system: ['{server,e2e,deploy}/**/*.system.ts'],
};

/** Folders that hold nothing of ours. */
const skipped = new Set(['node_modules', 'dist']);

/**
 * Finds the test files of a kind below `root`, as paths relative to it with forward slashes, sorted.
 *
 * @param wanted - parts of paths; a file is taken when it contains one of them. Empty takes all.
 */
export async function findTests(root: string, kind: TestKind, wanted: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob([...patterns[kind]], { cwd: root, exclude: (path) => skipped.has(path.split(sep).at(-1) ?? path) })) {
    found.push(file.split(sep).join('/'));
  }
  const parts = wanted.map((part) => part.replace(/^\.\//, '').split(sep).join('/'));
  return found.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part))).sort();
}
