import { Resolver } from 'node:dns/promises';
import type { Clock, Id, Logger } from '#kernel';
import { FactotumError } from '#kernel';
import type { AuthDb } from '../store.ts';
import { type DomainRow, deleteDomain, findDomain, findHolder, insertDomain, takeDueDomains, updateDomain } from './store.ts';
import { randomToken } from './token.ts';

/** Looks up the TXT records of a name: none when there is no such name. Throws when nobody can tell. */
export type TxtLookup = (name: string) => Promise<readonly string[]>;

/** How old a look at a proven domain may be, in milliseconds. */
const lookAgainMs = 24 * 3_600_000;
/** How long a record may be missing before the domain counts as lost, in milliseconds: a mistake in a zone is found in a week. */
const graceMs = 7 * 24 * 3_600_000;

/** What has to stand in DNS. */
export const recordOf = ({ domain, token }: Pick<DomainRow, 'domain' | 'token'>) =>
  ({ name: `_factotum.${domain}`, type: 'TXT', value: `factotum-domain=${token}` }) as const;

/** The system's resolver, with an end. */
export const systemTxtLookup: TxtLookup = async (name) => {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')) return [];
    throw error;
  }
};

interface Context {
  readonly db: AuthDb;
  readonly clock: Clock;
  readonly lookupTxt: TxtLookup;
}

interface Claim {
  readonly tenantId: Id<'tenant'>;
  readonly providerId: Id<'ssoProvider'>;
  readonly domain: string;
}

/** Begins to prove a domain. @throws FactotumError `request.invalid` when the tenant has it already. */
export async function claimDomain({ db, clock }: Context, claim: Claim): Promise<void> {
  const made = await insertDomain(db, { ...claim, token: randomToken(), createdAt: clock.now() });
  if (!made) throw new FactotumError('request.invalid', `${claim.domain} is on one of your providers already.`);
}

/** @throws FactotumError `request.not_found` */
export async function dropDomain({ db }: Context, { tenantId, providerId, domain }: Claim): Promise<void> {
  if (!(await deleteDomain(db, tenantId, providerId, domain))) throw noDomain();
}

/**
 * Looks whether the record stands in DNS, and if so counts the domain as this tenant's. A tenant that has it already loses it only if its own record
 * is gone: then the domain has changed hands.
 *
 * @returns what was found under the name, so that a mistake can be seen.
 * @throws FactotumError `request.not_found`, `sso.domain_taken`, `sso.unavailable` when DNS does not answer.
 */
export async function verifyDomain(
  { db, clock, lookupTxt }: Context,
  { tenantId, providerId, domain }: Claim,
): Promise<{ state: 'unverified' | 'verified'; found: readonly string[] }> {
  const row = await findDomain(db, tenantId, domain);
  if (row === undefined || row.providerId !== providerId) throw noDomain();
  const record = recordOf(row);
  const found = await lookUp(lookupTxt, record.name);
  const now = clock.now();
  // The first thirty are enough to see what is there.
  const shown = found.slice(0, 30).map((value) => value.slice(0, 300));
  if (!found.includes(record.value)) {
    await updateDomain(db, row, { checkedAt: now });
    return { state: row.verifiedAt === null ? 'unverified' : 'verified', found: shown };
  }
  const holder = await findHolder(db, domain);
  if (holder !== undefined && holder.tenantId !== tenantId) {
    if (found.includes(recordOf(holder).value)) throw taken();
    await updateDomain(db, holder, { verifiedAt: null, checkedAt: now, missingSince: null });
  }
  try {
    await updateDomain(db, row, { verifiedAt: row.verifiedAt ?? now, checkedAt: now, missingSince: null });
  } catch (error) {
    // Another tenant has proven it at this very moment.
    if (error instanceof Error && 'code' in error && error.code === '23505') throw taken();
    throw error;
  }
  return { state: 'verified', found: shown };
}

/**
 * Looks again at proven domains whose last look is a day old. One whose record has been missing for a week is lost.
 *
 * @returns which ones were lost.
 */
export async function recheckDomains({ db, clock, lookupTxt, log }: Context & { readonly log: Logger }): Promise<readonly DomainRow[]> {
  const lost: DomainRow[] = [];
  for (;;) {
    const now = clock.now();
    const due = await takeDueDomains(db, { before: new Date(now.getTime() - lookAgainMs), now, limit: 20 });
    if (due.length === 0) return lost;
    for (const row of due) {
      try {
        const record = recordOf(row);
        const isThere = (await lookUp(lookupTxt, record.name)).includes(record.value);
        const since = isThere ? null : (row.missingSince ?? now);
        const isLost = since !== null && now.getTime() - since.getTime() >= graceMs;
        await updateDomain(db, row, isLost ? { verifiedAt: null, missingSince: null } : { missingSince: since });
        if (isLost) lost.push(row);
      } catch (error) {
        log.warn({ err: error, domain: row.domain }, 'sso: a proven domain could not be looked up; it stays as it is until tomorrow');
      }
    }
  }
}

async function lookUp(lookupTxt: TxtLookup, name: string): Promise<readonly string[]> {
  try {
    return await lookupTxt(name);
  } catch (cause) {
    throw new FactotumError('sso.unavailable', `DNS does not answer for ${name}. Try again in a moment.`, { cause });
  }
}

const noDomain = () => new FactotumError('request.not_found', 'This provider has no such domain.');
const taken = () =>
  new FactotumError('sso.domain_taken', 'Another tenant of this installation has proven this domain, and its record still stands in DNS.');
