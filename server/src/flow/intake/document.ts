import type { Id, JsonObject } from '#kernel';

/** What a document says, as far as it could be read. All of it was written by whoever made the document. */
export interface ReadableText {
  readonly kind: string;
  readonly text: string;
  readonly pages?: number | undefined;
  readonly title?: string | undefined;
  readonly metadata: JsonObject;
  readonly truncated: boolean;
  readonly warnings: readonly string[];
}

/** A document by its bytes, or by what brings them and how many there are. */
export type DocumentSource = {
  readonly name: string;
  /** As its sender declared it. */
  readonly mediaType?: string | undefined;
} & ({ readonly bytes: Uint8Array } | { readonly stream: AsyncIterable<Uint8Array>; readonly sizeBytes: number });

/**
 * Reads the text of documents, within bounds of its own.
 *
 * @throws FactotumError `document.unreadable`, `document.too_large`; `document.busy` when too many wait, which passes.
 */
export type ReadDocument = (
  document: DocumentSource,
  options?: { readonly textCharsMax?: number; readonly timeoutMs?: number; readonly signal?: AbortSignal },
) => Promise<ReadableText>;

/** Reads the documents of one tenant. The tenants take turns: the many documents of one do not hold up another's. */
export type ReadDocumentOf = (tenantId: Id<'tenant'>) => ReadDocument;
