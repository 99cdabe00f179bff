import { type Clock, FactotumError, type Id, isFactotumError, type RateClass } from '#kernel';
import type { RoleDatabase, Tx } from '#kernel/database';
import { addressBlock } from './address-block.ts';
import { createAddressCounters } from './address-counter.ts';
import { createInsurance } from './insurance.ts';
import { createLeasedCounters } from './leased-counter.ts';
import type { Taken } from './leasing.ts';
import { quotas as quotaTable } from './quotas.ts';
import { quotaExceeded } from './refusal.ts';
import type { Quotas } from './service.ts';

interface ClassLimits {
  /** Requests a minute of one network address, whoever they are for. */
  readonly perAddress: number;
  /** Requests a minute of one tenant, beside those of all classes together, which its quota `requestsPerMinute` bounds. */
  readonly perTenant: number | null;
  readonly about: string;
}

/** Every class with its numbers, the only list. `FACTOTUM_RATE_LIMITS` sets those of addresses, quotas those of tenants, `perMinute` those of keys. */
export const rateClasses = {
  // Two a second: an office that begins its day, and far from what guessing needs. Guessing one person's secret is bounded elsewhere.
  'sign-in': { perAddress: 120, perTenant: null, about: 'What begins a session, and what is answered before anybody is known' },
  // A thousand a second: more than one address brings unless it is a proxy that nobody has told us of.
  read: { perAddress: 60_000, perTenant: null, about: 'Everything that changes nothing' },
  write: { perAddress: 30_000, perTenant: null, about: 'Everything that changes something' },
  // Ten thousand a second: what one address sends in is bounded by its tenants' events.
  intake: { perAddress: 600_000, perTenant: null, about: 'Events and mails that are sent in' },
  // Each reads a whole log or a whole tenant.
  export: { perAddress: 60, perTenant: 30, about: 'Whole logs and archives' },
} as const satisfies Record<RateClass, ClassLimits>;

/** A limit that a request was counted against, and what it has left. */
export interface Counted {
  /** What it is called in the answer's headers. */
  readonly policy: string;
  readonly limit: number;
  readonly remaining: number;
  readonly resetsInMs: number;
}

/** Whose request it is: as much of a principal as limits need. */
export interface Requester {
  readonly tenantId: Id<'tenant'>;
  readonly keyId?: Id<'apiKey'>;
  /** The limit of the key itself. */
  readonly perMinute?: number;
}

export interface RequestLimits {
  /**
   * Counts a request against its address, before anything else is done for it.
   *
   * @param into - gets what it was counted against, the limit that refuses it included
   * @throws FactotumError `quota.exceeded` with `details.retryAfterMs`.
   */
  countAddress(rateClass: RateClass, address: string | undefined, into: Counted[]): Promise<void>;
  /** Counts it against its key and its tenant, as soon as they are known; what the key's limit refuses costs the tenant nothing. Fails as above. */
  countRequester(rateClass: RateClass, requester: Requester, into: Counted[]): Promise<void>;
}

export interface RequestLimitsDeps {
  /** The pool of the role `factotum_app`. */
  readonly db: Tx;
  readonly auth: Pick<RoleDatabase, 'pool'>;
  readonly clock: Clock;
  readonly quotas: Pick<Quotas, 'take'>;
  /** What the operator has set instead of the table's numbers of addresses. */
  readonly perAddress?: Readonly<Partial<Record<RateClass, number>>>;
}

/** Limits of requests, each in windows of a minute in UTC, exact over all processes. */
export function createRequestLimits({ db, auth, clock, quotas, perAddress = {} }: RequestLimitsDeps): RequestLimits {
  const addresses = createAddressCounters({ auth, clock });
  const tenants = createLeasedCounters({ db, clock, window: 'minute' });
  const insurance = createInsurance(clock);

  /** @param policy - what the limit is called in answers. @param name - what the counter is called in this process. */
  async function count(policy: string, name: string, limit: number, take: () => Promise<Taken>, into: Counted[]): Promise<void> {
    const taken = await insurance.take(name, limit, take);
    const resetsInMs = taken.allowed ? taken.resetsInMs : taken.retryAfterMs;
    into.push({ policy, limit, remaining: taken.remaining, resetsInMs });
    if (!taken.allowed)
      throw new FactotumError('quota.exceeded', `More than ${limit} requests came within a minute. Try again later.`, {
        details: { policy, limit, retryAfterMs: resetsInMs },
      });
  }

  /** The tenant's quota says its limit and refuses by itself. */
  async function countQuota(tenantId: Id<'tenant'>, into: Counted[]): Promise<void> {
    let limit: number = quotaTable.requestsPerMinute.default;
    const take = async (): Promise<Taken> => {
      const room = await quotas.take(tenantId, 'requestsPerMinute');
      limit = room.limit;
      return { allowed: true, ...room };
    };
    try {
      const taken = await insurance.take(tenantId, limit, take);
      const resetsInMs = taken.allowed ? taken.resetsInMs : taken.retryAfterMs;
      into.push({ policy: 'tenant', limit, remaining: taken.remaining, resetsInMs });
      if (!taken.allowed) throw quotaExceeded('requestsPerMinute', { used: limit, limit, retryAfterMs: resetsInMs });
    } catch (error) {
      if (
        isFactotumError(error, 'quota.exceeded') &&
        typeof error.details?.limit === 'number' &&
        !into.some(({ policy }) => policy === 'tenant')
      )
        into.push({ policy: 'tenant', limit: error.details.limit, remaining: 0, resetsInMs: Number(error.details.retryAfterMs ?? 0) });
      throw error;
    }
  }

  return {
    countAddress: async (rateClass, address, into) => {
      if (address === undefined) return;
      const limit = perAddress[rateClass] ?? rateClasses[rateClass].perAddress;
      const name = `${rateClass} ${addressBlock(address)}`;
      await count(`address-${rateClass}`, name, limit, () => addresses.take(name, 1, limit), into);
    },
    countRequester: async (rateClass, { tenantId, keyId, perMinute }, into) => {
      const named = (policy: string, name: string, limit: number) =>
        count(policy, `${tenantId} ${name}`, limit, () => tenants.take({ tenantId, name }, 1, limit), into);
      if (keyId !== undefined && perMinute !== undefined) await named('key', `request:${keyId}`, perMinute);
      const ofClass = rateClasses[rateClass].perTenant;
      if (ofClass !== null) await named(`tenant-${rateClass}`, `request:${rateClass}`, ofClass);
      await countQuota(tenantId, into);
    },
  };
}
