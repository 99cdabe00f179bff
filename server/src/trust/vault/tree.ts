import { LRUCache } from 'lru-cache';
import type { Id } from '#kernel';
import { type RoleDatabase, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { type JournalPlace, listChanges, type VaultChange } from './journal.ts';
import { foldPath } from './path.ts';

/** The notes and files of a vault by their paths, as they were at one moment. */
export interface VaultTree {
  /** What lies at exactly this path. */
  at(path: string): VaultChange | undefined;
  /** What lies at a path that differs at most in case or normalisation. */
  near(path: string): VaultChange | undefined;
  /** Everything, or what lies below a folder; in no order. */
  below(folder: string): VaultChange[];
  /** Whether anything lies below a folder. */
  hasBelow(folder: string): boolean;
}

export interface VaultTrees {
  of(tenantId: Id<'tenant'>, at: Date): Promise<VaultTree>;
  /** Of a tenant, or of all. */
  forget(tenantId?: Id<'tenant'>): void;
}

interface Held {
  place: JournalPlace | null;
  readonly entries: Map<string, VaultChange>;
  /** How many lie below each folder, by its folded path. */
  readonly folders: Map<string, number>;
}

/** Paths of all tenants that one process keeps in memory; each takes about half a kilobyte. */
const entriesMaxDefault = 400_000;
const idleMs = 15 * 60_000;
const changesAtOnce = 300;

/**
 * Trees of vaults in memory, brought up to date by the journal whenever somebody asks: paths are sealed, and opening all of them for every
 * look takes a second for 10,000.
 */
export function createVaultTrees({
  app,
  keysOf,
  adopt,
  entriesMax = entriesMaxDefault,
}: {
  readonly app: RoleDatabase;
  readonly keysOf: KeysOf;
  /** Takes what is older than the journal into it. */
  readonly adopt: (tenantId: Id<'tenant'>, at: Date) => Promise<void>;
  readonly entriesMax?: number;
}): VaultTrees {
  const held = new LRUCache<Id<'tenant'>, Held>({
    maxSize: entriesMax,
    sizeCalculation: ({ entries }) => entries.size + 1,
    ttl: idleMs,
    updateAgeOnGet: true,
  });
  const updating = new Map<Id<'tenant'>, Promise<VaultTree>>();

  async function bringUp(tenantId: Id<'tenant'>, at: Date): Promise<VaultTree> {
    const keys = await keysOf(tenantId);
    const before = held.get(tenantId);
    if (before === undefined) await adopt(tenantId, at);
    const tree = before ?? { place: null, entries: new Map(), folders: new Map() };
    try {
      await follow(app, keys, tree);
    } catch (error) {
      held.delete(tenantId);
      throw error;
    }
    // Taken out first: of what is set again as it is, the size is not counted anew.
    held.delete(tenantId);
    held.set(tenantId, tree);
    return viewOf(tree);
  }

  return {
    of(tenantId, at) {
      // Who asks while another look is under way may have written after that look began.
      const next = (updating.get(tenantId) ?? Promise.resolve()).then(
        () => bringUp(tenantId, at),
        () => bringUp(tenantId, at),
      );
      updating.set(tenantId, next);
      const done = () => {
        if (updating.get(tenantId) === next) updating.delete(tenantId);
      };
      next.then(done, done);
      return next;
    },
    forget(tenantId) {
      if (tenantId === undefined) held.clear();
      else held.delete(tenantId);
    },
  };
}

async function follow(app: RoleDatabase, keys: TenantKeys, tree: Held): Promise<void> {
  for (;;) {
    const { changes, next, hasMore } = await withTenant(app.db, keys.tenantId, (tx) => listChanges(tx, keys, tree.place, changesAtOnce));
    for (const change of changes) apply(tree, change);
    tree.place = next;
    if (!hasMore) return;
  }
}

function apply({ entries, folders }: Held, change: VaultChange): void {
  const key = foldPath(change.path);
  const step = (by: number) => {
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const folder = key.slice(0, slash);
      const count = (folders.get(folder) ?? 0) + by;
      if (count > 0) folders.set(folder, count);
      else folders.delete(folder);
    }
  };
  // Notes that are drawn from rows are looked up where they are drawn.
  const isThere = !change.deleted && change.kind !== 'generated';
  if (entries.has(key) && !isThere) step(-1);
  if (!entries.has(key) && isThere) step(1);
  if (isThere) entries.set(key, change);
  else entries.delete(key);
}

const viewOf = ({ entries, folders }: Held): VaultTree => {
  const near = (path: string) => entries.get(foldPath(path));
  return {
    near,
    at: (path) => {
      const found = near(path);
      return found?.path === path ? found : undefined;
    },
    below: (folder) => {
      const start = folder === '' ? '' : `${foldPath(folder)}/`;
      return [...entries].flatMap(([key, change]) => (key.startsWith(start) ? [change] : []));
    },
    hasBelow: (folder) => (folder === '' ? entries.size > 0 : folders.has(foldPath(folder))),
  };
};
