import { type Entry, fromBufferPromise, getFileNameLowLevel, validateFileName, type ZipFile } from 'yauzl';
import { tooLarge, unreadable } from './document.ts';

/** A file in an archive, as the archive's directory says. */
export interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly isFolder: boolean;
  readonly isEncrypted: boolean;
}

/** A ZIP archive that has been looked at whole before anything of it is unpacked. */
export interface Archive {
  readonly parts: readonly Part[];
  has(name: string): boolean;
  /**
   * The start of a part, unpacked; null when there is none of this name.
   * @throws DocumentFault `unreadable` when it has more than its directory says, or needs a password; `too_large` when all that was
   * unpacked of this archive, or of what lies around it, is too much.
   */
  read(name: string): Promise<{ readonly bytes: Buffer; readonly isCut: boolean } | null>;
}

/** What may still be unpacked, in bytes: one for an archive and all that lie in it. */
export interface Budget {
  bytes: number;
}

export const newBudget = (): Budget => ({ bytes: 160 * 1024 * 1024 });

const partsMax = 10_000;
/** Unpacked, all parts together. Nothing that people send each other as documents comes near. */
const totalBytesMax = 2 * 1024 ** 3;
/** Deflate cannot exceed 1 : 1032. Sheets of a workbook reach 1 : 60; small parts may be all the same. */
const ratioMax = 250;
const ratioBytesMin = 4 * 1024 * 1024;
/** Of one part: 400,000 cells, or a book. */
const partBytesMax = 32 * 1024 * 1024;

/**
 * Opens a ZIP archive, and refuses one that is made to harm whoever unpacks it.
 *
 * @throws DocumentFault `too_large` for what unpacks to too much; `unreadable` for parts that lie in each other, have the same name, or
 * would be put outside of their folder.
 */
export async function openArchive(bytes: Buffer, budget: Budget): Promise<Archive> {
  const zip = await opened(bytes);
  if (zip.entryCount > partsMax)
    throw tooLarge(`The archive has ${zip.entryCount} parts; ${partsMax} are the most. Send what matters of it by itself.`);
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  const named = entries.map((entry) => ({ entry, name: nameOf(entry) }));
  refuseDuplicates(named.map(({ name }) => name));
  refuseOverlaps(bytes, entries);
  refuseBombs(entries);
  const byName = new Map(named.map(({ entry, name }) => [name, entry]));
  return {
    parts: named.map(({ entry, name }) => ({
      name,
      bytes: entry.uncompressedSize,
      isFolder: name.endsWith('/'),
      isEncrypted: entry.isEncrypted(),
    })),
    has: (name) => byName.has(name),
    async read(name) {
      const entry = byName.get(name);
      return entry === undefined ? null : unpack(zip, entry, budget);
    },
  };
}

async function opened(bytes: Buffer): Promise<ZipFile> {
  try {
    return await fromBufferPromise(bytes, { lazyEntries: true, decodeStrings: false, validateEntrySizes: true, autoClose: false });
  } catch (error) {
    throw unreadable('This archive is damaged or not all of it has come. Send it again.', error);
  }
}

/** @throws DocumentFault for a name that leads out of the folder that the archive is unpacked to. */
function nameOf(entry: Entry): string {
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
  const isHostile =
    validateFileName(name) !== null || name === '' || name.includes('\0') || /(?:^|[\\/])\.\.(?:[\\/]|$)|^[a-z]:/i.test(name);
  if (isHostile) throw unreadable('The archive holds a file whose name leads out of its folder. It is made to do harm and is not opened.');
  return name;
}

function refuseDuplicates(names: readonly string[]): void {
  const folded = new Set(names.map((name) => name.normalize('NFC').toLowerCase()));
  if (folded.size < names.length)
    throw unreadable(
      'The archive holds two files of the same name, of which every program would see another one. Make it anew and send that.',
    );
}

/** A part ends before the next begins: otherwise a few bytes stand for as many parts as there are names. */
function refuseOverlaps(bytes: Buffer, entries: readonly Entry[]): void {
  const overlap = () => unreadable('Parts of the archive lie in each other. It is made to do harm and is not opened.');
  let end = 0;
  for (const entry of [...entries].sort((one, other) => one.relativeOffsetOfLocalHeader - other.relativeOffsetOfLocalHeader)) {
    const start = entry.relativeOffsetOfLocalHeader;
    // The header of a part: 30 bytes, its name and its extra field (APPNOTE 4.3.7), whose lengths need not be those of the directory.
    if (start < end || start + 30 > bytes.length) throw overlap();
    end = start + 30 + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28) + entry.compressedSize;
    if (end > bytes.length) throw overlap();
  }
}

function refuseBombs(entries: readonly Entry[]): void {
  const bomb = () => tooLarge('The archive unpacks to far more than it has itself. It is not opened; send what matters of it by itself.');
  let total = 0;
  for (const { uncompressedSize, compressedSize } of entries) {
    total += uncompressedSize;
    if (total > totalBytesMax || (uncompressedSize > ratioBytesMin && uncompressedSize > ratioMax * Math.max(compressedSize, 1)))
      throw bomb();
  }
}

async function unpack(zip: ZipFile, entry: Entry, budget: Budget): Promise<{ bytes: Buffer; isCut: boolean }> {
  if (entry.isEncrypted()) throw unreadable('The archive is protected by a password. Send it without, or tell a person the password.');
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const piece of stream) {
      pieces.push(piece);
      bytes += piece.length;
      budget.bytes -= piece.length;
      if (bytes > partBytesMax || budget.bytes < 0) break;
    }
  } catch (error) {
    throw unreadable('A part of this file is damaged, or is not what the rest says. Save it anew and send that.', error);
  }
  if (budget.bytes < 0) throw tooLarge('The file unpacks to far more than a document has. Send what matters of it by itself.');
  const whole = Buffer.concat(pieces);
  return { bytes: whole.subarray(0, partBytesMax), isCut: whole.length > partBytesMax };
}
