import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, isId, type Logger, newId, type RegistrationConfig } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import type { Language } from '#kernel/words';
import { proveAddress } from '#trust/identity';
import { createAddressCounters } from '#trust/quota';
import { tenantNameSchema } from '#trust/tenant';
import { readyLetter, rejectedLetter, verifyLetter } from './letter.ts';
import {
  countOfEmail,
  decideRegistration,
  findByToken,
  findRegistration,
  hasAccount,
  insertRegistration,
  isAwaited,
  listRegistrations,
  putBackRegistration,
  type Registration,
  settleRegistration,
  sweepRegistrations,
  verifyRegistration,
} from './store.ts';

export interface RegistrationDeps {
  readonly rule: RegistrationConfig | undefined;
  readonly auth: RoleDatabase;
  readonly postman: Postman;
  readonly clock: Clock;
  readonly log: Logger;
  /** The address of the dashboard. */
  readonly origin: () => string;
  /** Whether a tenant has that name. */
  readonly isTaken: (name: string) => Promise<boolean>;
  readonly createTenant: (tenant: {
    name: string;
    ownerEmail: string;
    ownerName: string;
    settings: { locale: string };
    actor: string;
  }) => Promise<{ id: Id<'tenant'> }>;
  readonly createSignInLink: (tenantId: Id<'tenant'>, email: string) => Promise<string>;
}

export const registrationRequestSchema = z.strictObject({
  tenantName: tenantNameSchema,
  email: z.email().max(254),
  name: z.string().trim().min(1).max(100),
});
export type RegistrationRequest = z.output<typeof registrationRequestSchema>;

/** What a confirmed registration came to. The token signs its person in where that is their first tenant here; others sign in as ever. */
export type Confirmed = { readonly state: 'waiting' } | { readonly state: 'ready'; readonly signInToken: string | null };

/** Where a wish comes from, and what its person reads. */
interface Asking {
  readonly address: string | undefined;
  readonly language: Language;
}

export type Registrations = ReturnType<typeof createRegistrations>;

/** How long a mailed link works. */
const linkLifeMs = 24 * 3_600_000;
/** Requests a minute from one network address; a person needs one. */
const requestsPerMinute = 3;
/** Letters to one address a day that nobody has answered: they are a nuisance to whoever did not ask for them. */
const lettersPerDay = 3;
/** Tenants that one address can ask for in a month: names are few. */
const tenantsPerMonth = 3;
const dayMs = 24 * 3_600_000;
const keptDays = 30;

/** Names that would be taken for ours, or that a proxy in front may need. */
const reserved = new Set(
  'admin administrator api app assets auth demo docs factotum help installation login mail operator root scim security sso static status support system test webdav webmaster www'.split(
    ' ',
  ),
);

