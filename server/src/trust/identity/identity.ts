import { type Clock, FactotumError, type Id } from '#kernel';
import { createActivity } from './activity.ts';
import { type ApiKey, createApiKey, listApiKeys, type MadeKey, type NewApiKey } from './api-key.ts';
import { type Auth, type AuthDeps, createAuth, keyConfiguration, sessionLife } from './auth.ts';
import { type Caller, exchangeLink, handle, signOut } from './http.ts';
import { createKeyCheck } from './key-check.ts';
import { createMachines, keyPrincipal, type Machines } from './machine/machines.ts';
import { isSameOrigin, type RequestHead } from './origin.ts';
import { permissionsOf } from './permissions.ts';
import type { OperatorPerson, PersonSession, Principal } from './principal.ts';
import { listenForRevocations } from './revocations.ts';
import { readOrMakeSecret } from './secret.ts';
import { newLink } from './sign-in.ts';
import {
  type AuthDb,
  authDb,
  deleteExpiredLinks,
  findOperatorSession,
  findOwner,
  findSession,
  listTenants,
  removeTenant,
  revokeKey,
} from './store.ts';
import { createTenantOwner, findTenant, type TenantName, type TenantOwner } from './tenant-owner.ts';

export interface IdentityDeps extends AuthDeps {
  /** Where the secret for cookies is kept, below the data folder's keys; made at the first start. */
  readonly secretFile: string;
}

/** A session that has begun or ended: what to answer (204 with cookies), and what to write into the audit log. */
export interface SessionChange {
  readonly response: Response;
  readonly sessionId: Id<'session'>;
  readonly principal: Principal;
}

export interface Identity {
  /** Begins to hear of revocations elsewhere and to write last use. */
  start(): Promise<void>;
  /** Call it before the database is closed: it gives its connection back and writes what is pending. */
  stop(): Promise<void>;

  /** Answers the open `/api/auth` paths; `request.not_found` for all others. */
  handle(request: Request, caller: Caller): Promise<Response>;
  /** Whether the request may use the browser's cookie. Ask before acting on a principal found by cookie; also at a WebSocket upgrade. */
  sameOrigin(request: RequestHead): boolean;
  /** Who sends these headers: by `Authorization: Bearer fct_..` if there is that header, else by session cookie; null when nobody known. */
  principalOf(headers: Headers): Promise<Principal | null>;

  /** Who operates the installation and sends these headers, by session cookie; null for everybody else. */
  operatorOf(headers: Headers): Promise<OperatorPerson | null>;

  createTenantOwner(owner: TenantOwner): Promise<Id<'user'>>;
  /** Undoes `createTenantOwner` after a failed provisioning; also takes the tenant's keys, sessions and links. */
  removeTenantOwner(tenantId: Id<'tenant'>): Promise<void>;
  /** By name. */
  listTenants(): Promise<readonly TenantName[]>;
  findTenant(nameOrId: string): Promise<TenantName | null>;

  /** The token of a link that signs the tenant's owner in, once, within 15 minutes. Put it into the fragment of a URL. */
  createSignInLink(tenantId: Id<'tenant'>): Promise<string>;
  exchangeSignInLink(token: string, request: RequestHead, caller: Caller): Promise<SessionChange>;
  /** Ends the cookie's session; null when there was none. The response clears the cookie either way. */
  endSession(request: RequestHead, caller: Caller): Promise<{ response: Response; ended: Omit<SessionChange, 'response'> | null }>;

  createApiKey(input: NewApiKey): Promise<MadeKey>;
  /** Newest first; with `before`, those made before that one. */
  listApiKeys(tenantId: Id<'tenant'>, page?: { readonly before?: string | undefined; readonly limit?: number }): Promise<readonly ApiKey[]>;
  /** False when the tenant has no such key or it is revoked already. Other processes refuse it within a moment, five seconds at most. */
  revokeApiKey(tenantId: Id<'tenant'>, id: Id<'apiKey'>): Promise<boolean>;
  readonly machines: Machines;
}

