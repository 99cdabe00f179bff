/** The door to the vault: a tenant's notes, sealed and versioned. */
export { type Change, type ChangedNote, deleteNote, moveNote, restoreVersion, undoOperation, writeNote } from './change.ts';
export { createFiles, eachFile, type Files } from './file.ts';
export type { VaultFile } from './file-row.ts';
export { fieldLines, noteFields, readFrontMatter, writeFields } from './front-matter.ts';
export {
  createHistoryKeeper,
  type DeletedPlace,
  type HistoryRule,
  listDeleted,
  readVersion,
} from './history.ts';
export { type JournalPlace, listChanges, movedNotes, recordDrawn, type VaultChange } from './journal.ts';
export { listLocks, putLock, removeLocks, type VaultLock } from './lock.ts';
export { type Note, type NoteChange, type NoteVersion, noteBytesMax } from './note.ts';
export { foldPath, isProtectedFromTools, normaliseFolder, normalisePath } from './path.ts';
export { findPlace, listPlaces, putPlace, removePlace, type VaultPlace } from './place.ts';
export { eachNote, findOperation, listNotes, noteHistory, readNote, readNotes } from './read.ts';
export { recountTenant } from './recount.ts';
export { type InitialNote, skeleton } from './skeleton.ts';
export { type Gathered, together } from './together.ts';
export { createVaultTrees, type VaultTree, type VaultTrees } from './tree.ts';
