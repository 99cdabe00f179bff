import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FactotumError } from '#kernel';

/** Nobody tells of every change: a network drive and a container's mount are looked at this often, in milliseconds. */
const pollMsDefault = 30_000;
/** Files that belong together are written one after the other; looked at once they have been left alone for this long, in milliseconds. */
const settleMs = 300;

/**
 * Calls when one of the files may have changed, and every half minute in any case.
 *
 * Their folders are watched and not the files: whoever renews a file puts another in its place, and Kubernetes turns a link beside it.
 *
 * @returns what ends it.
 */
export function watchFiles(paths: readonly string[], onChange: () => void, pollMs: number = pollMsDefault): () => void {
  let settling: NodeJS.Timeout | undefined;
  const touched = () => {
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMs).unref();
  };
  const watchers = [...new Set(paths.map((path) => dirname(path)))].flatMap((folder) => watchFolder(folder, touched));
  const poll = setInterval(onChange, pollMs).unref();
  return () => {
    clearTimeout(settling);
    clearInterval(poll);
    for (const watcher of watchers) watcher.close();
  };
}

/** A folder that cannot be watched, or whose watch breaks, is still looked at every half minute. */
function watchFolder(folder: string, onTouch: () => void): FSWatcher[] {
  try {
    return [watch(folder, { persistent: false }, onTouch).on('error', () => undefined)];
  } catch {
    return [];
  }
}

/** Everybody beyond owner and group: Kubernetes mounts secrets readable by a group, and gives the pod that group. */
const othersMask = 0o007;

/** Reads a file that only its owner and its group may read. @throws FactotumError `config.invalid` naming the setting. */
export async function readPrivate(setting: string, path: string): Promise<string> {
  const text = await readNamed(setting, path);
  const { mode } = await stat(path);
  if ((mode & othersMask) !== 0)
    throw new FactotumError('config.invalid', `${setting}: ${path} may be read by everybody. Run: chmod 600 ${path}`);
  return text;
}

/** Reads a file that a setting names. @throws FactotumError `config.invalid` naming the setting. */
export async function readNamed(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new FactotumError('config.invalid', `${setting}: ${path} cannot be read (${code}).`, { cause });
  }
}
