import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFactotumError } from '#kernel';
import { normalisePath, noteBytesMax } from '#trust/vault';

/** A file of a folder that is to be imported. */
export interface FoundFile {
  /** Where it lies on this machine. */
  readonly file: string;
  /** Its path in the folder, as a vault has it. */
  readonly path: string;
  readonly isNote: boolean;
  readonly bytes: number;
  readonly sha256: string;
}

/** What is left out, and why. */
type Skipped = { readonly path: string; readonly reason: string };

/** What programs keep beside people's notes. Names that begin with a dot are left out altogether. */
const leftovers = /^(?:desktop\.ini|thumbs\.db|~\$.*|.*\.(?:tmp|part|crdownload))$/i;
const texts = /\.(?:md|txt|csv|ics|yaml|yml|json)$/i;
const filesMax = 200_000;

/** The files of a folder by path; links are not followed. @throws what reading the folder does, and beyond 200,000 files. */
export async function walkVault(folder: string): Promise<{ readonly files: FoundFile[]; readonly skipped: Skipped[] }> {
  const files: FoundFile[] = [];
  const skipped: Skipped[] = [];
  const seen = new Map<string, string>();
  const folders = [''];
  for (let at = folders.pop(); at !== undefined; at = folders.pop())
    for (const entry of (await readdir(join(folder, at), { withFileTypes: true })).sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const relative = at === '' ? entry.name : `${at}/${entry.name}`;
      const leave = (reason: string) => void skipped.push({ path: relative, reason });
      if (entry.name.startsWith('.') || leftovers.test(entry.name)) leave('kept by a program for itself');
      else if (entry.isDirectory()) folders.push(relative);
      else if (!entry.isFile()) leave('no file: links are not followed');
      else {
        const path = pathOrFault(relative);
        if ('fault' in path) leave(path.fault);
        else if (seen.has(path.path.toLowerCase())) leave(`differs from ${seen.get(path.path.toLowerCase())} in case only`);
        else {
          seen.set(path.path.toLowerCase(), relative);
          files.push({ ...(await lookAt(join(folder, relative))), path: path.path });
        }
      }
      if (files.length > filesMax) throw new Error(`there are more than ${filesMax} files`);
    }
  return { files: files.sort((one, other) => (one.path < other.path ? -1 : 1)), skipped };
}

function pathOrFault(relative: string): { readonly path: string } | { readonly fault: string } {
  try {
    return { path: normalisePath(relative) };
  } catch (error) {
    if (isFactotumError(error)) return { fault: error.message };
    throw error;
  }
}

async function lookAt(file: string): Promise<Omit<FoundFile, 'path'>> {
  const { size } = await stat(file);
  if (texts.test(file) && size <= noteBytesMax) {
    const bytes = await readFile(file);
    return { file, isNote: isText(bytes), bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { file, isNote: false, bytes: size, sha256: hash.digest('hex') };
}

function isText(bytes: Uint8Array): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0');
  } catch {
    return false;
  }
}

/** What another program wrote about its own work: here it is drawn from rows, or is the log. */
const ownWork = /^(?:needs_action|in_progress|pending_approval|approved|rejected|done|logs)(?:\/|$)|^dashboard\.md$/i;
/** What decides what is done. */
const deciding = /^playbooks\/|^(?:company_handbook|business_goals|contacts)\.md$/i;

/** Where a file of the folder goes in the vault. */
export const targetOf = (path: string, trust: boolean): string =>
  ownWork.test(path) || (deciding.test(path) && !trust) ? `Imported/${path}` : path;
