import { placeOf, placesMax, spanAt } from './span.ts';

/** How many spans there are of each length, by the place of the length among all that are told apart. */
type Histogram = Uint32Array;

/** Of one length: its place in two bytes, how many there are in four, the lower byte first. */
const entryBytes = 6;

export const emptyHistogram = (): Histogram => new Uint32Array(placesMax);

/** Adds `n` spans of one rounded length, or takes them off. */
export function addSpans(histogram: Histogram, span: number, n: number): void {
  const place = placeOf(span);
  histogram[place] = (histogram[place] ?? 0) + n;
}

/** Adds what is kept of one histogram, or of many one after the other. */
export function addKept(histogram: Histogram, kept: Uint8Array): void {
  const byte = (at: number): number => kept[at] ?? 0;
  for (let at = 0; at < kept.length; at += entryBytes) {
    const place = byte(at) + byte(at + 1) * 0x1_00;
    const n = byte(at + 2) + byte(at + 3) * 0x1_00 + byte(at + 4) * 0x1_00_00 + byte(at + 5) * 0x1_00_00_00;
    histogram[place] = (histogram[place] ?? 0) + n;
  }
}

/** A histogram as it is kept: an entry for each length that there is, the shortest first. */
export function keptOf(histogram: Histogram): Buffer {
  const kept = Buffer.alloc(histogram.reduce((entries, n) => (n === 0 ? entries : entries + 1), 0) * entryBytes);
  let at = 0;
  for (const [place, n] of histogram.entries()) {
    if (n === 0) continue;
    kept.writeUInt16LE(place, at);
    kept.writeUInt32LE(n, at + 2);
    at += entryBytes;
  }
  return kept;
}

/**
 * By nearest rank: the least span in milliseconds that at least so many percent of all do not exceed; null where there are none.
 * Without `entries` and `reduce`: there are thousands of places, and a year by day asks 1,460 times.
 */
export function rankOf(histogram: Histogram, percent: number): number | null {
  let total = 0;
  for (let place = 0; place < histogram.length; place += 1) total += histogram[place] ?? 0;
  let upto = 0;
  for (let place = 0; place < histogram.length; place += 1) {
    const n = histogram[place] ?? 0;
    upto += n;
    if (n > 0 && upto * 100 >= total * percent) return spanAt(place);
  }
  return null;
}
