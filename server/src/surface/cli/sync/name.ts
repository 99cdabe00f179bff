import { createHash } from 'node:crypto';

/** Below the 200 bytes that a part of a vault's path may have, with room for the mark of a shortened name. */
const partBytesKept = 150;
const partBytesMax = 200;
const deviceName = /^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]|conin\$|conout\$)(?:\.|$)/i;
const invisible =
  /[\p{Cc}\u2028\u2029\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Noncharacter_Code_Point}]/gu;

/**
 * The vault's name for a file of the folder. The vault takes only what is a file name everywhere, so a character that Windows cannot hold is
 * written in full width, as rclone does, and a long name is cut and marked with a digest of it. The same name always gives the same.
 */
export const vaultNameOf = (name: string): string => name.normalize('NFC').split('/').map(partOf).join('/');

function partOf(part: string): string {
  let safe = part
    .replace(/[\\<>:"|?*]/g, fullWidth)
    .replace(/%(?=2e|2f|5c|00)/gi, fullWidth)
    .replace(invisible, (character) => `‛${character.codePointAt(0)?.toString(16)}‛`)
    .replace(/^ /, '␠')
    .replace(/ $/, '␠')
    .replace(/\.$/, fullWidth);
  if (deviceName.test(safe)) safe = fullWidth(safe.slice(0, 1)) + safe.slice(1);
  if (Buffer.byteLength(safe) <= partBytesMax) return safe;
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(safe)?.[0] ?? '';
  let kept = '';
  for (const character of safe) {
    if (Buffer.byteLength(kept + character) > partBytesKept) break;
    kept += character;
  }
  return `${kept.trimEnd()}~${createHash('sha256').update(part).digest('hex').slice(0, 10)}${ending}`;
}

const fullWidth = (character: string): string => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0);

/** `a/b.md` -> `a/b (2).md`. */
export function numbered(path: string, number: number): string {
  return suffixed(path, ` (${number})`);
}

/** What is kept of a file that both sides have changed, beside the file. */
export function conflictName(name: string, at: Date, number: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return suffixed(name, ` (conflict ${day} ${two(at.getHours())}${two(at.getMinutes())}${number === 1 ? '' : ` ${number}`})`);
}

/** Cut where no file system would take the whole. */
function suffixed(path: string, suffix: string): string {
  const [, folder = '', name = path] = /^(.*\/)?([^/]*)$/s.exec(path) ?? [];
  const [, whole = name, ending = ''] = /^(.+)(\.[^.]+)$/s.exec(name) ?? [];
  let stem = whole;
  while (Buffer.byteLength(stem + suffix + ending) > nameBytesMax && stem !== '') stem = [...stem].slice(0, -1).join('');
  return `${folder}${stem}${suffix}${ending}`;
}

const nameBytesMax = 240;
