import type { Context, MiddlewareHandler } from 'hono';
import type { Clock, RateClass } from '#kernel';
import type { ClientAddress, Principal } from '#trust/identity';
import type { Counted, RequestLimits } from '#trust/quota';
import { createLateRefusal, pacedRefusals } from './late-refusal.ts';
import type { Load } from './load.ts';
import type { Access, AnySpec, Env } from './route.ts';

/** Counts requests against the limits of whoever sends them. What it counted, the answer tells. */
export interface RateLimit {
  /** Before anything else is done for a request. @throws FactotumError `quota.exceeded`. */
  address(c: Context<Env>, rateClass: RateClass): Promise<void>;
  /** As soon as it is known whose it is; takes a place for it while it is under way. @throws as above; `server.overloaded`. */
  requester(c: Context<Env>, rateClass: RateClass, principal: Principal): Promise<void>;
  /** Around every request: tells in its answer what it was counted against, and gives its place back. */
  readonly frame: MiddlewareHandler<Env>;
}

/** Answers to who asks for more than they may have, or sends more than is taken. */
const refusals: ReadonlySet<number> = new Set([413, 429, 503]);

/** The limits' windows, in seconds. */
const windowSeconds = 60;

export function createRateLimit({ requestLimits, clientAddress, load, clock }: RateLimitDeps): RateLimit {
  const lateRefusal = createLateRefusal(clock, pacedRefusals);
  return {
    address: (c, rateClass) => requestLimits.countAddress(rateClass, addressOf(c, clientAddress), c.var.counted),
    requester: (c, rateClass, principal) => {
      const { tenantId } = principal;
      c.set('place', { tenantId, leave: load.enter(tenantId) });
      return requestLimits.countRequester(rateClass, principal, c.var.counted);
    },
    frame: async (c, next) => {
      const counted: Counted[] = [];
      c.set('counted', counted);
      await next();
      const { place } = c.var;
      place?.leave();
      if (counted.length > 0) tellLimits(c.res.headers, counted);
      const who = place?.tenantId ?? addressOf(c, clientAddress);
      if (refusals.has(c.res.status) && who !== undefined) await lateRefusal.wait(who);
    },
  };
}

interface RateLimitDeps {
  readonly requestLimits: RequestLimits;
  readonly clientAddress: ClientAddress;
  readonly load: Pick<Load, 'enter'>;
  readonly clock: Clock;
}

/** Where a request comes from; undefined for one that came over no network: only code can send that. */
export const addressOf = (c: Context<Env>, clientAddress: ClientAddress): string | undefined =>
  c.env?.incoming === undefined ? undefined : clientAddress(c.env.incoming.socket, (name) => c.req.header(name) ?? null);

/** What a route is to the limits, where it does not say so itself; null: it is not counted. */
export function classOf(access: Access, { limit, method }: Pick<AnySpec, 'limit' | 'method'>): RateClass | null {
  if (limit !== undefined) return limit === 'none' ? null : limit;
  if (method === 'get') return 'read';
  return access === 'open' ? 'sign-in' : 'write';
}

/** Says what the request was counted against (draft-ietf-httpapi-ratelimit-headers-10): structured fields, one member a limit. */
function tellLimits(headers: Headers, counted: readonly Counted[]): void {
  headers.set('ratelimit-policy', counted.map(({ policy, limit }) => `"${policy}";q=${limit};w=${windowSeconds}`).join(', '));
  headers.set('ratelimit', counted.map(memberOf).join(', '));
}

const memberOf = ({ policy, remaining, resetsInMs }: Counted): string =>
  `"${policy}";r=${Math.max(0, Math.floor(remaining))};t=${Math.max(0, Math.ceil(resetsInMs / 1_000))}`;
