import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { noteBytesMax } from '#trust/vault';
import { allowWriting, type LocalSide } from './local.ts';
import { mergeTexts } from './merge.ts';
import { conflictName } from './name.ts';
import { type Action, conflictFolder } from './plan.ts';
import { Refused, Stale, type VaultSide } from './remote.ts';
import { keptTouch } from './scan.ts';
import type { SyncState } from './state.ts';
import { type BaseFile, keyOf, type LocalFile, type RemoteFile, type Touch } from './tree.ts';

/** What a run has done. */
export interface Tally {
  uploaded: number;
  downloaded: number;
  moved: number;
  deleted: number;
  merged: number;
  /** What lies at `path` is the vault's; what lay there is at `kept`, both in the folder. */
  readonly conflicts: { readonly path: string; readonly kept: string }[];
}

export interface Parts {
  readonly folder: string;
  readonly here: LocalSide;
  readonly there: VaultSide;
  readonly state: SyncState;
  readonly tally: Tally;
  /** When the folder was looked at. */
  readonly scannedAtMs: number;
  readonly now: () => Date;
  /** Where a path of the vault goes in the folder that it has not been in. */
  readonly nameOf: (path: string) => string;
}

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;

/** Does one thing and writes down what both sides then have in common. @throws Stale, Refused, faults of the file system and of the network. */
export async function perform(action: Action, parts: Parts): Promise<void> {
  const { here, there, state, tally } = parts;
  switch (action.kind) {
    case 'adopt':
      return settle(parts, { ...action.remote, name: action.local.name }, action.local.touch);
    case 'forget':
      state.base.delete(keyOf(action.base.path));
      return;
    case 'upload':
      return upload(action, parts);
    case 'download': {
      const { remote, local, base } = action;
      const name = local?.name ?? base?.name ?? parts.nameOf(remote.path);
      const touch = await here.place(await fetched(remote, parts), name, local);
      tally.downloaded += 1;
      return settle(parts, { ...remote, name }, touch);
    }
    case 'merge':
      return merge(action, parts);
    case 'conflict':
      return keepBoth(action, parts);
    case 'delete-remote':
      await there.remove(action.remote);
      tally.deleted += 1;
      state.base.delete(keyOf(action.base.path));
      return;
    case 'delete-local':
      await here.remove(action.local);
      tally.deleted += 1;
      state.base.delete(keyOf(action.base.path));
      return;
    case 'move-remote': {
      const { base, remote, local } = action;
      const { path, etag } = await there.move(remote, local.path);
      tally.moved += 1;
      return relocate(parts, base, { path, etag, name: local.name, touch: local.hash === base.hash ? local.touch : null });
    }
    case 'move-local': {
      const { base, remote, local } = action;
      const name = parts.nameOf(remote.path);
      const touch = await here.move(local, name);
      tally.moved += 1;
      return relocate(parts, base, { path: remote.path, etag: base.etag, name, touch: local.hash === base.hash ? touch : null });
    }
    case 'decide':
      return decide(action, parts);
    case 'leave':
      throw new Refused(action.why);
  }
}

function settle({ state, scannedAtMs }: Parts, file: Omit<BaseFile, 'touch'>, touch: Touch | null): void {
  const { path, kind, id, etag, hash, size, name } = file;
  const kept = touch === null ? null : keptTouch(touch, scannedAtMs);
  state.base.set(keyOf(path), { path, kind, id, etag, hash, size, name, touch: kept });
}

function relocate(parts: Parts, base: BaseFile, to: Pick<BaseFile, 'path' | 'etag' | 'name' | 'touch'>): void {
  parts.state.base.delete(keyOf(base.path));
  settle(parts, { ...base, ...to }, to.touch);
}

async function upload({ local, remote, trusted }: Of<'upload'>, parts: Parts): Promise<void> {
  const file = join(parts.folder, local.name);
  const { size } = local.touch;
  const bytes = size <= noteBytesMax && remote?.kind !== 'file' ? await seen(parts, local) : null;
  const isNote = remote === null ? bytes !== null && isText(local.path, bytes) : remote.kind === 'note';
  const to = { path: remote?.path ?? local.path, size, ifMatch: remote?.etag ?? null, trusted };
  let sent = local.hash;
  let etag: string;
  if (isNote) {
    if (bytes === null) throw new Refused(`a note holds at most ${noteBytesMax} bytes`);
    etag = await parts.there.write({ ...to, kind: 'note', bytes: () => bytes });
  } else {
    // Hashed as it goes: what is written down is what the vault has, also if the file is changed meanwhile.
    let hash = createHash('sha256');
    async function* pieces() {
      hash = createHash('sha256');
      for await (const piece of createReadStream(file)) {
        hash.update(piece);
        yield piece as Uint8Array; // A stream without an encoding reads bytes.
      }
    }
    // The stream is of the bytes above.
    const stream = () => Readable.toWeb(Readable.from(pieces(), { objectMode: false })) as ReadableStream<Uint8Array>;
    etag = await parts.there.write({ ...to, kind: 'file', bytes: stream });
    sent = hash.digest('hex');
  }
  parts.tally.uploaded += 1;
  const kind = isNote ? 'note' : 'file';
  settle(
    parts,
    { path: to.path, kind, id: remote?.id ?? '', etag, hash: sent, size, name: local.name },
    sent === local.hash ? local.touch : null,
  );
}

