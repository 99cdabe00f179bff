import { isIP } from 'node:net';
import { type Clock, FactotumError, type Id } from '#kernel';
import type { Auth } from '../auth.ts';
import { type Current, findAnyCurrent, isMethodTaken } from '../current-session.ts';
import type { Caller } from '../http.ts';
import type { RequestHead } from '../origin.ts';
import type { OperatorPerson, Principal } from '../principal.ts';
import type { AuthDb } from '../store.ts';
import { deleteExpiredSessions, deleteSession, findSessionRules, setLastTenant } from './session-store.ts';

/** A session that has begun: what to answer (204 with cookies), and what to write into the audit log. */
export interface SessionChange<P extends Principal | OperatorPerson = Principal | OperatorPerson> extends Current<P> {
  readonly response: Response;
}

/** Who has proved to be whom, how, and where to. */
export interface Proven {
  readonly userId: Id<'user'>;
  /** Null: an operator, outside all tenants. */
  readonly tenantId: Id<'tenant'> | null;
  /** `link`, `password`, `passkey`, `invitation`, or `sso:` and the provider's id. */
  readonly method: string;
  /** What they proved it with besides, or null. */
  readonly secondFactor?: 'totp' | 'recovery' | 'passkey' | 'operator' | null;
}

interface Context {
  readonly auth: Auth;
  readonly db: AuthDb;
  readonly clock: Clock;
}

/**
 * Begins the session of somebody whose proof has been checked. The browser's earlier session ends, and the new one's token is new:
 * a session that was planted is never the one that is signed in.
 *
 * @throws FactotumError `auth.failed` when they are no member of the tenant (or no operator) any more, `auth.sso_required`.
 */
export async function beginSession(context: Context, proven: Proven, request: RequestHead, caller: Caller): Promise<SessionChange> {
  const { auth, db } = context;
  const { userId, tenantId, method, secondFactor = null } = proven;
  if (tenantId !== null) {
    const rules = await findSessionRules(db, userId, tenantId);
    if (rules === undefined) throw noPlace();
    if (!isMethodTaken({ ...rules, userId, method })) throw ssoRequired();
  }
  const { headers, response } = await auth.api.openSession({
    headers: new Headers({ cookie: request.headers.get('cookie') ?? '' }),
    body: {
      userId,
      tenantId,
      method,
      secondFactor,
      address: caller.address !== undefined && isIP(caller.address) !== 0 ? caller.address : '',
      userAgent: (request.headers.get('user-agent') ?? '').slice(0, 400),
    },
    returnHeaders: true,
  });
  const cookies = headers.getSetCookie();
  const current = await findAnyCurrent(context, sentBack(cookies));
  if (current === null) {
    await deleteSession(db, response.sessionId);
    throw noPlace();
  }
  if (tenantId !== null) await setLastTenant(db, userId, tenantId);
  await deleteExpiredSessions(db, userId, context.clock.now());
  return { response: noContent(cookies), ...current };
}

/** The headers of a browser that was given these cookies. */
export const sentBack = (cookies: readonly string[]) =>
  new Headers({ cookie: cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ') });

/** 204, with these cookies. */
export function noContent(cookies: readonly string[]): Response {
  const response = new Response(null, { status: 204 });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}

const noPlace = () => new FactotumError('auth.failed', 'There is no tenant that you are a member of.');
export const ssoRequired = () =>
  new FactotumError('auth.sso_required', 'This tenant signs in through its identity provider only. Choose it on the sign-in page.');
