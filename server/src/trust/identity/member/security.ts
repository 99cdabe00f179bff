import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { sql } from 'kysely';
import { FactotumError, type Id } from '#kernel';
import { isAddressAllowed } from '../authorise.ts';
import type { AuthDb } from '../store.ts';
import { type Acting, changingMembers, ownersOf, userOf } from './rules.ts';

/** What a tenant asks of those who sign in and of every request. */
export interface SecurityRules {
  /** Only single sign-on counts, except for the break-glass owner. */
  readonly ssoRequired: boolean;
  readonly breakGlassUserId: string | null;
  readonly secondFactorRequired: boolean;
  /** Networks in CIDR notation that requests may come from; none: from anywhere. */
  readonly allowedAddresses: readonly string[];
  /** 5 to 720. */
  readonly sessionIdleMinutes: number;
  /** 1 to 720. */
  readonly sessionAbsoluteHours: number;
}

/** As the installation has it: see `sessionLife`. */
const idleMinutesDefault = 720;
const absoluteHoursDefault = 720;
const networksMax = 200;

export async function readSecurity(db: AuthDb, tenantId: Id<'tenant'>): Promise<SecurityRules> {
  const row = await db.selectFrom('tenantSecurity').selectAll().where('tenantId', '=', tenantId).executeTakeFirst();
  return {
    ssoRequired: row?.ssoRequired ?? false,
    breakGlassUserId: row?.breakGlassUserId ?? null,
    secondFactorRequired: row?.secondFactorRequired ?? false,
    allowedAddresses: row?.allowedAddresses ?? [],
    sessionIdleMinutes: row?.sessionIdleMinutes ?? idleMinutesDefault,
    sessionAbsoluteHours: row?.sessionAbsoluteHours ?? absoluteHoursDefault,
  };
}

/**
 * Replaces the rules, unless they would lock the caller or everybody out.
 *
 * @param address - where the caller comes from; undefined when it was not over a network.
 * @returns the names of what is different now.
 * @throws FactotumError `request.invalid` (a network that is none, a break-glass person who is no owner), `security.lockout`.
 */
export async function changeSecurity(
  db: AuthDb,
  { tenantId, rules, by, address }: { tenantId: Id<'tenant'>; rules: SecurityRules; by: Acting; address: string | undefined },
): Promise<readonly (keyof SecurityRules)[]> {
  const allowedAddresses = normalNetworks(rules.allowedAddresses);
  if (!isAddressAllowed(allowedAddresses, address))
    throw lockout(`Your own address, ${address}, is in none of these networks. Add it, or make the change from inside.`);
  return changingMembers(db, tenantId, async (tx) => {
    const before = await readSecurity(tx, tenantId);
    const breakGlassUserId = await requireBreakGlass(tx, tenantId, rules);
    if (rules.ssoRequired && !before.ssoRequired) await requireProvider(tx, tenantId);
    if (rules.secondFactorRequired && !before.secondFactorRequired) await requireSecondFactor(tx, by);
    const after = { ...rules, allowedAddresses, breakGlassUserId };
    const row = {
      ...after,
      sessionIdleMinutes: rules.sessionIdleMinutes === idleMinutesDefault ? null : rules.sessionIdleMinutes,
      sessionAbsoluteHours: rules.sessionAbsoluteHours === absoluteHoursDefault ? null : rules.sessionAbsoluteHours,
    };
    await tx
      .insertInto('tenantSecurity')
      .values({ tenantId, ...row, updatedAt: sql`now()` })
      .onConflict((conflict) => conflict.column('tenantId').doUpdateSet({ ...row, updatedAt: sql`now()` }))
      .execute();
    return ruleNames.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  });
}

const ruleNames = [
  'ssoRequired',
  'breakGlassUserId',
  'secondFactorRequired',
  'allowedAddresses',
  'sessionIdleMinutes',
  'sessionAbsoluteHours',
] as const;

/** Each network as its first address and its length, once. A single address is a network of its own. @throws FactotumError `request.invalid`. */
function normalNetworks(given: readonly string[]): string[] {
  if (given.length > networksMax) throw new FactotumError('request.invalid', `Name at most ${networksMax} networks.`);
  return [...new Set(given.map(normalNetwork))];
}

function normalNetwork(text: string): string {
  const [base = '', bits, ...rest] = text.trim().split('/');
  // ipaddr.js also takes the short and octal forms that other programs read differently.
  const family = isIP(base);
  const width = family === 6 ? 128 : 32;
  const length = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || base.includes('%') || rest.length > 0 || !(length <= width))
    throw new FactotumError('request.invalid', `${text} is no network. Write 203.0.113.0/24, 2001:db8::/32 or a single address.`, {
      details: { network: text },
    });
  if (family === 6 && ipaddr.IPv6.parse(base).isIPv4MappedAddress())
    throw new FactotumError('request.invalid', `Write ${text} as the IPv4 network that it stands for.`, { details: { network: text } });
  const first =
    family === 6 ? ipaddr.IPv6.networkAddressFromCIDR(`${base}/${length}`) : ipaddr.IPv4.networkAddressFromCIDR(`${base}/${length}`);
  return `${first.toString()}/${length}`;
}

/** The one who gets in otherwise is an owner, and there is one before single sign-on becomes the only way. */
async function requireBreakGlass(tx: AuthDb, tenantId: Id<'tenant'>, rules: SecurityRules): Promise<Id<'user'> | null> {
  if (rules.breakGlassUserId === null) {
    if (rules.ssoRequired) throw lockout('Name an owner who may sign in without single sign-on, for the day on which it fails.');
    return null;
  }
  const owner = (await ownersOf(tx, tenantId)).find((userId) => userId === rules.breakGlassUserId);
  if (owner === undefined)
    throw new FactotumError('request.invalid', 'Who may sign in without single sign-on has to be an owner of the tenant.');
  return owner;
}

async function requireProvider(tx: AuthDb, tenantId: Id<'tenant'>): Promise<void> {
  const { rows } = await sql`select from "ssoProvider" join "ssoDomain" on "ssoDomain"."providerId" = "ssoProvider".id
    where "ssoProvider"."tenantId" = ${tenantId} and enabled and "verifiedAt" is not null limit 1`.execute(tx);
  if (rows.length === 0) throw lockout('Nobody could sign in: there is no enabled identity provider with a proven domain.');
}

/** A key that sets the rules needs none; a person has to be able to follow them. */
async function requireSecondFactor(tx: AuthDb, by: Acting): Promise<void> {
  const userId = userOf(by);
  if (userId === null) return;
  const { rows } = await sql`select from "user" where id = ${userId} and (
    exists (select from passkey where "userId" = "user".id) or exists (select from "twoFactor" where "userId" = "user".id and verified))`.execute(
    tx,
  );
  if (rows.length === 0) throw lockout('You have no second factor yourself. Set up an authenticator app or a passkey first.');
}

const lockout = (message: string) => new FactotumError('security.lockout', message);
