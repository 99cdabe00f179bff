import { once } from 'node:events';
import pg from 'pg';
import { type Id, newId } from '../../../server/src/kernel/index.ts';
import { authorise, type Permission, type Principal, permissionTable } from '../../../server/src/trust/identity/index.ts';
import { openParts } from './parts.ts';

/** What is asked of this program, and what it answers. */
export interface SeedPeople {
  readonly dataFolder: string;
  readonly tenantIds: readonly Id<'tenant'>[];
  /** Members of each, beside its owner. */
  readonly membersEach: number;
  /** An argon2id hash in PHC form: everybody has the same password. */
  readonly passwordHash: string;
}
export interface SeededPeople {
  readonly emails: readonly string[];
  /** One decision about access, in microseconds. */
  readonly checkUs: number;
  readonly checks: number;
}

const roles = ['admin', 'approver', 'member', 'member', 'auditor'] as const;
const checksPerRound = 200_000;

const [message] = await once(process, 'message');
// Only our own parent talks to this process.
const seeded = await seed(message as SeedPeople);
process.send?.(seeded, () => process.exit(0));

/** Writes people and memberships straight into the tables: twenty thousand invitations by mail would take hours. */
async function seed({ dataFolder, tenantIds, membersEach, passwordHash }: SeedPeople): Promise<SeededPeople> {
  const parts = await openParts(dataFolder);
  const client = new pg.Client({ connectionString: parts.superuserUrl });
  await client.connect();
  const emails: string[] = [];
  for (const tenantId of tenantIds) {
    const people = Array.from({ length: membersEach }, (_, at) => ({
      id: newId('user'),
      email: `person-${at}@${tenantId}.example`,
      role: roles[at % roles.length] ?? 'member',
    }));
    emails.push(...people.map(({ email }) => email));
    const ids = people.map(({ id }) => id);
    await client.query(
      `insert into auth."user" (id, name, email, "emailVerified") select u.id, 'Person', u.email, true from unnest($1::text[], $2::text[]) as u(id, email)`,
      [ids, people.map(({ email }) => email)],
    );
    await client.query(
      `insert into auth.member (id, "organizationId", "userId", role, "createdAt")
       select 'mem_' || substr(m.id, 5), $1, m.id, m.role, now() from unnest($2::text[], $3::text[]) as m(id, role)`,
      [tenantId, ids, people.map(({ role }) => role)],
    );
    await client.query(
      `insert into auth.account (id, "accountId", "providerId", "userId", password, "updatedAt")
       select 'acc_' || substr(a.id, 5), a.id, 'credential', a.id, $1, now() from unnest($2::text[]) as a(id)`,
      [passwordHash, ids],
    );
  }
  await client.query('vacuum analyze auth."user"');
  await client.query('vacuum analyze auth.member');
  await client.end();
  await parts.close();
  return { emails, ...measureChecks(tenantIds) };
}

/** The one function that every door asks, over principals of all tenants: with and without the permission, from listed networks and others. */
function measureChecks(tenantIds: readonly Id<'tenant'>[]): { checkUs: number; checks: number } {
  // The keys of an object literal are exactly the keys of its type.
  const permissions = Object.keys(permissionTable) as Permission[];
  const principals: Principal[] = tenantIds.map((tenantId, at) => ({
    kind: 'user',
    actor: `user:${at}`,
    tenantId,
    permissions: new Set(permissions.filter((_, place) => (place + at) % 3 !== 0)),
    name: 'Person',
    allowedAddresses: at % 2 === 0 ? [] : [`10.${at % 250}.0.0/16`],
  }));
  const now = new Date();
  const round = () => {
    let refused = 0;
    const startedAt = performance.now();
    for (let check = 0; check < checksPerRound; check += 1) {
      const principal = principals[check % principals.length];
      const access = permissions[check % permissions.length];
      if (principal === undefined || access === undefined) continue;
      if (authorise(principal, { access }, { now, address: `10.${check % 250}.1.1` }) !== null) refused += 1;
    }
    if (refused === 0) throw new Error('Nothing was refused: that was no check.');
    return (performance.now() - startedAt) / checksPerRound;
  };
  round();
  const times = [round(), round(), round()].sort((one, other) => one - other);
  return { checkUs: (times[1] ?? Number.NaN) * 1_000, checks: checksPerRound };
}
