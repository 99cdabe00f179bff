/** The door to what documents say: text and facts out of bytes that nobody has to trust. */
export type { DocumentKind, DocumentText } from './document.ts';
export { createDocumentReader } from './document-reader.ts';
export { type DocumentInput, type ReadOptions, readDocument } from './read-document.ts';
