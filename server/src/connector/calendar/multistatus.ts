import { ConnectorFault } from '@factotum/connector-sdk';
import { XMLParser } from 'fast-xml-parser';

/** What one resource answers: its properties that are there, by name without namespace. */
export interface DavResource {
  /** The path, percent-encoded as the server writes it. */
  readonly href: string;
  /** Of the resource itself, where the server says one: 404 for one that is gone. */
  readonly status: number | null;
  readonly props: Readonly<Record<string, unknown>>;
}

export interface Multistatus {
  readonly resources: readonly DavResource[];
  readonly syncToken: string | null;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  isArray: (name) => name === 'response' || name === 'propstat' || name === 'href' || name === 'comp',
});

const resourcesMax = 100_000;

/**
 * Reads a 207 answer (RFC 4918, section 13).
 *
 * @param at - the address that was asked: paths are relative to it. What lies at another origin is left out, as our credentials would go there.
 * @throws ConnectorFault `transient` for what is no such answer, or carries a document type, by which XML can be made to grow.
 */
export function readMultistatus(xml: string, at: URL): Multistatus {
  if (/<!DOCTYPE/i.test(xml)) throw notDav(at);
  const root = record(read(xml, at)).multistatus;
  if (root === undefined) throw notDav(at);
  const { response, 'sync-token': token } = record(root);
  const resources = (Array.isArray(response) ? response : []).slice(0, resourcesMax).flatMap((one): DavResource[] => {
    const { href, status, propstat } = record(one);
    const path = pathOf(Array.isArray(href) ? href[0] : href, at);
    if (path === null) return [];
    const found = (Array.isArray(propstat) ? propstat : []).filter((part) => (statusOf(record(part).status) ?? 200) < 300);
    return [{ href: path, status: statusOf(status), props: Object.assign({}, ...found.map((part) => record(record(part).prop))) }];
  });
  return { resources, syncToken: typeof token === 'string' && token !== '' ? token : null };
}

/** The name of the precondition that failed (RFC 4918, section 16), among these; null for none. */
export const namesPrecondition = (xml: string, name: string): boolean => new RegExp(`<(?:[\\w-]+:)?${name}[\\s/>]`).test(xml);

/** The path of an address, or null where it lies at another origin. */
export function pathOf(href: unknown, at: URL): string | null {
  const text = textOf(href);
  if (text === null || !URL.canParse(text, at.href)) return null;
  const url = new URL(text, at);
  return url.origin === at.origin ? url.pathname : null;
}

/** The text of an element, with or without attributes; null for one that is empty or has children. */
export function textOf(value: unknown): string | null {
  const text = typeof value === 'object' && value !== null && '#text' in value ? value['#text'] : Array.isArray(value) ? value[0] : value;
  return typeof text === 'string' && text !== '' ? text : null;
}

/** The paths within an element such as `<calendar-home-set><href>..</href></calendar-home-set>`. */
export const hrefsOf = (value: unknown): string[] => {
  const { href } = record(value);
  return (Array.isArray(href) ? href : []).map(textOf).filter((text) => text !== null);
};

export const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}; // An object that is no array.

function read(xml: string, at: URL): unknown {
  try {
    return parser.parse(xml);
  } catch {
    throw notDav(at);
  }
}

const statusOf = (text: unknown): number | null => {
  const code = /^HTTP\/\S+ (\d{3})/.exec(textOf(text) ?? '')?.[1];
  return code === undefined ? null : Number(code);
};

const notDav = (at: URL) => new ConnectorFault('transient', `What ${at.host} answers is not CalDAV. Check the address.`);
