import { isGeneratedPath } from '#flow/projection';
import type { BaseFile, LocalFile, RemoteFile, Tree } from './tree.ts';

/** One thing to do. Each can be done again after a crash: whatever it has already changed is then found equal on both sides. */
export type Action =
  /** Both sides agree: it is written down. */
  | { readonly kind: 'adopt'; readonly local: LocalFile; readonly remote: RemoteFile }
  /** Both sides have deleted it. */
  | { readonly kind: 'forget'; readonly base: BaseFile }
  | { readonly kind: 'upload'; readonly local: LocalFile; readonly remote: RemoteFile | null; readonly trusted: boolean }
  | { readonly kind: 'download'; readonly remote: RemoteFile; readonly local: LocalFile | null; readonly base: BaseFile | null }
  /** Both sides have changed it: merged if it is text and the changes lie apart, otherwise as `conflict`. */
  | { readonly kind: 'merge'; readonly local: LocalFile; readonly remote: RemoteFile; readonly base: BaseFile }
  /** What lies here is kept beside, under a name of its own, and what the vault has takes its place. */
  | { readonly kind: 'conflict'; readonly local: LocalFile; readonly remote: RemoteFile | null; readonly base: BaseFile | null }
  | { readonly kind: 'delete-remote'; readonly base: BaseFile; readonly remote: RemoteFile }
  | { readonly kind: 'delete-local'; readonly base: BaseFile; readonly local: LocalFile }
  | { readonly kind: 'move-remote'; readonly base: BaseFile; readonly remote: RemoteFile; readonly local: LocalFile }
  | { readonly kind: 'move-local'; readonly base: BaseFile; readonly remote: RemoteFile; readonly local: LocalFile }
  /** A pending approval's note was moved, as it was seen, to where that is a decision. */
  | { readonly kind: 'decide'; readonly base: BaseFile; readonly local: LocalFile }
  /** Nothing can be done with what lies here. */
  | { readonly kind: 'leave'; readonly local: LocalFile; readonly why: string };

export interface Sides {
  readonly base: Tree<BaseFile>;
  readonly local: Tree<LocalFile>;
  readonly remote: Tree<RemoteFile>;
  /** What lies here could not be read, so nothing is known of it: above all not that it was deleted. */
  readonly isBlocked: (name: string) => boolean;
}

/** Where a person's words are kept that they wrote into a note that is drawn from rows. */
export const conflictFolder = 'Conflicts';

/**
 * What makes folder and vault equal, decided by what they last had in common. Whoever is newer does not win: what only one side changed goes to
 * the other, and what both changed is merged or kept twice. Moves first, since what follows presumes them.
 */
export function plan(sides: Sides): Action[] {
  const taken = new Set<string>();
  const mayVouch = vouching(sides);
  const moves = [...movedHere(sides, taken), ...movedThere(sides, taken)];
  const keys = new Set([...sides.base.keys(), ...sides.local.keys(), ...sides.remote.keys()]);
  const others: Action[] = [];
  for (const key of [...keys].sort()) {
    if (taken.has(key)) continue;
    const [base, local, remote] = [sides.base.get(key), sides.local.get(key), sides.remote.get(key)];
    const name = local?.name ?? base?.name ?? remote?.path;
    if (name !== undefined && local === undefined && sides.isBlocked(name)) continue;
    const isDrawn =
      remote?.kind === 'generated' ||
      (remote === undefined && (base?.kind === 'generated' || (local !== undefined && isGeneratedPath(local.path))));
    const action = isDrawn ? drawn(base, local, remote) : stored(base, local, remote, mayVouch);
    if (action !== null) others.push(action);
  }
  return [...moves, ...others];
}

/** A note that people write, or a file. */
function stored(
  base: BaseFile | undefined,
  local: LocalFile | undefined,
  remote: RemoteFile | undefined,
  mayVouch: (local: LocalFile) => boolean,
): Action | null {
  if (local === undefined && remote === undefined) return base === undefined ? null : { kind: 'forget', base };
  if (local === undefined && remote !== undefined)
    return base !== undefined && remote.hash === base.hash
      ? { kind: 'delete-remote', base, remote }
      : { kind: 'download', remote, local: null, base: base ?? null };
  if (local !== undefined && remote === undefined)
    return base !== undefined && local.hash === base.hash
      ? { kind: 'delete-local', base, local }
      : { kind: 'upload', local, remote: null, trusted: mayVouch(local) };
  if (local === undefined || remote === undefined) return null;
  if (local.hash === remote.hash)
    return settled(base, local, remote) ? null : (renamed(base, local, remote) ?? { kind: 'adopt', local, remote });
  if (base === undefined) return { kind: 'conflict', local, remote, base: null };
  if (remote.hash === base.hash) return { kind: 'upload', local, remote, trusted: mayVouch(local) };
  if (local.hash === base.hash) return { kind: 'download', remote, local, base };
  return { kind: 'merge', local, remote, base };
}

