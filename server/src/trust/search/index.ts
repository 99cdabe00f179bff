/** The door to full-text search: vaults' notes by their words and by their links, from an index that is never at rest. */
export { candidatesOf, findLinks, linkName, type Places, resolveLink } from './link.ts';
export { createVaultSearch, type FoundNote, type VaultSearch } from './search.ts';
