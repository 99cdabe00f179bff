import type { JsonObject } from '#kernel';

/** What of EXIF (CIPA DC-008) is worth knowing of a picture, by the numbers of its tags. */
const textTags: Readonly<Record<number, string>> = {
  271: 'maker',
  272: 'model',
  305: 'software',
  306: 'changedAt',
  315: 'author',
  33432: 'copyright',
  36867: 'takenAt',
};
const orientationTag = 274;
const exifPointer = 34665;
const positionPointer = 34853;
const entriesMax = 200;

/** Facts out of a block of EXIF; what is damaged is left out. With its position in degrees only if asked. */
export function readExif(block: Buffer, withPosition: boolean): JsonObject {
  const order = block.toString('latin1', 0, 2);
  if (block.length < 8 || (order !== 'II' && order !== 'MM')) return {};
  const tiff = readerOf(block, order === 'II');
  const facts: Record<string, string | number> = {};
  const folders = [tiff.long(4)];
  for (let at = 0; at < Math.min(folders.length, 3); at += 1) {
    for (const entry of tiff.entries(folders[at] ?? 0)) {
      const name = textTags[entry.tag];
      const text = name === undefined ? '' : tiff.text(entry);
      if (name !== undefined && text !== '') facts[name] = name.endsWith('At') ? dateOf(text) : text;
      if (entry.tag === orientationTag) facts.orientation = tiff.short(entry.at + 8);
      if (entry.tag === exifPointer) folders.push(tiff.long(entry.at + 8));
      if (entry.tag === positionPointer && withPosition) Object.assign(facts, positionOf(tiff, tiff.long(entry.at + 8)));
    }
  }
  return facts;
}

interface Entry {
  readonly tag: number;
  readonly count: number;
  /** Where its twelve bytes begin; its value, or the place of it, is the last four. */
  readonly at: number;
}

/** Numbers beyond the end are 0. */
function readerOf(block: Buffer, isLittle: boolean) {
  const within = (at: number, bytes: number) => at >= 0 && at + bytes <= block.length;
  const short = (at: number) => (within(at, 2) ? (isLittle ? block.readUInt16LE(at) : block.readUInt16BE(at)) : 0);
  const long = (at: number) => (within(at, 4) ? (isLittle ? block.readUInt32LE(at) : block.readUInt32BE(at)) : 0);
  return {
    short,
    long,
    entries: (folder: number): Entry[] =>
      Array.from({ length: Math.min(folder === 0 ? 0 : short(folder), entriesMax) }, (_, number) => {
        const at = folder + 2 + 12 * number;
        return { tag: short(at), count: long(at + 4), at };
      }),
    text({ count, at }: Entry): string {
      const from = count <= 4 ? at + 8 : long(at + 8);
      const bytes = block.subarray(from, from + Math.min(count, 200));
      return bytes.toString('utf8').replace(/\0.*$/s, '').toWellFormed().trim();
    },
    /** Degrees, minutes and seconds, each a fraction of two numbers. */
    degrees({ at }: Entry): number {
      const from = long(at + 8);
      const [degrees = 0, minutes = 0, seconds = 0] = [0, 8, 16].map((offset) => long(from + offset) / (long(from + offset + 4) || 1));
      return Math.round((degrees + minutes / 60 + seconds / 3_600) * 1e6) / 1e6;
    },
  };
}

function positionOf(tiff: ReturnType<typeof readerOf>, folder: number): Record<string, number> {
  const byTag = new Map(tiff.entries(folder).map((entry) => [entry.tag, entry]));
  const side = (tag: number) => {
    const entry = byTag.get(tag);
    return entry === undefined ? '' : tiff.text(entry);
  };
  const [latitude, longitude] = [byTag.get(2), byTag.get(4)];
  if (latitude === undefined || longitude === undefined) return {};
  return {
    latitude: tiff.degrees(latitude) * (side(1) === 'S' ? -1 : 1),
    longitude: tiff.degrees(longitude) * (side(3) === 'W' ? -1 : 1),
  };
}

/** `2026:01:02 03:04:05`, in the time of the place where it was taken, as ISO 8601 without a zone. */
const dateOf = (text: string): string => text.replace(/^(\d{4}):(\d\d):(\d\d) /, '$1-$2-$3T');
