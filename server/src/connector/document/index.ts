/** The door to what documents say: text and facts out of bytes that nobody has to trust. */
export { type DocumentKind, type DocumentText, documentBytesMax } from './document.ts';
export { type DocumentInput, type ReadOptions, readDocument } from './read-document.ts';
