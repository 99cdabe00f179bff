import { FactotumError } from '#kernel';
import { basePath, pathIn } from './name.ts';

interface Condition {
  readonly isNegated: boolean;
  readonly token?: string;
  readonly etag?: string;
}
interface ConditionList {
  /** What it is about; null: what is asked for. */
  readonly path: string | null;
  readonly conditions: readonly Condition[];
}

/** An `If` header (RFC 4918, 10.4), read. */
export interface IfHeader {
  readonly lists: readonly ConditionList[];
  /** Every token of a lock that it names as held. */
  readonly tokens: ReadonlySet<string>;
}

const piecesMax = 100;
const piece = /\s*(?:(\()|(\))|(Not)\b|<([^<>]+)>|\[(?:W\/)?"([^"]*)"\])\s*/iy;

/** @throws FactotumError `request.invalid`. */
export function readIfHeader(header: string | null): IfHeader {
  if (header === null) return { lists: [], tokens: new Set() };
  const lists: ConditionList[] = [];
  let path: string | null = null;
  let open: Condition[] | null = null;
  let isNegated = false;
  piece.lastIndex = 0;
  for (let pieces = 0; piece.lastIndex < header.length; pieces += 1) {
    const found = piece.exec(header);
    if (found === null || pieces > piecesMax) throw malformed();
    const [, begins, ends, not, uri, etag] = found;
    if (begins !== undefined && open === null) open = [];
    else if (ends !== undefined && open !== null && open.length > 0 && !isNegated) {
      lists.push({ path, conditions: open });
      open = null;
    } else if (not !== undefined && open !== null && !isNegated) isNegated = true;
    else if (uri !== undefined && open === null) path = pathOfTag(uri);
    else if (open !== null && (uri !== undefined || etag !== undefined)) {
      open.push({ isNegated, ...(uri === undefined ? {} : { token: uri }), ...(etag === undefined ? {} : { etag }) });
      isNegated = false;
    } else throw malformed();
  }
  if (open !== null || lists.length === 0) throw malformed();
  const held = lists.flatMap(({ conditions }) => conditions.filter((one) => !one.isNegated));
  return { lists, tokens: new Set(held.flatMap(({ token }) => token ?? [])) };
}

/** A resource outside of the vault has no state that could be asked for: null would mean what is asked for, so it is a path that is none. */
function pathOfTag(uri: string): string {
  if (!URL.canParse(uri, 'http://here')) throw malformed();
  const { pathname } = new URL(uri, 'http://here');
  return pathname === basePath || pathname.startsWith(`${basePath}/`) ? pathIn(pathname) : '\0';
}

/** Whether one of the lists holds. */
export async function holdsIf(
  { lists }: IfHeader,
  of: { readonly path: string; etagOf(path: string): Promise<string | null>; tokensOf(path: string): Promise<ReadonlySet<string>> },
): Promise<boolean> {
  for (const { path, conditions } of lists) {
    const target = path ?? of.path;
    let holds = true;
    for (const { isNegated, token, etag } of conditions) {
      const is = token === undefined ? (await of.etagOf(target)) === etag : (await of.tokensOf(target)).has(token);
      holds &&= is !== isNegated;
    }
    if (holds) return true;
  }
  return lists.length === 0;
}

const malformed = () => new FactotumError('request.invalid', 'The If header cannot be read.');
