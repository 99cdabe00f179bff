import { FactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Permission, Principal } from '#trust/identity';
import { listLocks } from '#trust/vault';
import type { DavCall, WebdavDeps } from './call.ts';
import { requireConditions } from './condition.ts';
import { readIfHeader } from './if-header.ts';
import { giveLockBack, takeLock } from './lock-method.ts';
import { requireTokens, type Touched } from './locks.ts';
import { destinationIn, pathIn } from './name.ts';
import { findProperties } from './propfind.ts';
import { changeProperties } from './proppatch.ts';
import { readContent } from './read.ts';
import { Refusal, refusalResponse } from './refusal.ts';
import { createSeen } from './seen.ts';
import { transfer } from './transfer.ts';
import { openView } from './view.ts';
import { makeFolder, putContent, removeContent, type Target } from './write.ts';
import { xmlBytesMax } from './xml.ts';

const methods = ['OPTIONS', 'GET', 'HEAD', 'PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'PROPFIND', 'PROPPATCH', 'LOCK', 'UNLOCK'] as const;
type Method = (typeof methods)[number];
const isMethod = (name: string): name is Method => methods.some((method) => method === name);

/** What the answer to OPTIONS says: classes 1 and 2 of RFC 4918. */
const abilities = { dav: '1, 2', allow: methods.join(', '), 'ms-author-via': 'DAV', 'cache-control': 'no-store' };

const readers: ReadonlySet<string> = new Set(['OPTIONS', 'GET', 'HEAD', 'PROPFIND']);

/** What a request needs, before it is looked at any further. A decision by a move needs `approval:decide` besides. */
export const permissionFor = (method: string): Permission => (readers.has(method) ? 'vault:read' : 'vault:write');

/** A request of somebody who has been let in. */
export interface WebdavRequest {
  readonly request: Request;
  readonly principal: Principal;
  readonly requestId: string;
}

export type Webdav = ReturnType<typeof createWebdav>;

/** The vault as a WebDAV server shows it: notes, files, and what is drawn from tasks and approvals. */
export function createWebdav(deps: WebdavDeps) {
  const seen = createSeen();

  async function answer({ request, principal, requestId }: WebdavRequest): Promise<Response> {
    const { method } = request;
    if (!isMethod(method)) throw new FactotumError('request.method_not_allowed', `This address takes ${abilities.allow}.`);
    if (method === 'OPTIONS') return new Response(null, { status: 200, headers: abilities });
    const { tenantId } = principal;
    const path = pathIn(new URL(request.url).pathname);
    const keys = await deps.keysOf(tenantId);
    const inTenant: DavCall['inTenant'] = (work) => withTenant(deps.database.app.db, tenantId, work);
    const call: DavCall = { request, path, principal, requestId, now: deps.clock.now(), keys, inTenant };
    // What is asked for is looked at before anything of it is answered, so that a refusal comes before two gigabytes are sent.
    const xml = method === 'PROPFIND' || method === 'PROPPATCH' || method === 'LOCK' ? await readSmall(request) : new Uint8Array();
    if (method === 'MKCOL' && (await readSmall(request)).length > 0) throw new Refusal(415, 'A folder is made without a body.');
    const view = await openView(call, deps);
    const resource = await view.find(path);
    const ifHeader = readIfHeader(request.headers.get('if'));
    const target: Target = { call, deps, view, path, resource, seen };
    if (method === 'GET' || method === 'HEAD') {
      await requireConditions(request, { path, resource, view, locks: [], ifHeader: { lists: [], tokens: new Set() } });
      return readContent(call, deps, resource, seen);
    }
    if (method === 'PROPFIND') return findProperties(call, view, resource, xml);
    if (method === 'UNLOCK') return giveLockBack(target);
    const locks = await inTenant((tx) => listLocks(tx, keys, call.now));
    await requireConditions(request, { path, resource, view, locks, ifHeader });
    const held = { tokens: ifHeader.tokens, actor: principal.actor };
    const touching = (...touched: Touched[]) => requireTokens(locks, touched, held);
    switch (method) {
      case 'LOCK':
        if (resource === null) touching({ path, comesOrGoes: true });
        return takeLock(target, ifHeader, xml);
      case 'PROPPATCH':
        touching({ path, comesOrGoes: false });
        return changeProperties(call, view, resource, xml);
      case 'PUT':
        touching({ path, comesOrGoes: resource === null });
        return putContent(target);
      case 'MKCOL':
        touching({ path, comesOrGoes: true });
        return makeFolder(target);
      case 'DELETE':
        touching({ path, comesOrGoes: true });
        return removeContent(target);
      case 'COPY':
      case 'MOVE': {
        const to = destinationIn(request);
        const there = await view.find(to);
        if (method === 'MOVE') touching({ path, comesOrGoes: true });
        touching({ path: to, comesOrGoes: true });
        return transfer(target, to, there);
      }
      default:
        return method satisfies never;
    }
  }

  return {
    /** Answers every request; failures too, in the protocol's own words. */
    async handle(call: WebdavRequest): Promise<{ response: Response; failure: FactotumError | null }> {
      try {
        return { response: await answer(call), failure: null };
      } catch (error) {
        if (error instanceof Refusal || error instanceof FactotumError)
          return { response: refusalResponse(error), failure: error instanceof FactotumError ? error : null };
        throw error;
      }
    },
  };
}

async function readSmall(request: Request): Promise<Uint8Array> {
  const tooLarge = () => new Refusal(413, `The body may have ${xmlBytesMax} bytes here.`);
  if (Number(request.headers.get('content-length') ?? 0) > xmlBytesMax) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body ?? []) {
    bytes += piece.length;
    if (bytes > xmlBytesMax) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
