import { putPlace } from '#trust/vault';
import type { DavCall } from './call.ts';
import { multistatus } from './multistatus.ts';
import { isLive } from './propfind.ts';
import { Refusal } from './refusal.ts';
import { isProtected, type Resource, type View } from './view.ts';
import { childOf, dav, elementsIn, escapeXml, readXml, writeXml } from './xml.ts';

/** What one resource may have, in characters. */
const propertiesCharsMax = 16_384;

/** PROPPATCH: properties that clients keep beside things. All of a request or nothing. */
export async function changeProperties(call: DavCall, view: View, resource: Resource | null, body: Uint8Array): Promise<Response> {
  if (resource === null) throw new Refusal(404, 'There is nothing at this address.');
  const { path, kind } = resource;
  if (path === '' || isProtected(path)) throw new Refusal(403, 'Nothing is kept beside what Factotum itself draws.');
  const root = readXml(body);
  if (root.namespace !== dav || root.name !== 'propertyupdate') throw new Refusal(400, 'The body is a propertyupdate.');
  const place = await view.placeAt(path);
  const properties: Record<string, string> = { ...place?.properties };
  const named = new Map<string, { readonly element: string; readonly isRefused: boolean }>();
  for (const change of elementsIn(root)) {
    const prop = childOf(change, 'prop');
    if (change.namespace !== dav || (change.name !== 'set' && change.name !== 'remove') || prop === undefined) continue;
    for (const one of elementsIn(prop)) {
      const key = `{${one.namespace}}${one.name}`;
      named.set(key, { element: `<${one.name} xmlns="${escapeXml(one.namespace)}"/>`, isRefused: isLive(one) });
      if (change.name === 'set') properties[key] = writeXml(one);
      else delete properties[key];
    }
  }
  const elements = [...named.values()];
  const refused = elements.filter(({ isRefused }) => isRefused);
  if (refused.length > 0) {
    const others = elements.filter(({ isRefused }) => !isRefused);
    const namesOf = (some: typeof elements) => some.map(({ element }) => element);
    const answer = new Map([
      [403, namesOf(refused)],
      [424, namesOf(others)],
    ]);
    return multistatus([{ path, isFolder: kind === 'folder', properties: answer }]);
  }
  const chars = Object.entries(properties).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (chars > propertiesCharsMax) throw new Refusal(507, `One thing may have properties of ${propertiesCharsMax} characters.`);
  const isFolder = kind === 'folder';
  await call.inTenant((tx) => putPlace(tx, call.keys, { path, isFolder, properties }, call.now));
  return multistatus([{ path, isFolder, properties: new Map([[200, elements.map(({ element }) => element)]]) }]);
}
