import { LRUCache } from 'lru-cache';
import { FactotumError, type Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { authorise, type Circumstance, type Need, type OperatorPerson, type Principal, staleness } from '#trust/identity';
import { readTenant, refusalOf, type Tenant } from '#trust/tenant';
import type { HttpDeps } from './deps.ts';

export interface Gate {
  /**
   * Lets a request in, or not: the one place where that is decided.
   *
   * @throws FactotumError `request.foreign_origin`, `auth.required`, `auth.forbidden`, `auth.address_refused`, `auth.step_up_required` (all
   *   three audited), `tenant.suspended`, `tenant.closing`, `tenant.moving`, `tenant.moved`, `tenant.not_found`.
   */
  enter(request: Request, need: Need & { readonly whileClosing?: boolean }, entry: Entry): Promise<Principal>;
  /**
   * Lets somebody in for what is about themselves: of a tenant, whatever state it is in and whatever it still asks of them, or of none.
   *
   * @throws FactotumError `request.foreign_origin`, `auth.required`, `auth.forbidden`, `auth.address_refused`, `auth.step_up_required`.
   */
  enterKnown(request: Request, need: { access: 'known' | 'person'; fresh?: boolean }, entry: Entry): Promise<Principal | OperatorPerson>;
  /** Lets somebody in who operates the installation. @throws FactotumError `request.foreign_origin`, `auth.required`, `auth.step_up_required`. */
  enterOperator(request: Request, need: { fresh: boolean }): Promise<OperatorPerson>;
  /** The tenant, as it was within the last seconds; it may be closing. @throws FactotumError `tenant.suspended` and the like, `tenant.not_found`. */
  tenant(tenantId: Id<'tenant'>): Promise<Tenant>;
}

/** What is known of a request before anybody knows whose it is. */
export interface Entry extends Pick<Circumstance, 'address'> {
  readonly requestId: string;
  /** Who asks, where that has been found out already. */
  readonly known?: Principal | undefined;
  /** Told whose request it is as soon as that is found out, before anything is decided; what it throws refuses the request. */
  onFound?(principal: Principal): Promise<void>;
}

/** How long a tenant's state is believed, in milliseconds: as long as an API key is. */
const tenantTtlMs = 5_000;

export function createGate({
  identity,
  database,
  accessLog,
  clock,
}: Pick<HttpDeps, 'identity' | 'database' | 'accessLog' | 'clock'>): Gate {
  const tenants = new LRUCache<Id<'tenant'>, Tenant>({ max: 2_000, ttl: tenantTtlMs, perf: { now: () => clock.monotonicMs() } });

  async function tenant(tenantId: Id<'tenant'>): Promise<Tenant> {
    const found = tenants.get(tenantId) ?? (await withTenant(database.app.db, tenantId, (tx) => readTenant(tx, tenantId)));
    if (!tenants.has(tenantId)) tenants.set(tenantId, found);
    const refusal = refusalOf(found);
    if (refusal !== null && found.state !== 'closing') throw refusal;
    return found;
  }

  /** A tenant that is being closed can be read, and what belongs to its closing can be done. */
  async function refuseClosed(tenantId: Id<'tenant'>, request: Request, whileClosing: boolean): Promise<void> {
    const refusal = refusalOf(await tenant(tenantId));
    if (refusal !== null && !whileClosing && request.method !== 'GET' && request.method !== 'HEAD') throw refusal;
  }

  // A page of somebody else that makes a browser send its cookie: asked first, so that it does not even learn whether there is a session.
  function refuseForeign(request: Request): void {
    if (!identity.sameOrigin(request))
      throw new FactotumError('request.foreign_origin', 'This request was made by a page that is not ours.');
  }

  async function identify(request: Request): Promise<Principal> {
    refuseForeign(request);
    const principal = await identity.principalOf(request.headers);
    if (principal === null) throw new FactotumError('auth.required', 'Sign in, or send an API key as a bearer token.');
    return principal;
  }

  async function refuseUnless(principal: Principal, need: Need, request: Request, { requestId, address }: Entry): Promise<void> {
    const refusal = authorise(principal, need, { now: clock.now(), address });
    if (refusal === null) return;
    await accessLog.append(principal.tenantId, {
      kind: 'access.refused',
      actor: principal.actor,
      at: clock.now(),
      detail: { permission: need.access, method: request.method, request: requestId, code: refusal.code },
    });
    throw refusal;
  }

  async function operatorOf(request: Request, fresh: boolean): Promise<OperatorPerson | null> {
    const operator = await identity.operatorOf(request.headers);
    const stale = operator !== null && fresh ? staleness(operator, clock.now()) : null;
    if (stale !== null) throw stale;
    return operator;
  }

  return {
    tenant,
    enter: async (request, need, { known, onFound, ...entry }) => {
      const principal = known ?? (await identify(request));
      if (known === undefined) await onFound?.(principal);
      await refuseClosed(principal.tenantId, request, need.whileClosing === true);
      await refuseUnless(principal, need, request, entry);
      return principal;
    },
    enterKnown: async (request, need, { known, onFound, ...entry }) => {
      if (known === undefined) refuseForeign(request);
      const principal = known ?? (await identity.principalOf(request.headers));
      if (principal === null) {
        const operator = await operatorOf(request, need.fresh === true);
        if (operator === null) throw new FactotumError('auth.required', 'Sign in, or send an API key as a bearer token.');
        return operator;
      }
      if (known === undefined) await onFound?.(principal);
      await refuseUnless(principal, need, request, entry);
      return principal;
    },
    enterOperator: async (request, { fresh }) => {
      refuseForeign(request);
      const operator = await operatorOf(request, fresh);
      if (operator === null) throw new FactotumError('auth.required', 'Sign in as somebody who operates this installation.');
      return operator;
    },
  };
}
