import { type Filter, parse, filter as testerOf } from 'scim2-parse-filter';
import { z } from 'zod';
import { parseAs, type Resource, refuse, scimResponse, urn } from './protocol.ts';

/** Resources that are looked at one by one for a filter that no index answers. */
const scannedMax = 20_000;
const pageMax = 200;
const pageDefault = 100;

const whole = z
  .string()
  .regex(/^-?\d{1,9}$/, 'must be a whole number')
  .transform(Number);

/** RFC 7644, section 3.4.2: numbers out of range are brought into it, and what we cannot sort by is not sorted by. */
const querySchema = z.object({
  filter: z.string().max(2_000).optional(),
  startIndex: whole.default(1).transform((start) => Math.max(1, start)),
  count: whole.default(pageDefault).transform((count) => Math.min(pageMax, Math.max(0, count))),
  attributes: z.string().max(2_000).optional(),
  excludedAttributes: z.string().max(2_000).optional(),
});

export interface Wanted {
  /** The attribute and the text of a filter that an index answers. */
  readonly exact: { readonly attribute: string; readonly text: string } | null;
  readonly offset: number;
  readonly limit: number;
}

/**
 * Answers a list. What a directory asks all the time, one resource by its name, is looked up; for other filters everything is looked at.
 *
 * @param indexed - attributes that `read` looks up.
 * @throws FactotumError `scim.refused` (a filter that is none, or too much to look at).
 */
export async function listResponse(
  search: URLSearchParams,
  { indexed, read }: { indexed: readonly string[]; read: (wanted: Wanted) => Promise<{ resources: readonly Resource[]; total: number }> },
): Promise<Response> {
  const query = parseAs(querySchema, Object.fromEntries(search));
  const page = { offset: query.startIndex - 1, limit: query.count };
  const filter = query.filter === undefined ? null : parsed(query.filter);
  const exact = filter === null ? null : exactIn(filter, indexed);
  const { resources, total } =
    filter === null || exact !== null
      ? await read({ exact, ...page })
      : scanned(filter, await read({ exact: null, offset: 0, limit: scannedMax + 1 }), page);
  return scimResponse(200, {
    schemas: [urn.list],
    totalResults: total,
    startIndex: query.startIndex,
    itemsPerPage: resources.length,
    Resources: resources.map((resource) => projected(resource, query)),
  });
}

/** Only what is asked for, by top-level attributes; `schemas`, `id` and `meta` always. */
export function projected(
  resource: Resource,
  { attributes, excludedAttributes }: { attributes?: string | undefined; excludedAttributes?: string | undefined },
): Resource {
  const namesOf = (text: string) => new Set(text.split(',').map((name) => lastPart(name.trim()).split('.')[0]?.toLowerCase() ?? ''));
  const wanted = attributes === undefined || attributes === '' ? null : namesOf(attributes);
  const unwanted = namesOf(excludedAttributes ?? '');
  const isShown = (name: string) =>
    ['schemas', 'id', 'meta'].includes(name) || ((wanted === null || wanted.has(name.toLowerCase())) && !unwanted.has(name.toLowerCase()));
  return Object.fromEntries(Object.entries(resource).filter(([name]) => isShown(name)));
}

function parsed(text: string): Filter {
  try {
    return parse(text);
  } catch {
    throw refuse('invalidFilter', 'This filter is not understood.');
  }
}

function exactIn(filter: Filter, indexed: readonly string[]): Wanted['exact'] {
  if (filter.op !== 'eq' || typeof filter.compValue !== 'string') return null;
  const named = lastPart(filter.attrPath).toLowerCase();
  const attribute = indexed.find((name) => name.toLowerCase() === named);
  return attribute === undefined ? null : { attribute, text: filter.compValue };
}

/** The name behind the schema's: `urn:...:User:userName`. */
const lastPart = (path: string): string => path.slice(path.lastIndexOf(':') + 1);

function scanned(filter: Filter, { resources }: { resources: readonly Resource[] }, { offset, limit }: { offset: number; limit: number }) {
  if (resources.length > scannedMax)
    throw refuse('tooMany', 'There are too many resources for this filter. Ask by userName, displayName or externalId.');
  const matches = testerOf(comparable(filter));
  const found = resources.filter((resource) => matches(folded(resource)));
  return { resources: found.slice(offset, offset + limit), total: found.length };
}

/** Exact in case, as their schemas say; everything else is compared in lower case. */
const exactNames = new Set(['id', 'externalid', 'value', '$ref', 'meta', 'location', 'version']);
const isExact = (path: string) => {
  const parts = lastPart(path).toLowerCase().split('.');
  return parts[0] === 'meta' || exactNames.has(parts.at(-1) ?? '');
};

function comparable(filter: Filter): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { ...filter, filters: filter.filters.map(comparable) };
    case 'not':
      return { ...filter, filter: comparable(filter.filter) };
    case '[]':
      return { ...filter, attrPath: lastPart(filter.attrPath), valFilter: comparable(filter.valFilter) };
    case 'pr':
      return { ...filter, attrPath: lastPart(filter.attrPath) };
    default: {
      const { attrPath, compValue } = filter;
      return {
        ...filter,
        attrPath: lastPart(attrPath),
        compValue: typeof compValue === 'string' && !isExact(attrPath) ? compValue.toLowerCase() : compValue,
      };
    }
  }
}

function folded(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return isExact(name) ? value : value.toLowerCase();
  if (Array.isArray(value)) return value.map((item) => folded(item, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, name === 'meta' ? member : folded(member, key)]));
}
