import type { Agent } from 'undici';
import { FactotumError } from '#kernel';
import { guardedAgent, type OutboundLimits, type OutboundTls, outboundFetch, unguardedAgent } from '#kernel/outbound';
import { answerBytesMax } from './messages.ts';

/** A call's own time-out, at most two minutes, comes before the silence that is allowed here. */
const limits: OutboundLimits = {
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 125_000,
  bodyTimeoutMs: 125_000,
  responseBytesMax: answerBytesMax,
};

/** The way to servers whose addresses tenants choose. */
export interface Outside {
  readonly fetch: typeof globalThis.fetch;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

/**
 * Calls public addresses over TLS, and those that the operator names. Redirects are not followed.
 *
 * @param allowHosts - `host:port` that may be called although private, and without TLS
 */
export function createOutside(allowHosts: ReadonlySet<string>, tls: OutboundTls = {}): Outside {
  const agents: Agent[] = [guardedAgent(limits, undefined, tls), unguardedAgent(limits, tls)];
  const [guarded, trusted] = agents.map((agent) => outboundFetch(agent, limits));
  if (guarded === undefined || trusted === undefined) throw new Error('there are two agents');
  return {
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const isAllowed = allowHosts.has(`${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`);
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isAllowed))
        throw new FactotumError('tool_server.invalid', `${url.origin} is not protected by TLS. Use its https address.`);
      return (isAllowed ? trusted : guarded)(url, init);
    },
    close: async () => void (await Promise.all(agents.map((agent) => agent.destroy()))),
  };
}
