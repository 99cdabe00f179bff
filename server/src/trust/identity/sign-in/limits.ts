import { isIPv6 } from 'node:net';
import { FactotumError, type Id } from '#kernel';
import type { Caller } from '../http.ts';
import type { PeopleContext } from './context.ts';
import { knownDevice } from './device.ts';
import { countAttempt, forgive, type Limit } from './throttle.ts';

/** A quarter of an hour: whoever mistypes waits seconds, whoever guesses gets four attempts an hour. */
const delaySecondsMax = 900;

/** What an attempt is counted on. `own`: the person's (or whoever claims to be them); `shared`: what others use as well. */
export interface Counted {
  readonly own: readonly Limit[];
  readonly shared: readonly Limit[];
}

/**
 * What a password is counted on: at a browser that is known as the person's, that browser alone; anywhere else the address, and the
 * account at that address. Nobody can make a person wait by failing somewhere else, and no count stands in the way of a passkey or a link.
 */
export function passwordLimits({ secrets }: PeopleContext, { email, userId, headers, caller }: PasswordAttempt): Counted {
  const device = userId === null ? null : knownDevice(secrets, userId, headers);
  if (device !== null) return { own: [{ key: secrets.mac('device-failures', device), freeAttempts: 10, delaySecondsMax }], shared: [] };
  const network = networkOf(caller);
  return {
    own: [{ key: secrets.mac('account-failures', email, network), freeAttempts: 5, delaySecondsMax }],
    shared: [{ key: secrets.mac('address-failures', network), freeAttempts: 30, delaySecondsMax }],
  };
}

interface PasswordAttempt {
  readonly email: string;
  readonly userId: Id<'user'> | null;
  readonly headers: Headers;
  readonly caller: Caller;
}

/**
 * What a code is counted on: the person, wherever they are, since whoever tries one has their password or their mail already; and apart
 * from that their known browser. At most one an hour in the end: with three of a million codes valid, guessing takes decades.
 */
export function codeLimits({ secrets }: PeopleContext, userId: Id<'user'>, headers: Headers): Counted {
  const key = secrets.mac('code-failures', userId, knownDevice(secrets, userId, headers) ?? '');
  return { own: [{ key, freeAttempts: 10, delaySecondsMax: 3_600 }], shared: [] };
}

/** What a proof inside a session is counted on: that session. */
export const sessionLimits = ({ secrets }: PeopleContext, sessionId: Id<'session'>): Counted => ({
  own: [{ key: secrets.mac('session-failures', sessionId), freeAttempts: 5, delaySecondsMax }],
  shared: [],
});

/** Links for one address. Every one counts. Who asks for somebody else's links brings them links: that locks nobody out. */
export const linkLimit = ({ secrets }: PeopleContext, email: string): Limit => ({
  key: secrets.mac('links', email),
  freeAttempts: 3,
  delaySecondsMax: 300,
});

/** Links that one network asks for. */
export const linkRequestLimit = ({ secrets }: PeopleContext, caller: Caller): Limit => ({
  key: secrets.mac('links-from', networkOf(caller)),
  freeAttempts: 20,
  delaySecondsMax,
});

/** Looks at an attempt if it is its turn. What is right is not counted. @throws FactotumError `auth.throttled`. */
export async function attempt<T>(context: PeopleContext, { own, shared }: Counted, look: () => Promise<T | null>): Promise<T | null> {
  const retryAfterSeconds = await countAttempt(context.db, [...own, ...shared], context.clock.now());
  if (retryAfterSeconds !== null) throw throttled(retryAfterSeconds);
  const found = await look();
  if (found !== null) await forgive(context.db, { own, shared, now: context.clock.now() });
  return found;
}

export const throttled = (retryAfterSeconds: number) =>
  new FactotumError(
    'auth.throttled',
    `Too many attempts. The next is taken in ${retryAfterSeconds} s; a passkey or a sign-in link works at once.`,
    {
      details: { retryAfterSeconds },
    },
  );

/** An address, or of IPv6 the network of a subscriber, who has 2^64 addresses. Callers without one share one. */
function networkOf({ address }: Caller): string {
  if (address === undefined) return 'none';
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter((group) => group !== '').length;
  const whole = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')];
  return whole
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
