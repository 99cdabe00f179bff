/** A piece of a note. Links and images are words here, never anything that loads or leads away. */
export type Block =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'paragraph' | 'quote' | 'code'; text: string }
  | { kind: 'list'; items: { text: string; depth: number; checked: boolean | null; number: string | null }[] }
  | { kind: 'table'; head: string[]; rows: string[][] }
  | { kind: 'rule' };

export type Inline =
  | { kind: 'text' | 'bold' | 'emphasis' | 'code'; text: string }
  | { kind: 'link'; text: string; target: string }
  /** Names another note. */
  | { kind: 'note'; text: string; target: string }
  | { kind: 'image'; text: string };

export interface Note {
  properties: [string, string][];
  blocks: Block[];
}

const listItem = /^(\s*)(?:[-*+]|(\d+[.)]))\s+(?:\[([ xX])\]\s+)?(.*)$/;
const isTableRule = (line: string | undefined): boolean => /^[\s:|-]+$/.test(line ?? '') && (line ?? '').includes('-');

/** Reads the Markdown that Factotum and Obsidian write: front matter, headings, lists, tables, quotes, code. Anything else is text. */
export function parseNote(source: string): Note {
  const lines = { all: source.replaceAll('\r\n', '\n').split('\n'), at: 0 };
  const properties = takeProperties(lines);
  const blocks: Block[] = [];
  while (lines.at < lines.all.length) {
    const block = takeBlock(lines);
    if (block) blocks.push(block);
  }
  return { properties, blocks };
}

/** A note line by line, and the next one to be read: taking lines off the front of a long list moves all the others. */
interface Lines {
  readonly all: readonly string[];
  at: number;
}

function takeProperties(lines: Lines): [string, string][] {
  const end = lines.all[0] === '---' ? lines.all.indexOf('---', 1) : -1;
  if (end < 0) return [];
  lines.at = end + 1;
  return lines.all.slice(1, end).map((line): [string, string] => {
    const colon = line.indexOf(':');
    return colon < 0 ? ['', line.trim()] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
}

function takeBlock(lines: Lines): Block | null {
  const line = lines.all[lines.at] ?? '';
  lines.at += 1;
  if (line.trim() === '') return null;
  const [, marks, title] = /^(#{1,6})\s+(.*)$/.exec(line) ?? [];
  if (marks !== undefined && title !== undefined) return { kind: 'heading', level: marks.length, text: title };
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return { kind: 'rule' };
  if (line.startsWith('```')) {
    const text = takeWhile(lines, (next) => !next.startsWith('```'));
    lines.at += 1;
    return { kind: 'code', text: text.join('\n') };
  }
  if (line.includes('|') && isTableRule(lines.all[lines.at])) {
    lines.at += 1;
    return { kind: 'table', head: cells(line), rows: takeWhile(lines, (next) => next.includes('|')).map(cells) };
  }
  if (line.startsWith('>')) {
    const rest = takeWhile(lines, (next) => next.startsWith('>'));
    return { kind: 'quote', text: [line, ...rest].map((quoted) => quoted.replace(/^>\s?/, '')).join('\n') };
  }
  if (listItem.test(line)) return { kind: 'list', items: [line, ...takeWhile(lines, (next) => listItem.test(next))].map(item) };
  const rest = takeWhile(lines, (next) => next.trim() !== '' && !/^(#{1,6}\s|```|>)/.test(next) && !listItem.test(next));
  return { kind: 'paragraph', text: [line, ...rest].join('\n') };
}

function takeWhile(lines: Lines, belongs: (line: string) => boolean): string[] {
  const from = lines.at;
  while (lines.at < lines.all.length && belongs(lines.all[lines.at] ?? '')) lines.at += 1;
  return lines.all.slice(from, lines.at);
}

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

function item(line: string) {
  const [, indent = '', number, tick, text = ''] = listItem.exec(line) ?? [];
  return {
    text,
    depth: Math.min(4, Math.floor(indent.length / 2)),
    checked: tick === undefined ? null : tick !== ' ',
    number: number ?? null,
  };
}

// No part runs over the beginning of another or without end, so that a text made to hurt is read in linear time.
const inline =
  /!\[([^[\]]*)\]\([^)]{0,2000}\)|!\[\[([^[\]]+)\]\]|\[\[([^[\]]+)\]\]|\[([^[\]]*)\]\(([^)]{0,2000})\)|\*\*([^*]+)\*\*|(?<![*\w])\*([^*\s](?:[^*\n]*[^*\s])?)\*(?![*\w])|`([^`]+)`/g;

/** Cuts a line into its inline parts. */
export function parseInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(inline)) {
    const [whole, alt, embed, wiki, label, target, bold, emphasis, code] = match;
    if (match.index > at) parts.push({ kind: 'text', text: text.slice(at, match.index) });
    if (alt !== undefined || embed !== undefined) parts.push({ kind: 'image', text: alt ?? embed ?? '' });
    // Of `path|label` a reader wants the label.
    else if (wiki !== undefined)
      parts.push({ kind: 'note', text: wiki.slice(wiki.indexOf('|') + 1), target: (wiki.split(/[|#^]/, 1)[0] ?? '').trim() });
    else if (label !== undefined) parts.push({ kind: 'link', text: label, target: target ?? '' });
    else if (bold !== undefined) parts.push({ kind: 'bold', text: bold });
    else if (emphasis !== undefined) parts.push({ kind: 'emphasis', text: emphasis });
    else parts.push({ kind: 'code', text: code ?? '' });
    at = match.index + whole.length;
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) });
  return parts;
}
