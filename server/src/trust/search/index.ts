/** The door to full-text search: vaults' notes by their words, from an index that is never at rest. */
export { createVaultSearch, type FoundNote, type VaultSearch } from './search.ts';
