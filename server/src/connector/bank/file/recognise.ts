import { isCamt } from './camt.ts';
import { readRows } from './csv.ts';
import { detectDelimiter, detectMapping } from './csv-detect.ts';
import { decodeFile, fileBytesMax } from './decode.ts';
import { isMt940 } from './mt940.ts';
import { isOfx } from './ofx.ts';
import { isPlaid } from './plaid.ts';

export type FileFormat = 'camt' | 'mt940' | 'ofx' | 'plaid' | 'csv';

const headBytes = 64 * 1024;

/**
 * What kind of bank file this is, by its content; null for everything else. A CSV file is one when it has a column for a day, one for an
 * amount, and is named like a table.
 */
export function bankFileFormat(bytes: Uint8Array, name: string): FileFormat | null {
  if (bytes.length === 0 || bytes.length > fileBytesMax) return null;
  // An even number of bytes, so that no character of UTF-16 is cut in two; one of UTF-8 may be, so whole lines of text are looked at.
  const text = headText(bytes);
  if (text === null) return null;
  if (isCamt(text)) return 'camt';
  if (isOfx(text)) return 'ofx';
  if (isMt940(text)) return 'mt940';
  if (isPlaid(text)) return 'plaid';
  if (!/\.(?:csv|tsv|txt)$/i.test(name)) return null;
  return isTransactionTable(text) ? 'csv' : null;
}

/** Whether a file is one that `importBankFile` reads. */
export const isBankFile = (bytes: Uint8Array, name: string): boolean => bankFileFormat(bytes, name) !== null;

function headText(bytes: Uint8Array): string | null {
  try {
    return decodeFile(bytes.length <= headBytes ? bytes : wholeLines(bytes));
  } catch {
    return null; // No text is no bank file; who imports it anyway is told why.
  }
}

/** The beginning, up to an end of a line. */
function wholeLines(bytes: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, headBytes);
  const end = head.lastIndexOf(0x0a);
  if (end <= 0) return head;
  // In UTF-16 the end of a line is two bytes.
  return head.subarray(0, head[end + 1] === 0 ? end + 2 : end + 1);
}

function isTransactionTable(text: string): boolean {
  const delimiter = detectDelimiter(text);
  if (delimiter === null) return false;
  try {
    const found = detectMapping(
      readRows(text, delimiter).map(({ cells }) => cells),
      delimiter,
    );
    const { columns } = found?.mapping ?? {};
    return columns?.bookedOn !== undefined && (columns.amount !== undefined || columns.credit !== undefined);
  } catch {
    return false; // A table that cannot be read is nobody's statement.
  }
}
