import type { ImapFlow } from 'imapflow';
import { z } from 'zod';

/** UIDs that one search looks at: five times what a poll takes, so that gaps seldom need a second one, however large the mailbox. */
const windowUids = 500;

/** UIDs of a folder, both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

const extentSchema = z.object({ min: z.int().positive().optional(), max: z.int().positive().optional(), count: z.int().min(0).optional() });

/**
 * The first so many messages of a range, in the order asked for, without ever listing the whole of it.
 * UIDs have gaps, so where a window is empty the server is asked where the next message is.
 */
export async function nextUids(
  client: ImapFlow,
  { low, high }: Range,
  { first, most }: { first: 'newest' | 'oldest'; most: number },
): Promise<number[]> {
  let [from, to] = [low, high];
  while (from <= to) {
    const window =
      first === 'newest'
        ? { low: Math.max(from, to - windowUids + 1), high: to }
        : { low: from, high: Math.min(to, from + windowUids - 1) };
    const found = await uidsIn(client, window);
    if (found.length > 0) return (first === 'newest' ? found.reverse() : found).slice(0, most);
    if (first === 'newest') to = window.low - 1;
    else from = window.high + 1;
    if (from > to) return [];
    const rest = await extentOf(client, { low: from, high: to });
    if (rest === null) return [];
    if (first === 'newest') to = Math.min(to, rest.max);
    else from = Math.max(from, rest.min);
  }
  return [];
}

/** Lowest and highest message of a range and how many there are, only those since a day if one is given; null: none. */
export async function extentOf(
  client: ImapFlow,
  { low, high }: Range,
  since?: Date,
): Promise<{ min: number; max: number; count: number } | null> {
  if (low > high) return null;
  const found = await client.search(
    { uid: `${low}:${high}`, ...(since === undefined ? {} : { since }) },
    { uid: true, returnOptions: ['MIN', 'MAX', 'COUNT'] },
  );
  const extent = extentSchema.safeParse(found).data;
  if (extent?.min === undefined || extent.max === undefined) return null;
  return { min: Math.max(low, extent.min), max: Math.min(high, extent.max), count: extent.count ?? 0 };
}

/** Ascending. A range in IMAP has no order, and one beyond the last message means the last: what is outside was not asked for. */
async function uidsIn(client: ImapFlow, { low, high }: Range): Promise<number[]> {
  const found = await client.search({ uid: `${low}:${high}` }, { uid: true });
  const uids = Array.isArray(found) ? found : [];
  return [...new Set(uids)].filter((uid) => Number.isSafeInteger(uid) && uid >= low && uid <= high).sort((left, right) => left - right);
}
