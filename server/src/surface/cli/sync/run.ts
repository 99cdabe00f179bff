import { readIgnored } from './ignore.ts';
import { localSide } from './local.ts';
import { type Parts, perform, type Tally } from './perform.ts';
import { type Action, deletions, plan } from './plan.ts';
import { Refused, Stale, type VaultSide } from './remote.ts';
import { keptTouch, type Scan, type Skipped, scan } from './scan.ts';
import { readState, type SyncState, writeState } from './state.ts';
import { keyOf, type LocalFile, type Tree } from './tree.ts';

export interface SyncOptions {
  readonly folder: string;
  readonly there: VaultSide;
  /** Which vault it is; a folder is kept in step with one. */
  readonly vault: string;
  /** Whether more than half may be deleted at once. */
  readonly allowDeletions: boolean;
  readonly now: () => Date;
  /** How far it is, for people. */
  readonly say: (text: string) => void;
  /** Asked before each action; for tests, which let the program die there. */
  readonly onAction?: (action: Action) => void;
  /** How many actions at once. */
  readonly atOnce?: number;
  /** How often what was done is written down, besides after each round. */
  readonly saveEveryMs?: number;
}

export interface SyncReport extends Tally {
  readonly skipped: readonly Skipped[];
}

/** The folder cannot be kept in step as it is, and somebody has to say what is meant. */
export class Unclear extends Error {
  override readonly name = 'Unclear';
}

/** Each round acts on what both sides are at its beginning; what was changed meanwhile is left to the next. */
const roundsMax = 10;
const saveEveryMsDefault = 2_000;
const atOnceDefault = 6;
/** Below this number half of the files is not many. */
const guardedFilesMin = 20;

/** Makes folder and vault equal. @throws Unclear; Refusal and faults of the network and the file system, after which it can be run again. */
export async function sync(options: SyncOptions): Promise<SyncReport> {
  const { folder } = options;
  const state = await stateOf(options);
  const here = localSide(folder);
  await here.clean();
  const tally: Tally = { uploaded: 0, downloaded: 0, moved: 0, deleted: 0, merged: 0, conflicts: [] };
  const refused = new Map<string, Skipped>();
  let left: Skipped[] = [];
  for (let round = 1; round <= roundsMax; round += 1) {
    const { found, actions, scannedAtMs } = await look(options, state);
    const wanted = actions.filter((action) => !refused.has(idOf(action)));
    guard(options, wanted, state);
    const parts = { folder, here, there: options.there, state, tally, scannedAtMs, now: options.now, nameOf: namer(found.local) };
    const { stale, done } = await performAll(wanted, parts, { options, refused });
    await writeState(folder, state);
    left = [...found.skipped, ...refused.values(), ...(round === roundsMax ? stale : [])];
    if (stale.length === 0 && done === 0) break;
  }
  return { ...tally, skipped: left };
}

/** What `sync` would do first, without doing it. @throws Unclear. */
export async function preview(
  options: SyncOptions,
): Promise<{ readonly actions: readonly Action[]; readonly skipped: readonly Skipped[] }> {
  const { found, actions } = await look(options, await stateOf(options));
  return { actions, skipped: found.skipped };
}

async function stateOf({ folder, vault }: SyncOptions): Promise<SyncState> {
  const state = await readState(folder);
  if (state !== null && state.vault !== vault)
    throw new Unclear(
      `${folder} is kept in step with another vault. Choose another folder, or remove .factotum/sync.json in it to join the two.`,
    );
  return state ?? { vault, cursor: null, base: new Map(), remote: new Map() };
}

/** Both sides as they are now, and what that asks for. */
async function look({ folder, there }: SyncOptions, state: SyncState): Promise<{ found: Scan; actions: Action[]; scannedAtMs: number }> {
  const isIgnored = await readIgnored(folder);
  await follow(there, state);
  const scannedAtMs = Date.now();
  const found = await scan(folder, state.base, isIgnored);
  for (const [key, local] of found.local) {
    const base = state.base.get(key);
    if (base?.hash === local.hash && base.name === local.name) state.base.set(key, { ...base, touch: keptTouch(local.touch, scannedAtMs) });
  }
  const remote = new Map([...state.remote].filter(([, { path }]) => !isIgnored(path)));
  const blocked = found.skipped.map(({ path }) => (path.endsWith('/') ? path : `${path}/`));
  const isBlocked = (name: string) => blocked.some((path) => `${name}/`.startsWith(path));
  return { found, scannedAtMs, actions: plan({ base: state.base, local: found.local, remote, isBlocked }) };
}

