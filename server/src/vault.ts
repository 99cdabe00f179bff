import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import { createVaultSearch } from '#trust/search';
import { createHistoryKeeper, createVaultTrees, type Files } from '#trust/vault';
import type { Platform } from './platform.ts';

/** What a process holds of vaults in memory, in plain, only while somebody asks and their keys may be used: paths, and indexes of words. */
export function createVaultMemory({ database: { app }, keysOf, files }: { database: Database; keysOf: KeysOf; files: Files }) {
  const adopt = files.adoptIntoJournal;
  return { vaultTrees: createVaultTrees({ app, keysOf, adopt }), vaultSearch: createVaultSearch({ app, keysOf, adopt }) };
}

/** Prunes histories of all tenants as the settings say. Not started yet. */
export const createVaultHistoryKeeper = ({ database, identity, clock, log, config }: Platform) =>
  createHistoryKeeper({ app: database.app, rule: config.noteHistory, listTenants: identity.listTenants, clock, log });
