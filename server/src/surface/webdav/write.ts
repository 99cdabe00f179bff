import { refuseAltered } from '#flow/approval';
import { moveGenerated, readGenerated } from '#flow/projection';
import { FactotumError, isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import {
  deleteNote,
  findPlace,
  foldPath,
  type Gathered,
  listLocks,
  noteBytesMax,
  putPlace,
  readNote,
  removeLocks,
  removePlace,
  together,
  type VaultPlace,
  writeNote,
} from '#trust/vault';
import type { DavCall, WebdavDeps } from './call.ts';
import { etagIn, isContent } from './condition.ts';
import { isLeftover, nameOf, parentOf } from './name.ts';
import { typeOf } from './read.ts';
import { Refusal } from './refusal.ts';
import type { Seen } from './seen.ts';
import { type ContentResource, hasParent, isProtected, type Resource, type View } from './view.ts';

/** What a method works on. */
export interface Target {
  readonly call: DavCall;
  readonly deps: WebdavDeps;
  readonly view: View;
  readonly path: string;
  readonly resource: Resource | null;
  readonly seen: Seen;
}

/** Whether nothing may be put there. @throws Refusal 403, 409 */
export function requireWritable(view: View, path: string): void {
  if (isProtected(path))
    throw new Refusal(403, 'This place is written by Factotum: tasks, approvals and logs. Move a note from Pending_Approval/ to decide.');
  if (isLeftover(path)) throw new Refusal(403, 'Programs’ own leftovers are kept out of the vault.');
  const near = view.tree.near(path);
  if (near !== undefined && near.path !== path)
    throw new Refusal(409, `There is ${near.path} already, which differs in case only. Not every machine keeps the two apart.`);
}

/** PUT. */
export async function putContent(target: Target): Promise<Response> {
  const { call, view, path, resource } = target;
  const { request } = call;
  if (path === '' || resource?.kind === 'folder') throw new Refusal(405, 'There is a folder here.');
  if (request.headers.has('content-range')) throw new Refusal(400, 'Send the whole content: parts are not taken.');
  if (isProtected(path)) return putProtected(target);
  requireWritable(view, path);
  if (!(await hasParent(view, path))) throw new Refusal(409, 'Make the folder first that this is to lie in.');
  const body = piecesOf(request.body);
  const declared = request.headers.get('content-length');
  const bytes = declared === null ? undefined : Number(declared);
  const mayBeNote = resource === null ? typeOf(path).startsWith('text/') : resource.kind === 'note';
  if (!mayBeNote) return putFile(target, body, bytes);
  const { whole, all } = await takeUpTo(body, noteBytesMax);
  if (whole !== null && (resource?.kind === 'note' || isText(whole))) return putNote(target, whole);
  if (resource?.kind === 'note') throw new Refusal(413, `A note holds ${noteBytesMax} bytes. Store this under another name, as a file.`);
  return putFile(target, all(), bytes);
}

async function putNote({ call, path, resource, seen }: Target, content: Buffer): Promise<Response> {
  if (!isText(content) && typeOf(path).startsWith('text/'))
    throw new Refusal(415, 'The note is called a text, but its bytes are not one: send UTF-8 without U+0000.');
  const { keys, principal, now, request } = call;
  const conditions = conditionsOf(request, resource);
  const written = await call.inTenant(async (tx) => {
    if (isUnconditional(request)) await keepDisplaced(tx, { call, path, seen }, content);
    return writeNote(tx, keys, { path, content, author: principal.actor, trusted: true, at: now, ...conditions });
  });
  seen.note(principal, path, written.etag);
  return stored(resource === null, written.etag);
}

/** A device that says nothing about what it read, and last had something else, overwrites what it never saw: that stays beside the note. */
async function keepDisplaced(tx: Tx, { call, path, seen }: Pick<Target, 'call' | 'path' | 'seen'>, content: Buffer): Promise<void> {
  const { keys, principal, now } = call;
  const base = seen.last(principal, path);
  const current = base === undefined ? null : await readNote(tx, keys, path);
  if (current === null || current.etag === base || current.bytes.equals(content)) return;
  const copy = { author: principal.actor, trusted: current.trusted, at: now, content: current.bytes, ifNoneMatch: '*' } as const;
  await writeNote(tx, keys, { ...copy, path: conflictName(path, now) });
}

async function putFile(
  { call, deps, path, resource, seen }: Target,
  body: AsyncIterable<Uint8Array>,
  bytes: number | undefined,
): Promise<Response> {
  const { principal, now, request } = call;
  const { tenantId, actor: author } = principal;
  const change = { path, author, at: now, ...conditionsOf(request, resource) };
  let isNew = resource === null;
  if (isContent(resource) && isUnconditional(request) && (await isUnseen(call, deps, resource, seen))) {
    // The content of a file is kept once, so what nobody here has seen is put aside instead of being replaced.
    await deps.vaultFiles.move(tenantId, { path, to: conflictName(path, now), author, at: now });
    isNew = true;
  }
  const { file } = await deps.vaultFiles.write(
    tenantId,
    isNew ? { ...change, ifMatch: undefined } : { ifMatch: '*', ...change },
    body,
    bytes,
  );
  seen.note(principal, path, file.etag);
  return stored(resource === null, file.etag);
}

async function isUnseen({ principal }: DavCall, { vaultFiles }: WebdavDeps, { path, etag }: ContentResource, seen: Seen): Promise<boolean> {
  const base = seen.last(principal, path);
  if (base !== undefined) return base !== etag;
  const found = await vaultFiles.find(principal.tenantId, path);
  return found !== null && found.file.author !== principal.actor;
}

/** `name (conflict 2026-11-22 19.40.05).md` beside it. */
function conflictName(path: string, now: Date): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  const when = now.toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  const folder = parentOf(path);
  return `${folder === '' ? '' : `${folder}/`}${stem.slice(0, 100)} (conflict ${when} ${now.getUTCMilliseconds()})${ending}`;
}

