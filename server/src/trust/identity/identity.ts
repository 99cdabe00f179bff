import { type Clock, FactotumError, type Id } from '#kernel';
import type { KeyFiles } from '#trust/key';
import { type Account, createAccount } from './account/account.ts';
import { createActivity, isNobodyThere } from './activity.ts';
import { type ApiKey, createApiKey, listApiKeys, type MadeKey, type NewApiKey } from './api-key.ts';
import { type Auth, type AuthDeps, createAuth, keyConfiguration } from './auth.ts';
import { findAnyCurrent, findCurrentSession, findOperator } from './current-session.ts';
import { whoMayDecide } from './deciders.ts';
import { createDevices, type Devices } from './device/device-token.ts';
import { forgetTenant } from './forget-tenant.ts';
import { type Caller, handle, signOut } from './http.ts';
import { createKeyCheck } from './key-check.ts';
import { createMachines, keyPrincipal, type Machines } from './machine/machines.ts';
import { createMembership, type Membership } from './member/membership.ts';
import { createOperators, type Operators } from './operator/operators.ts';
import { isFromForeignPage, isSameOrigin, type RequestHead } from './origin.ts';
import type { OperatorPerson, Principal } from './principal.ts';
import { listenForRevocations } from './revocations.ts';
import { createScim, type Scim } from './scim/scim.ts';
import { readOrMakeSecret } from './secret.ts';
import { beginSession, noContent, type Proven, type SessionChange } from './sign-in/begin.ts';
import { keepLink } from './sign-in/mail-link.ts';
import { createSignIn, type SignIn } from './sign-in/people.ts';
import { createPersonSecrets } from './sign-in/person-secrets.ts';
import { findMemberByEmail } from './sign-in/person-store.ts';
import { type AuthDb, authDb, findOwner, listTenants, revokeKey } from './store.ts';
import { createTenantOwner, findTenant, type TenantName, type TenantOwner } from './tenant-owner.ts';

export interface IdentityDeps extends AuthDeps {
  /** Where the secret for cookies is kept, below the data folder's keys; made at the first start. */
  readonly secretFile: string;
  /** How it is kept; in plain by default. */
  readonly keyFiles?: KeyFiles;
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
  /** Whether the browser says that a page of somebody else sends the request. Ask before signing somebody in, where there is no cookie yet. */
  fromForeignPage(request: RequestHead): boolean;
  /**
   * Who sends these headers: by `Authorization: Bearer` with a key or a token if there is that header, else by session cookie; null when nobody known.
   * A session is used by it, unless the headers say that nobody is there (`nobodyThere`).
   */
  principalOf(headers: Headers): Promise<Principal | null>;

  /** Those of these actors who hold `approval:decide` in the tenant at this moment: what they agreed to before counts while they do. */
  whoMayDecide(tenantId: Id<'tenant'>, actors: readonly string[]): Promise<ReadonlySet<string>>;
  /** Who operates the installation and sends these headers, by session cookie; null for everybody else. */
  operatorOf(headers: Headers): Promise<OperatorPerson | null>;

  createTenantOwner(owner: TenantOwner): Promise<Id<'user'>>;
  /** Undoes `createTenantOwner` after a failed provisioning; also takes the tenant's keys, sessions and links. */
  removeTenantOwner(tenantId: Id<'tenant'>): Promise<number>;
  /** By name. */
  listTenants(): Promise<readonly TenantName[]>;
  findTenant(nameOrId: string): Promise<TenantName | null>;

  /**
   * The token of a link that signs the tenant's owner in, or the member with that address, once, within 15 minutes: whoever makes it
   * vouches for them. Put it into the fragment of a URL. @throws FactotumError `tenant.not_found`, `member.not_found`.
   */
  createSignInLink(tenantId: Id<'tenant'>, email?: string): Promise<string>;
  readonly signIn: SignIn;
  readonly account: Account;
  readonly operators: Operators;
  /** Begins the session of somebody whose proof the caller of this has checked. @throws FactotumError `auth.failed`, `auth.sso_required`. */
  beginSession(proven: Proven, request: RequestHead, caller: Caller): Promise<SessionChange>;
  /** Ends the cookie's session; null when there was none. The response clears the cookie either way. */
  endSession(request: RequestHead, caller: Caller): Promise<{ response: Response; ended: Omit<SessionChange, 'response'> | null }>;