async function merge(action: Of<'merge'>, parts: Parts): Promise<void> {
  const { local, remote, base } = action;
  const was = remote.kind === 'note' && remote.size <= noteBytesMax ? await parts.there.earlier(base, hashOf) : null;
  if (was === null) return keepBoth({ ...action, kind: 'conflict' }, parts);
  const [ours, theirs] = [await seen(parts, local), await buffer(await parts.there.read(remote))];
  if (hashOf(theirs) !== remote.hash) throw new Stale(`${remote.path} was changed meanwhile.`);
  const merged = mergeTexts(was, ours, theirs);
  if (merged === null) return keepBoth({ ...action, kind: 'conflict' }, parts);
  const [hash, size] = [hashOf(merged), merged.length];
  const sending = { path: remote.path, kind: 'note', size, bytes: () => merged, ifMatch: remote.etag } as const;
  // Words of the vault that nobody vouched for are not vouched for by being merged.
  const etag =
    hash === remote.hash ? remote.etag : await parts.there.write({ ...sending, trusted: await parts.there.isTrusted(remote.path) });
  const touch = await parts.here.place(await parts.here.write([merged], false), local.name, local);
  parts.tally.merged += 1;
  settle(parts, { ...remote, etag, hash, size, name: local.name }, touch);
}

/** What lies here gets a name of its own, which goes to the vault like any new file; what the vault has takes its place. */
async function keepBoth({ local, remote, base }: Of<'conflict'>, parts: Parts): Promise<void> {
  const isDrawn = remote === null || remote.kind === 'generated';
  const beside = isDrawn ? `${conflictFolder}/${local.name.slice(local.name.lastIndexOf('/') + 1)}` : local.name;
  const kept = await freeName(beside, parts);
  const written = remote === null ? null : await fetched(remote, parts);
  await parts.here.move(local, kept);
  if (isDrawn) await allowWriting(parts.folder, kept);
  parts.tally.conflicts.push({ path: local.name, kept });
  if (remote === null || written === null) {
    if (base !== null) parts.state.base.delete(keyOf(base.path));
    return;
  }
  settle(parts, { ...remote, name: local.name }, await parts.here.place(written, local.name, null));
}

/** Only what was seen is decided; what cannot be goes back to where the vault has it. */
async function decide({ base, local }: Of<'decide'>, parts: Parts): Promise<void> {
  try {
    const { path, etag } = await parts.there.move(base, local.path);
    parts.tally.moved += 1;
    relocate(parts, base, { path, etag, name: local.name, touch: local.touch });
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Stale)) throw error;
    await parts.here.remove(local);
    throw new Refused(`nothing was decided: ${error.message}`);
  }
}

async function freeName(name: string, { folder, state, now }: Parts): Promise<string> {
  for (let number = 1; ; number += 1) {
    const kept = conflictName(name, now(), number);
    const isFree = await lstat(join(folder, kept)).then(
      () => false,
      () => true,
    );
    if (isFree && !state.remote.has(keyOf(kept))) return kept;
  }
}

/** What the vault has, in a temporary file. @throws Stale when it is not what the changes said. */
async function fetched(remote: RemoteFile, { here, there }: Parts): Promise<string> {
  const hash = createHash('sha256');
  async function* pieces() {
    for await (const piece of await there.read(remote)) {
      hash.update(piece);
      yield piece;
    }
    if (hash.digest('hex') !== remote.hash) throw new Stale(`${remote.path} was changed meanwhile.`);
  }
  return here.write(pieces(), remote.kind === 'generated');
}

/** A file's bytes as they were when the folder was looked at. */
async function seen({ folder }: Parts, { name, hash }: LocalFile): Promise<Uint8Array> {
  const bytes = await readFile(join(folder, name));
  if (hashOf(bytes) !== hash) throw new Stale(`${name} was changed meanwhile.`);
  return bytes;
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the vault keeps as a note; everything else is a file. */
function isText(path: string, bytes: Uint8Array): boolean {
  if (!/\.(?:md|txt|csv|ics|yaml|yml|json)$/i.test(path)) return false;
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0');
  } catch {
    return false;
  }
}
