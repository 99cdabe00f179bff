import { FactotumError } from '#kernel';
import { normalisePath } from '#trust/vault';
import { Refusal } from './refusal.ts';

/** Where the vault is. */
export const basePath = '/webdav';

/**
 * The path in the vault that an address names; '' is the whole vault.
 *
 * @param pathname - as it came, percent-encoded
 * @throws FactotumError `vault.path_invalid`.
 */
export function pathIn(pathname: string): string {
  const rest = pathname.slice(basePath.length).replace(/^\//, '').replace(/\/$/, '');
  let decoded: string;
  try {
    decoded = decodeURIComponent(rest);
  } catch {
    throw new FactotumError('vault.path_invalid', 'The address is not encoded correctly.');
  }
  return decoded === '' ? '' : normalisePath(decoded);
}

/** The address of a path, as answers name it. A folder's ends in a slash. */
export function hrefOf(path: string, isFolder: boolean): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `${basePath}/${encoded}${isFolder && path !== '' ? '/' : ''}`;
}

/**
 * Where a copy or move goes.
 *
 * @throws FactotumError `request.invalid` without a destination; Refusal 502 for one on another server or outside the vault.
 */
export function destinationIn(request: Request): string {
  const header = request.headers.get('destination');
  const here = new URL(request.url);
  if (header === null || !URL.canParse(header, here.href))
    throw new FactotumError('request.invalid', 'Say in Destination where it is to go.');
  const there = new URL(header, here);
  const isHere = there.host === here.host && (there.pathname === basePath || there.pathname.startsWith(`${basePath}/`));
  if (!isHere) throw new Refusal(502, 'The destination is on another server or outside the vault.');
  return pathIn(there.pathname);
}

/** What programs leave beside people's files: kept out, so that it is on nobody else's machine. */
const leftovers =
  /^(?:\.ds_store|\._.*|\.appledouble|\.spotlight-v100|\.trashes|\.fseventsd|desktop\.ini|thumbs\.db|~\$.*|\.~lock\..*#|.*\.(?:crdownload|part|tmp))$/i;

export const isLeftover = (path: string): boolean => path.split('/').some((part) => leftovers.test(part));

/** The folder that a path lies in; '' is the whole vault. */
export const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
