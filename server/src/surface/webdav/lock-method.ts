import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { listLocks, putLock, removeLocks, type VaultLock, writeNote } from '#trust/vault';
import type { IfHeader } from './if-header.ts';
import { locksBelow, locksOn } from './locks.ts';
import { xmlResponse } from './multistatus.ts';
import { activeLock } from './propfind.ts';
import { typeOf } from './read.ts';
import { Refusal } from './refusal.ts';
import { hasParent, isProtected } from './view.ts';
import { requireWritable, type Target } from './write.ts';
import { childOf, dav, elementsIn, escapeXml, readXml, writeXml, type XmlElement } from './xml.ts';

const secondsDefault = 600;
const secondsMax = 3_600;
const ownerCharsMax = 1_000;

/** LOCK: takes a lock, or with an empty body holds one on. What is not there yet is made, empty. */
export async function takeLock(target: Target, ifHeader: IfHeader, body: Uint8Array): Promise<Response> {
  const { call, path, resource } = target;
  const { keys, now, request, principal } = call;
  const locks = await call.inTenant((tx) => listLocks(tx, keys, now));
  const expiresAt = new Date(now.getTime() + timeoutIn(request.headers.get('timeout')) * 1_000);
  if (body.length === 0) {
    const held = locksOn(locks, path).find((lock) => ifHeader.tokens.has(lock.token) && lock.actor === principal.actor);
    if (held === undefined) throw new Refusal(412, 'Name in If the lock that is to be held on.', 'lock-token-matches-request-uri');
    const renewed = { ...held, expiresAt };
    await call.inTenant((tx) => putLock(tx, keys, renewed, now));
    return discovered(200, renewed, now);
  }
  if (path === '' || isProtected(path)) throw new Refusal(403, 'This place is written by Factotum, which heeds no locks.');
  const wanted = readLockInfo(body);
  const depth = request.headers.get('depth')?.trim().toLowerCase() ?? 'infinity';
  if (depth !== '0' && depth !== 'infinity') throw new Refusal(400, 'Depth is 0 or infinity.');
  const isDeep = depth === 'infinity';
  const others = [...locksOn(locks, path), ...(isDeep ? locksBelow(locks, path) : [])];
  if (others.some((lock) => !lock.isShared || !wanted.isShared))
    throw new Refusal(423, 'Somebody has locked this already.', 'no-conflicting-lock');
  if (resource === null) await makeEmpty(target);
  const lock: VaultLock = { token: `urn:uuid:${randomUUID()}`, actor: principal.actor, path, isDeep, expiresAt, ...wanted };
  await call.inTenant((tx) => putLock(tx, keys, lock, now));
  return discovered(resource === null ? 201 : 200, lock, now);
}

/** UNLOCK. */
export async function giveLockBack({ call, path }: Target): Promise<Response> {
  const { keys, now, request, principal } = call;
  // Some clients leave the brackets of RFC 4918, 10.5, out.
  const token = /^<?([^<>\s]+)>?$/.exec(request.headers.get('lock-token')?.trim() ?? '')?.[1];
  if (token === undefined) throw new Refusal(400, 'Name the lock in Lock-Token.');
  const locks = await call.inTenant((tx) => listLocks(tx, keys, now));
  const lock = locksOn(locks, path).find((one) => one.token === token);
  if (lock === undefined) throw new Refusal(409, 'There is no such lock here.', 'lock-token-matches-request-uri');
  if (lock.actor !== principal.actor) throw new Refusal(403, 'This lock is somebody else’s.');
  await call.inTenant((tx) => removeLocks(tx, keys, [token]));
  return new Response(null, { status: 204 });
}

async function makeEmpty({ call, deps, view, path }: Target): Promise<void> {
  requireWritable(view, path);
  if (!(await hasParent(view, path))) throw new Refusal(409, 'Make the folder first that this is to lie in.');
  const { keys, principal, now } = call;
  const change = { path, author: principal.actor, at: now, ifNoneMatch: '*' } as const;
  if (typeOf(path).startsWith('text/')) await call.inTenant((tx) => writeNote(tx, keys, { ...change, content: '', trusted: true }));
  else await deps.vaultFiles.write(principal.tenantId, change, nothing(), 0);
}

const nothing = (): AsyncIterable<Uint8Array> => Readable.from([], { objectMode: false });

function readLockInfo(body: Uint8Array): Pick<VaultLock, 'isShared' | 'owner'> {
  const root = readXml(body);
  const scope = childOf(root, 'lockscope');
  const type = childOf(root, 'locktype');
  if (
    root.namespace !== dav ||
    root.name !== 'lockinfo' ||
    scope === undefined ||
    type === undefined ||
    childOf(type, 'write') === undefined
  )
    throw new Refusal(400, 'The body is a lockinfo for a write lock.');
  const isShared = childOf(scope, 'shared') !== undefined;
  if (!isShared && childOf(scope, 'exclusive') === undefined) throw new Refusal(400, 'A lock is exclusive or shared.');
  const owner = ownerIn(childOf(root, 'owner'));
  if (owner.length > ownerCharsMax) throw new Refusal(400, 'The owner is too long.');
  return { isShared, owner };
}

const ownerIn = (owner: XmlElement | undefined): string =>
  owner === undefined
    ? ''
    : elementsIn(owner).length > 0
      ? elementsIn(owner).map(writeXml).join('')
      : escapeXml(
          owner.children
            .filter((child) => typeof child === 'string')
            .join('')
            .trim(),
        );

/** The first of the times that a client would take, as far as we grant it. */
function timeoutIn(header: string | null): number {
  const seconds = /Second-(\d{1,10})/i.exec(header ?? '')?.[1];
  if (seconds !== undefined) return Math.min(Math.max(Number(seconds), 1), secondsMax);
  return /infinite/i.test(header ?? '') ? secondsMax : secondsDefault;
}

const discovered = (status: number, lock: VaultLock, now: Date): Response =>
  xmlResponse(status, `<d:prop xmlns:d="DAV:"><d:lockdiscovery>${activeLock(lock, now)}</d:lockdiscovery></d:prop>`, {
    'lock-token': `<${lock.token}>`,
  });
