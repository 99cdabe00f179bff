import { mkdir, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '#kernel';
import { findSocket, runFolderOf } from '../control/socket-path.ts';
import type { Finding } from './finding.ts';

/** Below the first the database soon stops; below the second a busy month may get there. */
const freeBytesMin = 256 * 1024 ** 2;
const freeBytesComfortable = 2 * 1024 ** 3;

/** Whether there is an installation in the data folder already. */
export const hasData = async ({ dataFolder }: Config): Promise<boolean> => (await modeOf(runFolderOf(dataFolder))) !== null;

/** Modes of everything that is secret, whether what is to be written can be written, and room to do so. */
export async function examineFolders(config: Config, keyFolder: string): Promise<Finding[]> {
  const dataFolder = resolve(config.dataFolder);
  return [
    await examineData(dataFolder),
    await examineMode('run folder', runFolderOf(dataFolder), 0o077),
    ...(await examineKeys(keyFolder)),
    await examineMode('socket', await findSocket(dataFolder), 0o077),
    await examineWritable('drop folder', resolve(config.dropFolder)),
    await examineWritable('outbox folder', resolve(config.outboxFolder)),
    await examineRoom(dataFolder),
  ];
}

/** That it can be used at all comes before who may look into it. */
async function examineData(dataFolder: string): Promise<Finding> {
  const writable = await examineWritable('data folder', dataFolder);
  return writable.state === 'ok' ? examineMode('data folder', dataFolder, 0o022) : writable;
}

async function examineKeys(keyFolder: string): Promise<Finding[]> {
  const names = await readdir(keyFolder).catch(() => []);
  if (names.length === 0) return [{ check: 'key files', state: 'ok', text: 'none yet; the first start makes them' }];
  const findings = [await examineMode('key folder', keyFolder, 0o077)];
  for (const name of names.filter((other) => !other.endsWith('.pub')))
    findings.push(await examineMode(`key file ${name}`, join(keyFolder, name), 0o077));
  return findings;
}

async function examineMode(check: string, path: string, forbidden: number): Promise<Finding> {
  const mode = await modeOf(path);
  if (mode === null) return { check, state: 'ok', text: `${path} is not there yet` };
  // Windows has no such bits: there the folder's access list is what protects.
  if (process.platform === 'win32' || (mode & forbidden) === 0) return { check, state: 'ok', text: `${path}, mode ${mode.toString(8)}` };
  const safe = (mode & ~forbidden).toString(8).padStart(3, '0');
  return { check, state: 'fail', text: `${path} is open to others (mode ${mode.toString(8)})`, fix: `chmod ${safe} '${path}'` };
}

async function modeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : found.mode & 0o777;
}

/** By writing: modes, mounts, quotas and root's rights are all asked at once. */
async function examineWritable(check: string, folder: string): Promise<Finding> {
  const probe = join(folder, `.factotum-doctor-${process.pid}`);
  try {
    // The server makes it when it starts; until then what counts is whether it can.
    if ((await modeOf(folder)) === null) {
      const made = await mkdir(folder, { recursive: true });
      if (made !== undefined) await rm(made, { recursive: true });
      return { check, state: 'ok', text: `${folder} is not there yet and can be made` };
    }
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
    return { check, state: 'ok', text: `${folder} can be written to` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      check,
      state: 'fail',
      text: `${folder} cannot be written to: ${reason}`,
      fix: `Let the user that runs Factotum write to it, or name another folder.`,
    };
  }
}

async function examineRoom(folder: string): Promise<Finding> {
  const check = 'free disk';
  for (let at = folder; ; at = dirname(at)) {
    const found = await statfs(at).catch(() => null);
    if (found === null && at !== dirname(at)) continue;
    if (found === null) return { check, state: 'warn', text: 'cannot be told here', fix: 'Look with df.' };
    const bytes = found.bavail * found.bsize;
    const text = `${(bytes / 1024 ** 3).toFixed(1)} GB at ${at}`;
    if (bytes < freeBytesMin) return { check, state: 'fail', text, fix: 'Make room: the database stops when the disk is full.' };
    return bytes < freeBytesComfortable ? { check, state: 'warn', text, fix: 'Make room soon.' } : { check, state: 'ok', text };
  }
}
