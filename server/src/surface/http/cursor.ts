import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import type { TenantKeys } from '#trust/key';

/** The query of every list. */
export const pageQuery = {
  limit: z.coerce.number<string>().int().min(1).max(200).default(50).meta({ description: 'Items a page, 1 to 200.' }),
  cursor: z.string().min(1).max(2_000).optional().meta({ description: 'The `nextCursor` of the page before.' }),
};

const macBytes = 16;

/** Where the next page begins, for this tenant and this list alone: nobody can make one or carry it elsewhere. */
export function makeCursor(keys: TenantKeys, list: string, position: string): string {
  return Buffer.concat([macOf(keys, list, position), Buffer.from(position)]).toString('base64url');
}

/** The position inside a cursor, null without one. @throws FactotumError `request.cursor_invalid` */
export function readCursor(keys: TenantKeys, list: string, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(macBytes).toString();
  const given = bytes.subarray(0, macBytes);
  if (given.length === macBytes && timingSafeEqual(given, macOf(keys, list, position))) return position;
  throw new FactotumError('request.cursor_invalid', 'This cursor is not one of this list. Start again without one.');
}

/** A page of a list that was asked for one item more than it shows. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { present, cursorOf }: { present: (row: Row) => Item; cursorOf: (row: Row) => string },
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(present), nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

const macOf = (keys: TenantKeys, list: string, position: string) => keys.mac('cursor', list, position).subarray(0, macBytes);
