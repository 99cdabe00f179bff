import { readDocument } from '#connector/document';
import { createFileIntake, type FileIntakeDeps, type FileRecogniser } from '#flow/file';
import type { ReadDocument } from '#flow/intake';

/** Reads documents for whoever takes something in. */
export const documents: ReadDocument = readDocument;

/** Who takes files of a kind in by itself, in the order in which they are asked. */
const recognisers: readonly FileRecogniser[] = [];

/** The door for files of this process. */
export const createPlatformFiles = (deps: Omit<FileIntakeDeps, 'readDocument' | 'recognisers'>) =>
  createFileIntake({ ...deps, readDocument: documents, recognisers });
