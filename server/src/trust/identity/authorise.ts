import { BlockList, isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { FactotumError } from '#kernel';
import type { Permission } from './permissions.ts';
import type { OperatorPerson, Principal } from './principal.ts';

/**
 * What somebody must be to use something. `signed-in`: any credential of the tenant. For what is about oneself: `known`, the same, and
 * `person`, somebody in a session; both hold for people of whom the tenant still asks something.
 */
export interface Need {
  readonly access: Permission | 'signed-in' | 'known' | 'person';
  /** Whether a person must have proved within the last minutes that it is still them. Machines prove it with every request. */
  readonly fresh?: boolean;
}

export interface Circumstance {
  readonly now: Date;
  /** Where the request comes from, behind the proxies that the operator trusts; undefined for what did not come over a network. */
  readonly address: string | undefined;
}

/** How long a proof of presence lasts, in milliseconds. NIST SP 800-63B leaves it to the service; ten minutes is what GitHub and AWS users know. */
export const freshMs = 10 * 60_000;

/**
 * The one decision about access, used by every door: HTTP, WebSocket, commands. Nothing is allowed that a permission does not allow by name.
 *
 * @returns null when it is allowed, else the refusal: `auth.address_refused`, `auth.second_factor_required`, `auth.forbidden`, `auth.step_up_required`.
 */
export function authorise(principal: Principal, need: Need, { now, address }: Circumstance): FactotumError | null {
  if (!isAddressAllowed(principal.allowedAddresses, address))
    return new FactotumError('auth.address_refused', 'This tenant takes no requests from your network address. Ask its administrator.');
  if (need.access === 'known') return null;
  if (need.access === 'person') return principal.session === undefined ? notAPerson() : freshness(principal, need, now);
  if (principal.pending === 'second_factor')
    return new FactotumError(
      'auth.second_factor_required',
      'This tenant asks for a second factor: set one up, or confirm with the one you have.',
    );
  if (need.access !== 'signed-in' && !principal.permissions.has(need.access))
    return new FactotumError('auth.forbidden', `This needs the permission ${need.access}.`, { details: { permission: need.access } });
  return freshness(principal, need, now);
}

const freshness = (principal: Principal, { fresh }: Need, now: Date) => (fresh === true ? staleness(principal, now) : null);
const notAPerson = () => new FactotumError('auth.forbidden', 'This is about a person, and needs their session.');

/** Null when the person has proved within the last minutes that it is them, or is no person. */
export function staleness(
  { session, viaToken }: Pick<Principal, 'session' | 'viaToken'> | (Pick<OperatorPerson, 'session'> & { viaToken?: never }),
  now: Date,
): FactotumError | null {
  if (viaToken === true) return new FactotumError('auth.step_up_required', 'A token is not enough for this. Send the key, or sign in.');
  if (session === undefined || now.getTime() - session.provenAt.getTime() <= freshMs) return null;
  return new FactotumError('auth.step_up_required', 'Confirm that it is you: this needs a sign-in of the last ten minutes.');
}

const lists = new LRUCache<string, BlockList>({ max: 1_000 });

/** An empty list allows every address; with a list, an address that nobody knows is refused, unless there was no network. */
export function isAddressAllowed(networks: readonly string[], address: string | undefined): boolean {
  if (networks.length === 0 || address === undefined) return true;
  const family = isIP(address);
  if (family === 0) return false;
  const key = networks.join();
  const list = lists.get(key) ?? listOf(networks);
  lists.set(key, list);
  // An IPv4 address that comes mapped into IPv6 is matched as itself.
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits = ''] = network.split('/');
    list.addSubnet(base, Number(bits), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
