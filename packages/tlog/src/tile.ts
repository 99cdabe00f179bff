/** The static files of c2sp.org/tlog-tiles: their paths, and the bytes of entry bundles. */
import { TlogError } from './verify.ts';

/** A full tile has 256 hashes, a full bundle 256 entries. */
export const tileWidth = 256;

/** Bundles carry the length of an entry in two bytes; what is larger goes out of line, by hash. */
export const entryBytesMax = 65_535;

/** A hash tile: `width` (1..256) consecutive hashes of tile level `level` from hash `index * 256`. Level L hashes cover 256^L entries. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** The same for entries: `width` entries from entry `index * 256`. */
export interface EntryBundle {
  readonly level: 'entries';
  readonly index: number;
  readonly width: number;
}

/** `tile/<level>/x001/x234/067`, with `.p/<width>` when the tile is not full. */
export function tilePath({ level, index, width }: Tile | EntryBundle): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const parts = digits.match(/\d{3}/g) ?? [];
  const path = parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join('/');
  return `tile/${level}/${path}${width === tileWidth ? '' : `.p/${width}`}`;
}

const tilePattern = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** The inverse of `tilePath`; null for anything that it would not have written. */
export function parseTilePath(path: string): Tile | EntryBundle | null {
  const [, levelText = '', indexText = '', widthText] = tilePattern.exec(path) ?? [];
  const index = Number(indexText.replace(/[x/]/g, ''));
  const width = widthText === undefined ? tileWidth : Number(widthText);
  const tile = levelText === 'entries' ? ({ level: levelText, index, width } as const) : { level: Number(levelText), index, width };
  const isInRange = (tile.level === 'entries' || tile.level <= 63) && Number.isSafeInteger(index) && width >= 1;
  return isInRange && width <= tileWidth && tilePath(tile) === path ? tile : null;
}

/** How many hashes (level 0: entries) of a tile or bundle exist in a tree of `size`: 0 when it does not exist yet. */
export function availableWidth({ level, index }: Pick<Tile | EntryBundle, 'level' | 'index'>, size: number): number {
  const hashes = Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));
  return Math.max(0, Math.min(tileWidth, hashes - index * tileWidth));
}

/** Entries, each after its length in two bytes, big-endian. @throws TlogError `tlog.entry_too_long` names the first that is over 65,535 bytes. */
export function encodeEntryBundle(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body, i) => {
      if (body.length > entryBytesMax) {
        throw new TlogError('tlog.entry_too_long', `entry ${i} of the bundle has ${body.length} bytes, more than ${entryBytesMax}`);
      }
      const length = Buffer.alloc(2);
      length.writeUInt16BE(body.length);
      return [length, body];
    }),
  );
}

/** The inverse of `encodeEntryBundle`. @throws TlogError `tlog.bundle_malformed` when the bytes end within an entry. */
export function decodeEntryBundle(bytes: Uint8Array): Buffer[] {
  const bundle = Buffer.from(bytes);
  const bodies: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 <= bundle.length ? at + 2 + bundle.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > bundle.length) throw new TlogError('tlog.bundle_malformed', `the bundle ends within entry ${bodies.length}`);
    bodies.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return bodies;
}
