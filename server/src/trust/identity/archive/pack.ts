import { createHash } from 'node:crypto';
import type { Id } from '#kernel';
import { type RoleDatabase, readTextTables, selectTextRows, type TextRow, type TextTable } from '#kernel/database';
import { type TravellingTable, travelling } from './tables.ts';

/** One table's part of a tenant's identity, as texts. */
export interface IdentityTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly TextRow[];
}

/** Who belongs to a tenant and what they sign in with: people, memberships, roles, teams, hashes of passwords and keys. No session. */
export async function packIdentity(auth: RoleDatabase, tenantId: Id<'tenant'>): Promise<IdentityTable[]> {
  const db = auth.db.withoutPlugins();
  // One snapshot, so that no key is without its account.
  return db.connection().execute(async (tx) => {
    const known = await readTextTables(tx, 'auth');
    const packed: IdentityTable[] = [];
    for (const spec of travelling) {
      const table = known.find(({ name }) => name === spec.name);
      if (table === undefined) throw new RangeError(`there is no table ${spec.name}`);
      packed.push(await pack(tx, spec, table, tenantId));
    }
    return packed;
  });
}

async function pack(
  db: Parameters<typeof selectTextRows>[0],
  spec: TravellingTable,
  table: TextTable,
  tenantId: string,
): Promise<IdentityTable> {
  const members = '(select m."userId" from auth.member m where m."organizationId" = $1)';
  const switchedOff = '(select s."userId" from auth."scimUser" s where s."tenantId" = $1)';
  const person = spec.people[0];
  const ofPeople = `("${person}" in ${members}${spec.switchedOff === true ? ` or "${person}" in ${switchedOff}` : ''})`;
  const mine = spec.tenant === null ? ofPeople : `"${spec.tenant}" = $1`;
  const present = spec.membersOnly === true ? ` and "userId" in ${members}` : '';
  const rows = await selectTextRows(
    db,
    table,
    `where ${mine}${present}${spec.only === undefined ? '' : ` and ${spec.only}`} order by t::text`,
    [tenantId],
  );
  return { name: table.name, columns: table.columns.map(({ name }) => name), rows };
}

/** SHA-256 of all that does not change by mere use. */
export function hashIdentity(tables: readonly IdentityTable[]): Buffer {
  const hash = createHash('sha256');
  for (const { name, columns, rows } of tables) {
    const volatile = travelling.find((spec) => spec.name === name)?.volatile ?? [];
    const kept = rows.map((row) => JSON.stringify(row.filter((_, at) => !volatile.includes(columns[at] ?? ''))));
    hash.update(`${JSON.stringify([name, columns])}\n${kept.sort().join('\n')}\n`);
  }
  return hash.digest();
}
