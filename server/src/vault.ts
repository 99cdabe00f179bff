import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { createVaultTrees, type Files } from '#trust/vault';

/** What a process holds of vaults in memory, in plain: only paths, and only while their keys may be used. */
export function createVaultMemory({ database: { app }, keysOf, files }: { database: Database; keysOf: KeysOf; files: Files }) {
  const vaultTrees = createVaultTrees({ app, keysOf, adopt: files.adoptIntoJournal });
  return { vaultTrees };
}
