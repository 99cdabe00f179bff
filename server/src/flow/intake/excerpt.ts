import { errorCatalogue, isFactotumError, type JsonObject } from '#kernel';
import type { ReadDocument } from './document.ts';
import { cutToBytes, jsonBytes } from './text.ts';

/** An attachment as a mail's reader sees it. */
interface Attached {
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array;
}

/** So many of a mail are looked into; the others are named. */
const readMax = 5;
const sizeBytesMax = 10 * 1024 * 1024;
/** All excerpts of a mail as JSON: what a payload keeps free for them. */
const excerptsBytesMax = 40_000;
const charsMax = 12_000;
/** A mail waits this long for one of its attachments at most, in milliseconds. */
const timeoutMs = 10_000;
/** What says nothing in words, or is read elsewhere. */
const passedOver = /^(?:image|audio|video|font)\/|^(?:text\/calendar|application\/(?:ics|pgp-signature|(?:x-)?pkcs7-\w+)|message\/)/i;

/**
 * What the first attachments of a mail say, by their places: the start of their text, or why there is none. It is the sender's as much as
 * the mail is. One after the other: a mail takes one place among its tenant's documents.
 *
 * @throws FactotumError `document.busy`: what a mail says must not hang on how much there was to do when it came.
 */
export async function excerptsOf(attachments: readonly Attached[], read: ReadDocument): Promise<ReadonlyMap<number, JsonObject>> {
  const wanted = [...attachments.entries()]
    .filter(([, { type, content }]) => !passedOver.test(type) && content.byteLength > 0)
    .slice(0, readMax);
  const excerpts = new Map<number, JsonObject>();
  let room = excerptsBytesMax;
  for (const [at, attached] of wanted) {
    const { text, ...excerpt } = await excerptOf(attached, read);
    const fitting: JsonObject = text === undefined ? excerpt : { ...excerpt, text: cutToBytes(text, room - jsonBytes(excerpt) - 10) };
    room -= jsonBytes(fitting);
    if (room < 0) break;
    excerpts.set(at, fitting);
  }
  return excerpts;
}

async function excerptOf({ name, type, content }: Attached, read: ReadDocument): Promise<JsonObject & { readonly text?: string }> {
  if (content.byteLength > sizeBytesMax) return { unreadable: 'It is too large to be read with the mail.' };
  try {
    const { kind, text, pages, truncated, warnings } = await read(
      { name, mediaType: type, bytes: content },
      { textCharsMax: charsMax, timeoutMs },
    );
    return {
      kind,
      text,
      truncated,
      ...(pages === undefined ? {} : { pages }),
      ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
    };
  } catch (error) {
    if (!isFactotumError(error) || errorCatalogue[error.code].retry) throw error;
    return { unreadable: error.message };
  }
}
