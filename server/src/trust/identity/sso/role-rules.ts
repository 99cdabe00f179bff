import { claimValues } from './claim.ts';
import type { RoleRules } from './schema.ts';

/** The roles that the rules give. Never the owner's, whatever a rule says: who owns a tenant is decided inside it. */
export function rolesFor({ claim, rules, fallback }: RoleRules, claims: Readonly<Record<string, unknown>>): readonly string[] {
  const held = new Set(claim === null ? [] : claimValues(claims, claim));
  const given = rules.filter(({ value }) => held.has(value)).map(({ role }) => role);
  return [...new Set(given.length > 0 ? given : fallback)].filter((role) => role !== 'owner');
}
