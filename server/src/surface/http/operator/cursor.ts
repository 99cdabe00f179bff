import { FactotumError, type IdKind, isId } from '#kernel';

/** A page of an operator's list begins after an id. It opens nothing that the operator may not see, so it is not sealed. */
export function readIdCursor(kind: IdKind, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = Buffer.from(cursor, 'base64url').toString();
  if (isId(kind, id)) return id;
  throw new FactotumError('request.cursor_invalid', 'This cursor is not one of this list. Start again without one.');
}

export const makeIdCursor = (id: string): string => Buffer.from(id).toString('base64url');
