import { unreadable } from './document.ts';

/** A part of an XML text. Names come without their prefix: in the formats that we read no two differ by it alone. */
export type XmlToken =
  | { readonly type: 'open'; readonly name: string; readonly attributes: Attributes; readonly isEmpty: boolean }
  | { readonly type: 'close'; readonly name: string }
  | { readonly type: 'text'; readonly text: string };

export interface Attributes {
  /** By name without its prefix. */
  get(name: string): string | undefined;
}

/**
 * Reads XML from its start to its end or to where it was cut off, in one pass. There is no document type, so no entities but the five
 * that XML has, and nothing outside that it could refer to.
 *
 * @throws DocumentFault `unreadable` for a document type.
 */
export function* readXml(xml: string): Generator<XmlToken> {
  for (let at = 0; at < xml.length; ) {
    const start = xml.indexOf('<', at);
    if (start !== at) yield { type: 'text', text: unescapeXml(xml.slice(at, start < 0 ? xml.length : start)) };
    if (start < 0) return;
    const special = specials.find(({ open }) => xml.startsWith(open, start));
    if (special === undefined) {
      const end = endOfTag(xml, start);
      if (end < 0) return;
      yield* tagOf(xml.slice(start + 1, end));
      at = end + 1;
      continue;
    }
    const from = start + special.open.length;
    const end = xml.indexOf(special.close, from);
    if (special.open === '<!')
      throw unreadable('The document has a document type of its own, which is not read. Save it anew and send that.');
    if (special.open === '<![CDATA[') yield { type: 'text', text: xml.slice(from, end < 0 ? xml.length : end) };
    if (end < 0) return;
    at = end + special.close.length;
  }
}

const specials = [
  { open: '<!--', close: '-->' },
  { open: '<![CDATA[', close: ']]>' },
  { open: '<!', close: '>' },
  { open: '<?', close: '?>' },
] as const;

/** The end of a tag is not within the quotes of its attributes. */
function endOfTag(xml: string, start: number): number {
  for (let at = start + 1; ; ) {
    const end = xml.indexOf('>', at);
    if (end < 0) return -1;
    const quote = firstQuote(xml, at, end);
    if (quote < 0) return end;
    const closing = xml.indexOf(xml.charAt(quote), quote + 1);
    if (closing < 0) return -1;
    at = closing + 1;
  }
}

function firstQuote(xml: string, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    const code = xml.charCodeAt(at);
    if (code === 0x22 || code === 0x27) return at;
  }
  return -1;
}

function* tagOf(inside: string): Generator<XmlToken> {
  if (inside.startsWith('/')) {
    yield { type: 'close', name: localName(inside.slice(1).trim()) };
    return;
  }
  const isEmpty = inside.endsWith('/');
  const content = isEmpty ? inside.slice(0, -1) : inside;
  const blank = content.search(/\s/);
  const name = localName(blank < 0 ? content : content.slice(0, blank));
  yield { type: 'open', name, attributes: attributesOf(blank < 0 ? '' : content.slice(blank)), isEmpty };
  if (isEmpty) yield { type: 'close', name };
}

/** Looked at only when somebody asks: most tags of a sheet are never asked. */
function attributesOf(text: string): Attributes {
  let read: Map<string, string> | undefined;
  return {
    get(name) {
      read ??= new Map(
        [...text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, key = '', double, single]) => [
          localName(key),
          unescapeXml(double ?? single ?? ''),
        ]),
      );
      return read.get(name);
    },
  };
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name.toLowerCase()] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
