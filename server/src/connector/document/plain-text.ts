import { type Read, type ReadLimits, unreadable } from './document.ts';

/** Text of any encoding that is still written. Which it was is said where it is not UTF-8. */
export function readPlainText(bytes: Buffer, { textCharsMax, mediaType }: ReadLimits & { readonly mediaType: string | null }): Read {
  // Four bytes a character at most: what lies behind is not needed, however much it is.
  const start = bytes.subarray(0, 4 * textCharsMax + 4);
  const { text, encoding, isGuess } = decodeText(start, mediaType);
  return {
    kind: 'text',
    text,
    metadata: { encoding },
    truncated: start.length < bytes.length,
    warnings: isGuess ? [`The encoding is not declared; it was read as ${encoding}. Single letters may be wrong.`] : [],
  };
}

/** @throws DocumentFault `unreadable` for bytes that are no text. */
export function decodeText(bytes: Buffer, mediaType: string | null): { text: string; encoding: string; isGuess: boolean } {
  const marked = marks.find(({ mark }) => bytes.subarray(0, mark.length).equals(mark));
  if (marked !== undefined) return { text: decode(bytes, marked.encoding), encoding: marked.encoding, isGuess: false };
  const wide = wideOf(bytes);
  if (wide !== null) return { text: decode(bytes, wide), encoding: wide, isGuess: false };
  if (isBinary(bytes)) throw unreadable('This is of a kind that is not read. Send it as PDF, DOCX, XLSX or text.');
  if (switches.some((sequence) => bytes.includes(sequence)))
    return { text: decode(bytes, 'iso-2022-jp'), encoding: 'iso-2022-jp', isGuess: false };
  const utf8 = strictly(bytes, 'utf-8');
  if (utf8 !== null) return { text: utf8, encoding: 'utf-8', isGuess: false };
  const declared = declaredIn(mediaType);
  if (declared !== null) return { text: decode(bytes, declared), encoding: declared, isGuess: false };
  const encoding = guess(bytes);
  return { text: decode(bytes, encoding), encoding, isGuess: true };
}

/** What switches to Japanese in ISO-2022-JP (RFC 1468). */
const switches = ['\u001b$@', '\u001b$B'];

const marks = [
  { mark: Buffer.from([0xef, 0xbb, 0xbf]), encoding: 'utf-8' },
  { mark: Buffer.from([0xff, 0xfe]), encoding: 'utf-16le' },
  { mark: Buffer.from([0xfe, 0xff]), encoding: 'utf-16be' },
] as const;

const decode = (bytes: Buffer, encoding: string): string => new TextDecoder(encoding).decode(bytes);

/** Null for what is not of this encoding; its end may be cut off in the middle of a character. */
function strictly(bytes: Buffer, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null; // That it is not is the answer.
  }
}

/** UTF-16 without a mark: every other byte of Western text is zero. */
function wideOf(bytes: Buffer): 'utf-16le' | 'utf-16be' | null {
  const start = bytes.subarray(0, 4_096);
  if (start.length < 4 || start.length % 2 !== 0) return null;
  let even = 0;
  let odd = 0;
  for (const [at, byte] of start.entries()) {
    if (byte !== 0) continue;
    if (at % 2 === 0) even += 1;
    else odd += 1;
  }
  const half = start.length / 2;
  if (odd > 0.6 * half && even < 0.05 * half) return 'utf-16le';
  return even > 0.6 * half && odd < 0.05 * half ? 'utf-16be' : null;
}

/** Text has no zero bytes, and hardly any control characters. */
function isBinary(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 65_536);
  const strange = start.filter(
    (byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c && byte !== 0x1b,
  ).length;
  return start.includes(0) || strange > start.length / 100;
}

function declaredIn(mediaType: string | null): string | null {
  const charset = /charset="?([\w.:-]+)/i.exec(mediaType ?? '')?.[1];
  try {
    return charset === undefined ? null : new TextDecoder(charset).encoding;
  } catch {
    return null; // A name that nobody knows helps nobody.
  }
}

/** Where most bytes are letters of another script, that of the candidates which makes most of its usual letters; else Western European. */
function guess(bytes: Buffer): string {
  const start = bytes.subarray(0, 20_000);
  const high = start.filter((byte) => byte >= 0x80).length;
  const blank = start.filter((byte) => byte <= 0x20).length;
  if (high < 0.4 * (start.length - blank)) return 'windows-1252';
  const scored = candidates.map(({ encoding, usual }) => {
    const letters = [...decode(start, encoding)].filter((char) => char >= '\x80');
    return { encoding, score: letters.filter((char) => usual.test(char)).length / Math.max(letters.length, 1) };
  });
  const best = scored.reduce((one, other) => (other.score > one.score ? other : one));
  return best.score > 0.4 ? best.encoding : 'windows-1252';
}

/** The letters that texts of that script are full of; in another encoding the same bytes make rare ones. */
const candidates: readonly { encoding: string; usual: RegExp }[] = [
  { encoding: 'windows-1251', usual: /[а-яё]/ },
  { encoding: 'koi8-r', usual: /[а-яё]/ },
  { encoding: 'iso-8859-5', usual: /[а-яё]/ },
  { encoding: 'windows-1253', usual: /[α-ωάέήίόύώ]/ },
  { encoding: 'shift_jis', usual: /[ぁ-んァ-ヴー、。]/ },
  { encoding: 'euc-jp', usual: /[ぁ-んァ-ヴー、。]/ },
  { encoding: 'euc-kr', usual: /[가-힣]/ },
  {
    encoding: 'gb18030',
    usual: /[的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里，。]/,
  },
  { encoding: 'big5', usual: /[的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡，。]/ },
];
