import { createHash, randomUUID } from 'node:crypto';
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
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, own, { mode: 0o600 });
  try {
    // A link either makes the complete file or fails because there is one: nobody ever reads half a lock.
    const isTaken = (await linkUnlessThere(draft, file)) || (await replaceDead(file, draft));
    return isTaken ? { release: () => releaseOwn(file, own) } : undefined;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Puts the draft in the place of a dead holder's file. Many may find the same one dead: whose turn it is says another lock, which is that
 * holder's alone. Who comes late to it finds another holder in the file, and leaves it.
 */
async function replaceDead(file: string, draft: string): Promise<boolean> {
  const holder = await readHolder(file);
  if (holder === undefined) return linkUnlessThere(draft, file);
  if (await isAlive(holder)) return false;
  const turn = await tryLock(takeoverOf(file, holder));
  if (turn === undefined) return false;
  try {
    if ((await readHolder(file)) !== holder) return false;
    await rename(draft, file);
    return true;
  } finally {
    await turn.release();
  }
}

/** The lock of who takes this holder's place. */
export const takeoverOf = (file: string, holder: string): string =>
  `${file}.${createHash('sha256').update(holder).digest('hex').slice(0, 16)}`;

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
