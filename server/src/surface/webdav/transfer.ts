import { foldPath, moveNote, putPlace, removePlace, together, writeNote } from '#trust/vault';
import { parentOf } from './name.ts';
import { readFile, readText } from './read.ts';
import { Refusal } from './refusal.ts';
import { type ContentResource, hasParent, isProtected, type Resource } from './view.ts';
import { decideByMove, keepFolder, removeLocksBelow, removeTree, requireWritable, type Target, type Tree, treeAt } from './write.ts';

/** COPY and MOVE, of whatever lies at a path, to another. */
export async function transfer(target: Target, to: string, there: Resource | null): Promise<Response> {
  const { call, deps, view, path, resource } = target;
  const isMove = call.request.method === 'MOVE';
  if (resource === null) throw new Refusal(404, 'There is nothing at this address.');
  if (path === '' || to === '') throw new Refusal(403, 'The whole vault stays where it is.');
  if (resource.kind === 'generated' && isMove) {
    const etag = await decideByMove(call, deps, { from: path, to, etag: resource.etag });
    return new Response(null, { status: 201, headers: etag === '' ? {} : { etag: `"${etag}"` } });
  }
  if (isMove && isProtected(path)) throw new Refusal(403, 'This folder is drawn from tasks and approvals, and stays.');
  const isSame = to === path;
  if (isSame || to.startsWith(`${path}/`) || (path.startsWith(`${to}/`) && there !== null))
    throw new Refusal(403, 'It cannot go there: one of the two lies in the other, or they are one.');
  const depth = call.request.headers.get('depth')?.trim().toLowerCase() ?? 'infinity';
  if (depth !== 'infinity' && (isMove || depth !== '0')) throw new Refusal(400, 'Depth is infinity, or 0 for a copy.');
  const isRespelt = isMove && foldPath(to) === foldPath(path);
  if (!isRespelt) requireWritable(view, to);
  if (!(await hasParent(view, to))) throw new Refusal(409, 'Make the folder first that this is to lie in.');
  if (there !== null) {
    if (call.request.headers.get('overwrite')?.trim().toUpperCase() === 'F')
      throw new Refusal(412, 'There is something at the destination already.');
  }
  const replaced = there === null ? null : await treeAt(view, to, there);
  if (isMove) await moveTree(target, to, { moved: await treeAt(view, path, resource), replaced, isRespelt });
  else await copyTree(target, to, { resource, replaced, depth });
  return new Response(null, { status: there === null ? 201 : 204 });
}

/** Moves what lies at a path, and what lay at its destination goes: whole or not at all. */
async function moveTree(
  { call, deps }: Target,
  to: string,
  { moved, replaced, isRespelt }: { readonly moved: Tree; readonly replaced: Tree | null; readonly isRespelt: boolean },
): Promise<void> {
  const { keys, principal, now } = call;
  const { path } = moved;
  const placeOf = (from: string) => `${to}${from.slice(path.length)}`;
  await call.inTenant((tx) =>
    together(tx, keys, now, async (gathered) => {
      if (replaced !== null) await removeTree({ tx, call, deps, gathered }, replaced);
      for (const { kind, path: from, etag: ifMatch } of moved.contents) {
        const change = { author: principal.actor, at: now, ifMatch, gathered, to: placeOf(from) };
        if (kind === 'file') await deps.vaultFiles.moveIn(tx, keys, { ...change, path: from });
        else await moveNote(tx, keys, { ...change, from, trusted: true });
      }
      for (const place of moved.places) {
        await removePlace(tx, keys, place.path);
        await putPlace(tx, keys, { ...place, path: placeOf(place.path) }, now);
      }
      if (moved.isFolder) await keepFolder(tx, call, to);
      await removeLocksBelow(tx, call, path);
      if (!isRespelt || parentOf(path) !== parentOf(to)) await keepFolder(tx, call, parentOf(path));
    }),
  );
}

/**
 * Copies what lies at a path. Files are streamed, so this is done one by one: what breaks off leaves a part of a copy. What lay at the
 * destination is deleted first, and is then gone from there: notes can be restored from their history, files cannot.
 */
async function copyTree(
  target: Target,
  to: string,
  { resource, replaced, depth }: { readonly resource: Resource; readonly replaced: Tree | null; readonly depth: string },
): Promise<void> {
  const { call, deps, view, path } = target;
  const { keys, now } = call;
  if (replaced !== null)
    await call.inTenant((tx) => together(tx, keys, now, (gathered) => removeTree({ tx, call, deps, gathered }, replaced)));
  const isShallow = resource.kind === 'folder' && depth === '0';
  const contents: ContentResource[] =
    resource.kind !== 'folder'
      ? [resource]
      : isShallow
        ? []
        : (await contentsOf(target)).sort((one, other) => (one.path < other.path ? -1 : 1));
  const placeOf = (from: string) => `${to}${from.slice(path.length)}`;
  for (const content of contents) await copyOne(target, content, placeOf(content.path));
  const places = (await view.placesBelow(path)).filter((place) => !isShallow || place.path === path);
  await call.inTenant(async (tx) => {
    for (const place of places) await putPlace(tx, keys, { ...place, path: placeOf(place.path) }, now);
    if (resource.kind === 'folder') await keepFolder(tx, call, to);
  });
}

/** All that lies below a folder: what is stored, and what is drawn. */
async function contentsOf({ view, path }: Target): Promise<ContentResource[]> {
  const found: ContentResource[] = [];
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const child of await view.childrenOf(folder)) {
      if (child.kind === 'folder') folders.push(child.path);
      else found.push(child);
    }
  return found;
}

async function copyOne({ call, deps }: Target, content: ContentResource, to: string): Promise<void> {
  const { keys, principal, now } = call;
  const change = { path: to, author: principal.actor, at: now };
  if (content.kind === 'file') {
    await deps.vaultFiles.write(principal.tenantId, change, await readFile(call, deps, content.path), content.sizeBytes);
    return;
  }
  const note = await readText(call, deps, content.path);
  if (note === null) throw new Refusal(404, `${content.path} is not there any more.`);
  // A copy is as trusted as what was copied: the member has not written that text.
  await call.inTenant((tx) => writeNote(tx, keys, { ...change, content: note.bytes, trusted: note.trusted, ifNoneMatch: '*' }));
}
