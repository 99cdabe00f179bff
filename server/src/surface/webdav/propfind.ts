import { listLocks, type VaultLock, type VaultPlace } from '#trust/vault';
import type { DavCall } from './call.ts';
import { locksOn } from './locks.ts';
import { multistatus, type PropertyAnswer } from './multistatus.ts';
import { hrefOf, nameOf } from './name.ts';
import { typeOf } from './read.ts';
import { Refusal } from './refusal.ts';
import type { Resource, View } from './view.ts';
import { childOf, dav, elementsIn, escapeXml, readXml } from './xml.ts';

/** What is asked for: everything, the names alone, or some by name. */
type Asked = { readonly all: true } | { readonly names: true } | { readonly some: readonly { namespace: string; name: string }[] };

/** PROPFIND for a resource, or a folder with what lies directly in it. Never deeper: a vault may have a hundred thousand notes. */
export async function findProperties(call: DavCall, view: View, resource: Resource | null, body: Uint8Array): Promise<Response> {
  if (resource === null) throw new Refusal(404, 'There is nothing at this address.');
  const depth = call.request.headers.get('depth')?.trim().toLowerCase() ?? 'infinity';
  if (depth === 'infinity') throw new Refusal(403, 'Ask with Depth 0 or 1, folder by folder.', 'propfind-finite-depth');
  if (depth !== '0' && depth !== '1') throw new Refusal(400, 'Depth is 0, 1 or infinity.');
  const asked = readAsked(body);
  const resources = depth === '0' || resource.kind !== 'folder' ? [resource] : [resource, ...(await view.childrenOf(resource.path))];
  const [locks, places] = await Promise.all([
    call.inTenant((tx) => listLocks(tx, call.keys, call.now)),
    depth === '0'
      ? view.placeAt(resource.path === '' ? '.' : resource.path).then((place) => (place === null ? [] : [place]))
      : view.placesBelow(resource.path),
  ]);
  const placeOf = new Map(places.map((place) => [place.path, place]));
  return multistatus(resources.map((one) => answerFor(one, asked, { locks, now: call.now, place: placeOf.get(one.path) })));
}

function readAsked(body: Uint8Array): Asked {
  if (body.length === 0) return { all: true };
  const root = readXml(body);
  if (root.namespace !== dav || root.name !== 'propfind') throw new Refusal(400, 'The body is a propfind.');
  const prop = childOf(root, 'prop');
  if (prop !== undefined) return { some: elementsIn(prop).map(({ namespace, name }) => ({ namespace, name })) };
  if (childOf(root, 'propname') !== undefined) return { names: true };
  if (childOf(root, 'allprop') !== undefined) return { all: true };
  throw new Refusal(400, 'The body says allprop, propname or prop.');
}

interface Context {
  readonly locks: readonly VaultLock[];
  readonly now: Date;
  readonly place: VaultPlace | undefined;
}

/** The properties that the server itself keeps, as XML; nobody else sets them. */
const live: Readonly<Record<string, (resource: Resource, context: Context) => string | null>> = {
  resourcetype: ({ kind }) => (kind === 'folder' ? '<d:collection/>' : ''),
  displayname: ({ path }) => escapeXml(nameOf(path)),
  getcontentlength: (one) => (one.kind === 'folder' ? null : String(one.sizeBytes)),
  getcontenttype: (one) => (one.kind === 'folder' ? null : escapeXml(typeOf(one.path))),
  getetag: (one) => (one.kind === 'folder' ? null : escapeXml(`"${one.etag}"`)),
  getlastmodified: (one) => (one.kind === 'folder' ? null : one.modifiedAt.toUTCString()),
  supportedlock: () =>
    ['exclusive', 'shared']
      .map((scope) => `<d:lockentry><d:lockscope><d:${scope}/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockentry>`)
      .join(''),
  lockdiscovery: ({ path }, { locks, now }) =>
    locksOn(locks, path)
      .map((lock) => activeLock(lock, now))
      .join(''),
};

export const isLive = ({ namespace, name }: { namespace: string; name: string }): boolean =>
  namespace === dav && (Object.hasOwn(live, name) || name === 'creationdate' || name.startsWith('quota-'));

function answerFor(resource: Resource, asked: Asked, context: Context): PropertyAnswer {
  const { path, kind } = resource;
  const properties = context.place?.properties ?? {};
  const found: string[] = [];
  const missing: string[] = [];
  if ('some' in asked)
    for (const { namespace, name } of asked.some) {
      const value = namespace === dav && Object.hasOwn(live, name) ? (live[name]?.(resource, context) ?? null) : null;
      const dead = properties[`{${namespace}}${name}`];
      if (value !== null) found.push(elementOf(name, value));
      else if (dead !== undefined) found.push(dead);
      else missing.push(`<${name} xmlns="${escapeXml(namespace)}"/>`);
    }
  else {
    for (const [name, textOf] of Object.entries(live)) {
      const value = textOf(resource, context);
      if (value !== null) found.push('names' in asked ? `<d:${name}/>` : elementOf(name, value));
    }
    for (const [key, dead] of Object.entries(properties)) {
      const [, namespace = '', name = ''] = /^\{(.*)\}(.*)$/s.exec(key) ?? [];
      found.push('names' in asked ? `<${name} xmlns="${escapeXml(namespace)}"/>` : dead);
    }
  }
  return {
    path,
    isFolder: kind === 'folder',
    properties: new Map([
      [200, found],
      [404, missing],
    ]),
  };
}

const elementOf = (name: string, value: string): string => (value === '' ? `<d:${name}/>` : `<d:${name}>${value}</d:${name}>`);

/** One lock, as others may see it. */
export function activeLock({ token, path, isDeep, isShared, owner, expiresAt }: VaultLock, now: Date): string {
  const seconds = Math.max(0, Math.ceil((expiresAt.getTime() - now.getTime()) / 1_000));
  return `<d:activelock><d:locktype><d:write/></d:locktype><d:lockscope><d:${isShared ? 'shared' : 'exclusive'}/></d:lockscope>\
<d:depth>${isDeep ? 'infinity' : '0'}</d:depth>${owner === '' ? '' : `<d:owner>${owner}</d:owner>`}<d:timeout>Second-${seconds}</d:timeout>\
<d:locktoken><d:href>${escapeXml(token)}</d:href></d:locktoken><d:lockroot><d:href>${escapeXml(hrefOf(path, false))}</d:href></d:lockroot></d:activelock>`;
}
