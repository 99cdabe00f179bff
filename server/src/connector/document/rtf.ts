import type { Read, ReadLimits } from './document.ts';

/** Groups that hold no text of the document. Of those that a reader may ignore (`\*`) none does. */
const silent = new Set([
  ...['fonttbl', 'colortbl', 'stylesheet', 'listtable', 'listoverridetable', 'rsidtbl', 'generator', 'info', 'pict', 'object', 'objdata'],
  ...['themedata', 'colorschememapping', 'latentstyles', 'datastore', 'xmlnstbl', 'fldinst', 'header', 'footer', 'revtbl', 'filetbl'],
]);

const characters: Readonly<Record<string, string>> = {
  ...{ par: '\n', line: '\n', sect: '\n', page: '\n', row: '\n', tab: '\t', cell: '\t', emdash: '—', endash: '–' },
  ...{ bullet: '•', lquote: '‘', rquote: '’', ldblquote: '“', rdblquote: '”', emspace: ' ', enspace: ' ', '~': '\u00a0', _: '-' },
};

interface Group {
  isSilent: boolean;
  /** Characters that follow a \u for readers that do not know it. */
  fallbackChars: number;
}

/** The text of an RTF document (version 1.9.1): what is typed, in the code page it declares. */
export function readRtf(bytes: Buffer, { textCharsMax }: ReadLimits): Read {
  const rtf = bytes.toString('latin1');
  const decoder = decoderOf(/\\ansicpg(\d{1,5})/.exec(rtf.slice(0, 4_096))?.[1]);
  const pieces: string[] = [];
  let chars = 0;
  let group: Group = { isSilent: false, fallbackChars: 1 };
  const outer: Group[] = [];
  let skip = 0;
  let isStart = false;
  let hasObject = false;
  const add = (text: string) => {
    if (skip > 0) skip -= 1;
    else if (!group.isSilent) {
      pieces.push(text);
      chars += text.length;
    }
  };
  const token = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)/giy;
  for (let found = token.exec(rtf); found !== null && chars <= textCharsMax; found = token.exec(rtf)) {
    const [, word, parameter, hex, symbol, brace, text] = found;
    if (brace === '{') {
      outer.push(group);
      group = { ...group };
      isStart = true;
      continue;
    }
    if (brace === '}') group = outer.pop() ?? group;
    else if (symbol === '*' && isStart) group.isSilent = true;
    else if (symbol !== undefined)
      add(characters[symbol] ?? ('\\{}'.includes(symbol) ? symbol : symbol === '\n' || symbol === '\r' ? '\n' : ''));
    else if (hex !== undefined) add(decoder.decode(Buffer.from(hex, 'hex'), { stream: true }));
    else if (text !== undefined) for (const piece of skip > 0 ? text : [text]) add(piece);
    else if (word === 'u') {
      skip = 0;
      add(String.fromCharCode(Number(parameter) & 0xffff));
      skip = group.fallbackChars;
    } else if (word === 'uc') group.fallbackChars = Math.min(Math.max(Number(parameter), 0), 10);
    else if (word === 'bin') token.lastIndex += Math.max(Number(parameter), 0);
    else if (word !== undefined && silent.has(word)) {
      group.isSilent = true;
      hasObject ||= word === 'object' || word === 'objdata';
    } else if (word !== undefined && characters[word] !== undefined) add(characters[word]);
    isStart = false;
  }
  const title = /\{\\title ([^{}\\]{1,300})\}/.exec(rtf.slice(0, 65_536))?.[1];
  return {
    kind: 'rtf',
    text: pieces.join(''),
    title,
    truncated: chars > textCharsMax,
    warnings: hasObject ? ['It contains other documents. Those were not opened.'] : [],
  };
}

/** Code pages by their numbers; Western European where one is unknown. */
function decoderOf(codePage: string | undefined) {
  const names: Readonly<Record<string, string>> = {
    '932': 'shift_jis',
    '936': 'gb18030',
    '949': 'euc-kr',
    '950': 'big5',
    '65001': 'utf-8',
  };
  const name = names[codePage ?? ''] ?? (/^125\d$/.test(codePage ?? '') ? `windows-${codePage}` : 'windows-1252');
  return new TextDecoder(name);
}