/** Brings the picture of the vault up to date. */
async function follow(there: VaultSide, state: SyncState): Promise<void> {
  for (let hasMore = true; hasMore; ) {
    const page = await there.changes(state.cursor);
    if (page === null) {
      state.cursor = null;
      continue;
    }
    if (state.cursor === null) state.remote.clear();
    for (const { path, kind, id, etag, hash, size, deleted } of page.items)
      if (deleted || etag === null || hash === null) state.remote.delete(keyOf(path));
      else state.remote.set(keyOf(path), { path, kind, id, etag, hash, size });
    state.cursor = page.nextCursor;
    hasMore = page.hasMore;
  }
}

function guard({ allowDeletions }: SyncOptions, actions: readonly Action[], { base }: SyncState): void {
  const { here, there, of } = deletions(actions, base);
  if (allowDeletions || of < guardedFilesMin || Math.max(here, there) * 2 <= of) return;
  const [count, gone, from] = there >= here ? [there, 'the folder', 'the vault'] : [here, 'the vault', 'the folder'];
  throw new Unclear(
    `${count} of ${of} files are gone from ${gone}. Is a disk missing? If they are to be deleted from ${from} as well, add --allow-deletions.`,
  );
}

/** Moves one after the other, since they may wait for each other's names; then the rest, some at a time. */
async function performAll(
  actions: readonly Action[],
  parts: Parts,
  { options, refused }: { options: SyncOptions; refused: Map<string, Skipped> },
): Promise<{ stale: Skipped[]; done: number }> {
  const stale: Skipped[] = [];
  let [done, begun, savedAtMs] = [0, 0, performance.now()];
  let saving = Promise.resolve();
  const queue = [...actions];
  async function work(): Promise<void> {
    for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
      begun += 1;
      if (begun % 500 === 0) options.say(`${begun} of ${actions.length}`);
      const path = pathOf(action);
      try {
        options.onAction?.(action);
        await perform(action, parts);
        if (action.kind !== 'adopt' && action.kind !== 'forget') done += 1;
      } catch (error) {
        // What could not be decided goes back, in another round.
        if (action.kind === 'decide') done += 1;
        if (error instanceof Stale || codeOf(error) === 'ENOENT')
          stale.push({ path, why: `it kept changing: ${messageOf(error)}`, fault: true });
        else if (error instanceof Refused || isOfOneFile(error)) refused.set(idOf(action), { path, why: messageOf(error), fault: true });
        else {
          queue.length = 0;
          throw error;
        }
      }
      if (performance.now() - savedAtMs > (options.saveEveryMs ?? saveEveryMsDefault)) {
        savedAtMs = performance.now();
        saving = saving.then(() => writeState(parts.folder, parts.state));
        await saving;
      }
    }
  }
  const [moves = [], rest = []] = [true, false].map((wanted) => queue.filter(({ kind }) => moveKinds.has(kind) === wanted));
  queue.splice(0, queue.length, ...moves);
  await work();
  queue.push(...rest);
  const workers = await Promise.allSettled(Array.from({ length: options.atOnce ?? atOnceDefault }, work));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
  return { stale, done };
}

const moveKinds: ReadonlySet<string> = new Set(['move-local', 'move-remote', 'decide'] satisfies Action['kind'][]);

const pathOf = (action: Action): string =>
  'local' in action && action.local !== null
    ? action.local.name
    : 'remote' in action && action.remote !== null
      ? action.remote.path
      : pathOfBase(action);
const pathOfBase = (action: Action): string => ('base' in action ? (action.base?.path ?? '') : '');

/** The same thing about the same contents is not tried again. */
function idOf(action: Action): string {
  const hashes = ['local' in action ? action.local?.hash : '', 'remote' in action ? action.remote?.hash : ''];
  return [action.kind, pathOf(action), ...hashes].join('\n');
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error && 'path' in error ? error.code : undefined);
/** A disk that is full or read-only stops everything; a name that it does not take, only that file. */
const isOfOneFile = (error: unknown): boolean =>
  codeOf(error) !== undefined && !['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE'].includes(String(codeOf(error)));

/** Finds the folder that stands for one of the vault, whatever it is called here. */
function namer(local: Tree<LocalFile>): (path: string) => string {
  const folders = new Map<string, string>();
  for (const { path, name } of local.values()) {
    const [there, here] = [path.split('/'), name.split('/')];
    for (let depth = 1; depth < there.length; depth += 1) {
      const key = keyOf(there.slice(0, depth).join('/'));
      if (!folders.has(key)) folders.set(key, here.slice(0, depth).join('/'));
    }
  }
  return (path) => {
    const parts = path.split('/');
    for (let depth = parts.length - 1; depth > 0; depth -= 1) {
      const folder = folders.get(keyOf(parts.slice(0, depth).join('/')));
      if (folder !== undefined) return [folder, ...parts.slice(depth)].join('/');
    }
    return path;
  };
}
