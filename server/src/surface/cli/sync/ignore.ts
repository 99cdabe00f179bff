import { readFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';

/** What programs keep beside people's notes, and what is not finished. Names that begin with a dot stay where they are as well. */
const leftovers = /^(?:\..*|desktop\.ini|thumbs\.db|~\$.*|.*~|.*\.(?:tmp|part|crdownload|swp))$/i;
const patternsMax = 1_000;

/**
 * What is left out on both sides: programs' own files, and what `.factotumignore` names, a glob a line. One without a slash is about a name
 * anywhere, one with a slash about a path from the top; a folder's name leaves out everything below it.
 */
export async function readIgnored(folder: string): Promise<(path: string) => boolean> {
  const text = await readFile(join(folder, '.factotumignore'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const patterns = text
    .split(/\r?\n/)
    .map((line) => line.trim().normalize('NFC').replace(/\/$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, patternsMax);
  const names = patterns.filter((pattern) => !pattern.includes('/'));
  const paths = patterns.filter((pattern) => pattern.includes('/')).map((pattern) => pattern.replace(/^\//, ''));
  return (path) => {
    const parts = path.normalize('NFC').split('/');
    if (parts.some((part) => leftovers.test(part) || names.some((pattern) => matchesGlob(part, pattern)))) return true;
    return paths.length > 0 && parts.some((_, at) => paths.some((pattern) => matchesGlob(parts.slice(0, at + 1).join('/'), pattern)));
  };
}
