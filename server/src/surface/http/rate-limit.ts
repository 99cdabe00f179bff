import type { Context, MiddlewareHandler } from 'hono';
import type { RateClass } from '#kernel';
import type { ClientAddress, Principal } from '#trust/identity';
import type { Counted, RequestLimits } from '#trust/quota';
import type { Access, AnySpec, Env } from './route.ts';

/** Counts requests against the limits of whoever sends them. What it counted, the answer tells. */
export interface RateLimit {
  /** Before anything else is done for a request. @throws FactotumError `quota.exceeded`. */
  address(c: Context<Env>, rateClass: RateClass): Promise<void>;
  /** As soon as it is known whose it is. @throws as above. */
  requester(c: Context<Env>, rateClass: RateClass, principal: Principal): Promise<void>;
}

/** The limits' windows, in seconds. */
const windowSeconds = 60;

export function createRateLimit({
  requestLimits,
  clientAddress,
}: {
  requestLimits: RequestLimits;
  clientAddress: ClientAddress;
}): RateLimit {
  return {
    address: (c, rateClass) => requestLimits.countAddress(rateClass, addressOf(c, clientAddress), c.var.counted),
    requester: (c, rateClass, principal) => requestLimits.countRequester(rateClass, principal, c.var.counted),
  };
}

/** Where a request comes from; undefined for one that came over no network: only code can send that. */
export const addressOf = (c: Context<Env>, clientAddress: ClientAddress): string | undefined =>
  c.env?.incoming === undefined ? undefined : clientAddress(c.env.incoming.socket, c.req.header('x-forwarded-for') ?? null);

/** What a route is to the limits, where it does not say so itself; null: it is not counted. */
export function classOf(access: Access, { limit, method }: Pick<AnySpec, 'limit' | 'method'>): RateClass | null {
  if (limit !== undefined) return limit === 'none' ? null : limit;
  if (method === 'get') return 'read';
  return access === 'open' ? 'sign-in' : 'write';
}

/** Says in every answer what the request was counted against (draft-ietf-httpapi-ratelimit-headers-10): structured fields, one member a limit. */
export const tellLimits: MiddlewareHandler<Env> = async (c, next) => {
  const counted: Counted[] = [];
  c.set('counted', counted);
  await next();
  if (counted.length === 0) return;
  c.res.headers.set('ratelimit-policy', counted.map(({ policy, limit }) => `"${policy}";q=${limit};w=${windowSeconds}`).join(', '));
  c.res.headers.set('ratelimit', counted.map(memberOf).join(', '));
};

const memberOf = ({ policy, remaining, resetsInMs }: Counted): string =>
  `"${policy}";r=${Math.max(0, Math.floor(remaining))};t=${Math.max(0, Math.ceil(resetsInMs / 1_000))}`;
