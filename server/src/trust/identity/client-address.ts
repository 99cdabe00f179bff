import { isIP } from 'node:net';
import type { ClientAddressHeader } from '#kernel';
import { isAddressAllowed } from './authorise.ts';

/** Reads a header of a request by its name; null when it was not sent. */
type HeaderOf = (name: string) => string | null;

/** Where a request comes from: of its connection, or, behind proxies of the operator's own, of what they say. Undefined on a local socket. */
export type ClientAddress = (connection: { readonly remoteAddress?: string | undefined }, headerOf: HeaderOf) => string | undefined;

/**
 * Finds the client behind trusted proxies.
 *
 * The header is believed only where the connection comes from one of these networks. `X-Forwarded-For` is read from its right end: each
 * proxy adds whom it was asked by, so the first address that is no proxy of ours is the client, and what stands to its left it has written
 * itself. The others hold one address, which the edge sets anew; whatever is no single address counts as the proxy's.
 *
 * @param trusted - networks in CIDR notation; none: no header is ever read.
 */
export function createClientAddress(trusted: readonly string[], header: ClientAddressHeader = 'x-forwarded-for'): ClientAddress {
  const isProxy = trustedProxies(trusted);
  return ({ remoteAddress }, headerOf) => {
    let client = plainAddress(remoteAddress ?? '');
    if (!isProxy(client)) return client;
    const said = headerOf(header);
    if (header !== 'x-forwarded-for') return addressOf(said ?? '') ?? client;
    const hops = said?.split(',') ?? [];
    while (hops.length > 0 && isProxy(client)) {
      const hop = addressOf(hops.pop() ?? '');
      // Not an address: nobody knows who that is, so it is the proxy that asks.
      if (hop === undefined) break;
      client = hop;
    }
    return client;
  };
}

/** Whether an address is one of the operator's proxies. */
export const trustedProxies =
  (trusted: readonly string[]) =>
  (address: string): boolean =>
    trusted.length > 0 && isAddressAllowed(trusted, address);

/** An address as proxies write it: also with a port, and then IPv6 in brackets. */
function addressOf(text: string): string | undefined {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  return isIP(bare) === 0 ? undefined : plainAddress(bare);
}

/** An IPv4 address that comes mapped into IPv6 is itself, and no zone is part of an address. */
export function plainAddress(address: string): string {
  const bare = address.split('%', 1)[0] ?? address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}
