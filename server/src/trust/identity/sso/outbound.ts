import { FactotumError } from '#kernel';
import { guardedAgent, type OutboundLimits, outboundFetch, unguardedAgent } from '#kernel/outbound';

/** What one answer of a provider may cost. Discovery documents and key sets are a few kilobytes. */
const limits: OutboundLimits = { connectTimeoutMs: 5_000, headersTimeoutMs: 8_000, bodyTimeoutMs: 5_000, responseBytesMax: 1_024 * 1_024 };

/** How long one call may take in all, in milliseconds: a far side that sends a byte now and then ends here. */
export const callTimeoutMs = 10_000;

/** The way to identity providers, whose addresses tenants choose. */
export interface ProviderNetwork {
  readonly fetch: typeof globalThis.fetch;
  /**
   * Refuses an address that is neither https nor the operator's exception; also for addresses that only browsers are sent to.
   *
   * @throws FactotumError `request.invalid`.
   */
  refuseInsecure(url: string | URL): void;
  close(): Promise<void>;
}

/** @param allowHosts - `host:port` that may be called although private, and without TLS. */
export function createProviderNetwork(allowHosts: readonly string[]): ProviderNetwork {
  const allowed = new Set(allowHosts.map((host) => host.toLowerCase()));
  const agents = { guarded: guardedAgent(limits), trusted: unguardedAgent(limits) };
  const guarded = outboundFetch(agents.guarded, limits);
  const trusted = outboundFetch(agents.trusted, limits);
  const isAllowed = (url: URL) => allowed.has(`${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`);
  const refuseInsecure = (given: string | URL) => {
    const url = new URL(given);
    if (url.protocol === 'https:' || (url.protocol === 'http:' && isAllowed(url))) return;
    throw new FactotumError('request.invalid', `${url.origin} is not protected by TLS. Use its https address.`);
  };
  return {
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      refuseInsecure(url);
      const signal = AbortSignal.any([AbortSignal.timeout(callTimeoutMs), ...(init?.signal ? [init.signal] : [])]);
      return (isAllowed(url) ? trusted : guarded)(url, { ...init, signal });
    },
    refuseInsecure,
    close: async () => {
      await Promise.all([agents.guarded.destroy(), agents.trusted.destroy()]);
    },
  };
}