/** Tenants that people make for themselves: from an address that they prove, within the operator's rule. */
export function createRegistrations(deps: RegistrationDeps) {
  const { rule, auth, postman, clock, log } = deps;
  const counters = createAddressCounters({ auth, clock });

  const requireOpen = (): RegistrationConfig => {
    if (rule !== undefined && postman.isConfigured) return rule;
    throw new FactotumError('registration.closed', 'This installation takes no registrations. Ask whoever runs it.');
  };

  async function throttle(address: string | undefined): Promise<void> {
    const taken = await counters.take(`registration ${networkOf(address)}`, 1, requestsPerMinute);
    if (taken.allowed) return;
    throw new FactotumError('auth.throttled', 'Too many registrations from your network. Wait a minute.', {
      details: { retryAfterMs: taken.retryAfterMs },
    });
  }

  /** Everything that depends on who the address belongs to, and on what there is: nobody waits for it, so nobody learns from it. */
  async function begin(wish: RegistrationRequest & { language: Language }, to: RegistrationConfig): Promise<void> {
    const { tenantName, email, name, language } = wish;
    const now = clock.now();
    await sweepRegistrations(auth, now, keptDays);
    const today = await countOfEmail(auth, email, new Date(now.getTime() - dayMs));
    const lately = await countOfEmail(auth, email, new Date(now.getTime() - keptDays * dayMs));
    const fits = to.approval || to.domains.includes(domainOf(email));
    if (!fits || today.unverified >= lettersPerDay || lately.verified >= tenantsPerMonth) return;
    const token = randomBytes(32).toString('base64url');
    const expiresAt = new Date(now.getTime() + linkLifeMs);
    const id = newId('registration', now.getTime());
    await insertRegistration(auth, { id, tenantName, email, name, language, tokenHash: hashOf(token), createdAt: now, expiresAt });
    await postman.send({ to: email, ...verifyLetter(wish, `${deps.origin()}/register#token=${token}`) });
  }

  async function refuseTaken(name: string): Promise<void> {
    if (!reserved.has(name) && !(await deps.isTaken(name)) && !(await isAwaited(auth, name))) return;
    throw new FactotumError('tenant.name_taken', `The name ${name} is not to be had. Choose another one and confirm again.`);
  }

  async function approve(id: string, by: string): Promise<Registration> {
    const now = clock.now();
    const abandonedBefore = new Date(now.getTime() - 60_000);
    const decided = await decideRegistration(auth, { id, state: 'approved', by, now, abandonedBefore });
    if (decided === undefined) throw await notWaiting(id);
    try {
      const { tenantName, email, name, language } = decided;
      // Before there is anything to own: who took the address for theirs elsewhere must not own it for a moment.
      await proveAddress(auth, email, now);
      const tenant = await deps.createTenant({
        name: tenantName,
        ownerEmail: email,
        ownerName: name,
        settings: { locale: language },
        actor: by,
      });
      await proveAddress(auth, email, now);
      return (await settleRegistration(auth, id, tenant.id)) ?? decided;
    } catch (error) {
      await putBackRegistration(auth, id);
      throw error;
    }
  }

  async function notWaiting(id: string): Promise<FactotumError> {
    const found = isId('registration', id) ? await findRegistration(auth, id) : undefined;
    return found === undefined
      ? new FactotumError('registration.not_found', 'There is no such registration.')
      : new FactotumError('tenant.wrong_state', `The registration is ${found.state} already.`, { details: { state: found.state } });
  }

  const tell = (to: string, letter: { subject: string; text: string }) =>
    postman.send({ to, ...letter }).catch((error: unknown) => log.warn({ err: error }, 'a letter about a registration was not sent'));

  return {
    isOpen: rule !== undefined && postman.isConfigured,

    /**
     * Takes a wish. What becomes of it only the address learns: who it belongs to, whether it fits the rule and how many there were make
     * no difference to the answer.
     *
     * @returns settles once the letter is out or is not to be; for tests, nobody waits for it otherwise.
     * @throws FactotumError `registration.closed`, `auth.throttled`.
     */
    async request(wish: RegistrationRequest, { address, language }: Asking): Promise<{ settled: Promise<void> }> {
      const to = requireOpen();
      await throttle(address);
      const settled = begin({ ...wish, email: wish.email.toLowerCase(), language }, to).catch((error: unknown) =>
        log.warn({ err: error }, 'a registration could not be taken'),
      );
      return { settled };
    },

    /**
     * Proves the address by the token that was mailed there, once. The tenant is made at once where the rule says so.
     *
     * @param tenantName - another name than was asked for first
     * @throws FactotumError `registration.closed`, `auth.link_invalid`; `tenant.name_taken`, after which the token still works.
     */
    async confirm(token: string, tenantName: string | undefined): Promise<Confirmed> {
      const to = requireOpen();
      const found = await findByToken(auth, hashOf(token), clock.now());
      if (found === undefined) throw linkInvalid();
      const name = tenantName ?? found.tenantName;
      await refuseTaken(name);
      const verified = await verifyRegistration(auth, found.id, name, clock.now());
      if (verified === undefined) throw linkInvalid();
      if (!to.domains.includes(domainOf(verified.email))) return { state: 'waiting' };
      const isNew = !(await hasAccount(auth, verified.email));
      const { tenantId, email } = await approve(verified.id, 'system:registration');
      // A link would let past the second factor of somebody who has one.
      return { state: 'ready', signInToken: isNew && tenantId !== null ? await deps.createSignInLink(tenantId, email) : null };
    },

    list: (page: Parameters<typeof listRegistrations>[1]) => listRegistrations(auth, page),

    /** Makes the tenant, and tells its owner. @throws FactotumError `registration.not_found`, `tenant.wrong_state`, `tenant.name_taken`. */
    async approve(id: string, by: string): Promise<Registration> {
      const approved = await approve(id, by);
      await tell(approved.email, readyLetter(approved, `${deps.origin()}/sign-in`));
      return approved;
    },

    /** Turns it down, and tells them. @throws FactotumError `registration.not_found`, `tenant.wrong_state`. */
    async reject(id: string, by: string): Promise<Registration> {
      const now = clock.now();
      const rejected = await decideRegistration(auth, { id, state: 'rejected', by, now, abandonedBefore: new Date(0) });
      if (rejected === undefined) throw await notWaiting(id);
      await tell(rejected.email, rejectedLetter(rejected));
      return rejected;
    },
  };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1);
const linkInvalid = () => new FactotumError('auth.link_invalid', 'This link is used, expired or unknown. Register again.');

/** Of IPv6 the network that one customer gets; a single one has more addresses than there are limits. */
function networkOf(address: string | undefined): string {
  if (address === undefined || !isIPv6(address) || address.startsWith('::')) return address ?? '';
  const [start = [], end = []] = address.split('::').map((part) => part.split(':'));
  const zeros = Array.from({ length: address.includes('::') ? 8 - start.length - end.length : 0 }, () => '0');
  return [...start, ...zeros, ...end].slice(0, 4).join(':');
}
