import type { JsonObject } from '#kernel';
import { type Read, type ReadLimits, unreadable } from './document.ts';
import { readExif } from './exif.ts';

interface Picture {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly exif?: Buffer | undefined;
}

/** What an image says of itself: its size and how it was taken. Where it was taken only if asked. Nothing of what it shows is read. */
export function readImage(bytes: Buffer, { withPosition }: ReadLimits): Read {
  const picture = pictureOf(bytes);
  if (picture === null || picture.width <= 0 || picture.height <= 0) throw unreadable('This image is damaged. Send it again.');
  const { format, width, height, exif } = picture;
  const facts: JsonObject = exif === undefined ? {} : readExif(exif, withPosition);
  const metadata: JsonObject = { format, width, height, ...facts };
  return {
    kind: 'image',
    text: Object.entries(metadata)
      .map(([name, value]) => `${name}: ${String(value)}`)
      .join('\n'),
    metadata,
  };
}

function pictureOf(bytes: Buffer): Picture | null {
  if (bytes[0] === 0x89) return { format: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), exif: pngExif(bytes) };
  if (bytes[0] === 0xff) return jpegOf(bytes);
  if (bytes[0] === 0x47) return { format: 'gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  return bytes[0] === 0x52 ? webpOf(bytes) : heicOf(bytes);
}

/** Chunks of a PNG: length, type, data, checksum. */
function pngExif(bytes: Buffer): Buffer | undefined {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'eXIf') return bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IDAT') return undefined;
    at += 12 + length;
  }
  return undefined;
}

/** Segments up to the frame, which has the size (ITU T.81, B.2.2). */
function jpegOf(bytes: Buffer): Picture | null {
  let exif: Buffer | undefined;
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = bytes.readUInt16BE(at + 2);
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { format: 'jpeg', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5), exif };
    if (marker === 0xe1 && bytes.toString('latin1', at + 4, at + 10) === 'Exif\0\0') exif = bytes.subarray(at + 10, at + 2 + length);
    at += 2 + Math.max(length, 2);
  }
  return null;
}

/** The three forms of WebP: lossy, lossless, and extended with other chunks behind. */
function webpOf(bytes: Buffer): Picture | null {
  const form = bytes.toString('latin1', 12, 16);
  if (form === 'VP8 ') return { format: 'webp', width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (form === 'VP8L') {
    const bits = bytes.readUInt32LE(21);
    return { format: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (form !== 'VP8X') return null;
  let exif: Buffer | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'EXIF') exif = bytes.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  return { format: 'webp', width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1, exif };
}

/** The largest of the sizes that the properties of a HEIF file name (ISO/IEC 23008-12, 6.5.3): tiles and previews are smaller. */
function heicOf(bytes: Buffer): Picture | null {
  let found: Picture | null = null;
  for (let at = bytes.indexOf('ispe'); at >= 0 && at + 16 <= bytes.length; at = bytes.indexOf('ispe', at + 4)) {
    const [width, height] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
    if (found === null || width * height > found.width * found.height) found = { format: 'heic', width, height };
  }
  return found;
}
