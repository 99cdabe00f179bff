import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { configTable } from '#kernel';

const root = join(import.meta.dirname, '..', '..');

/** Read by our tests and tools alone, so they are no settings. */
const ofTests = [
  'FACTOTUM_FIXTURES',
  'FACTOTUM_TEST_DATABASE_URL',
  'FACTOTUM_TEST_MESSAGES',
  'FACTOTUM_TEST_SCREENSHOTS',
  'FACTOTUM_TEST_SEED',
  'FACTOTUM_DEV_API',
];

const pages = await readPages();

test('the pages are really read', () => {
  assert.ok(pages.some(({ path }) => path === 'README.md') && pages.length > 20, `${pages.length} pages`);
});

test('every link between our pages leads somewhere', () => {
  const broken = pages.flatMap(({ path, text }) =>
    linksIn(text)
      .filter((link) => !leadsSomewhere(path, link))
      .map((link) => `${path}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

test('every setting that a page names exists', () => {
  const known = new Set([...configTable.map(({ name }) => name), ...ofTests]);
  const unknown = pages.flatMap(({ path, text }) =>
    namesIn(text, /\bFACTOTUM_[A-Z_]*[A-Z]\b/g)
      .filter((name) => !known.has(name))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(unknown, []);
});

test('every npm command that a page names exists', async () => {
  const known = await readScripts();
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm run (?:-s )?([a-z][a-z:]*)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !known.has(name))
      .map((name) => `${path}: npm run ${name}`),
  );
  assert.deepEqual(unknown, []);
});

/** Names of the npm scripts of the repository and its workspaces. */
async function readScripts(): Promise<Set<string>> {
  const manifest = z.object({ scripts: z.record(z.string(), z.string()).default({}) });
  const names = new Set<string>();
  for await (const path of glob(['package.json', '{server,web,bench,e2e}/package.json', 'packages/*/package.json'], { cwd: root }))
    for (const name of Object.keys(manifest.parse(JSON.parse(await readFile(join(root, path), 'utf8'))).scripts)) names.add(name);
  return names;
}

interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

async function readPages(): Promise<Page[]> {
  const exclude = (name: string) => ['node_modules', 'dist', '.git', 'demo'].includes(name);
  const paths = await Array.fromAsync(glob(['*.md', '{docs,server,packages,web,bench,e2e,deploy}/**/*.md'], { cwd: root, exclude }));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

/** Targets of links and images, without those in code and those that lead out of the repository. */
function linksIn(text: string): string[] {
  const prosePart = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prosePart.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(?:https?:|mailto:)/.test(target));
}

function leadsSomewhere(path: string, link: string): boolean {
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? path : join(dirname(path), decodeURIComponent(target));
  if (!existsSync(join(root, file))) return false;
  if (anchor === undefined || !file.endsWith('.md')) return true;
  const text = pages.find((page) => page.path === file)?.text ?? '';
  return text.includes(`<a id="${anchor}">`) || headingsIn(text).includes(anchor);
}

/** Headings as the anchors that hosts of Markdown make of them. */
const headingsIn = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

const namesIn = (text: string, pattern: RegExp): string[] => [...new Set([...text.matchAll(pattern)].map(([name]) => name))];