/**
 * A note drawn from rows that comes back as it is changes nothing. As it is, but under Approved/ or Rejected/, it is a move by a program that
 * knows only writing and deleting, and so a decision. Anything else is refused.
 */
async function putProtected(target: Target): Promise<Response> {
  const { call, deps, path, resource } = target;
  const { keys, now, principal } = call;
  const { tenantId } = principal;
  const { whole } = await takeUpTo(piecesOf(call.request.body), noteBytesMax);
  const context = { tenantId, keys, catalogue: deps.catalogue, now };
  const sameAs = async (there: string) => {
    const note = await call.inTenant((tx) => readGenerated({ ...context, tx }, there));
    return note !== null && whole?.equals(Buffer.from(note.content)) === true ? note : null;
  };
  if (resource !== null) {
    const same = await sameAs(path);
    if (same !== null) return stored(false, same.etag);
  }
  const pending = `Pending_Approval/${nameOf(path)}`;
  const isDecision = /^(?:Approved|Rejected)\/[^/]+$/.test(path);
  const same = isDecision ? await sameAs(pending) : null;
  if (same !== null) {
    const etag = await decideByMove(call, deps, { from: pending, to: path, etag: same.etag });
    return stored(true, etag);
  }
  if (isDecision && whole !== null && (await call.inTenant((tx) => readGenerated({ ...context, tx }, pending))) !== null)
    throw new FactotumError('approval.note_changed', 'The note was changed, so nothing was decided. Read it again, and move it as it is.');
  throw new Refusal(403, 'This place is written by Factotum: tasks, approvals and logs. Move a note from Pending_Approval/ to decide.');
}

/** Decides by moving the note of a pending approval. @returns the etag of the note where it lies now. */
export async function decideByMove(
  call: DavCall,
  deps: WebdavDeps,
  { from, to, etag }: { readonly from: string; readonly to: string; readonly etag: string },
): Promise<string> {
  const { principal, keys, now } = call;
  if (!principal.permissions.has('approval:decide'))
    throw new FactotumError('auth.forbidden', 'Moving this note is a decision, which needs the permission approval:decide.');
  const { tenantId, actor } = principal;
  const moved = await call.inTenant((tx) =>
    moveGenerated({ tx, tenantId, keys, catalogue: deps.catalogue, now }, { from, to, ifMatch: etag, actor }),
  );
  deps.onRung(tenantId);
  refuseAltered(moved.approval);
  return moved.etag;
}

/** MKCOL. */
export async function makeFolder({ call, view, path, resource }: Target): Promise<Response> {
  if (resource !== null) throw new Refusal(405, 'There is something here already.');
  requireWritable(view, path);
  if (!(await hasParent(view, path))) throw new Refusal(409, 'Make the folder first that this is to lie in.');
  const siblings = await view.childrenOf(parentOf(path));
  if (siblings.some((one) => foldPath(one.path) === foldPath(path)))
    throw new Refusal(409, 'There is a folder already whose name differs in case only. Not every machine keeps the two apart.');
  await call.inTenant((tx) => putPlace(tx, call.keys, { path, isFolder: true, properties: {} }, call.now));
  return new Response(null, { status: 201 });
}

/** DELETE: what lies there, and all that lies below, whole or not at all. */
export async function removeContent(target: Target): Promise<Response> {
  const { path, resource } = target;
  if (resource === null) throw new Refusal(404, 'There is nothing at this address.');
  if (path === '' || isProtected(path))
    throw new Refusal(403, 'This is drawn from tasks and approvals. Deleting it would decide nothing, so it stays.');
  const { call, view, deps } = target;
  const tree = await treeAt(view, path, resource);
  await call.inTenant((tx) => together(tx, call.keys, call.now, (gathered) => removeTree({ tx, call, deps, gathered }, tree)));
  return new Response(null, { status: 204 });
}

/** Contents and folders that are moved or deleted at once: a few milliseconds each, on one connection to the database. */
const atOnceMax = 5_000;