  createApiKey(input: NewApiKey): Promise<MadeKey>;
  /** Newest first; with `before`, those made before that one. */
  listApiKeys(tenantId: Id<'tenant'>, page?: { readonly before?: string | undefined; readonly limit?: number }): Promise<readonly ApiKey[]>;
  /** False when the tenant has no such key or it is revoked already. Other processes refuse it within a moment, five seconds at most. */
  revokeApiKey(tenantId: Id<'tenant'>, id: Id<'apiKey'>): Promise<boolean>;
  readonly machines: Machines;
  readonly membership: Membership;
  readonly scim: Scim;
  readonly devices: Devices;
}

/** @throws FactotumError `key.unavailable` when the secret cannot be used. */
export async function createIdentity(deps: IdentityDeps): Promise<Identity> {
  const secret = await readOrMakeSecret(deps.secretFile, deps.keyFiles);
  const auth = createAuth(deps, secret);
  const db = authDb(deps.auth);
  const context = { auth, db, clock: deps.clock, publicOrigins: deps.publicOrigins };
  const people = { ...context, log: deps.log, secrets: createPersonSecrets(secret) };
  const keys = createKeyCheck(context);
  const machines = createMachines({ ...context, log: deps.log, secret, keys });
  const devices = createDevices(context);
  const activity = createActivity({ db, clock: deps.clock, log: deps.log });
  const revocations = listenForRevocations(deps, { onRevoked: machines.changed, onGap: machines.changedUnheard });

  const principalOf = async (headers: Headers): Promise<Principal | null> => {
    const authorization = headers.get('authorization');
    if (authorization === null) {
      const session = await findCurrentSession(context, headers);
      if (session && !isNobodyThere(headers)) activity.sessionUsed(session.sessionId);
      return session?.principal ?? null;
    }
    const credential = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
    const device = await devices.principalOf(credential);
    if (device !== null) return device;
    const key = await keys.check(credential);
    const principal = key === null ? await machines.principalOfToken(credential) : keyPrincipal(key);
    if (principal?.keyId !== undefined) activity.keyUsed(principal.keyId);
    return principal;
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
    fromForeignPage: (request) => isFromForeignPage(request, deps.publicOrigins()),
    principalOf,
    operatorOf: async (headers) => {
      const operator = headers.has('authorization') ? null : await findOperator(context, headers);
      if (operator && !isNobodyThere(headers)) activity.sessionUsed(operator.session.id);
      return operator;
    },
    whoMayDecide: (tenantId, actors) => whoMayDecide({ db, keys }, tenantId, actors),
    createTenantOwner: (owner) => createTenantOwner(context, owner),
    removeTenantOwner: async (tenantId) => {
      const people = await forgetTenant(db, tenantId);
      keys.forgetAll();
      return people;
    },
    listTenants: () => listTenants(db),
    findTenant: (nameOrId) => findTenant(db, nameOrId),
    createSignInLink: (tenantId, email) => createSignInLink(context, tenantId, email),
    signIn: createSignIn(people),
    account: createAccount(people),
    operators: createOperators(people),
    beginSession: (proven, request, caller) => beginSession(context, proven, request, caller),
    endSession: async (request, caller) => {
      const ended = await findAnyCurrent(context, request.headers);
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
    machines,
    membership: createMembership(context, keys.forgetAll),
    scim: createScim(context),
    devices,
  };
}

async function createSignInLink(
  context: { auth: Auth; db: AuthDb; clock: Clock },
  tenantId: Id<'tenant'>,
  email?: string,
): Promise<string> {
  const to =
    email === undefined ? await findOwner(context.db, tenantId) : await findMemberByEmail(context.db, tenantId, email.trim().toLowerCase());
  if (to !== undefined) return keepLink(context, { userId: to.userId, tenantId, mailed: false });
  if (email !== undefined) throw new FactotumError('member.not_found', `Nobody of this tenant has the address ${email}.`);
  throw new FactotumError('tenant.not_found', 'There is no such tenant, or it has no owner.');
}
