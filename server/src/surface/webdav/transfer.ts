import { foldPath, listLocks, moveNote, putPlace, removeLocks, removePlace, writeNote } from '#trust/vault';
import { failures } from './multistatus.ts';
import { parentOf } from './name.ts';
import { readFile, readText } from './read.ts';
import { Refusal } from './refusal.ts';
import { type ContentResource, hasParent, isProtected, type Resource } from './view.ts';
import { decideByMove, keepFolder, removeTree, requireWritable, type Target } from './write.ts';

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
    const failed = await removeTree({ call, deps, view, path: to }, there);
    if (failed.length > 0) return failures(failed);
  }
  const isShallow = resource.kind === 'folder' && depth === '0';
  const contents: ContentResource[] =
    resource.kind !== 'folder'
      ? [resource]
      : isShallow
        ? []
        : (await contentsOf(target)).sort((one, other) => (one.path < other.path ? -1 : 1));
  const moved = (from: string) => `${to}${from.slice(path.length)}`;
  for (const content of contents) await (isMove ? moveOne : copyOne)(target, content, moved(content.path));
  const places = (await view.placesBelow(path)).filter((place) => !isShallow || place.path === path);
  await call.inTenant(async (tx) => {
    const { keys, now } = call;
    for (const place of places) {
      if (isMove) await removePlace(tx, keys, place.path);
      await putPlace(tx, keys, { ...place, path: moved(place.path) }, now);
    }
    if (resource.kind === 'folder') await keepFolder(tx, call, to);
    if (!isMove) return;
    // Locks stay behind with the address (RFC 4918, 7.5), where nothing lies any more.
    const left = (await listLocks(tx, keys, now)).filter((lock) => lock.path === path || lock.path.startsWith(`${path}/`));
    await removeLocks(
      tx,
      keys,
      left.map(({ token }) => token),
    );
    if (!isRespelt || parentOf(path) !== parentOf(to)) await keepFolder(tx, call, parentOf(path));
  });
  return new Response(null, { status: there === null ? 201 : 204 });
}

/** All that lies below a folder: what is stored, or for a copy what is drawn. */
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

async function moveOne({ call, deps }: Target, content: ContentResource, to: string): Promise<void> {
  const { keys, principal, now } = call;
  const change = { author: principal.actor, at: now, ifMatch: content.etag };
  if (content.kind === 'file') await deps.vaultFiles.move(principal.tenantId, { ...change, path: content.path, to });
  else await call.inTenant((tx) => moveNote(tx, keys, { ...change, from: content.path, to, trusted: true }));
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