/** What lies at a path and below it. */
export interface Tree {
  readonly path: string;
  readonly isFolder: boolean;
  readonly contents: readonly Pick<ContentResource, 'kind' | 'path' | 'etag'>[];
  readonly places: readonly VaultPlace[];
}

/** What is to be moved or deleted as one. @throws Refusal 403 for more than is done at once. */
export async function treeAt(view: View, path: string, resource: Resource): Promise<Tree> {
  const isFolder = resource.kind === 'folder';
  const contents =
    resource.kind === 'folder' ? view.tree.below(path).map(({ etag, ...one }) => ({ ...one, etag: etag ?? '' })) : [resource];
  const places = await view.placesBelow(path);
  if (contents.length + places.length > atOnceMax)
    throw new Refusal(
      403,
      `More than ${atOnceMax} notes, files and folders are not moved or deleted at once: it is done whole or not at all. Take what lies in this folder one by one.`,
    );
  // In one order, so that of two who do this at once neither waits for the other in a circle.
  return { path, isFolder, contents: contents.toSorted((one, other) => (one.path < other.path ? -1 : 1)), places };
}

/** What a change of many things goes with. */
export interface Together {
  readonly tx: Tx;
  readonly call: DavCall;
  readonly deps: Pick<WebdavDeps, 'vaultFiles'>;
  readonly gathered: Gathered;
}

/** Removes what lies at a path, whole or not at all. */
export async function removeTree({ tx, call, deps, gathered }: Together, { path, isFolder, contents, places }: Tree): Promise<void> {
  const { keys, principal, now } = call;
  for (const content of contents)
    try {
      const change = { path: content.path, author: principal.actor, at: now, gathered, ifMatch: isFolder ? undefined : content.etag };
      if (content.kind === 'file') await deps.vaultFiles.removeIn(tx, keys, change);
      else await deleteNote(tx, keys, { ...change, trusted: true });
    } catch (error) {
      // Somebody else was faster; of a folder that is what was wanted.
      const isGone = isFactotumError(error, 'vault.not_found') || isFactotumError(error, 'file.not_found');
      if (!isFolder || !isGone) throw error;
    }
  for (const place of places) await removePlace(tx, keys, place.path);
  await removeLocksBelow(tx, call, path);
  // The folder that it lay in stays, though it may be empty now.
  await keepFolder(tx, call, parentOf(path));
}

/** Locks stay behind with the address (RFC 4918, 7.5), where nothing lies any more. */
export async function removeLocksBelow(tx: Tx, { keys, now }: Pick<DavCall, 'keys' | 'now'>, path: string): Promise<void> {
  const left = (await listLocks(tx, keys, now)).filter((lock) => lock.path === path || lock.path.startsWith(`${path}/`));
  await removeLocks(
    tx,
    keys,
    left.map(({ token }) => token),
  );
}

/** Writes down that there is a folder, so that it outlives what lies in it. */
export async function keepFolder(tx: Tx, { keys, now }: Pick<DavCall, 'keys' | 'now'>, path: string): Promise<void> {
  if (path === '') return;
  const place = await findPlace(tx, keys, path);
  if (place?.isFolder !== true) await putPlace(tx, keys, { path, isFolder: true, properties: place?.properties ?? {} }, now);
}

/** What a write is to hold to once more when it happens: what was just found to be there. */
function conditionsOf({ headers }: Request, resource: Resource | null): { ifMatch?: string; ifNoneMatch?: '*' } {
  const etag = etagIn(resource);
  if ((headers.has('if-match') || headers.has('if') || headers.has('if-unmodified-since')) && etag !== null) return { ifMatch: etag };
  return headers.get('if-none-match')?.trim() === '*' ? { ifNoneMatch: '*' } : {};
}

const isUnconditional = ({ headers }: Request): boolean =>
  !['if-match', 'if', 'if-none-match', 'if-unmodified-since'].some((name) => headers.has(name));

const stored = (isNew: boolean, etag: string): Response =>
  new Response(null, { status: isNew ? 201 : 204, headers: etag === '' ? {} : { etag: `"${etag}"` } });

function isText(bytes: Uint8Array): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0');
  } catch {
    return false;
  }
}

/** Reads on while it is no more than that. `whole` is null for more; `all` is then the rest behind what was read. */
async function takeUpTo(
  body: AsyncGenerator<Uint8Array>,
  bytesMax: number,
): Promise<{ whole: Buffer | null; all: () => AsyncGenerator<Uint8Array> }> {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  let next = await body.next();
  for (; next.done !== true; next = await body.next()) {
    taken.push(next.value);
    bytes += next.value.length;
    if (bytes > bytesMax) break;
  }
  return {
    whole: next.done === true ? Buffer.concat(taken) : null,
    async *all() {
      yield* taken;
      yield* body;
    },
  };
}

/** The body as it comes; one that breaks off says so in our words. */
async function* piecesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new FactotumError('request.invalid', 'The body broke off before its end. Send it again.', { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    // What still comes after a refusal is for the server to drop; nobody waits for it.
    void reader.cancel().catch(() => undefined);
  }
}