/** A note that is drawn from rows: nobody writes it here, and a deleted one comes back. */
function drawn(base: BaseFile | undefined, local: LocalFile | undefined, remote: RemoteFile | undefined): Action | null {
  if (remote === undefined) {
    if (local === undefined) return base === undefined ? null : { kind: 'forget', base };
    if (base?.kind === 'generated')
      return local.hash === base.hash ? { kind: 'delete-local', base, local } : { kind: 'conflict', local, remote: null, base };
    // An altered question, put where it would be an answer: it is none, and must not look like one.
    if (drawnName.test(local.name)) return { kind: 'conflict', local, remote: null, base: null };
    return { kind: 'leave', local, why: 'Factotum draws this folder from tasks and approvals; put your own notes elsewhere' };
  }
  if (local === undefined) return { kind: 'download', remote, local: null, base: base ?? null };
  if (local.hash === remote.hash) return settled(base, local, remote) ? null : { kind: 'adopt', local, remote };
  if (local.hash === base?.hash) return { kind: 'download', remote, local, base };
  return { kind: 'conflict', local, remote, base: base ?? null };
}

const drawnName = /(?:tsk|apr)_[0-9a-f]{24}\.md$/;

const settled = (base: BaseFile | undefined, local: LocalFile, remote: RemoteFile): boolean =>
  base !== undefined &&
  base.hash === remote.hash &&
  base.etag === remote.etag &&
  base.id === remote.id &&
  base.path === remote.path &&
  base.name === local.name;

/** The same path in another spelling, on one side. */
function renamed(base: BaseFile | undefined, local: LocalFile, remote: RemoteFile): Action | null {
  if (base === undefined || remote.kind !== 'note') return null;
  const [hasMovedHere, hasMovedThere] = [local.name !== base.name && local.path !== base.path, remote.path !== base.path];
  if (hasMovedHere && !hasMovedThere) return { kind: 'move-remote', base, remote, local };
  return hasMovedThere && !hasMovedHere && lastPart(base.path) !== lastPart(remote.path)
    ? { kind: 'move-local', base, remote, local }
    : null;
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What moved in the folder: one file vanished and another came that is it, by its inode or its content. */
function movedHere({ base, local, remote, isBlocked }: Sides, taken: Set<string>): Action[] {
  const vanished = [...base].filter(([key, { name }]) => !local.has(key) && !isBlocked(name));
  const arrived = [...local].filter(([key, { name }]) => !base.has(key) && !remote.has(key) && !isConflictCopy(name));
  const byInode = Map.groupBy(arrived, ([, { touch }]) => inodeOf(touch));
  const byHash = Map.groupBy(arrived, ([, { hash }]) => hash);
  const actions: Action[] = [];
  for (const [key, was] of vanished) {
    const there = remote.get(key);
    if (there === undefined || there.hash !== was.hash || there.kind === 'file') continue;
    const free = (found: typeof arrived | undefined) => found?.find(([to]) => !taken.has(to));
    const found =
      free(was.touch === null || inodeOf(was.touch) === null ? undefined : byInode.get(inodeOf(was.touch))) ?? free(byHash.get(was.hash));
    if (found === undefined) continue;
    const [to, file] = found;
    if (there.kind === 'generated') {
      if (!isDecision(was.path, file.path) || file.hash !== was.hash) continue;
      actions.push({ kind: 'decide', base: was, local: file });
    } else if (isGeneratedPath(file.path)) continue;
    else actions.push({ kind: 'move-remote', base: was, remote: there, local: file });
    taken.add(key).add(to);
  }
  return actions;
}

/** What moved in the vault, known by its id. */
function movedThere({ base, local, remote }: Sides, taken: Set<string>): Action[] {
  const wasAt = new Map([...base].filter(([key]) => !remote.has(key)).map(([key, { id }]) => [id, key]));
  const actions: Action[] = [];
  for (const [to, file] of remote) {
    const from = wasAt.get(file.id);
    if (from === undefined || file.kind === 'generated' || base.has(to) || local.has(to) || taken.has(from) || taken.has(to)) continue;
    const [was, here] = [base.get(from), local.get(from)];
    if (was === undefined || here === undefined) continue;
    actions.push({ kind: 'move-local', base: was, remote: file, local: here });
    taken.add(from).add(to);
  }
  return actions;
}

/** An inode is given to another file when its own is gone; the time of birth tells the two apart. */
const inodeOf = ({ inode, birth }: LocalFile['touch']): string | null => (birth === '0' ? null : `${inode} ${birth}`);

const isDecision = (from: string, to: string): boolean =>
  /^(?:Approved|Rejected)\//.test(to) && `Pending_Approval/${lastPart(to)}` === from;

/** Names that this program gives. A file of this name was put there by it, so nothing was moved. */
const isConflictCopy = (name: string): boolean => / \(conflict \d{4}-\d{2}-\d{2} \d{4}(?: \d+)?\)(?:\.[^./]*)?$/.test(name);

/** Nobody vouches for words that were drawn from what strangers sent, wherever a person puts them. */
function vouching({ base, remote }: Sides): (local: LocalFile) => boolean {
  const drawnHashes = new Set([...base.values(), ...remote.values()].filter(({ kind }) => kind === 'generated').map(({ hash }) => hash));
  return ({ path, hash }) => !path.startsWith(`${conflictFolder}/`) && !drawnHashes.has(hash);
}

/** How many files this would delete on a side that has that many; what is drawn from rows does not count. */
export function deletions(
  actions: readonly Action[],
  base: Tree<BaseFile>,
): { readonly here: number; readonly there: number; readonly of: number } {
  const count = (kind: Action['kind']) =>
    actions.filter((action) => action.kind === kind && 'base' in action && action.base?.kind !== 'generated').length;
  const of = [...base.values()].filter(({ kind }) => kind !== 'generated').length;
  return { here: count('delete-local'), there: count('delete-remote'), of };
}
