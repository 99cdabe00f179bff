import { CompiledQuery, type Kysely } from 'kysely';
import { FactotumError, type Id, isId } from '#kernel';
import { insertTextRows, type RoleDatabase, readTextTables, type TextRow, type TextTable } from '#kernel/database';
import { forgetTenant } from '../forget-tenant.ts';
import { authDb } from '../store.ts';
import { slugOf } from '../tenant-owner.ts';
import type { IdentityTable } from './pack.ts';
import { type TravellingTable, travelling } from './tables.ts';

/** People who were here already under another id: their membership is theirs, what they sign in with stays as it is here. */
export interface AdoptedIdentity {
  readonly people: number;
  readonly met: readonly { readonly there: string; readonly here: string }[];
}

/**
 * Takes over who belongs to a tenant, all or nothing. Whoever is here already, by id or by address, is not touched: they become a member.
 *
 * @throws FactotumError `archive.invalid` for rows of another tenant or of another form, `archive.conflict` when the name is taken.
 */
export async function adoptIdentity(
  auth: RoleDatabase,
  { tenantId, name }: { readonly tenantId: Id<'tenant'>; readonly name: string },
  given: readonly IdentityTable[],
): Promise<AdoptedIdentity> {
  // What an attempt left that was cut off: without the tenant's own rows it is nobody's.
  await forgetTenant(authDb(auth), tenantId);
  const db = auth.db.withoutPlugins();
  return db.transaction().execute(async (tx) => {
    const known = await readTextTables(tx, 'auth');
    const checked = travelling.flatMap((spec) => {
      const part = given.find(({ name }) => name === spec.name);
      return part === undefined ? [] : [{ spec, part: check(spec, part, known, tenantId) }];
    });
    if (given.length !== checked.length) throw refused('it has a table of people that does not travel');
    requireMembers(checked);
    requireName(checked, name);
    const people = await meet(tx, checked.find(({ spec }) => spec.name === 'user')?.part);
    try {
      for (const { spec, part } of checked) await insertTextRows(tx, part.table, mapped(spec, part, people));
    } catch (cause) {
      throw explained(cause);
    }
    return { people: people.ids.size, met: [...people.met].map(([there, here]) => ({ there, here })) };
  });
}

interface Checked {
  readonly table: TextTable;
  readonly rows: readonly TextRow[];
}

function check(spec: TravellingTable, part: IdentityTable, known: readonly TextTable[], tenantId: string): Checked {
  const table = known.find(({ name }) => name === spec.name);
  const columns = part.columns.map((name) => {
    const column = table?.columns.find((one) => one.name === name);
    if (column === undefined) throw refused(`${spec.name} has a column ${name} that this release does not know`);
    return column;
  });
  if (table === undefined || new Set(columns).size < columns.length) throw refused(`the columns of ${spec.name} are not right`);
  const at = (name: string) => {
    const place = part.columns.indexOf(name);
    if (place < 0) throw refused(`${spec.name} lacks the column ${name}`);
    return place;
  };
  for (const row of part.rows) {
    if (row.length !== columns.length) throw refused(`a row of ${spec.name} has another form`);
    if (spec.tenant !== null && row[at(spec.tenant)] !== tenantId) throw refused(`a row of ${spec.name} is of another tenant`);
    if (spec.name === 'account' && !isPassword(row[at('providerId')], row[at('password')]))
      throw refused('it has a credential that does not travel');
  }
  const here = Object.entries(spec.here ?? {}).map(([name, value]) => [part.columns.indexOf(name), value] as const);
  const rows = part.rows.map((row) => {
    const set = [...row];
    for (const [place, value] of here) if (place >= 0) set[place] = value;
    return set;
  });
  return { table: { ...table, columns }, rows };
}

/** A hash of the form that we make, and no dearer to check: somebody else's could ask for gigabytes at each sign-in. */
function isPassword(provider: string | null | undefined, hash: string | null | undefined): boolean {
  const [, memory, passes, lanes] = /^\$argon2id\$v=19\$m=(\d{1,5}),t=(\d),p=(\d)\$/.exec(hash ?? '') ?? [];
  return provider === 'credential' && (hash == null || (Number(memory) <= 65_536 && Number(passes) <= 5 && Number(lanes) <= 4));
}

