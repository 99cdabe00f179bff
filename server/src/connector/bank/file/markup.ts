import { unreadable } from './unreadable.ts';

/** One element of a document, its name without a prefix. */
export interface Element {
  readonly name: string;
  readonly line: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
  /** Its end is missing: the file was cut off. */
  readonly isCut: boolean;
}

interface Open extends Element {
  readonly attributes: Record<string, string>;
  readonly children: Open[];
  text: string;
  isCut: boolean;
}

/** Statements nest about fifteen deep. */
const depthMax = 64;
const elementsMax = 3_000_000;
// Every alternative begins with `<`, and each is bounded by its own end, so the time is linear in the text.
const tag = /<!--|<!\[CDATA\[|<!|<\?|<(\/?)([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)([^<>]*)>/g;
const attribute = /([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads XML, or the SGML of OFX 1 in which what has a text needs no end, into a tree with the line of each element. A document that was
 * cut off is read as far as it goes. There are no declarations and no entities but the five and numbers: nothing can be defined, expanded
 * or fetched.
 *
 * @returns the outermost element; null when there is none.
 * @throws FactotumError `ledger.unreadable` for a document type, an element that closes another, and nesting beyond 64.
 */
export function readMarkup(source: string, kind: 'xml' | 'sgml'): Element | null {
  const lineAt = lineCounter(source);
  const roots: Open[] = [];
  const stack: Open[] = [];
  let elements = 0;
  let position = 0;
  const addText = (end: number) => {
    const top = stack.at(-1);
    if (top !== undefined && end > position) top.text += decodeEntities(source.slice(position, end));
  };
  tag.lastIndex = 0;
  for (let found = tag.exec(source); found !== null; found = tag.exec(source)) {
    const [whole, slash, name = '', rest = ''] = found;
    addText(found.index);
    const line = lineAt(found.index);
    position = tag.lastIndex;
    if (whole === '<!--' || whole === '<![CDATA[' || whole === '<?') {
      const [mark, after] = { '<!--': ['-->', 3], '<![CDATA[': [']]>', 3], '<?': ['?>', 2] }[whole] as [string, number];
      const end = source.indexOf(mark, position);
      const top = stack.at(-1);
      if (whole === '<![CDATA[' && top !== undefined) top.text += source.slice(position, end < 0 ? source.length : end);
      position = end < 0 ? source.length : end + after;
      tag.lastIndex = position;
      continue;
    }
    if (whole === '<!')
      throw unreadable(line, 'The file declares a document type, which bank files do not.', 'Export it again without changing it.');
    const local = name.slice(name.indexOf(':') + 1);
    if (slash === '/') {
      close(local, line);
      continue;
    }
    elements += 1;
    if (stack.length >= depthMax || elements > elementsMax)
      throw unreadable(line, 'The file is nested deeper, or has more in it, than any statement.', 'Ask your bank for a shorter period.');
    // In SGML a text before the next element means that the one with the text has ended.
    if (kind === 'sgml') while (stack.at(-1)?.text.trim()) stack.pop();
    const isEmpty = rest.endsWith('/');
    const element: Open = { name: local, line, attributes: attributesOf(rest), children: [], text: '', isCut: false };
    const parent = stack.at(-1);
    (parent?.children ?? roots).push(element);
    if (!isEmpty) stack.push(element);
  }
  for (const element of stack) element.isCut = true;
  return roots[0] ?? null;

  function close(name: string, line: number): void {
    const top = stack.at(-1);
    if (top?.name === name) {
      stack.pop();
      return;
    }
    const at = stack.findLastIndex((one) => one.name === name);
    if (kind === 'sgml') {
      if (at >= 0) stack.length = at;
      return;
    }
    throw unreadable(line, `</${name}> closes what was not opened there.`, 'The file is damaged: download it again from your bank.');
  }
}

function attributesOf(text: string): Record<string, string> {
  if (!text.includes('=')) return {};
  return Object.fromEntries([...text.matchAll(attribute)].map(([, name = '', one, two]) => [name, decodeEntities(one ?? two ?? '')]));
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** An entity that is none of these stays as it is written. */
const decodeEntities = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos|nbsp));/gi, (whole, hex, decimal, name) => {
        if (name !== undefined) return named[name.toLowerCase()] ?? whole;
        const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
        return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : ' ';
      })
    : text;

/** Counts lines up to ascending positions, once over the text. */
function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let seen = 0;
  return (position) => {
    for (let at = text.indexOf('\n', seen); at >= 0 && at < position; at = text.indexOf('\n', seen)) {
      line += 1;
      seen = at + 1;
    }
    return line;
  };
}

/** The first element that these names lead to. */
export function find(element: Element | undefined, ...path: string[]): Element | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

export const findAll = (element: Element | undefined, name: string): Element[] =>
  element?.children.filter((child) => child.name === name) ?? [];

/** The trimmed text there, null when there is none. */
export function textAt(element: Element | undefined, ...path: string[]): string | null {
  const text = find(element, ...path)?.text.trim();
  return text === undefined || text === '' ? null : text;
}
