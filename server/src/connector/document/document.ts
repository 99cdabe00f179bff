import type { JsonObject } from '#kernel';

export const documentKinds = ['pdf', 'docx', 'xlsx', 'pptx', 'odt', 'ods', 'html', 'rtf', 'text', 'image', 'zip'] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** What can be read out of a document. All of it was written by whoever made the document: content, never instruction. */
export interface DocumentText {
  /** By its bytes, whatever its name says. */
  readonly kind: DocumentKind;
  /** Lines end in \n; without control characters but tab. Of an archive and of an image a listing. */
  readonly text: string;
  /** Pages of a PDF, sheets of a workbook. */
  readonly pages?: number | undefined;
  readonly title?: string | undefined;
  /** What the document says of itself: author, dates, dimensions, attachments. */
  readonly metadata: JsonObject;
  /** There is more text than was asked for. */
  readonly truncated: boolean;
  /** For people: macros, hidden text, an ending that lies. One sentence each. */
  readonly warnings: readonly string[];
}

/** What a reader of one kind hands back; the rest is the same for all. */
export interface Read {
  readonly kind: DocumentKind;
  readonly text: string;
  readonly pages?: number | undefined;
  readonly title?: string | undefined;
  readonly metadata?: JsonObject;
  readonly truncated?: boolean;
  readonly warnings?: readonly string[];
}

export interface ReadLimits {
  /** Most UTF-16 code units of text. */
  readonly textCharsMax: number;
  /** Also where a photograph was taken. */
  readonly withPosition: boolean;
}

/** Why a document is not read, in words for whoever sent it. */
export class DocumentFault extends Error {
  readonly code: 'unreadable' | 'too_large';

  constructor(code: 'unreadable' | 'too_large', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const unreadable = (message: string, cause?: unknown): DocumentFault => new DocumentFault('unreadable', message, { cause });
export const tooLarge = (message: string): DocumentFault => new DocumentFault('too_large', message);

/** The bounds of the process that reads. */
export const documentBytesMax = 64 * 1024 * 1024;
export const textCharsMax = 1_000_000;
