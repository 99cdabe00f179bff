import { isIP } from 'node:net';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { type Auth, clientAddressHeader } from './auth.ts';
import { isFromForeignPage, isSameOrigin, type RequestHead } from './origin.ts';
import { exchangePath, type Link, linkSchema } from './sign-in/plugin.ts';

/** What the socket knows about who calls. Limits count per address, so it never comes from a header that the client wrote. */
export interface Caller {
  /** IPv4 or IPv6; undefined on a local socket. */
  readonly address: string | undefined;
}

const basePath = '/api/auth';

/** All of better-auth that is open: everything else is served by our own routes or not at all. */
const openPaths: Readonly<Record<string, 'GET' | 'POST'>> = {
  [`${basePath}/get-session`]: 'GET',
  [`${basePath}/sign-out`]: 'POST',
};

interface Context {
  readonly auth: Auth;
  readonly publicOrigins: () => readonly string[];
}

/**
 * Answers the listed `/api/auth` paths.
 *
 * @throws FactotumError `request.not_found` for every other path or method, `request.foreign_origin`, `quota.exceeded` (`details.retryAfterSeconds`).
 */
export async function handle({ auth, publicOrigins }: Context, request: Request, caller: Caller): Promise<Response> {
  const { pathname } = new URL(request.url);
  // Compared as it came: an escaped, doubled or trailing slash is another path.
  if (!Object.hasOwn(openPaths, pathname) || openPaths[pathname] !== request.method)
    throw new FactotumError('request.not_found', 'There is nothing at this address.');
  if (!isSameOrigin(request, publicOrigins())) throw foreignOrigin();
  const answer = await pass(auth, pathname, request, caller);
  return pathname.endsWith('/get-session') && answer.ok ? withoutToken(answer) : answer;
}

/**
 * Uses a sign-in link up. Nobody is signed in by that yet.
 *
 * @throws FactotumError `auth.link_invalid` (used, expired, unknown), `request.foreign_origin`, `quota.exceeded`.
 */
export async function takeLink({ auth, publicOrigins }: Context, token: string, request: RequestHead, caller: Caller): Promise<Link> {
  refuseForeignPage(request, publicOrigins());
  const answer = await pass(auth, `${basePath}${exchangePath}`, { method: 'POST', headers: request.headers }, caller, { token });
  switch (answer.status) {
    case 200:
      return linkSchema.parse(await answer.json());
    case 401:
      throw linkInvalid();
    case 403:
      throw foreignOrigin();
    default:
      throw new FactotumError('server.fault', 'Signing in failed on our side.', { cause: new Error(`identity answered ${answer.status}`) });
  }
}

export const linkInvalid = () =>
  new FactotumError('auth.link_invalid', 'This sign-in link is used, expired or unknown. Ask for a new one.');

/** For signing in, where there is no cookie yet that a check could hang on. @throws FactotumError `request.foreign_origin`. */
export function refuseForeignPage(request: RequestHead, publicOrigins: readonly string[]): void {
  if (isFromForeignPage(request, publicOrigins)) throw foreignOrigin();
}

/** Ends the session of the request's cookie, if it has one. */
export async function signOut({ auth, publicOrigins }: Context, request: RequestHead, caller: Caller): Promise<Response> {
  if (!isSameOrigin(request, publicOrigins())) throw foreignOrigin();
  const answer = await pass(auth, `${basePath}/sign-out`, { method: 'POST', headers: request.headers }, caller);
  if (!answer.ok)
    throw new FactotumError('server.fault', 'Signing out failed on our side.', { cause: new Error(`identity answered ${answer.status}`) });
  return answer;
}

/** Hands a request on to better-auth, with the headers that it is to see and nothing of the body that came. */
async function pass(auth: Auth, path: string, { method, headers }: RequestHead, caller: Caller, body?: object): Promise<Response> {
  const passed = new Headers();
  for (const name of ['cookie', 'origin', 'referer', 'user-agent', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  if (caller.address !== undefined && isIP(caller.address) !== 0) passed.set(clientAddressHeader, caller.address);
  if (body !== undefined) passed.set('content-type', 'application/json');
  const { baseURL } = await auth.$context;
  const answer = await auth.handler(
    new Request(new URL(path, baseURL), { method, headers: passed, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
  );
  if (answer.status !== 429) return answer;
  const retryAfterSeconds = Number(answer.headers.get('x-retry-after') ?? 60);
  throw new FactotumError('quota.exceeded', `Too many requests from your address. Try again in ${retryAfterSeconds} s.`, {
    details: { retryAfterSeconds },
  });
}

const sessionAnswerSchema = z.looseObject({ session: z.looseObject({ token: z.unknown().optional() }) }).nullable();

/** The session's token is for the cookie alone, where scripts cannot read it. */
async function withoutToken(answer: Response): Promise<Response> {
  const body = sessionAnswerSchema.parse(await answer.json());
  if (body) delete body.session.token;
  return new Response(JSON.stringify(body), { status: answer.status, headers: answer.headers });
}

const foreignOrigin = () => new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
