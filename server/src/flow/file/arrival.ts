import { cut, cutToBytes, jsonBytes, payloadBytesMax, type ReadableText } from '#flow/intake';
import { isFactotumError, type JsonObject } from '#kernel';
import { nameWarnings, safeName } from './file-name.ts';
import type { KeptFile } from './keep.ts';

const textCharsMax = 60_000;
/** Facts that are larger, such as an electronic invoice within a PDF, are in the file. */
const factsBytesMax = 64 * 1024;

/**
 * What an event tells of a file: name and place, and what it says as far as that can be read. A file that cannot be read arrives all the
 * same, with the reason.
 */
export async function arrivalOf(
  given: { readonly name: string; readonly warnings: readonly string[] },
  { path, sizeBytes, sha256 }: KeptFile,
  read: (options: { textCharsMax: number }) => Promise<ReadableText>,
): Promise<{ readonly title: string; readonly payload: JsonObject }> {
  const name = safeName(given.name);
  const file = { name, path, sizeBytes, sha256 };
  const known = [...nameWarnings(given.name), ...given.warnings];
  const title = cut(name, 300);
  try {
    const { kind, text, pages, title: ownTitle, metadata, truncated, warnings } = await read({ textCharsMax });
    const head: JsonObject = {
      ...file,
      document: kind,
      ...(pages === undefined ? {} : { pages }),
      ...(ownTitle === undefined ? {} : { title: ownTitle }),
      metadata: fitting(metadata),
      warnings: [...known, ...warnings],
    };
    const excerpt = cutToBytes(cut(text, textCharsMax), payloadBytesMax - jsonBytes(head) - 100);
    return { title, payload: { ...head, text: excerpt, truncated: truncated || excerpt.length < text.length } };
  } catch (error) {
    if (!isFactotumError(error, 'document.unreadable') && !isFactotumError(error, 'document.too_large')) throw error;
    return { title, payload: { ...file, unreadable: { code: error.code, message: error.message }, warnings: known } };
  }
}

/** The facts that fit together, the first ones first. */
function fitting(metadata: JsonObject): JsonObject {
  let room = factsBytesMax;
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) => {
      const bytes = jsonBytes({ [name]: value });
      if (bytes > room) return false;
      room -= bytes;
      return true;
    }),
  );
}
