import { unreadable } from './unreadable.ts';

/** What banks hand out has some megabytes a year. */
export const fileBytesMax = 32 * 1024 * 1024;

/**
 * The text of a file: UTF-8, UTF-16 with or without a mark, else Windows-1252, which has a character for nearly every byte.
 *
 * @throws FactotumError `ledger.unreadable` when it is too large, empty, or no text.
 */
export function decodeFile(bytes: Uint8Array): string {
  if (bytes.length === 0) throw unreadable(null, 'The file is empty.', 'Download it again from your bank.');
  if (bytes.length > fileBytesMax)
    throw unreadable(null, `The file has ${bytes.length} bytes; ${fileBytesMax} are the most.`, 'Ask your bank for a shorter period.');
  const text = decodeAs(bytes, encodingOf(bytes)).replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  // What is compressed or a picture has them everywhere; a text has none.
  if (text.slice(0, 4_096).includes('\0')) throw unreadable(1, 'This is no text.', 'Export camt.053, MT940, OFX or CSV from your bank.');
  return text.replaceAll('\0', '');
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

function encodingOf(bytes: Uint8Array): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const head = bytes.subarray(0, 512);
  const zeros = [0, 1].map((parity) => head.filter((byte, at) => at % 2 === parity && byte === 0).length);
  // Western text in UTF-16 has a zero in nearly every pair, always on the same side.
  if ((zeros[1] ?? 0) > head.length / 4 && zeros[0] === 0) return 'utf-16le';
  if ((zeros[0] ?? 0) > head.length / 4 && zeros[1] === 0) return 'utf-16be';
  try {
    decodeAs(bytes, 'utf-8');
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

const decodeAs = (bytes: Uint8Array, encoding: Encoding): string =>
  new TextDecoder(encoding, { fatal: encoding === 'utf-8' }).decode(bytes).replace(/^\uFEFF/, '');

/** One line of a text from a file, safe to keep and to show: no controls, no runs of spaces, at most so many characters. */
export function cleaned(text: string, charsMax = 1_000): string {
  return [
    ...text
      .toWellFormed()
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
      .trim(),
  ]
    .slice(0, charsMax)
    .join('');
}

/** The same, or null when nothing is left. */
export const cleanedOrNull = (text: string | null | undefined, charsMax = 140): string | null => {
  const clean = cleaned(text ?? '', charsMax);
  return clean === '' ? null : clean;
};
