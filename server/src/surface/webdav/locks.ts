import type { VaultLock } from '#trust/vault';
import { parentOf } from './name.ts';
import { Refusal } from './refusal.ts';

const isBelow = (path: string, folder: string): boolean => path !== folder && (folder === '' || path.startsWith(`${folder}/`));

/** The locks that hold for a path: its own, and deep ones of the folders that it lies in. */
export const locksOn = (locks: readonly VaultLock[], path: string): VaultLock[] =>
  locks.filter((lock) => lock.path === path || (lock.isDeep && isBelow(path, lock.path)));

export const locksBelow = (locks: readonly VaultLock[], path: string): VaultLock[] => locks.filter((lock) => isBelow(lock.path, path));

/** What a change touches: a path, and whether it comes or goes there, which its folder's lock is about as well. */
export interface Touched {
  readonly path: string;
  readonly comesOrGoes: boolean;
}

/**
 * Whoever changes what is locked has to name the lock, and it has to be theirs. Of shared locks one is enough.
 *
 * @throws Refusal 423
 */
export function requireTokens(
  locks: readonly VaultLock[],
  touched: readonly Touched[],
  { tokens, actor }: { readonly tokens: ReadonlySet<string>; readonly actor: string },
): void {
  const isHeld = (lock: VaultLock) => tokens.has(lock.token) && lock.actor === actor;
  for (const { path, comesOrGoes } of touched) {
    const relevant = new Set(locksOn(locks, path));
    if (comesOrGoes) {
      for (const lock of locksBelow(locks, path)) relevant.add(lock);
      if (path !== '') for (const lock of locks) if (lock.path === parentOf(path)) relevant.add(lock);
    }
    const shared = [...relevant].filter(({ isShared }) => isShared);
    const isFree = [...relevant].every((lock) => lock.isShared || isHeld(lock)) && (shared.length === 0 || shared.some(isHeld));
    if (!isFree) throw new Refusal(423, 'Somebody has locked this. Try again later.', 'lock-token-submitted');
  }
}
