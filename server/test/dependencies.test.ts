import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const page = 'docs/dependencies.md';

const versionsSchema = z.record(z.string(), z.string()).default({});
const manifestSchema = z.object({
  workspaces: z.array(z.string()).default([]),
  dependencies: versionsSchema,
  devDependencies: versionsSchema,
  optionalDependencies: versionsSchema,
});
const installedSchema = z.object({ license: z.string() });

/** What one workspace asks for by name. */
interface Wanted {
  readonly name: string;
  readonly version: string;
  /** The folder of the package.json, relative to the root. */
  readonly folder: string;
}

/** A row of the page: name, exact version, purpose, reason, licence, size. */
interface Row {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

const wanted = await readWanted();
const rows = await readRows();

test('the page and the manifests are really read', () => {
  assert.ok(wanted.length > 20 && rows.length > 20, `${wanted.length} dependencies and ${rows.length} rows`);
});

test('every direct dependency is explained at the exact version that is installed', () => {
  const missing = wanted.filter(({ name, version }) => !rows.some((row) => row.name === name && row.version === version));
  assert.deepEqual(
    missing.map(({ name, version }) => `${page} has no row for ${name} ${version}`),
    [],
  );
});

test('nothing is explained that is not depended upon', () => {
  const left = rows.filter(({ name, version }) => !wanted.some((one) => one.name === name && one.version === version));
  assert.deepEqual(
    left.map(({ name, version }) => `${page} explains ${name} ${version}, which no package.json names`),
    [],
  );
});

test('every licence is the one that the package itself states', async () => {
  for (const { name, folder } of wanted) {
    const installed = installedSchema.parse(JSON.parse(await readFile(installedManifest(name, folder), 'utf8')));
    assert.equal(rows.find((row) => row.name === name)?.licence, installed.license, name);
  }
});

test('every version is exact, so that two installs are the same', () => {
  for (const { name, version } of wanted) assert.match(version, /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?$/, name);
});

async function readWanted(): Promise<Wanted[]> {
  const top = await readManifest('package.json');
  const paths = await Array.fromAsync(
    glob(
      top.workspaces.map((folder) => `${folder}/package.json`),
      { cwd: root },
    ),
  );
  const found: Wanted[] = [];
  for (const path of ['package.json', ...paths]) {
    const { dependencies, devDependencies, optionalDependencies } = await readManifest(path);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
      if (!name.startsWith('@factotum/')) found.push({ name, version, folder: dirname(path) });
  }
  return found;
}

async function readManifest(path: string) {
  return manifestSchema.parse(JSON.parse(await readFile(join(root, path), 'utf8')));
}

/** npm puts a package beside the workspace that wants it when another version lies at the top. */
function installedManifest(name: string, folder: string): string {
  const own = join(root, folder, 'node_modules', name, 'package.json');
  return existsSync(own) ? own : join(root, 'node_modules', name, 'package.json');
}

async function readRows(): Promise<Row[]> {
  const text = await readFile(join(root, page), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, first = '', version = '', , , licence = ''] = line.split('|').map((cell) => cell.trim());
    const name = /^`([^`]+)`$/.exec(first)?.[1];
    return name === undefined ? [] : [{ name, version, licence }];
  });
}