interface Part {
  readonly spec: TravellingTable;
  readonly part: Checked;
}

const valuesOf = (part: Checked | undefined, column: string): (string | null)[] => {
  const at = part?.table.columns.findIndex(({ name }) => name === column) ?? -1;
  return part?.rows.map((row) => row[at] ?? null) ?? [];
};

/** Rows of people come with people who are members or whom the tenant's directory has switched off, and with nobody else. */
function requireMembers(parts: readonly Part[]): void {
  const find = (name: string) => parts.find(({ spec }) => spec.name === name)?.part;
  const users = valuesOf(find('user'), 'id');
  const members = new Set([...valuesOf(find('member'), 'userId'), ...valuesOf(find('scimUser'), 'userId')]);
  if (users.some((id) => id === null || !isId('user', id) || !members.has(id))) throw refused('it has people who are no members');
  const there = new Set(users);
  for (const { spec, part } of parts)
    for (const column of spec.people)
      if (valuesOf(part, column).some((id) => id !== null && !there.has(id)))
        throw refused(`a row of ${spec.name} is of somebody who is no member`);
  if (find('organization')?.rows.length !== 1) throw refused('it has no tenant, or several');
}

/** Folders are named like it, and commands find the tenant by it. */
function requireName(parts: readonly Part[], name: string): void {
  const organization = parts.find(({ spec }) => spec.name === 'organization')?.part;
  if (valuesOf(organization, 'name')[0] !== name || valuesOf(organization, 'slug')[0] !== slugOf(name))
    throw refused('its people are of a tenant of another name');
}

interface People {
  /** Everybody who comes along. */
  readonly ids: ReadonlySet<string>;
  /** Those who are here already, by their id there. */
  readonly met: ReadonlyMap<string, string>;
}

async function meet(tx: Pick<Kysely<unknown>, 'executeQuery'>, users: Checked | undefined): Promise<People> {
  const ids = valuesOf(users, 'id').map(String);
  const emails = valuesOf(users, 'email').map(String);
  const { rows } = await tx.executeQuery<{ there: string; here: string }>(
    CompiledQuery.raw(
      `select new.id as there, u.id as here from unnest($1::text[], $2::text[]) as new(id, email)
        join auth."user" u on lower(u.email) = lower(new.email) or u.id = new.id`,
      [ids, emails],
    ),
  );
  const met = new Map<string, string>();
  for (const { there, here } of rows) {
    if (met.has(there)) throw refused('somebody in it is two people here, or the other way round');
    met.set(there, here);
  }
  return { ids: new Set(ids), met };
}

/** The rows under the ids that people have here, without what would change somebody who is here already. */
function mapped(spec: TravellingTable, { table, rows }: Checked, { met }: People): TextRow[] {
  const places = spec.people.map((column) => table.columns.findIndex(({ name }) => name === column));
  const isTheirs = (row: TextRow) => met.has(row[places[0] ?? -1] ?? '');
  const kept = spec.tenant === null ? rows.filter((row) => !isTheirs(row)) : rows;
  return kept.map((row) => row.map((value, at) => (value !== null && places.includes(at) ? (met.get(value) ?? value) : value)));
}

const refused = (what: string) => new FactotumError('archive.invalid', `The archive cannot be taken in: ${what}. Nothing was taken in.`);

function explained(cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const constraint = cause instanceof Error && 'constraint' in cause ? String(cause.constraint) : '';
  if (code === '23505')
    return new FactotumError(
      'archive.conflict',
      `Something of the archive is here already under the same name or id (${constraint}). Nothing was taken in.`,
      { cause },
    );
  return code.startsWith('22') || code.startsWith('23')
    ? new FactotumError('archive.invalid', `The archive cannot be taken in: its people contradict each other. Nothing was taken in.`, {
        cause,
      })
    : cause;
}
