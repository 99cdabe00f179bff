import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/** Held until `release` or the end of the process, whichever comes first. */
export interface ProcessLock {
  release(): Promise<void>;
}

/**
 * Takes a lock that a process holds for as long as it lives, without waiting. The file names its holder; a holder that is
 * gone loses it to the next who asks, so kill -9 leaves nothing to clean up.
 *
 * @returns undefined when a living process holds it, this one included.
 */
export async function tryLock(file: string): Promise<ProcessLock | undefined> {
  const own = await describe(process.pid);
  const draft = `${file}.${process.pid}.${performance.now()}`;
  await writeFile(draft, own, { mode: 0o600 });
  try {
    // A link either makes the complete file or fails because there is one: nobody ever reads half a lock.
    if ((await linkUnlessThere(draft, file)) || ((await removeStale(file, draft)) && (await linkUnlessThere(draft, file))))
      return { release: () => releaseOwn(file, own) };
    return undefined;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Moves a dead holder's file away. Only one of several can: the others find it gone, or find that what they moved is somebody's fresh lock and put it back. */
async function removeStale(file: string, draft: string): Promise<boolean> {
  const holder = await readHolder(file);
  if (holder === undefined) return true;
  if (await isAlive(holder)) return false;
  const moved = `${draft}.stale`;
  try {
    await rename(file, moved);
    if ((await readHolder(moved)) === holder) return true;
    await linkUnlessThere(moved, file);
    return false;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    throw error;
  } finally {
    await rm(moved, { force: true });
  }
}

async function releaseOwn(file: string, own: string): Promise<void> {
  if ((await readHolder(file)) === own) await rm(file, { force: true });
}

async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readHolder(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function isAlive(holder: string): Promise<boolean> {
  const pid = Number.parseInt(holder, 10);
  return Number.isInteger(pid) && isRunning(pid) && (await describe(pid)) === holder;
}

/** Process number and, where the system tells, the tick it started at: numbers are used again, in containers at once. */
async function describe(pid: number): Promise<string> {
  if (process.platform !== 'linux') return `${pid}`;
  try {
    // The second field is the command in brackets and may hold anything; the start is the 20th after it.
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ');
    return `${pid} ${fields?.[19]}`;
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return `${pid} gone`;
    throw error;
  }
}

/** Whether a process of that number exists, ours to signal or not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** Whether it is a system error of that name. */
export const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;
