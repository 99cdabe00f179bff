import { FactotumError } from '#kernel';

const pathBytesMax = 1_000;
/** Below the 255 bytes of the usual file systems, so that a conflict note's suffix still fits. */
const segmentBytesMax = 200;

/**
 * The one form of a path inside the vault: NFC, segments joined by '/', case as given.
 *
 * Accepted is only what is a file name everywhere: on Linux, macOS and Windows, in Obsidian and in an address. So the path
 * can leave the database by sync or WebDAV and come back the same.
 *
 * @throws FactotumError `vault.path_invalid`, saying which rule is broken.
 */
export function normalisePath(path: string): string {
  if (!path.isWellFormed()) throw invalid('it is not well-formed Unicode');
  const normal = path.normalize('NFC');
  if (normal === '') throw invalid('it is empty');
  if (Buffer.byteLength(normal) > pathBytesMax) throw invalid(`it is longer than ${pathBytesMax} bytes`);
  if (invisible.test(normal)) throw invalid('it has a control character or an invisible mark that changes how text is shown');
  if (/[\\<>:"|?*]/.test(normal)) throw invalid('it has one of the characters \\ < > : " | ? *');
  if (/%(?:2e|2f|5c|00)/i.test(normal)) throw invalid('it has an encoded dot, slash or zero byte');
  if (normal.startsWith('/')) throw invalid('it starts with a slash; paths start at the top of the vault');
  for (const segment of normal.split('/')) checkSegment(segment);
  return normal;
}

/** A folder as the start of the paths in it: '' is the whole vault. @throws FactotumError `vault.path_invalid`. */
export function normaliseFolder(folder: string): string {
  return folder === '' ? '' : `${normalisePath(folder.endsWith('/') ? folder.slice(0, -1) : folder)}/`;
}

/** What two paths have in common that no file system may be asked to keep apart: they differ in case or normalisation only. */
export function foldPath(normalPath: string): string {
  // By upper case, which joins what lower case alone keeps apart (long s, sharp s); and lower case before it, for the capital sharp s.
  return normalPath.toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

/**
 * Whether this is a place that decides what is done, where tools may only propose.
 *
 * @throws FactotumError `vault.path_invalid`.
 */
export function isProtectedFromTools(path: string): boolean {
  const folded = foldPath(normalisePath(path));
  return protectedNotes.has(folded) || protectedFolders.has(folded.slice(0, folded.includes('/') ? folded.indexOf('/') : undefined));
}

const protectedFolders = new Set(['Playbooks', 'Pending_Approval', 'Approved', 'Rejected', 'Logs'].map(foldPath));
const protectedNotes = new Set(['Company_Handbook.md', 'Business_Goals.md'].map(foldPath));

/**
 * Controls, line separators, bidirectional marks, zero-width space and word joiner, tag characters, noncharacters. The two zero-width
 * joiners stay: Persian and composed emoji need them.
 */
const invisible =
  /[\p{Cc}\u2028\u2029\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Noncharacter_Code_Point}]/u;

/** Device names of Windows, alone or before a dot: also with the superscript digits, which it takes for digits. */
const deviceName = /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

function checkSegment(segment: string): void {
  if (segment === '') throw invalid('it has an empty part; write one slash between two names and none at the end');
  if (segment === '.' || segment === '..') throw invalid(`it has the part "${segment}"`);
  if (Buffer.byteLength(segment) > segmentBytesMax) throw invalid(`a part is longer than ${segmentBytesMax} bytes`);
  if (segment.endsWith('.') || segment.endsWith(' ') || segment.startsWith(' '))
    throw invalid('a part starts with a space, or ends with a space or a dot');
  if (deviceName.test(segment)) throw invalid(`"${segment.split('.')[0]}" is a device name on Windows`);
}

function invalid(fault: string): FactotumError {
  return new FactotumError('vault.path_invalid', `This is not a path inside the vault: ${fault}.`);
}