/** @throws FactotumError `key.unavailable` when the secret cannot be used. */
export async function createIdentity(deps: IdentityDeps): Promise<Identity> {
  const auth = createAuth(deps, await readOrMakeSecret(deps.secretFile));
  const db = authDb(deps.auth);
  const context = { auth, db, clock: deps.clock, publicOrigins: deps.publicOrigins };
  const keys = createKeyCheck(context);
  const activity = createActivity({ db, clock: deps.clock, log: deps.log });
  const revocations = listenForRevocations(deps, { onRevoked: keys.forget, onGap: keys.forgetAll });

  const principalOf = async (headers: Headers): Promise<Principal | null> => {
    const authorization = headers.get('authorization');
    if (authorization === null) {
      const session = await findCurrentSession(context, headers);
      if (session) activity.sessionUsed(session.sessionId);
      return session?.principal ?? null;
    }
    const key = await keys.check(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
    if (!key) return null;
    activity.keyUsed(key.id);
    return keyPrincipal(key);
  };

  return {
    start: async () => {
      await revocations.start();
      activity.start();
    },
    stop: async () => {
      revocations.stop();
      await activity.stop();
    },
    handle: (request, caller) => handle(context, request, caller),
    sameOrigin: (request) => isSameOrigin(request, deps.publicOrigins()),
    principalOf,
    operatorOf: async (headers) => {
      const operator = headers.has('authorization') ? null : await findOperator(context, headers);
      if (operator) activity.sessionUsed(operator.session.id);
      return operator;
    },
    createTenantOwner: (owner) => createTenantOwner(context, owner),
    removeTenantOwner: async (tenantId) => {
      await removeTenant(db, tenantId);
      keys.forgetAll();
    },
    listTenants: () => listTenants(db),
    findTenant: (nameOrId) => findTenant(db, nameOrId),
    createSignInLink: (tenantId) => createSignInLink(context, tenantId),
    exchangeSignInLink: async (token, request, caller) => {
      const cookies = (await exchangeLink(context, token, request, caller)).headers.getSetCookie();
      const sent = new Headers({ cookie: cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ') });
      const session = await findCurrentSession(context, sent);
      if (!session) throw new FactotumError('auth.link_invalid', 'This sign-in link belongs to somebody who is no longer a member.');
      return { response: noContent(cookies), ...session };
    },
    endSession: async (request, caller) => {
      const ended = await findCurrentSession(context, request.headers);
      const answer = await signOut(context, request, caller);
      return { response: noContent(answer.headers.getSetCookie()), ended };
    },
    createApiKey: (input) => createApiKey(context, input),
    listApiKeys: (tenantId, page) => listApiKeys(context, tenantId, page),
    revokeApiKey: async (tenantId, id) => {
      const revoked = await revokeKey(db, tenantId, keyConfiguration, id, deps.clock.now());
      keys.forget(id);
      return revoked !== undefined;
    },
    machines: createMachines(context, keys),
  };
}

/** The session of a signed cookie, with what its user is in its tenant at this moment. One query, nothing cached: who is removed is out. */
async function findCurrentSession({ auth, db, clock }: { auth: Auth; db: AuthDb; clock: Clock }, headers: Headers) {
  const token = await sessionTokenOf(auth, headers);
  const found = token === null ? undefined : await findSession(db, token);
  if (!found || isOver(found, clock.now())) return null;
  const { sessionId, userId, tenantId, name, email } = found;
  const principal: Principal = {
    kind: 'user',
    actor: `user:${userId}`,
    tenantId,
    permissions: permissionsOf(found.role.split(','), found.granted ?? []),
    name,
    email,
    allowedAddresses: found.allowedAddresses ?? [],
    session: personSession(found),
  };
  return { sessionId, principal };
}

/** The session of somebody who operates the installation, by the same cookie. */
async function findOperator(
  { auth, db, clock }: { auth: Auth; db: AuthDb; clock: Clock },
  headers: Headers,
): Promise<OperatorPerson | null> {
  const token = await sessionTokenOf(auth, headers);
  const found = token === null ? undefined : await findOperatorSession(db, token);
  if (!found || isOver({ ...found, sessionIdleMinutes: null, sessionAbsoluteHours: null }, clock.now())) return null;
  return { kind: 'operator', actor: `operator:${found.userId}`, name: found.name, email: found.email, session: personSession(found) };
}

async function sessionTokenOf(auth: Auth, headers: Headers): Promise<string | null> {
  return headers.has('cookie') ? auth.api.readSessionToken({ headers }) : null;
}

interface SessionTimes {
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly sessionIdleMinutes: number | null;
  readonly sessionAbsoluteHours: number | null;
}

/** The row says both ends already; the absolute one is looked at again, as it must hold whatever slid the first. A tenant may ask for shorter ones. */
function isOver({ createdAt, updatedAt, expiresAt, sessionIdleMinutes, sessionAbsoluteHours }: SessionTimes, now: Date): boolean {
  const absoluteMs = Math.min(sessionLife.absoluteMs, (sessionAbsoluteHours ?? Number.POSITIVE_INFINITY) * 3_600_000);
  const idleMs = (sessionIdleMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
  return expiresAt <= now || createdAt.getTime() + absoluteMs <= now.getTime() || updatedAt.getTime() + idleMs <= now.getTime();
}

function personSession(found: {
  sessionId: Id<'session'>;
  userId: Id<'user'>;
  method: string;
  createdAt: Date;
  stepUpAt: Date | null;
}): PersonSession {
  const { sessionId: id, userId, method, createdAt: startedAt, stepUpAt } = found;
  return { id, userId, method, startedAt, provenAt: stepUpAt ?? startedAt };
}

async function createSignInLink({ auth, db, clock }: { auth: Auth; db: AuthDb; clock: Clock }, tenantId: Id<'tenant'>): Promise<string> {
  const owner = await findOwner(db, tenantId);
  if (!owner) throw new FactotumError('tenant.not_found', 'There is no such tenant, or it has no owner.');
  const { internalAdapter } = await auth.$context;
  await deleteExpiredLinks(db, clock.now());
  const { token, kept } = newLink({ userId: owner.userId, tenantId }, clock);
  await internalAdapter.createVerificationValue(kept);
  return token;
}

function noContent(cookies: readonly string[]): Response {
  const response = new Response(null, { status: 204 });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}
