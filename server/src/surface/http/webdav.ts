import type { Context } from 'hono';
import { FactotumError, isFactotumError } from '#kernel';
import { basePath, createWebdav, permissionFor, refusalResponse } from '#surface/webdav';
import type { Principal } from '#trust/identity';
import type { HttpDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import { namedFailure } from './problem.ts';
import { addressOf, type RateLimit } from './rate-limit.ts';
import type { App, Env } from './route.ts';

type Deps = HttpDeps & { readonly gate: Gate; readonly rateLimit: RateLimit };

/** Obsidian, on computers, on iPhones and on Android: what it fetches directly it fetches as a page of one of these. */
const pages: ReadonlySet<string> = new Set(['app://obsidian.md', 'capacitor://localhost', 'http://localhost']);

const allowedHeaders =
  'authorization, content-type, content-range, depth, destination, if, if-match, if-none-match, if-modified-since, if-unmodified-since, lock-token, overwrite, range, timeout, x-requested-with';
const allowedMethods = 'GET, HEAD, PUT, DELETE, OPTIONS, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK';
const exposedHeaders = 'allow, content-length, content-range, dav, etag, last-modified, lock-token, www-authenticate';

/**
 * The vault over WebDAV. Whoever asks sends a token with each request: that of a device, as a password or as a bearer token, or an API key.
 * Cookies count for nothing here, so no page can use somebody's session.
 */
export function addWebdav(app: App, deps: Deps): void {
  const webdav = createWebdav({ ...deps, keysOf: deps.keyring.of, trees: deps.vaultTrees });
  const handle = async (c: Context<Env>): Promise<Response> => {
    c.set('route', `${basePath}/*`);
    const { raw: request } = c.req;
    const origin = request.headers.get('origin');
    try {
      if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {
        await deps.rateLimit.address(c, 'read');
        return withOrigin(new Response(null, { status: 204 }), origin);
      }
      const principal = await enter(c, deps);
      const { response, failure } = await webdav.handle({ request, principal, requestId: c.var.requestId });
      if (failure !== null && failure.status >= 500) report(deps, failure, c);
      return withOrigin(response, origin);
    } catch (error) {
      const failure = namedFailure(error);
      if (failure.status >= 500) report(deps, failure, c);
      return withOrigin(refusalResponse(failure), origin);
    }
  };
  app.all(basePath, handle);
  app.all(`${basePath}/*`, handle);
}

/** Who asks, and whether they may: by the gate that everybody goes through. */
async function enter(c: Context<Env>, { identity, rateLimit, gate, clientAddress }: Deps): Promise<Principal> {
  const { raw: request } = c.req;
  const access = permissionFor(request.method);
  const rateClass = access === 'vault:read' ? 'read' : 'write';
  await rateLimit.address(c, rateClass);
  const origin = request.headers.get('origin');
  if (origin !== null && !pages.has(origin) && new URL(request.url).origin !== origin)
    throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
  const known = c.env?.principal ?? (await identity.principalOf(new Headers({ authorization: `Bearer ${tokenIn(request)}` })));
  if (known === null) throw new FactotumError('auth.required', 'Send the token of a device as the password. Add one under your account.');
  await rateLimit.requester(c, rateClass, known);
  return gate.enter(request, { access }, { requestId: c.var.requestId, address: addressOf(c, clientAddress), known });
}

/** The token in an Authorization header: behind Bearer, or as the password of Basic, whatever name stands before it (RFC 7617). */
function tokenIn(request: Request): string {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (scheme.toLowerCase() !== 'basic') return credentials;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const password = pair.slice(pair.indexOf(':') + 1);
  return /^[\x21-\x7e]+$/.test(password) ? password : '';
}

/** Lets Obsidian's pages read the answer, and nobody else's. */
function withOrigin(response: Response, origin: string | null): Response {
  if (origin === null || !pages.has(origin)) return response;
  const { headers } = response;
  headers.set('access-control-allow-origin', origin);
  headers.append('vary', 'origin');
  headers.set('access-control-allow-methods', allowedMethods);
  headers.set('access-control-allow-headers', allowedHeaders);
  headers.set('access-control-expose-headers', exposedHeaders);
  headers.set('access-control-max-age', '600');
  return response;
}

function report({ log }: Pick<HttpDeps, 'log'>, failure: FactotumError, c: Context<Env>): void {
  const level = failure.status === 500 ? 'error' : 'warn';
  if (!isFactotumError(failure, 'storage.full')) log[level]({ err: failure, requestId: c.var.requestId }, 'a WebDAV request failed');
}
