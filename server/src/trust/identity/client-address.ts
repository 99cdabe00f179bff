import { isIP } from 'node:net';
import { isAddressAllowed } from './authorise.ts';

/** Where a request comes from: of its connection, or, behind proxies of the operator's own, of what they say. Undefined on a local socket. */
export type ClientAddress = (
  connection: { readonly remoteAddress?: string | undefined },
  forwardedFor: string | null,
) => string | undefined;

/**
 * Finds the client behind trusted proxies.
 *
 * `X-Forwarded-For` is believed only where the connection comes from one of these networks, and read from its right end: each proxy adds
 * whom it was asked by, so the first address that is no proxy of ours is the client, and what stands to its left it has written itself.
 *
 * @param trusted - networks in CIDR notation; none: the header is never read.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  const isProxy = (address: string) => trusted.length > 0 && isAddressAllowed(trusted, address);
  return ({ remoteAddress }, forwardedFor) => {
    let client = plain(remoteAddress ?? '');
    const hops = forwardedFor?.split(',') ?? [];
    while (hops.length > 0 && isProxy(client)) {
      const hop = addressOf(hops.pop() ?? '');
      // Not an address: nobody knows who that is, so it is the proxy that asks.
      if (hop === undefined) break;
      client = hop;
    }
    return client;
  };
}

/** An address as proxies write it: also with a port, and then IPv6 in brackets. */
function addressOf(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  return isIP(bare) === 0 ? undefined : plain(bare);
}

/** An IPv4 address that comes mapped into IPv6 is itself, and no zone is part of an address. */
function plain(address: string): string {
  const bare = address.split('%', 1)[0] ?? address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}
