import { FactotumError } from '#kernel';

/** An element of a request's body. */
export interface XmlElement {
  readonly namespace: string;
  readonly name: string;
  readonly children: readonly (XmlElement | string)[];
  /** Attributes other than namespace declarations, with their namespaces. */
  readonly attributes: readonly { readonly namespace: string; readonly name: string; readonly value: string }[];
}

export const dav = 'DAV:';
const xmlSpace = 'http://www.w3.org/XML/1998/namespace';

/** A request says a few names; Windows sends a dozen properties. */
export const xmlBytesMax = 64 * 1024;
const depthMax = 32;
const elementsMax = 1_000;

const nameForm = '[A-Za-z_\\u00C0-\\uFFFD][A-Za-z0-9_.\\-\\u00B7-\\uFFFD]*';
const qualified = new RegExp(`^(?:(${nameForm}):)?(${nameForm})$`);
const attributeForm = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const predefined: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

type Scope = Readonly<Record<string, string>>;

/**
 * Reads a body as XML with namespaces. There are no document types, no entities but the five of XML itself, and no processing instructions.
 *
 * @throws FactotumError `request.invalid` for whatever is not well-formed, is too deep or has too many elements.
 */
export function readXml(bytes: Uint8Array): XmlElement {
  const text = decode(bytes);
  let at = 0;
  let elements = 0;
  if (text.startsWith('<?xml')) at = after('?>');
  skipMisc();
  const root = element({ xml: xmlSpace }, 1);
  skipMisc();
  if (at !== text.length) throw broken();
  return root;

  function after(end: string): number {
    const found = text.indexOf(end, at);
    if (found < 0) throw broken();
    return found + end.length;
  }

  function skipMisc(): void {
    for (;;) {
      while (/\s/.test(text[at] ?? '')) at += 1;
      if (!text.startsWith('<!--', at)) return;
      at = after('-->');
    }
  }

  function element(outer: Scope, depth: number): XmlElement {
    elements += 1;
    if (depth > depthMax || elements > elementsMax) throw broken('it is nested too deeply or too long');
    const open = /<([^\s<>/!?]+)/y;
    open.lastIndex = at;
    const [, tag] = open.exec(text) ?? [];
    if (tag === undefined) throw broken();
    at = open.lastIndex;
    const given: [string, string][] = [];
    for (;;) {
      attributeForm.lastIndex = at;
      const found = attributeForm.exec(text);
      if (found === null) break;
      at = attributeForm.lastIndex;
      given.push([found[1] ?? '', unescaped(found[2] ?? found[3] ?? '')]);
    }
    const scope = scopeOf(outer, given);
    while (/\s/.test(text[at] ?? '')) at += 1;
    const isEmpty = text.startsWith('/>', at);
    if (!isEmpty && text[at] !== '>') throw broken();
    at += isEmpty ? 2 : 1;
    const children = isEmpty ? [] : content(tag, scope, depth);
    const attributes = given
      .filter(([name]) => name !== 'xmlns' && !name.startsWith('xmlns:'))
      .map(([name, value]) => ({ ...resolve(name, scope, ''), value }));
    return { ...resolve(tag, scope, scope[''] ?? ''), children, attributes };
  }

  function content(tag: string, scope: Scope, depth: number): (XmlElement | string)[] {
    const children: (XmlElement | string)[] = [];
    for (;;) {
      const next = text.indexOf('<', at);
      if (next < 0) throw broken();
      if (next > at) children.push(unescaped(text.slice(at, next)));
      at = next;
      if (text.startsWith('</', at)) {
        const close = after('>');
        if (text.slice(at + 2, close - 1).trimEnd() !== tag) throw broken();
        at = close;
        return children;
      }
      if (text.startsWith('<!--', at)) at = after('-->');
      else if (text.startsWith('<![CDATA[', at)) {
        const end = after(']]>');
        children.push(text.slice(at + 9, end - 3));
        at = end;
      } else children.push(element(scope, depth + 1));
    }
  }
}

function scopeOf(outer: Scope, given: readonly (readonly [string, string])[]): Scope {
  const declared = given.filter(([name]) => name === 'xmlns' || name.startsWith('xmlns:'));
  if (declared.length === 0) return outer;
  const entries = declared.map(([name, uri]): [string, string] => {
    // A prefix cannot be bound to nothing (Namespaces in XML 1.0, 2.2).
    if (name !== 'xmlns' && uri === '') throw broken('a prefix has an empty namespace');
    return [name.slice('xmlns:'.length), uri];
  });
  return { ...outer, ...Object.fromEntries(entries) };
}

function resolve(name: string, scope: Scope, otherwise: string): { namespace: string; name: string } {
  const [, prefix, local] = qualified.exec(name) ?? [];
  if (local === undefined) throw broken();
  if (prefix === undefined) return { namespace: otherwise, name: local };
  const namespace = Object.hasOwn(scope, prefix) ? scope[prefix] : undefined;
  if (namespace === undefined) throw broken('a prefix has no namespace');
  return { namespace, name: local };
}

function unescaped(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|\w+)?;?/g, (whole, name: string | undefined) => {
    if (name === undefined || !whole.endsWith(';')) throw broken();
    if (!name.startsWith('#')) {
      const known = predefined[name];
      if (known === undefined) throw broken('it has an entity');
      return known;
    }
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    const isCharacter =
      code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff));
    if (!isCharacter) throw broken();
    return String.fromCodePoint(code);
  });
}

function decode(bytes: Uint8Array): string {
  // Both byte orders of UTF-16 by their marks, else UTF-8.
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw broken('it is not the text that it says it is');
  }
}

export const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);

/** Writes an element that stands for itself, whatever is declared around it. */
export function writeXml(element: XmlElement): string {
  const spaces = [...new Set(element.attributes.map(({ namespace }) => namespace).filter((uri) => uri !== '' && uri !== xmlSpace))];
  const prefixOf = (uri: string) => (uri === '' ? '' : uri === xmlSpace ? 'xml:' : `a${spaces.indexOf(uri)}:`);
  const declarations = spaces.map((uri, index) => ` xmlns:a${index}="${escapeXml(uri)}"`).join('');
  const attributes = element.attributes
    .map(({ namespace, name, value }) => ` ${prefixOf(namespace)}${name}="${escapeXml(value)}"`)
    .join('');
  const head = `${element.name} xmlns="${escapeXml(element.namespace)}"${declarations}${attributes}`;
  const body = element.children.map((child) => (typeof child === 'string' ? escapeXml(child) : writeXml(child))).join('');
  return body === '' ? `<${head}/>` : `<${head}>${body}</${element.name}>`;
}

/** The elements directly inside. */
export const elementsIn = ({ children }: XmlElement): XmlElement[] => children.filter((child) => typeof child !== 'string');

/** The first child of the protocol's own namespace with that name. */
export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  elementsIn(element).find((child) => child.namespace === dav && child.name === name);

const broken = (why = 'it is not well-formed') => new FactotumError('request.invalid', `The body is not XML that can be read: ${why}.`);
